"""Kubernetes clusters and container registries."""

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.azure.graph import Row, of_type
from collectors.azure.shaping import observed, only, ordered
from collectors.source import Facet
from evidence_store.records import Json, Observation

CLUSTER = Facet(
    "azure.container_service.managed_cluster",
    facts=("name", "location", "tags", "kubernetesVersion"),
    optional=(
        "aadProfile",
        "addonProfiles",
        "agentPoolProfiles",
        "apiServerAccessProfile",
        "autoUpgradeProfile",
        "azureMonitorProfile",
        "currentKubernetesVersion",
        "disableLocalAccounts",
        "diskEncryptionSetID",
        "enableRBAC",
        "identity",
        "networkProfile",
        "nodeResourceGroup",
        "oidcIssuerProfile",
        "powerState",
        "provisioningState",
        "publicNetworkAccess",
        "securityProfile",
        "sku",
        "supportPlan",
        "workloadAutoScalerProfile",
    ),
    lists=True,
)
REGISTRY = Facet(
    "azure.containerregistry.registry",
    facts=("name", "location", "tags"),
    optional=(
        "adminUserEnabled",
        "anonymousPullEnabled",
        "creationDate",
        "dataEndpointEnabled",
        "encryption",
        "identity",
        "loginServer",
        "networkRuleBypassOptions",
        "networkRuleSet",
        "policies",
        "publicNetworkAccess",
        "sku",
        "zoneRedundancy",
    ),
    lists=True,
)
_POOL = ("name", "mode", "osType", "osSKU", "orchestratorVersion", "currentOrchestratorVersion", "nodeImageVersion")
_NETWORK = ("networkPlugin", "networkPolicy", "networkDataplane", "outboundType", "loadBalancerSku")
_POOL_MORE = ("enableEncryptionAtHost", "enableFIPS", "enableNodePublicIP", "securityProfile", "vnetSubnetID")


@of_type("Microsoft.ContainerService/managedClusters", CLUSTER)
def clusters(row: Row) -> Iterator[Observation]:
    """Of an add-on only whether it is on: its settings may hold keys. Of a directory's profile no client secret."""
    yield from observed(CLUSTER, row, **_cluster(row["properties"]))


def _cluster(properties: Mapping[str, Any]) -> dict[str, Json]:
    pools = [only(pool, *_POOL, *_POOL_MORE) or {} for pool in properties.get("agentPoolProfiles") or ()]
    directory = only(properties.get("aadProfile"), "managed", "enableAzureRBAC", "adminGroupObjectIDs", "tenantID")
    if directory and directory.get("adminGroupObjectIDs"):
        directory["adminGroupObjectIDs"] = sorted(directory["adminGroupObjectIDs"])
    return {
        "aadProfile": directory,
        "addonProfiles": {
            name: only(each, "enabled") for name, each in sorted((properties.get("addonProfiles") or {}).items()) if each
        },
        "agentPoolProfiles": ordered(pools, "name"),
        "networkProfile": only(properties.get("networkProfile"), *_NETWORK),
    }


@of_type("Microsoft.ContainerRegistry/registries", REGISTRY)
def registries(row: Row) -> Iterator[Observation]:
    yield from observed(REGISTRY, row)
