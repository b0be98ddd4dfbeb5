"""The cluster itself, its namespaces and its nodes."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from collectors.kubernetes.reader import Reader
from collectors.kubernetes.shapes import identity, observed, only, rows, table, text, truth, words
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

CLUSTER = Facet("kubernetes.cluster", facts=("gitVersion", "major", "minor"), optional=("platform",), lists=True)
NAMESPACE = Facet(
    "kubernetes.namespace",
    facts=("name", "labels", "annotations"),
    optional=("creationTimestamp", "phase"),
    lists=True,
)
NODE = Facet(
    "kubernetes.node",
    facts=("name", "labels", "kubeletVersion", "taints"),
    optional=(
        "creationTimestamp", "osImage", "operatingSystem", "architecture", "kernelVersion", "containerRuntimeVersion",
        "unschedulable", "providerID",
    ),
    lists=True,
)  # fmt: skip
READINESS = Facet("kubernetes.node", facts=("ready",), name="readiness")

# Annotations say anything, secrets included; of a namespace's only what tells its level of pod security and whose it is.
_POD_SECURITY = "pod-security.kubernetes.io/"
_OWNERSHIP = frozenset(
    {
        "classification", "contact", "costcenter", "costcentre", "criticality", "dataclass", "dataclassification", "env",
        "environment", "owner", "owners", "sensitivity", "stage", "team",
    }
)  # fmt: skip
_BETWEEN_WORDS = re.compile(r"[\s._-]+")


@source("get /version", level="account", yields=[CLUSTER])
def version(read: Reader) -> Iterator[Observation]:
    """The API server's version."""
    found = {**read.get("get /version"), "metadata": {"name": read.scope.account}}
    yield from observed(read, [(CLUSTER, _version)], found, "get /version")


def _version(found: Mapping[str, Any]) -> dict[str, Json]:
    return {name: text(found, name, needed=name in CLUSTER.facts) for name in CLUSTER.names}


@source("list namespaces", level="account", yields=[NAMESPACE])
def namespaces(read: Reader) -> Iterator[Observation]:
    for item in read.pages("list namespaces", "Namespace"):
        yield from observed(read, [(NAMESPACE, _namespace)], item, "list namespaces")


def _namespace(item: Mapping[str, Any]) -> dict[str, Json]:
    annotations = words(table(item, "metadata"), "annotations") or {}
    kept = {key: value for key, value in annotations.items() if _tells_owner(key)}
    return {**identity(item, namespaced=False), "annotations": kept, "phase": text(table(item, "status"), "phase")}


def _tells_owner(key: str) -> bool:
    return key.startswith(_POD_SECURITY) or _BETWEEN_WORDS.sub("", key.rpartition("/")[2]).casefold() in _OWNERSHIP


@source("list nodes", level="account", yields=[NODE, READINESS])
def nodes(read: Reader) -> Iterator[Observation]:
    for item in read.pages("list nodes", "Node"):
        yield from observed(read, [(NODE, _node), (READINESS, _readiness)], item, "list nodes")


def _node(item: Mapping[str, Any]) -> dict[str, Json]:
    spec, told = table(item, "spec"), table(table(item, "status", needed=True), "nodeInfo", needed=True)
    taints = [only(taint, "key", "value", "effect") for taint in rows(spec, "taints")]
    return {
        **identity(item, namespaced=False),
        "kubeletVersion": text(told, "kubeletVersion", needed=True),
        "osImage": text(told, "osImage"),
        "operatingSystem": text(told, "operatingSystem"),
        "architecture": text(told, "architecture"),
        "kernelVersion": text(told, "kernelVersion"),
        "containerRuntimeVersion": text(told, "containerRuntimeVersion"),
        "taints": sorted(taints, key=lambda taint: (str(taint.get("key")), str(taint.get("effect")))),
        "unschedulable": truth(spec, "unschedulable"),
        "providerID": text(spec, "providerID"),
    }


def _readiness(item: Mapping[str, Any]) -> dict[str, Json]:
    """Whether the node says that it is ready; a node that nobody has heard of lately does not."""
    conditions = rows(table(item, "status"), "conditions")
    said = [text(condition, "status") for condition in conditions if condition.get("type") == "Ready"]
    return {"ready": said[0] == "True" if said else None}
