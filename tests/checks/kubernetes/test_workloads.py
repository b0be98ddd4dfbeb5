"""Workloads of production: replicas, spread and disruption budgets."""

from typing import Any

import pytest

from tests.collectors.kubernetes.cluster import Cluster
from tests.harness import Looked, look

REDUNDANT = "k8s_workload_redundant"
ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
LABELS = {"app": "web"}
OWN = {"matchLabels": LABELS}
SPREAD = {"topologyKey": ZONE, "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": OWN}


def asked(kube: Cluster, **parameters: Any) -> Looked:
    return look(kube.connect(), REDUNDANT, parameters={REDUNDANT: parameters})


def workload(kube: Cluster, kind: str = "Deployment", namespace: str = "shop", *, replicas: int = 2, **pod: Any) -> None:
    """A workload that is spread over zones, unless the keywords, which are fields of its pods, say otherwise."""
    pod.setdefault("topologySpreadConstraints", [SPREAD])
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "web", "image": "web:1"}], **pod}}
    spec: dict[str, Any] = {"replicas": replicas, "selector": OWN, "template": template}
    if kind == "StatefulSet":
        spec["serviceName"] = "web"
    kube.add(kind, "web", namespace, spec=spec)


def budget(kube: Cluster, namespace: str = "shop", **selector: Any) -> None:
    kube.add("PodDisruptionBudget", "web", namespace, spec={"minAvailable": 1, "selector": selector or OWN})


@pytest.fixture(autouse=True)
def _production(kube: Cluster) -> None:
    kube.add("Namespace", "shop", labels={"environment": "production"})


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_two_replicas_over_zones_with_a_budget_are_redundant(kube: Cluster, kind: str) -> None:
    workload(kube, kind)
    budget(kube)
    assert asked(kube).status(REDUNDANT, "shop/web") == "pass"


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_one_replica_is_not_redundant_and_all_that_is_missing_is_said(kube: Cluster, kind: str) -> None:
    workload(kube, kind, replicas=1, topologySpreadConstraints=[])
    finding = asked(kube).one(REDUNDANT, "shop/web")
    assert str(finding.status) == "fail"
    assert finding.reason == (
        f"workload shop/web runs in fewer than 2 replicas (1), is not spread over {ZONE}, has no disruption budget"
    )


def test_how_many_replicas_and_over_what_they_are_spread_are_parameters(kube: Cluster) -> None:
    workload(kube, topologySpreadConstraints=[{**SPREAD, "topologyKey": HOST}])
    budget(kube)
    assert asked(kube).status(REDUNDANT) == "fail"
    assert asked(kube, spread_over=[ZONE, HOST]).status(REDUNDANT) == "pass"
    assert "fewer than 3 replicas (2)" in asked(kube, spread_over=[HOST], min_replicas=3).reason(REDUNDANT)


