"""Workloads: deployments, daemon sets and stateful sets, how they are spread, and how many of them must stay."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from collectors.kubernetes.reader import Reader
from collectors.kubernetes.shapes import MalformedError, identity, number, observed, rows, selector, table, text, whole, words
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

_PERCENTAGE = re.compile(r"[0-9]{1,3}%")
_NAMED = ("name", "namespace", "labels", "images")
_KEPT = ("creationTimestamp", "selector", "templateLabels", "nodeSelector", "topologySpreadConstraints", "affinity")

DEPLOYMENT = Facet("kubernetes.deployment", facts=_NAMED, optional=(*_KEPT, "replicas"), lists=True)
DEPLOYED = Facet(
    "kubernetes.deployment", facts=(), optional=("readyReplicas", "availableReplicas", "updatedReplicas"), name="status"
)
DAEMON_SET = Facet("kubernetes.daemon_set", facts=_NAMED, optional=_KEPT, lists=True)
DAEMONS = Facet(
    "kubernetes.daemon_set",
    facts=(),
    optional=("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "numberAvailable", "numberMisscheduled"),
    name="status",
)
STATEFUL_SET = Facet("kubernetes.stateful_set", facts=_NAMED, optional=(*_KEPT, "replicas", "serviceName"), lists=True)
STATEFUL = Facet(
    "kubernetes.stateful_set", facts=(), optional=("readyReplicas", "availableReplicas", "updatedReplicas"), name="status"
)
BUDGET = Facet(
    "kubernetes.disruption_budget",
    facts=("name", "namespace", "labels"),
    optional=("creationTimestamp", "selector", "minAvailable", "maxUnavailable"),
    lists=True,
)


@source("list deployments.apps", level="account", yields=[DEPLOYMENT, DEPLOYED])
def deployments(read: Reader) -> Iterator[Observation]:
    for item in read.pages("list deployments.apps", "Deployment"):
        yield from observed(read, [(DEPLOYMENT, _replicated), (DEPLOYED, _replicas)], item, "list deployments.apps")


@source("list daemonsets.apps", level="account", yields=[DAEMON_SET, DAEMONS])
def daemon_sets(read: Reader) -> Iterator[Observation]:
    for item in read.pages("list daemonsets.apps", "DaemonSet"):
        yield from observed(read, [(DAEMON_SET, _workload), (DAEMONS, _daemons)], item, "list daemonsets.apps")


@source("list statefulsets.apps", level="account", yields=[STATEFUL_SET, STATEFUL])
def stateful_sets(read: Reader) -> Iterator[Observation]:
    for item in read.pages("list statefulsets.apps", "StatefulSet"):
        yield from observed(read, [(STATEFUL_SET, _stateful), (STATEFUL, _replicas)], item, "list statefulsets.apps")


@source("list poddisruptionbudgets.policy", level="account", yields=[BUDGET])
def disruption_budgets(read: Reader) -> Iterator[Observation]:
    for item in read.pages("list poddisruptionbudgets.policy", "PodDisruptionBudget"):
        yield from observed(read, [(BUDGET, _budget)], item, "list poddisruptionbudgets.policy")


def _workload(item: Mapping[str, Any]) -> dict[str, Json]:
    spec = table(item, "spec", needed=True)
    template = table(spec, "template", needed=True)
    runs = table(template, "spec", needed=True)
    return {
        **identity(item),
        "images": _images(runs),
        "selector": whole(spec, "selector"),
        "templateLabels": words(table(template, "metadata"), "labels"),
        "nodeSelector": words(runs, "nodeSelector"),
        "topologySpreadConstraints": [_term(row) for row in rows(runs, "topologySpreadConstraints")],
        "affinity": _affinity(runs),
    }


def _affinity(runs: Mapping[str, Any]) -> dict[str, Json] | None:
    """What draws pods together and apart, as it stands. What checks read of it has to be what it is said to be."""
    found = whole(runs, "affinity")
    apart = table(found or {}, "podAntiAffinity")
    for term in rows(apart, "requiredDuringSchedulingIgnoredDuringExecution"):
        _term(term)
    for preferred in rows(apart, "preferredDuringSchedulingIgnoredDuringExecution"):
        _term(table(preferred, "podAffinityTerm"))
    return found


def _term(of: Mapping[str, Any]) -> Mapping[str, Any]:
    text(of, "topologyKey")
    selector(of, "labelSelector")
    return of


def _replicated(item: Mapping[str, Any]) -> dict[str, Json]:
    return {**_workload(item), "replicas": number(table(item, "spec"), "replicas")}


def _stateful(item: Mapping[str, Any]) -> dict[str, Json]:
    return {**_replicated(item), "serviceName": text(table(item, "spec"), "serviceName")}


def _images(runs: Mapping[str, Any]) -> dict[str, Json]:
    """The image of each container, by its name."""
    kinds = ("containers", "initContainers")
    found = {text(one, "name", needed=True) or "": text(one, "image") for kind in kinds for one in rows(runs, kind)}
    return dict(sorted(found.items()))


def _replicas(item: Mapping[str, Any]) -> dict[str, Json]:
    return {name: number(table(item, "status"), name) for name in DEPLOYED.optional}


def _daemons(item: Mapping[str, Any]) -> dict[str, Json]:
    return {name: number(table(item, "status"), name) for name in DAEMONS.optional}


def _budget(item: Mapping[str, Any]) -> dict[str, Json]:
    spec = table(item, "spec", needed=True)
    return {
        **identity(item),
        "selector": selector(spec, "selector"),
        "minAvailable": _share(spec, "minAvailable"),
        "maxUnavailable": _share(spec, "maxUnavailable"),
    }


def _share(of: Mapping[str, Any], name: str) -> str | int | None:
    """A number of pods, or a percentage as a text."""
    if not isinstance(of.get(name), str):
        return number(of, name)
    if not _PERCENTAGE.fullmatch(of[name]):
        raise MalformedError(f"{name} is neither a number nor a percentage")
    return text(of, name)
