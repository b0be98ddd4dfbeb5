"""Virtual networks and their security groups."""

from checks.addresses import MANAGEMENT_PORTS
from checks.azure.inbound import openings
from checks.azure.naming import lowered, some
from checks.check import Answer, NotApplicable, check
from evidence_store.records import Inventory, Json, Resource

# What puts a subnet to use: how many machines, gateways and services are connected, and whom it was handed to.
_USES = ("ipConfigurations", "applicationGatewayIPConfigurations", "serviceAssociationLinks", "delegations")


@check(
    on="azure.network.security_group",
    severity="critical",
    version=1,
    needs=("securityRules", "defaultSecurityRules", "subnets", "networkInterfaces"),
    fix="Remove the rule, or narrow its source; reach machines through Azure Bastion, a VPN or just-in-time access.",
)
def azure_nsg_admin_ports(
    group: Resource,
    *,
    ports: tuple[str, ...] = MANAGEMENT_PORTS,
) -> Answer:
    """Security groups in use do not open management ports to the internet.

    Remote shells, desktops and management agents are what attackers try first and without pause. The rules are read in
    the order of their priority, so that what an earlier rule denies to everyone stays closed. A block of addresses wider
    than anyone holds (IPv4 wider than /8, IPv6 wider than /16) counts as the internet, and so do the addresses of the cloud
    itself, which any customer can have. A group on no subnet and no network interface is not judged.

    `ports`: management ports, as `22/tcp` or `5900-5903/tcp`
    """
    if not group.fact("subnets") and not group.fact("networkInterfaces"):
        return NotApplicable(f"{group.name} is on no subnet and no network interface")
    rules = [*group.fact("securityRules"), *group.fact("defaultSecurityRules")]
    found = list(openings(rules, ports))
    if not found:
        return None
    by = sorted({f"{opening.source} by rule {opening.rule}" for opening in found})
    return f"{group.name} opens {', '.join(opening.ports.text for opening in found)} to {some(by)}"


@check(
    on="azure.network.virtual_network",
    severity="medium",
    version=1,
    needs=("subnets",),
    fix="Associate a network security group with the subnet that lets in only what its machines serve.",
)
def azure_subnet_nsg(
    network: Resource,
    *,
    exempt: tuple[str, ...] = (
        "AzureBastionSubnet",
        "AzureFirewallManagementSubnet",
        "AzureFirewallSubnet",
        "GatewaySubnet",
        "RouteServerSubnet",
    ),
) -> Answer:
    """Every subnet in use has a network security group.

    Without one a subnet takes in whatever reaches its network, from the networks beside it too. Subnets of gateways and
    firewalls, which take no group or need none, are named in a parameter; an empty subnet has nothing to protect.

    `exempt`: names of subnets that need no security group
    """
    used = [subnet for subnet in network.fact("subnets") if _in_use(subnet)]
    if not used:
        return NotApplicable(f"no subnet of {network.name} is in use")
    spared = lowered(exempt)
    bare = [subnet["name"] for subnet in used if subnet["name"].casefold() not in spared and not subnet["networkSecurityGroup"]]
    return f"{network.name} has subnets in use without a security group: {some(sorted(bare))}" if bare else None


def _in_use(subnet: Json) -> bool:
    return any(subnet[use] for use in _USES)


@check(
    on="azure.network.virtual_network",
    severity="medium",
    version=1,
    needs=("subnets",),
    looks_up={"azure.network.flow_log": ("enabled", "retentionPolicy", "targetResourceId")},
    fix="Create a flow log for the virtual network in Network Watcher, with retention as the logging rule asks for.",
)
def azure_vnet_flow_logs(network: Resource, *, inventory: Inventory, min_days: int = 90) -> Answer:
    """Virtual networks in use record which connections were made, for the required days.

    Without a record of connections nobody can tell where an intruder came from and went to. A flow log without a limit of
    days keeps its records until somebody deletes them. Logs of single security groups or machines do not cover a network.

    `min_days`: how many days flow logs must be kept
    """
    if not any(_in_use(subnet) for subnet in network.fact("subnets")):
        return NotApplicable(f"no subnet of {network.name} is in use")
    kept: list[int] = []
    for log in inventory.where("azure.network.flow_log", enabled=True):
        if log.fact("targetResourceId").casefold() == network.uid:
            policy = log.fact("retentionPolicy") or {}
            days = (policy.get("days") or 0) if policy.get("enabled") else 0
            if days == 0 or days >= min_days:
                return None
            kept.append(days)
    if kept:
        return f"{network.name} keeps its flow logs for {max(kept)} days; {min_days} are required"
    return f"{network.name} records no connections"
