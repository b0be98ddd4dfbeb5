"""Networks: what firewall rules let in, which networks there are, and what their subnets record."""

from collections.abc import Iterable

from checks.check import Answer, NotApplicable, Unknown, check
from checks.gcp.groups import GROUPS, Groups
from checks.gcp.naming import last, listed, some
from checks.gcp.order import FOLDER, NETWORK, RULE, Order
from checks.gcp.traffic import Ports, Source, from_outside, is_inbound
from evidence_store.records import Inventory, Resource

_SOURCES = (
    "narrowedBy", "sourceAddressGroups", "sourceRanges", "sourceServiceAccounts", "sourceTags", "srcFqdns", "srcNetworkType",
    "srcNetworks", "srcRegionCodes", "srcThreatIntelligences",
)  # fmt: skip
_LOOKED_AT = (
    *_SOURCES, "attachedTo", "denied", "destinationRanges", "direction", "disabled", "hierarchical", "network", "passedOn",
    "priority", "targetResources", "targetServiceAccounts", "targetTags",
)  # fmt: skip
# Subnets for these purposes carry no machines of one's own, and cannot record.
_NO_FLOWS = (
    "GLOBAL_MANAGED_PROXY", "INTERNAL_HTTPS_LOAD_BALANCER", "PEER_MIGRATION", "PRIVATE_NAT", "PRIVATE_SERVICE_CONNECT",
    "REGIONAL_MANAGED_PROXY",
)  # fmt: skip


@check(
    on="gcp.compute.firewall",
    severity="critical",
    version=1,
    needs=("allowed", "ancestors", "name", *_LOOKED_AT),
    looks_up={
        RULE: _LOOKED_AT,
        NETWORK: ("firewallPolicy", "networkFirewallPolicyEnforcementOrder"),
        FOLDER: ("ancestors",),
        **GROUPS,
    },
    above="ancestors",
    fix="Limit the rule to your own addresses, or to 35.235.240.0/20 and come in through Identity-Aware Proxy.",
)
def gcp_firewall_admin_ports(
    rule: Resource,
    *,
    inventory: Inventory,
    ports: tuple[str, ...] = (
        "22/tcp", "3389/tcp", "3389/udp", "445/tcp", "5985-5986/tcp", "5900-5903/tcp", "2375-2376/tcp", "6443/tcp",
        "10250/tcp", "1433/tcp", "1521/tcp", "3306/tcp", "5432/tcp", "6379/tcp", "9042/tcp", "9200/tcp", "11211/tcp",
        "11211/udp", "27017-27019/tcp",
    ),
) -> Answer:  # fmt: skip
    """No rule opens ports of administration or of databases to the internet.

    Machines try these ports on every address of the internet, all day. A rule counts whether a machine carries its tag
    today or not; it does not count where what goes before it refuses the same: rules of the same network or policy, and the
    policies of the organization, its folders and the network, in Google Cloud's order. A country, or a list of strangers,
    is the internet too. A policy that hangs on nothing opens nothing.

    `ports`: the ports that stay closed, as `22/tcp`, `5900-5903/tcp`, or `22` of every protocol
    """
    name = _named(rule)
    if not is_inbound(rule) or not rule.fact("allowed"):
        return NotApplicable(f"{name} lets nothing in")
    touched = [port for text in ports for port in Ports.of(text) if port.touched_by(rule.fact("allowed"))]
    groups = Groups(inventory)
    sources = from_outside(rule, groups) if touched else []
    if not sources:
        return None
    order = Order(rule, inventory, groups)
    open_ = [(port.text, source) for port in touched for source in sources if not order.closes(port, source)]
    wide = sorted({source.text for _, source in open_ if source.seen})
    if wide:
        opened = list(dict.fromkeys(port for port, source in open_ if source.seen))
        doubt = "" if order.entire else ", and not all that goes before it could be read"
        return f"{name} opens {some(opened)} of {_called(rule.fact('network'))} to {some(wide)}{doubt}"
    return _unseen(f"{name} lets in", [source for _, source in open_]) if open_ else None


def _unseen(what: str, sources: Iterable[Source]) -> Unknown:
    """The answer where all that comes in from outside has addresses that nobody here sees."""
    return Unknown(f"{what} {some(sorted({source.text for source in sources}))}, whose addresses are not seen")


def _named(rule: Resource) -> str:
    """A rule of a network by its project and name, one of a policy by what it says of itself."""
    return f"{rule.scope.account}/{rule.fact('name')}" if "/networks/" in rule.fact("network") else str(rule.fact("name"))


def _called(network: str) -> str:
    """A network, or the firewall policy that stands in its place."""
    return f"network {last(network)}" if "/networks/" in network else f"whatever firewall policy {last(network)} hangs on"


@check(
    on="gcp.compute.network",
    severity="medium",
    version=1,
    needs=("IPv4Range", "name"),
    fix="Move what stands in it to a network of your own design, delete it, and enforce compute.skipDefaultNetworkCreation.",
)
def gcp_network_no_default(network: Resource) -> Answer:
    """The default network and legacy networks are gone.

    The default network comes with rules that let SSH and RDP in from anywhere and joins all regions; a legacy network
    cannot be divided into subnets at all. Nobody designed either.
    """
    if network.fact("IPv4Range"):
        return f"{network.name} of project {network.scope.account} is a legacy network"
    if network.fact("name") == "default":
        return f"project {network.scope.account} has the default network"
    return None


@check(
    on="gcp.compute.subnetwork",
    severity="medium",
    version=1,
    needs=("enableFlowLogs", "logConfig", "purpose"),
    fix="Turn on flow logs for the subnet: `gcloud compute networks subnets update ... --enable-flow-logs`.",
)
def gcp_subnet_flow_logs(subnet: Resource, *, out_of_scope: tuple[str, ...] = ()) -> Answer:
    """Subnets record which connections were made.

    After an intrusion the flow logs say which machines spoke with whom. Subnets of load balancers' proxies and of private
    service endpoints carry no machines and cannot record.

    `out_of_scope`: names of subnets that need no flow logs; `*` stands for any text
    """
    if subnet.fact("purpose") in _NO_FLOWS:
        return NotApplicable(f"{subnet.name} is for {subnet.fact('purpose')}, which has no flow logs")
    if listed(subnet.name, out_of_scope):
        return NotApplicable(f"{subnet.name} is declared to be out of scope")
    if (subnet.fact("logConfig") or {}).get("enable") or subnet.fact("enableFlowLogs"):
        return None
    return f"{subnet.name} in {subnet.uid.split('/')[-3]} of project {subnet.scope.account} has no flow logs"


@check(
    on="gcp.compute.firewall",
    severity="low",
    version=1,
    above="ancestors",
    needs=("allowed", "ancestors", "direction", "disabled", "logConfig", "name", "network", *_SOURCES),
    looks_up=GROUPS,
    fix="Turn on logs for the rule: `gcloud compute firewall-rules update ... --enable-logging`.",
)
def gcp_firewall_rule_logging(rule: Resource, *, inventory: Inventory) -> Answer:
    """Rules that let the internet in write down what they let in.

    After an intrusion these logs say which machine the intruder came to first.
    """
    sources = from_outside(rule, Groups(inventory))
    if not is_inbound(rule) or not rule.fact("allowed") or not sources:
        return NotApplicable(f"{_named(rule)} lets nothing in from outside")
    if (rule.fact("logConfig") or {}).get("enable"):
        return None
    if not any(source.seen for source in sources):
        return _unseen(f"{_named(rule)} keeps no logs and lets in", sources)
    return f"{_named(rule)} lets the internet in and keeps no logs"
