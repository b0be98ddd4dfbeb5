"""Clusters of Kubernetes Engine."""

from typing import Any

import pytest

from tests.checks.gcp.scene import asked
from tests.collectors.gcp.cloud import Cloud

PRIVATE = "gcp_gke_private"
CHANNEL = "gcp_gke_release_channel"
IDENTITY = "gcp_gke_workload_identity"
OFFICE = {"enabled": True, "cidrBlocks": [{"cidrBlock": "198.51.100.0/24", "displayName": "office"}]}


def cluster(gcp: Cloud, **data: Any) -> None:
    gcp.add("container.googleapis.com/Cluster", "apps", {"name": "apps", "status": "RUNNING", **data})


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        ({}, "fail", "answers every address"),
        ({"masterAuthorizedNetworksConfig": OFFICE}, "pass", ""),
        ({"masterAuthorizedNetworksConfig": {"enabled": False}}, "fail", "answers every address"),
        ({"masterAuthorizedNetworksConfig": {"enabled": True}}, "pass", ""),
        (
            {"masterAuthorizedNetworksConfig": {"enabled": True, "cidrBlocks": [{"cidrBlock": "0.0.0.0/0"}]}},
            "fail",
            "0.0.0.0/0",
        ),
        ({"masterAuthorizedNetworksConfig": {**OFFICE, "gcpPublicCidrsAccessEnabled": True}}, "fail", "of Google Cloud"),
        ({"privateClusterConfig": {"enablePrivateEndpoint": True}}, "pass", ""),
        ({"privateClusterConfig": {"enablePrivateNodes": True}}, "fail", "answers every address"),
        ({"controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enabled": False}}}, "pass", ""),
        ({"controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enablePublicEndpoint": False}}}, "pass", ""),
        ({"controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"authorizedNetworksConfig": OFFICE}}}, "pass", ""),
    ],
)
def test_the_api_answers_known_addresses(gcp: Cloud, data: dict[str, Any], status: str, words: str) -> None:
    cluster(gcp, **data)
    seen = asked(gcp, PRIVATE)
    assert seen.status(PRIVATE) == status
    assert words in seen.reason(PRIVATE)


def test_the_dns_endpoint_counts_as_open_unless_told(gcp: Cloud) -> None:
    dns = {"dnsEndpointConfig": {"allowExternalTraffic": True}, "ipEndpointsConfig": {"enabled": False}}
    cluster(gcp, controlPlaneEndpointsConfig=dns)
    assert asked(gcp, PRIVATE).reason(PRIVATE) == "the API of cluster shop/apps answers everyone at its DNS-based endpoint"
    assert asked(gcp, PRIVATE, dns_endpoint=True).status(PRIVATE) == "pass"


FOLLOWS = [{"name": "pool", "management": {"autoUpgrade": True}}]


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        ({"releaseChannel": {"channel": "REGULAR"}, "nodePools": FOLLOWS}, "pass", ""),
        ({"releaseChannel": {"channel": "STABLE"}}, "pass", ""),
        ({"releaseChannel": {"channel": "UNSPECIFIED"}}, "fail", "follows no release channel"),
        ({"releaseChannel": {}}, "fail", "follows no release channel"),
        ({}, "fail", "follows no release channel"),
        ({"autopilot": {"enabled": True}}, "pass", ""),
        (
            {"releaseChannel": {"channel": "RAPID"}, "nodePools": [*FOLLOWS, {"name": "held", "management": {}}]},
            "fail",
            "keeps the nodes of held from being upgraded",
        ),
    ],
)
def test_clusters_and_their_nodes_follow_a_channel(gcp: Cloud, data: dict[str, Any], status: str, words: str) -> None:
    cluster(gcp, **data)
    seen = asked(gcp, CHANNEL)
    assert seen.status(CHANNEL) == status
    assert words in seen.reason(CHANNEL)


POOL = {"workloadPool": "shop.svc.id.goog"}


def pools(*modes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": f"pool-{i}", "config": config} for i, config in enumerate(modes)]


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (
            {"workloadIdentityConfig": POOL, "nodePools": pools({"workloadMetadataConfig": {"mode": "GKE_METADATA"}})},
            "pass",
            "",
        ),
        ({"workloadIdentityConfig": POOL}, "pass", ""),
        ({}, "fail", "has no workload identity"),
        ({"workloadIdentityConfig": {}}, "fail", "has no workload identity"),
        ({"autopilot": {"enabled": True}}, "pass", ""),
        (
            {
                "workloadIdentityConfig": POOL,
                "nodePools": pools({"workloadMetadataConfig": {"mode": "GKE_METADATA"}}, {}),
            },
            "fail",
            "pods of pool-1 act as their node",
        ),
        (
            {"workloadIdentityConfig": POOL, "nodePools": pools({"workloadMetadataConfig": {"mode": "GCE_METADATA"}})},
            "fail",
            "pods of pool-0",
        ),
    ],
)
def test_workloads_have_identities_of_their_own(gcp: Cloud, data: dict[str, Any], status: str, words: str) -> None:
    cluster(gcp, **data)
    seen = asked(gcp, IDENTITY)
    assert seen.status(IDENTITY) == status
    assert words in seen.reason(IDENTITY)


SECRETS = "gcp_gke_secrets_encrypted"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (
            {"databaseEncryption": {"state": "ENCRYPTED", "keyName": "projects/shop/locations/eu/keyRings/r/cryptoKeys/k"}},
            "pass",
        ),
        ({"databaseEncryption": {"state": "DECRYPTED"}}, "fail"),
        ({}, "fail"),
    ],
)
def test_secrets_are_encrypted_with_a_key_of_ones_own(gcp: Cloud, data: dict[str, Any], status: str) -> None:
    cluster(gcp, **data)
    assert asked(gcp, SECRETS).status(SECRETS) == status
