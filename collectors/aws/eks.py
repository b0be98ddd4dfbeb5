"""Kubernetes clusters that AWS runs."""

from collections.abc import Iterator

from collectors.aws.reader import Reader
from collectors.aws.shaping import only, picked
from collectors.source import Facet, Parent, source
from evidence_store.records import Json, Observation, Unread, Why

LISTED = Facet("aws.eks.cluster", facts=("clusterName",), name="listing", lists=True)
CLUSTER = Facet(
    "aws.eks.cluster",
    facts=("status", "version"),
    optional=(
        "accessConfig",
        "createdAt",
        "deletionProtection",
        "encryptionConfig",
        "endpoint",
        "kubernetesNetworkConfig",
        "logging",
        "outpostConfig",
        "platformVersion",
        "resourcesVpcConfig",
        "roleArn",
        "tags",
        "upgradePolicy",
    ),
)


@source("eks.ListClusters", level="region", yields=[LISTED])
def clusters(read: Reader) -> Iterator[Observation]:
    for name in read.pages("eks.ListClusters", "clusters"):
        yield Observation(LISTED.type, read.arn("eks", f"cluster/{name}"), {"clusterName": name}, LISTED.name)


@source("eks.DescribeCluster", level="region", yields=[CLUSTER], parent="aws.eks.cluster", uses=("clusterName",))
def cluster(read: Reader, parent: Parent) -> Iterator[Observation]:
    answer = read.call("eks.DescribeCluster", absent=("ResourceNotFoundException",), name=parent.facts["clusterName"])
    if answer is None:
        yield Observation(CLUSTER.type, parent.uid, Unread(Why.VANISHED, "eks:DescribeCluster"), CLUSTER.name)
        return
    found = answer["cluster"]
    parts: dict[str, Json] = {}
    if "logging" in found:
        kinds = [
            {"types": sorted(entry.get("types", [])), **only(entry, "enabled")}
            for entry in found["logging"].get("clusterLogging", [])
        ]
        parts["logging"] = {"clusterLogging": sorted(kinds, key=str)}
    yield Observation(CLUSTER.type, parent.uid, picked(CLUSTER, found, **parts), CLUSTER.name)
