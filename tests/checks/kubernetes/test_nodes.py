"""Nodes and control plane: that their versions are supported at the time of the look, and that every node ships its logs."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.checks.kubernetes.manifests import SCOPE, node, pod
from tests.collectors.kubernetes.cluster import UID, Cluster
from tests.harness import Looked, look

MEMBERS = "k8s_etcd_members_redundant"
NODE, PLANE, LOGS = "k8s_node_supported_version", "k8s_control_plane_supported_version", "k8s_log_shipping"
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def asked(kube: Cluster, check: str, at: datetime = NOW, **parameters: Any) -> Looked:
    return look(kube.connect(), check, at=at, parameters={check: parameters})


@pytest.mark.parametrize(
    ("version", "status", "words"),
    [
        ("v1.35.3", "pass", ""),
        ("v1.36.0", "pass", ""),
        ("v1.37.1", "pass", ""),
        ("v1.33.9", "pass", ""),
        ("v1.32.13", "fail", "node a runs kubelet v1.32.13, whose support ended on 2026-02-28"),
        ("v1.31.7-eks-473151a", "fail", "v1.31.7-eks-473151a, whose support ended on 2025-11-11"),
        ("v1.34.1-gke.1829001", "pass", ""),
        ("v1.30.6+k3s1", "fail", "whose support ended on 2025-07-15"),
        ("v1.8.0", "fail", "whose support ended on 2018-07-12"),
        ("v1.1.8", "fail", "whose support ended on 2016-10-23"),
        ("v1.190.0", "unknown", "node a runs kubelet v1.190.0, whose end of support is not known: declare it in `ends`"),
        ("v2.0.0", "unknown", "not known"),
        ("devel", "unknown", "node a runs kubelet devel, whose end of support is not known"),
    ],
)
def test_a_node_runs_a_version_that_is_supported_at_the_time_of_the_look(
    kube: Cluster, version: str, status: str, words: str
) -> None:
    node(kube, version=version)
    seen = asked(kube, NODE)
    assert seen.status(NODE, ":a") == status
    assert words in seen.reason(NODE, ":a")


def test_a_node_that_is_no_machine_runs_no_kubelet_that_could_be_upgraded(kube: Cluster) -> None:
    node(kube, "aci", "v1.25.0-vk-azure-aci-1.6.2", type="virtual-kubelet")
    node(kube, "fargate", "v1.29.15-eks-473151a", **{"eks.amazonaws.com/compute-type": "fargate"})
    seen = asked(kube, NODE)
    assert seen.status(NODE, ":aci") == "not_applicable"
    assert seen.status(NODE, ":fargate") == "fail"


def test_support_lasts_through_its_last_day(kube: Cluster) -> None:
    node(kube, version="v1.33.4")
    assert asked(kube, NODE, datetime(2026, 6, 28, 23, 59, tzinfo=UTC)).status(NODE, ":a") == "pass"
    assert asked(kube, NODE, datetime(2026, 6, 29, tzinfo=UTC)).status(NODE, ":a") == "fail"


def test_what_a_distributor_supports_longer_or_newer_is_declared(kube: Cluster) -> None:
    node(kube, "old", "v1.31.7-eks-473151a")
    node(kube, "new", "v1.90.0")
    kube.version["gitVersion"] = "v1.31.7-eks-473151a"
    ends = ["1.31=2026-11-26", "1.90=2031-01-01"]
    seen = asked(kube, NODE, ends=ends)
    assert [seen.status(NODE, f":{name}") for name in ("old", "new")] == ["pass", "pass"]
    late = datetime(2026, 11, 27, tzinfo=UTC)
    assert asked(kube, NODE, late, ends=ends).reason(NODE, ":old").endswith("whose support ended on 2026-11-26")
    assert asked(kube, PLANE, ends=ends).status(PLANE, UID) == "pass"


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        ("1.31=2026-11-26", "pass"),
        (" v1.31 = 2026-11-26 ", "pass"),
        ("1.31=", "unknown"),
        ("1.31=soon", "unknown"),
        ("1.31", "fail"),
    ],
)
def test_an_end_that_is_no_date_is_not_known(kube: Cluster, entry: str, status: str) -> None:
    node(kube, version="v1.31.7")
    seen = asked(kube, NODE, ends=[entry])
    assert seen.status(NODE, ":a") == status
    assert ("declare it in `ends`" in seen.reason(NODE, ":a")) == (status == "unknown")


@pytest.mark.parametrize(
    ("version", "status", "words"),
    [
        ("v1.35.3", "pass", ""),
        ("v1.29.15", "fail", "the control plane runs Kubernetes v1.29.15, whose support ended on 2025-02-28"),
        ("v1.77.0", "unknown", "not known"),
    ],
)
def test_the_control_plane_runs_a_version_that_is_supported(kube: Cluster, version: str, status: str, words: str) -> None:
    kube.version["gitVersion"] = version
    seen = asked(kube, PLANE)
    assert seen.status(PLANE, UID) == status
    assert words in seen.reason(PLANE, UID)


@pytest.mark.parametrize(("check", "call"), [(NODE, "list nodes"), (PLANE, "get /version"), (LOGS, "get /version")])
def test_what_may_not_be_read_is_unknown(kube: Cluster, check: str, call: str) -> None:
    kube.deny(call)
    seen = asked(kube, check)
    assert seen.status(check, SCOPE) == "unknown"
    assert seen.reason(check, SCOPE).startswith(f"{call} was denied")


# Log collectors


def agent(kube: Cluster, name: str, image: str, *nodes: str, ready: int | None = None, phase: str = "Running") -> None:
    """A daemon set of this image, and a pod of it on each of these nodes."""
    labels = {"app": name}
    spec = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}},
    }
    counts = {"currentNumberScheduled": len(nodes), "desiredNumberScheduled": len(nodes), "numberMisscheduled": 0}
    status = counts | {"numberReady": len(nodes) if ready is None else ready}
    kube.add("DaemonSet", name, "logging", spec=spec, status=status)
    for on in nodes:
        pod(kube, f"{name}-{on}", "logging", owner=f"DaemonSet/{name}", nodeName=on, phase=phase)


def test_a_collector_that_is_known_by_its_image_or_name_runs_on_every_node(kube: Cluster) -> None:
    node(kube, "a")
    node(kube, "b")
    agent(kube, "agent", "registry.example.com:5000/mirror/fluent-bit:3.2@sha256:" + "a" * 64, "a", "b")
    assert asked(kube, LOGS).status(LOGS, UID) == "pass"
    kube.remove("DaemonSet", "agent", "logging")
    agent(kube, "loki-promtail", "registry.example.com/x:1", "a", "b")
    assert asked(kube, LOGS).status(LOGS, UID) == "pass"


def test_two_collectors_may_share_the_nodes(kube: Cluster) -> None:
    node(kube, "a")
    node(kube, "win")
    agent(kube, "fluentd", "fluentd:1", "a")
    agent(kube, "fluentd-windows", "fluentd:1", "win")
    assert asked(kube, LOGS).status(LOGS, UID) == "pass"


@pytest.mark.parametrize(
    ("image", "nodes", "settings", "reason"),
    [
        ("fluent-bit:3", ("a",), {}, "runs no log collector on b"),
        ("fluent-bit:3", ("a", "b"), {"phase": "Pending"}, "runs no log collector on a, b"),
        ("fluent-bit:3", ("a", "b"), {"ready": 1}, "has its log collector logging/agent not ready on every node"),
        ("fluent-bits.example.com/proxy:1", ("a", "b"), {}, "runs no known log collector as a daemon set"),
        ("pgvector:1", ("a", "b"), {}, "runs no known log collector as a daemon set"),
    ],
)
def test_a_node_without_a_collector_that_works_is_found(
    kube: Cluster, image: str, nodes: tuple[str, ...], settings: dict[str, Any], reason: str
) -> None:
    node(kube, "a")
    node(kube, "b")
    agent(kube, "agent", image, *nodes, **settings)
    assert asked(kube, LOGS).reason(LOGS, UID) == f"cluster {UID} {reason}"
    assert asked(kube, LOGS).status(LOGS, UID) == "fail"


def test_a_collector_that_does_not_say_where_it_is_ready_is_not_taken_for_ready(kube: Cluster) -> None:
    node(kube, "a")
    agent(kube, "agent", "fluent-bit:3", "a")
    del kube.objects["DaemonSet", "logging", "agent"]["status"]
    seen = asked(kube, LOGS)
    assert seen.status(LOGS, UID) == "unknown"
    assert seen.reason(LOGS, UID) == f"cluster {UID} does not say where its log collector logging/agent is ready"


def test_pods_of_other_owners_do_not_stand_for_the_collector(kube: Cluster) -> None:
    node(kube, "a")
    agent(kube, "fluentd", "fluentd:1")
    pod(kube, "fluentd-x", "logging", owner="ReplicaSet/fluentd", nodeName="a")
    pod(kube, "fluentd-y", "shop", owner="DaemonSet/fluentd", nodeName="a")
    assert asked(kube, LOGS).status(LOGS, UID) == "fail"


def test_nodes_that_are_no_machines_are_not_counted(kube: Cluster) -> None:
    node(kube, "fargate", **{"eks.amazonaws.com/compute-type": "fargate"})
    assert asked(kube, LOGS).status(LOGS, UID) == "not_applicable"
    node(kube, "a")
    agent(kube, "mine", "registry.example.com/our-shipper:2", "a")
    assert asked(kube, LOGS).status(LOGS, UID) == "fail"
    assert asked(kube, LOGS, collectors=["Our.Shipper"]).status(LOGS, UID) == "pass"
    assert asked(kube, LOGS, collectors=["", "-"]).status(LOGS, UID) == "fail"


@pytest.mark.parametrize("call", ["list nodes", "list daemonsets.apps", "list pods"])
def test_nodes_and_agents_that_may_not_be_listed_leave_it_open(kube: Cluster, call: str) -> None:
    node(kube, "a")
    agent(kube, "fluentd", "fluentd:1", "a")
    kube.deny(call)
    seen = asked(kube, LOGS)
    assert seen.status(LOGS, UID) == "unknown"
    assert f"{call} was denied" in seen.reason(LOGS, UID)


# The control plane's members

ZONE = "topology.kubernetes.io/zone"
PLANE_ROLE = {"node-role.kubernetes.io/control-plane": ""}


@pytest.mark.parametrize(
    ("zones", "status", "words"),
    [
        (["a", "b", "c"], "pass", ""),
        (["a", "a", "b"], "pass", ""),
        (["a", "b", None], "pass", ""),
        (["a", "a", "a"], "fail", "runs its control plane in a only"),
        (["a", "b"], "fail", "runs its control plane on 2 nodes; wanted are 3"),
        (["a", "a", None], "unknown", "does not say in which zone m2 stand"),
        ([], "unknown", "shows no node of its control plane"),
    ],
)
def test_the_control_plane_survives_the_loss_of_a_machine_and_of_a_zone(
    kube: Cluster, zones: list[str | None], status: str, words: str
) -> None:
    node(kube, "worker", **{ZONE: "d"})
    for number, zone in enumerate(zones):
        node(kube, f"m{number}", **PLANE_ROLE, **({ZONE: zone} if zone else {}))
    seen = asked(kube, MEMBERS)
    assert seen.status(MEMBERS, UID) == status
    assert words in seen.reason(MEMBERS, UID)


def test_members_and_zones_wanted_are_those_of_the_configuration(kube: Cluster) -> None:
    node(kube, "only", **PLANE_ROLE, **{ZONE: "a"})
    assert asked(kube, MEMBERS, min_members=1, min_zones=1).status(MEMBERS, UID) == "pass"


def test_a_control_plane_that_somebody_else_runs_is_not_asked_for_members(kube: Cluster) -> None:
    kube.version["gitVersion"] = "v1.35.2-eks-ba24e9c"
    node(kube, "worker")
    assert asked(kube, MEMBERS).status(MEMBERS, UID) == "not_applicable"


@pytest.mark.parametrize(("call", "about"), [("list nodes", UID), ("get /version", SCOPE)])
def test_members_that_may_not_be_listed_are_unknown(kube: Cluster, call: str, about: str) -> None:
    kube.deny(call)
    seen = asked(kube, MEMBERS)
    assert seen.status(MEMBERS, about) == "unknown"
    assert f"{call} was denied" in seen.reason(MEMBERS, about)
