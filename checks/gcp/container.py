"""Clusters of Kubernetes Engine: who reaches their API, how they stay current, and whom their workloads act as."""

from collections.abc import Iterator

from checks.addresses import is_internet
from checks.check import Answer, check
from checks.gcp.naming import placed, some
from evidence_store.records import Json, Resource

_CHANNELS = ("RAPID", "REGULAR", "STABLE", "EXTENDED")


@check(
    on="gcp.container.cluster",
    severity="high",
    version=1,
    needs=("controlPlaneEndpointsConfig", "masterAuthorizedNetworksConfig", "privateClusterConfig"),
    fix="Make the cluster's endpoint private, or turn on authorized networks with your own addresses only.",
)
def gcp_gke_private(cluster: Resource, *, dns_endpoint: bool = False) -> Answer:
    """The API of a cluster answers only from known addresses.

    Behind the API stands everything that runs in the cluster; a leaked token is worth nothing to whoever cannot reach
    it. The DNS-based endpoint asks for an identity and knows no addresses: it counts as open unless told.

    `dns_endpoint`: whether the DNS-based endpoint may answer from outside of the network
    """
    endpoints = cluster.fact("controlPlaneEndpointsConfig") or {}
    faults = []
    if (endpoints.get("dnsEndpointConfig") or {}).get("allowExternalTraffic") and not dns_endpoint:
        faults.append("answers everyone at its DNS-based endpoint")
    by_address = endpoints.get("ipEndpointsConfig") or {}
    private = (cluster.fact("privateClusterConfig") or {}).get("enablePrivateEndpoint")
    if not private and by_address.get("enabled") is not False and by_address.get("enablePublicEndpoint") is not False:
        networks = cluster.fact("masterAuthorizedNetworksConfig") or by_address.get("authorizedNetworksConfig") or {}
        faults += _wide(networks)
    return f"the API of cluster {placed(cluster)} {' and '.join(faults)}" if faults else None


def _wide(networks: Json) -> Iterator[str]:
    """What a list of authorized networks lets in that is no address of one's own."""
    if not networks.get("enabled"):
        yield "answers every address"
        return
    open_ = [b["cidrBlock"] for b in networks.get("cidrBlocks") or () if is_internet(b["cidrBlock"])]
    if open_:
        yield f"answers {some(open_)}"
    if networks.get("gcpPublicCidrsAccessEnabled"):
        yield "answers every public address of Google Cloud, where anybody can rent a machine"


@check(
    on="gcp.container.cluster",
    severity="medium",
    version=1,
    needs=("autopilot", "nodePools", "releaseChannel"),
    fix="Enrol the cluster in a release channel: `gcloud container clusters update ... --release-channel=regular`.",
)
def gcp_gke_release_channel(cluster: Resource) -> Answer:
    """Clusters follow a release channel, and their nodes with them.

    A cluster outside of a channel is upgraded when somebody thinks of it, or when its version is no longer served.
    """
    if (cluster.fact("autopilot") or {}).get("enabled"):
        return None
    if (cluster.fact("releaseChannel") or {}).get("channel") not in _CHANNELS:
        return f"cluster {placed(cluster)} follows no release channel"
    held = [p["name"] for p in cluster.fact("nodePools") or () if not (p.get("management") or {}).get("autoUpgrade")]
    return f"cluster {placed(cluster)} keeps the nodes of {some(held)} from being upgraded" if held else None


@check(
    on="gcp.container.cluster",
    severity="medium",
    version=1,
    needs=("autopilot", "nodePools", "workloadIdentityConfig"),
    fix="Set a workload pool on the cluster and GKE_METADATA on each node pool, and bind workloads to their own identities.",
)
def gcp_gke_workload_identity(cluster: Resource) -> Answer:
    """Workloads have identities of their own, not those of their node.

    A pod that can ask the machine's metadata for a token acts as the node, with all that any pod on it may do.
    """
    if (cluster.fact("autopilot") or {}).get("enabled"):
        return None
    if not (cluster.fact("workloadIdentityConfig") or {}).get("workloadPool"):
        return f"cluster {placed(cluster)} has no workload identity"
    exposed = [
        p["name"]
        for p in cluster.fact("nodePools") or ()
        if _mode(p.get("config") or {}) not in ("GKE_METADATA", "GKE_METADATA_SERVER")
    ]
    return f"cluster {placed(cluster)} lets pods of {some(exposed)} act as their node" if exposed else None


def _mode(config: Json) -> Json:
    """How a pool's nodes show metadata to pods; the setting has had another name."""
    metadata = config.get("workloadMetadataConfig") or {}
    return metadata.get("mode") or metadata.get("nodeMetadata")


@check(
    on="gcp.container.cluster",
    severity="medium",
    version=1,
    needs=("databaseEncryption",),
    fix="Encrypt the cluster's secrets with a key of your own: `gcloud container clusters update --database-encryption-key`.",
)
def gcp_gke_secrets_encrypted(cluster: Resource) -> Answer:
    """Secrets of clusters are encrypted with a key of one's own.

    Google encrypts its disks; with a key of one's own a copy of the cluster's database is worth nothing without the right
    to use that key, and every use is recorded.
    """
    if (cluster.fact("databaseEncryption") or {}).get("state") == "ENCRYPTED":
        return None
    return f"cluster {placed(cluster)} keeps its secrets without a key of one's own"
