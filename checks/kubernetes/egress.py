"""What the pods of a namespace can reach outside of it, by its network policies.

A policy limits the traffic that leaves the pods it selects, where it is of the type Egress; policies add up. Whether the
network plugin enforces them is not visible here, and pods on their node's network pass them by.
"""

from collections.abc import Iterable
from ipaddress import ip_address

from checks.addresses import network_of
from checks.check import Answer, NotApplicable, Unknown, check
from checks.kubernetes.environments import SYSTEM, class_of, plain
from checks.kubernetes.namespaces import passed_over
from checks.kubernetes.naming import some
from checks.kubernetes.peers import are_open
from checks.kubernetes.selectors import is_limited
from evidence_store.records import Inventory, Json, Resource

_POLICY = {"kubernetes.network_policy": ("namespace", "name", "podSelector", "policyTypes", "egress")}
# Who names nodes that stand in no cloud, or in one without such an address.
_NO_CLOUD = ("docker", "k3s", "kind", "metal3", "rke2", "vsphere")
_METADATA = ("169.254.169.254", "fd00:ec2::254")  # AWS, Azure, GCP and most others; AWS by IPv6


@check(
    on="kubernetes.namespace",
    severity="medium",
    version=1,
    needs=("name", "labels", "annotations", "phase"),
    looks_up=_POLICY,
    fix="Add a network policy with an empty podSelector and policyTypes: [Egress], then one for each destination needed.",
)
def k8s_netpol_egress_limited(
    namespace: Resource,
    *,
    inventory: Inventory,
    exempt_namespaces: tuple[str, ...] = SYSTEM,
    classification: tuple[str, ...] = ("classification", "data-classification", "data-class"),
    sensitive: tuple[str, ...] = ("confidential", "restricted", "secret", "personal", "sensitive"),
) -> Answer:
    """Namespaces with sensitive data limit where their pods may send it.

    What was taken leaves by the connection that a pod opens. A rule that names a port counts as a limit, wherever it leads. A
    namespace must say how its information is classified.

    `exempt_namespaces`: namespaces that are not asked, `*` allowed
    `classification`: labels or annotations that name the classification, whatever their prefix
    `sensitive`: their values that mean sensitive
    """
    if skipped := passed_over(namespace, exempt_namespaces):
        return skipped
    name, value = namespace.fact("name"), class_of(namespace, classification)
    if value is None:
        asked = ", ".join(classification)
        return Unknown(f"namespace {name} does not say how its information is classified: label it with one of {asked}")
    if value not in {plain(text) for text in sensitive}:
        return NotApplicable(f"namespace {name} is classified {value}, which is not sensitive")
    policies = [policy for policy in inventory.where("kubernetes.network_policy", namespace=name) if _closes_all(policy)]
    if not policies:
        return f"namespace {name} has no network policy that limits where all of its pods send"
    wide = sorted(p.fact("name") for p in policies if are_open(p.fact("egress") or (), "to", within=False))
    return f"namespace {name} lets all of its pods send everywhere by {some(wide)}" if wide else None


@check(
    on="kubernetes.namespace",
    severity="medium",
    version=1,
    needs=("name", "phase"),
    looks_up={**_POLICY, "kubernetes.node": ("providerID",)},
    fix="Add a network policy for all pods whose egress rules leave out 169.254.169.254 (ipBlock with except).",
)
def k8s_metadata_endpoint_blocked(
    namespace: Resource, *, inventory: Inventory, exempt_namespaces: tuple[str, ...] = SYSTEM
) -> Answer:
    """Pods cannot reach the metadata address of their cloud.

    There a node gets its credentials, and so does every pod on it that can ask: one request, and a hole in a web shop is
    one in the cloud account. What the nodes themselves refuse (hop limits, workload identity) is not visible here.

    `exempt_namespaces`: namespaces that are not asked, `*` allowed
    """
    if skipped := passed_over(namespace, exempt_namespaces):
        return skipped
    named = {(node.fact("providerID") or "").partition("://")[0] for node in inventory.where("kubernetes.node")}
    if not named - {"", *_NO_CLOUD}:
        return NotApplicable(f"namespace {namespace.fact('name')} runs on nodes that name no cloud")
    name = namespace.fact("name")
    policies = [policy for policy in inventory.where("kubernetes.network_policy", namespace=name) if _is_about_egress(policy)]
    if not any(_closes_all(policy) for policy in policies):
        return f"namespace {name} has no network policy that limits where all of its pods send, metadata included"
    open_ = sorted(p.fact("name") for p in policies if any(_reaches_metadata(rule) for rule in p.fact("egress") or ()))
    return f"namespace {name} lets pods reach the metadata address of the cloud by {some(open_)}" if open_ else None


def _closes_all(policy: Resource) -> bool:
    """Whether a policy selects every pod for what leaves it."""
    return not is_limited(policy.fact("podSelector")) and _is_about_egress(policy)


def _is_about_egress(policy: Resource) -> bool:
    """Without policyTypes, one with rules for what leaves is."""
    types = policy.fact("policyTypes")
    return "Egress" in types if types else bool(policy.fact("egress"))


def _reaches_metadata(rule: Json) -> bool:
    if not _takes_http(rule.get("ports") or ()):
        return False
    blocks = [peer["ipBlock"] for peer in rule.get("to") or () if peer.get("ipBlock")]
    return not rule.get("to") or any(_holds(block, address) for block in blocks for address in _METADATA)


def _takes_http(ports: Iterable[Json]) -> bool:
    """Whether TCP port 80 is among them; no port named means all, and a port by name cannot be told apart."""
    tcp = [port for port in ports if port.get("protocol") in (None, "TCP")]
    return not ports or any(_spans(port.get("port"), port.get("endPort")) for port in tcp)


def _spans(port: Json, end: Json) -> bool:
    return not isinstance(port, int) or port <= 80 <= (end or port)


def _holds(block: Json, address: str) -> bool:
    wanted = ip_address(address)
    excepted = any(wanted in network_of(cidr) for cidr in block.get("except") or ())
    return wanted in network_of(block["cidr"]) and not excepted
