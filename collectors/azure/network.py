"""Networks: security groups, virtual networks with their subnets, and what is recorded of their traffic."""

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.azure.graph import Row, of_type
from collectors.azure.shaping import flat, observed, ordered
from collectors.source import Facet
from evidence_store.records import Json, Observation

_RULE = (
    "access",
    "description",
    "destinationAddressPrefix",
    "destinationAddressPrefixes",
    "destinationApplicationSecurityGroups",
    "destinationPortRange",
    "destinationPortRanges",
    "direction",
    "priority",
    "protocol",
    "sourceAddressPrefix",
    "sourceAddressPrefixes",
    "sourceApplicationSecurityGroups",
    "sourcePortRange",
    "sourcePortRanges",
)
_SUBNET = (
    "addressPrefix",
    "addressPrefixes",
    "applicationGatewayIPConfigurations",
    "defaultOutboundAccess",
    "delegations",
    "ipConfigurations",
    "natGateway",
    "networkSecurityGroup",
    "privateEndpointNetworkPolicies",
    "routeTable",
    "serviceAssociationLinks",
    "serviceEndpoints",
)
_CONNECTED = ("applicationGatewayIPConfigurations", "ipConfigurations", "serviceAssociationLinks")

SECURITY_GROUP = Facet(
    "azure.network.security_group",
    facts=("name", "location", "tags", "securityRules", "defaultSecurityRules", "networkInterfaces", "subnets"),
    lists=True,
)
VIRTUAL_NETWORK = Facet(
    "azure.network.virtual_network",
    facts=("name", "location", "tags", "addressSpace", "subnets", "virtualNetworkPeerings"),
    optional=("ddosProtectionPlan", "dhcpOptions", "enableDdosProtection", "encryption", "flowLogs"),
    lists=True,
)
FLOW_LOG = Facet(
    "azure.network.flow_log",
    facts=("name", "enabled", "targetResourceId"),
    optional=("flowAnalyticsConfiguration", "location", "retentionPolicy", "storageId"),
    lists=True,
)


@of_type("Microsoft.Network/networkSecurityGroups", SECURITY_GROUP)
def security_groups(row: Row) -> Iterator[Observation]:
    """Rules in the order in which they are asked; an own rule may have the priority that a default one has."""
    properties = row["properties"]
    yield from observed(
        SECURITY_GROUP,
        row,
        securityRules=_rules(properties["securityRules"]),
        defaultSecurityRules=_rules(properties["defaultSecurityRules"]),
        networkInterfaces=_ids(properties.get("networkInterfaces")),
        subnets=_ids(properties.get("subnets")),
    )


def _rules(rules: list[dict[str, Any]]) -> list[dict[str, Json]]:
    if not isinstance(rules, list):
        raise TypeError("rules that are no list")
    found = []
    for rule in rules:
        kept = flat(rule, *_RULE)
        if any(kept.get(name) is None for name in ("access", "direction", "priority")):
            raise TypeError("a rule that does not say what it does")
        for name, value in kept.items():
            if isinstance(value, list):
                kept[name] = _ids(value) if name.endswith("Groups") else sorted(value)
        found.append(kept)
    return sorted(found, key=lambda rule: (str(rule.get("direction")), rule["priority"], rule["name"]))


def _ids(references: list[dict[str, Any]] | None) -> list[str]:
    return sorted(each["id"].lower() for each in references or ())


@of_type("Microsoft.Network/virtualNetworks", VIRTUAL_NETWORK)
def virtual_networks(row: Row) -> Iterator[Observation]:
    properties = row["properties"]
    subnets = ordered([_subnet(each) for each in properties["subnets"]], "name")
    peerings = [
        flat(each, "remoteVirtualNetwork", "peeringState", "allowForwardedTraffic", "allowGatewayTransit", "useRemoteGateways")
        for each in properties.get("virtualNetworkPeerings") or ()
    ]
    yield from observed(VIRTUAL_NETWORK, row, subnets=subnets, virtualNetworkPeerings=ordered(peerings, "name"))


def _subnet(subnet: Mapping[str, Any]) -> dict[str, Json]:
    """What is connected is counted: which it is changes with every machine."""
    kept = flat(subnet, *_SUBNET)
    kept |= {name: len(kept.get(name) or ()) for name in _CONNECTED}
    kept["delegations"] = sorted(each["properties"]["serviceName"] for each in kept.get("delegations") or ())
    kept["serviceEndpoints"] = sorted(each["service"] for each in kept.get("serviceEndpoints") or ())
    for name in ("networkSecurityGroup", "routeTable", "natGateway"):
        kept[name] = ((kept.get(name) or {}).get("id") or "").lower() or None
    return kept


@of_type("Microsoft.Network/networkWatchers/flowLogs", FLOW_LOG)
def flow_logs(row: Row) -> Iterator[Observation]:
    yield from observed(FLOW_LOG, row)
