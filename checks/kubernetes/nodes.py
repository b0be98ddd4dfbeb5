"""Nodes and control plane: that their versions still get fixes, and that every node sends its logs away."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from checks.check import Answer, NotApplicable, Unknown, check
from checks.kubernetes.containers import ENDED
from checks.kubernetes.flags import runner_of
from checks.kubernetes.naming import mentions, name_of, some
from checks.kubernetes.support import end_of_support, minor_of
from evidence_store.records import Inventory, Json, Resource

# Programs that collect the logs of containers and send them away, by words in their image's or workload's name.
_COLLECTORS = (
    "alloy", "ama-logs", "aws-for-fluent-bit", "cloudwatch-agent", "datadog-agent", "dynatrace-oneagent", "elastic-agent",
    "filebeat", "fluent-bit", "fluentbit", "fluentd", "grafana-agent", "logging-agent", "logspout", "newrelic-logging",
    "oneagent", "opentelemetry-collector", "otel-collector", "promtail", "rsyslog", "splunk-otel", "sumologic", "vector",
)  # fmt: skip
_MEMBERS = (
    "node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/etcd", "node-role.kubernetes.io/master",
)  # fmt: skip
# Nodes that are no machines: no daemon set reaches them.
_VIRTUAL = (("eks.amazonaws.com/compute-type", "fargate"), ("type", "virtual-kubelet"))


@check(
    on="kubernetes.node",
    severity="high",
    version=1,
    needs=("kubeletVersion", "labels"),
    fix="Drain the node and upgrade it, or replace it by one of a supported version; a minor version lasts fourteen months.",
)
def k8s_node_supported_version(node: Resource, *, at: datetime, ends: tuple[str, ...] = ()) -> Answer:
    """Nodes run a minor version that still gets fixes.

    After the end of a minor version its holes are published and not closed. A version that is newer than the schedule known
    here is not judged. Nodes that stand for a service of the cloud (virtual kubelets) run none.

    `ends`: last days of support by your distributor, `1.32=2027-03-23`, where they differ or are not known yet
    """
    if (node.fact("labels") or {}).get("type") == "virtual-kubelet":
        return NotApplicable(f"node {name_of(node)} is no machine, and runs no kubelet of a version of Kubernetes")
    return _version_fault(f"node {name_of(node)}", "kubelet", node.fact("kubeletVersion"), at, ends)


@check(
    on="kubernetes.cluster",
    severity="high",
    version=1,
    needs=("gitVersion",),
    fix="Upgrade the control plane one minor version at a time, before its nodes.",
)
def k8s_control_plane_supported_version(cluster: Resource, *, at: datetime, ends: tuple[str, ...] = ()) -> Answer:
    """The control plane runs a minor version that still gets fixes.

    The API server is the door to everything in the cluster. After the end of its minor version its holes are published and
    not closed.

    `ends`: last days of support by your distributor, `1.32=2027-03-23`, where they differ or are not known yet
    """
    return _version_fault("the control plane", "Kubernetes", cluster.fact("gitVersion"), at, ends)


def _version_fault(what: str, program: str, version: str, at: datetime, ends: tuple[str, ...]) -> Answer:
    minor = minor_of(version)
    end = None if minor is None else end_of_support(minor, ends)
    if end is None:
        return Unknown(f"{what} runs {program} {version}, whose end of support is not known: declare it in `ends`")
    return f"{what} runs {program} {version}, whose support ended on {end}" if end < at.date() else None


@check(
    on="kubernetes.cluster",
    severity="medium",
    version=1,
    needs=("gitVersion",),
    looks_up={"kubernetes.node": ("name", "labels")},
    fix="Run three control plane nodes, or five, each in a zone of its own, and label them with their zone.",
)
def k8s_etcd_members_redundant(cluster: Resource, *, inventory: Inventory, min_members: int = 3, min_zones: int = 2) -> Answer:
    """The control plane runs on three nodes or more, in more than one zone.

    The cluster's store agrees by majority: with one member, or two, the loss of a single machine stops every change, and
    may lose the record of all that runs. A store outside of the control plane's nodes is not visible here.

    `min_members`: nodes of the control plane
    `min_zones`: zones that they are spread over
    """
    nodes = list(inventory.where("kubernetes.node"))
    members = [node for node in nodes if any(role in node.fact("labels") for role in _MEMBERS)]
    if not members:
        if (runner := runner_of(cluster.fact("gitVersion"), nodes)) is not None:
            return NotApplicable(f"cluster {name_of(cluster)} has its control plane run by {runner}")
        return Unknown(f"cluster {name_of(cluster)} shows no node of its control plane")
    if len(members) < min_members:
        return f"cluster {name_of(cluster)} runs its control plane on {len(members)} nodes; wanted are {min_members}"
    zones = {node.fact("labels").get("topology.kubernetes.io/zone") for node in members}
    if len(zones - {None}) >= min_zones:
        return None
    if None in zones:
        unlabelled = sorted(n.fact("name") for n in members if "topology.kubernetes.io/zone" not in n.fact("labels"))
        return Unknown(f"cluster {name_of(cluster)} does not say in which zone {some(unlabelled)} stand")
    return f"cluster {name_of(cluster)} runs its control plane in {some(sorted(zones - {None}))} only"


@check(
    on="kubernetes.cluster",
    severity="medium",
    version=1,
    looks_up={
        "kubernetes.node": ("name", "labels"),
        "kubernetes.daemon_set": ("name", "namespace", "images", "numberReady", "desiredNumberScheduled"),
        "kubernetes.pod": ("namespace", "ownerReferences", "nodeName", "phase"),
    },
    fix="Install a log collector as a daemon set that tolerates every taint; name yours in `collectors` if it is not known.",
)
def k8s_log_shipping(cluster: Resource, *, inventory: Inventory, collectors: tuple[str, ...] = _COLLECTORS) -> Answer:
    """A log collector runs on every node.

    What a container writes lives on its node until the file is rotated or the node is gone, and an intruder can remove it.
    Collectors are known by their names; where they send the logs is not visible here.

    `collectors`: words in the names of images or daemon sets that are log collectors
    """
    nodes = {node.fact("name") for node in inventory.where("kubernetes.node") if not _is_virtual(node.fact("labels") or {})}
    if not nodes:
        return NotApplicable(f"cluster {name_of(cluster)} has no nodes of its own that keep logs")
    agents = [agent for agent in inventory.where("kubernetes.daemon_set") if _is_collector(agent, collectors)]
    if not agents:
        return f"cluster {name_of(cluster)} runs no known log collector as a daemon set"
    covered = {pod.fact("nodeName") for agent in agents for pod in _pods_of(agent, inventory)}
    if bare := sorted(nodes - covered):
        return f"cluster {name_of(cluster)} runs no log collector on {some(bare)}"
    weak = [name_of(a) for a in agents if (a.fact("numberReady") or 0) < (a.fact("desiredNumberScheduled") or 0)]
    if weak:
        return f"cluster {name_of(cluster)} has its log collector {some(weak)} not ready on every node"
    silent = [name_of(a) for a in agents if None in (a.fact("numberReady"), a.fact("desiredNumberScheduled"))]
    doubt = f"cluster {name_of(cluster)} does not say where its log collector {some(silent)} is ready"
    return Unknown(doubt) if silent else None


def _is_virtual(labels: Json) -> bool:
    return any(labels.get(key) == value for key, value in _VIRTUAL)


def _is_collector(agent: Resource, collectors: Iterable[str]) -> bool:
    names = [
        agent.fact("name"),
        *(image.partition("@")[0].rpartition("/")[2] for image in (agent.fact("images") or {}).values() if image),
    ]
    return mentions(names, collectors)


def _pods_of(agent: Resource, inventory: Inventory) -> Iterator[Resource]:
    for pod in inventory.where("kubernetes.pod", namespace=agent.fact("namespace")):
        owners = [(owner.get("kind"), owner.get("name")) for owner in pod.fact("ownerReferences")]
        if ("DaemonSet", agent.fact("name")) in owners and pod.fact("phase") not in (*ENDED, "Pending"):
            yield pod
