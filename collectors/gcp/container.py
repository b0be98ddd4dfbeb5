"""Kubernetes Engine: clusters and their node pools, as the service that makes them knows them."""

from collections.abc import Iterator
from typing import Any

from collectors.gcp import assets
from collectors.gcp.reader import Reader
from collectors.gcp.shaping import Facts, Shape, apart, fields_of, of_kind, only, without
from collectors.gcp.values import OddValueError, plain
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

CLUSTER = "gcp.container.cluster"
_POOL = (
    "name", "version", "status", "locations", "management", "autoscaling", "upgradeSettings", "networkConfig",
    "placementPolicy",
)  # fmt: skip
_cluster = Shape(
    CLUSTER,
    "container.googleapis.com/Cluster",
    always={"name": str},
    maybe={
        "id": str,
        "description": str,
        "location": str,
        "locations": list,
        "status": str,
        "createTime": str,
        "expireTime": str,
        "initialClusterVersion": str,
        "currentMasterVersion": str,
        "releaseChannel": dict,
        "endpoint": str,
        "network": str,
        "subnetwork": str,
        "networkConfig": dict,
        "networkPolicy": dict,
        "ipAllocationPolicy": dict,
        "privateClusterConfig": dict,
        "controlPlaneEndpointsConfig": dict,
        "masterAuthorizedNetworksConfig": dict,
        "masterAuth": dict,
        "databaseEncryption": dict,
        "workloadIdentityConfig": dict,
        "identityServiceConfig": dict,
        "authenticatorGroupsConfig": dict,
        "binaryAuthorization": dict,
        "legacyAbac": dict,
        "shieldedNodes": dict,
        "confidentialNodes": dict,
        "addonsConfig": dict,
        "autopilot": dict,
        "autoscaling": dict,
        "nodePools": list,
        "nodePoolDefaults": dict,
        "maintenancePolicy": dict,
        "notificationConfig": dict,
        "loggingService": str,
        "loggingConfig": dict,
        "monitoringService": str,
        "monitoringConfig": dict,
        "securityPostureConfig": dict,
        "costManagementConfig": dict,
        "verticalPodAutoscaling": dict,
        "enableKubernetesAlpha": bool,
        "resourceLabels": dict,
        "rbacBindingConfig": dict,
    },
)


@source(
    "cloudasset.ListAssets container.googleapis.com/Cluster",
    level="account",
    bulk=assets.resources,
    takes=(_cluster.asset_type,),
    yields=[_cluster.facet(), Facet(CLUSTER, name="metadata", facts=("nodeMetadata",), secret=("nodeMetadata",))],
)
def clusters(_: Reader, asset: Any) -> Iterator[Observation]:
    """Every cluster, and what the machines of its pools are told."""
    yield _cluster.observed(asset, _described)
    yield apart(CLUSTER, asset, "metadata", lambda asset: {"nodeMetadata": _node_metadata(asset)})


def _described(facts: Facts, _: Any) -> Facts:
    """Without the credentials and certificates of the control plane, and without what counts nodes as they come and go."""
    more: Facts = {}
    if "masterAuth" in facts:
        more["masterAuth"] = only(facts["masterAuth"], "username", "clientCertificateConfig")
    if "nodePools" in facts:
        more["nodePools"] = sorted((_pool(pool) for pool in facts["nodePools"]), key=lambda pool: str(pool.get("name")))
    if "nodePoolDefaults" in facts:
        more["nodePoolDefaults"] = _without_metadata(facts["nodePoolDefaults"])
    return more


def _pool(pool: Json) -> Facts:
    if not isinstance(only(pool, "name").get("name"), str):
        raise OddValueError("a node pool without its name")
    config = pool.get("config")
    return only(pool, *_POOL) | ({"config": without(config, "metadata")} if config is not None else {})


def _without_metadata(defaults: Json) -> Facts:
    nodes = defaults.get("nodeConfigDefaults") if isinstance(defaults, dict) else None
    return without(defaults, "nodeConfigDefaults") | (
        {"nodeConfigDefaults": without(nodes, "metadata")} if nodes is not None else {}
    )


def _node_metadata(asset: Any) -> dict[str, Json]:
    fields = fields_of(asset)
    pools: list[Json] = of_kind("nodePools", list, plain(fields["nodePools"])) if "nodePools" in fields else []
    found: dict[str, Json] = {}
    for pool in pools or ():
        config = only(pool, "config").get("config") or {}
        if told := only(config, "metadata").get("metadata"):
            found[str(pool.get("name"))] = told
    return found