@pytest.mark.parametrize(
    ("constraint", "status"),
    [
        ({**SPREAD, "labelSelector": None}, "fail"),  # counts no pods, so that it spreads none
        ({**SPREAD, "labelSelector": {"matchLabels": {"app": "other"}}}, "fail"),
        ({**SPREAD, "labelSelector": {}}, "pass"),
        ({**SPREAD, "labelSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}}, "pass"),
        ({**SPREAD, "labelSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}}, "fail"),
        ({**SPREAD, "labelSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}, "pass"),
        ({**SPREAD, "labelSelector": {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}}, "fail"),
    ],
)
def test_a_constraint_counts_where_it_selects_the_workloads_own_pods(
    kube: Cluster, constraint: dict[str, Any], status: str
) -> None:
    workload(kube, topologySpreadConstraints=[{k: v for k, v in constraint.items() if v is not None}])
    budget(kube)
    assert asked(kube).status(REDUNDANT) == status


@pytest.mark.parametrize(
    "how", ["requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"]
)
@pytest.mark.parametrize(("selector", "status"), [(OWN, "pass"), ({"matchLabels": {"app": "other"}}, "fail")])
def test_pods_that_keep_apart_from_their_own_kind_are_spread(
    kube: Cluster, how: str, selector: dict[str, Any], status: str
) -> None:
    term: dict[str, Any] = {"topologyKey": ZONE, "labelSelector": selector}
    terms = [term] if how.startswith("required") else [{"weight": 100, "podAffinityTerm": term}]
    workload(kube, topologySpreadConstraints=[], affinity={"podAntiAffinity": {how: terms}})
    budget(kube)
    assert asked(kube).status(REDUNDANT) == status


@pytest.mark.parametrize(("namespace", "selector"), [("other", OWN), ("shop", {"matchLabels": {"app": "other"}})])
def test_a_budget_for_something_else_is_none(kube: Cluster, namespace: str, selector: dict[str, Any]) -> None:
    workload(kube)
    budget(kube, namespace, **selector)
    assert asked(kube).reason(REDUNDANT) == "workload shop/web has no disruption budget"


def test_workloads_that_are_not_production_that_stand_alone_or_that_are_off_are_not_asked(kube: Cluster) -> None:
    kube.add("Namespace", "play", labels={"env": "test"})
    kube.add("Namespace", "vague")
    for namespace in ("play", "vague", "kube-system"):
        workload(kube, namespace=namespace, replicas=1)
    workload(kube, replicas=0)
    seen = asked(kube)
    assert seen.status(REDUNDANT, "play/web") == "not_applicable"
    assert seen.status(REDUNDANT, "kube-system/web") == "not_applicable"
    assert seen.reason(REDUNDANT, "shop/web") == "workload shop/web is scaled to zero"
    assert (seen.status(REDUNDANT, "vague/web"), "label it" in seen.reason(REDUNDANT, "vague/web")) == ("unknown", True)
    assert asked(kube, allowed=["vague/*"]).status(REDUNDANT, "vague/web") == "not_applicable"


@pytest.mark.parametrize("call", ["list deployments.apps", "list poddisruptionbudgets.policy", "list namespaces"])
def test_what_may_not_be_listed_is_named(kube: Cluster, call: str) -> None:
    workload(kube)
    budget(kube)
    kube.deny(call)
    found = [f for f in asked(kube).of(REDUNDANT) if f"{call} was denied" in f.reason]
    assert [str(f.status) for f in found] == ["unknown"]


def limits(kube: Cluster, **spec: Any) -> None:
    kube.add("PodDisruptionBudget", "web", "shop", spec={"selector": OWN, **spec})


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"minAvailable": 0},
        {"minAvailable": "0%"},
        {"maxUnavailable": 3},
        {"maxUnavailable": 7},
        {"maxUnavailable": "100%"},
        {"maxUnavailable": "67%"},  # three of three, as it is rounded up
    ],
)
def test_a_budget_that_lets_all_replicas_go_at_once_is_none(kube: Cluster, spec: dict[str, Any]) -> None:
    workload(kube, replicas=3)
    limits(kube, **spec)
    assert asked(kube).reason(REDUNDANT, "shop/web").endswith("has no disruption budget that keeps one of its replicas")


@pytest.mark.parametrize(
    "spec",
    [
        {"minAvailable": 1},
        {"minAvailable": "1%"},
        {"minAvailable": "100%"},
        {"maxUnavailable": 0},
        {"maxUnavailable": 2},
        {"maxUnavailable": "66%"},
    ],
)
def test_a_budget_that_keeps_one_replica_is_one(kube: Cluster, spec: dict[str, Any]) -> None:
    workload(kube, replicas=3)
    limits(kube, **spec)
    assert asked(kube).status(REDUNDANT, "shop/web") == "pass"


def test_exempt_namespaces_may_be_patterns(kube: Cluster) -> None:
    workload(kube, replicas=1)
    assert asked(kube, exempt_namespaces=["sh*"]).status(REDUNDANT) == "not_applicable"
