"""Networks: what security groups let in, read in the order of their rules, and which subnets have one."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.azure.scene import asked

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

PORTS, SUBNETS, FLOWS = "azure_nsg_admin_ports", "azure_subnet_nsg", "azure_vnet_flow_logs"
GROUP, NETWORK = "Microsoft.Network/networkSecurityGroups", "Microsoft.Network/virtualNetworks"
FLOW_LOG = "Microsoft.Network/networkWatchers/flowLogs"


def rule(access: str = "Allow", port: str = "22", source: str = "*", priority: int = 100, **says: Any) -> dict[str, Any]:
    properties = {
        "access": access,
        "direction": "Inbound",
        "priority": priority,
        "protocol": "Tcp",
        "sourcePortRange": "*",
        "sourceAddressPrefix": source,
        "destinationPortRange": port,
        "destinationAddressPrefix": "*",
        "sourceAddressPrefixes": [],
        "destinationPortRanges": [],
    }
    return {"name": f"rule-{priority}", "properties": {**properties, **says}}


def group(azure: "Cloud", *rules: dict[str, Any], **properties: Any) -> None:
    used = {"subnets": [{"id": "/subscriptions/x/subnets/web"}]}
    azure.add(GROUP, "web", properties={"securityRules": list(rules), **used, **properties})


@pytest.mark.parametrize(
    "opening",
    [
        rule(),
        rule(source="Internet"),
        rule(source="0.0.0.0/0"),
        rule(source="::/0"),
        rule(source="Any"),
        rule(source="128.0.0.0/1"),
        rule(source="2000::/3"),
        rule(source="AzureCloud"),
        rule(source="AzureCloud.WestEurope"),
        rule(source="", sourceAddressPrefixes=["203.0.113.0/24", "0.0.0.0/0"]),
        rule(port="*", protocol="*"),
        rule(port="20-30"),
        rule(port="", destinationPortRanges=["443", "3380-3390"]),
        rule(port="161", protocol="UDP"),
        rule(port="22", destinationAddressPrefix="10.0.0.4"),
        rule(port="22", access="allow", direction="INBOUND", protocol="TCP"),
    ],
)
def test_a_management_port_that_is_open_to_the_internet_fails(azure: "Cloud", opening: dict[str, Any]) -> None:
    group(azure, opening)
    seen = asked(azure, PORTS)
    assert seen.status(PORTS, "/web") == "fail", seen.reason(PORTS, "/web")
    assert "by rule rule-100" in seen.reason(PORTS, "/web")


@pytest.mark.parametrize(
    "closed",
    [
        [],
        [rule(port="443")],
        [rule(source="203.0.113.0/24")],
        [rule(source="10.0.0.0/8")],
        [rule(source="VirtualNetwork")],
        [rule(source="fc00::/7")],
        [rule(source="2001::/16")],
        [rule(direction="Outbound")],
        [rule(protocol="Icmp", port="*")],
        [rule(port="161", protocol="Tcp")],
        [rule("Deny", priority=100), rule(priority=200)],
        [rule("Deny", "*", priority=100, protocol="*"), rule(priority=200)],
        [rule("Deny", source="Internet", priority=100), rule(priority=200)],
        [rule(priority=200), rule("Deny", "10-100", priority=100, destinationAddressPrefix="VirtualNetwork")],
        [rule("Deny", source="0.0.0.0/0", priority=100), rule("Deny", source="::/0", priority=110), rule(priority=200)],
    ],
    ids=range(15),
)
def test_what_is_not_open_or_denied_before_passes(azure: "Cloud", closed: list[dict[str, Any]]) -> None:
    group(azure, *closed)
    assert asked(azure, PORTS).status(PORTS, "/web") == "pass"


@pytest.mark.parametrize(
    "half",
    [
        rule("Deny", priority=300),
        rule("Deny", source="0.0.0.0/0", priority=100),
        rule("Deny", source="203.0.113.0/24", priority=100),
        rule("Deny", priority=100, destinationAddressPrefix="10.0.0.4"),
        rule("Deny", priority=100, sourcePortRange="1024-2048"),
        rule("Deny", port="23", priority=100),
        rule("Deny", priority=100, protocol="Udp"),
        rule("Deny", priority=100, direction="Outbound"),
        rule("Deny", priority=100, destinationApplicationSecurityGroups=[{"id": "/x"}]),
    ],
    ids=["later", "one-family", "few", "one-machine", "some-source-ports", "another-port", "udp", "outbound", "group"],
)
def test_a_denial_that_covers_a_part_does_not_close_a_port(azure: "Cloud", half: dict[str, Any]) -> None:
    group(azure, half, rule(priority=200))
    assert asked(azure, PORTS).status(PORTS, "/web") == "fail"


def test_ports_of_a_range_that_an_earlier_rule_leaves_open_fail(azure: "Cloud") -> None:
    group(azure, rule("Deny", "5985", priority=100), rule(port="5985-5986", priority=200))
    assert asked(azure, PORTS).reason(PORTS, "/web") == "web opens 5985-5986/tcp to * by rule rule-200"


def test_a_source_that_is_no_address_is_unknown(azure: "Cloud") -> None:
    group(azure, rule(source="10.0.0.1-10.0.0.9"))
    assert asked(azure, PORTS).status(PORTS, "/web") == "unknown"


@pytest.mark.parametrize("odd", [{"access": "Perhaps"}, {"direction": "Sideways"}])
def test_a_rule_of_which_nothing_is_known_is_unknown(azure: "Cloud", odd: dict[str, Any]) -> None:
    group(azure, rule(**{"priority": 100, **odd}), rule(priority=200))
    assert asked(azure, PORTS).status(PORTS, "/web") == "unknown"


def test_a_group_on_nothing_is_not_judged(azure: "Cloud") -> None:
    group(azure, rule(), subnets=[])
    assert asked(azure, PORTS).status(PORTS, "/web") == "not_applicable"


def test_a_group_on_a_network_interface_is_judged(azure: "Cloud") -> None:
    group(azure, rule(), subnets=[], networkInterfaces=[{"id": "/subscriptions/x/networkInterfaces/web"}])
    assert asked(azure, PORTS).status(PORTS, "/web") == "fail"


def test_which_ports_are_management_is_a_parameter(azure: "Cloud") -> None:
    group(azure, rule(port="8443"))
    assert asked(azure, PORTS, ports=["8443/tcp"]).status(PORTS, "/web") == "fail"


@pytest.mark.parametrize("named", ["8443", "8443/TCP", "8443/*", "8000-9000"])
def test_a_port_counts_however_its_protocol_is_written(azure: "Cloud", named: str) -> None:
    group(azure, rule(port="8443", access="Deny", protocol="Udp", priority=90), rule(port="8443"))
    assert asked(azure, PORTS, ports=[named]).status(PORTS, "/web") == "fail"


@pytest.mark.parametrize(("check", "type_"), [(PORTS, GROUP), (SUBNETS, NETWORK), (FLOWS, NETWORK), (FLOWS, FLOW_LOG)])
def test_networks_that_may_not_be_read_are_unknown(azure: "Cloud", check: str, type_: str) -> None:
    group(azure)
    network(azure, web=IN_USE)
    azure.deny(f"{type_}/read")
    seen = asked(azure, check)
    assert {f.status for f in seen.of(check)} == {"unknown"}
    assert f"{type_}/read was denied" in seen.of(check)[0].reason


def network(azure: "Cloud", **subnets: dict[str, Any]) -> str:
    return azure.add(
        NETWORK, "hub", properties={"subnets": [{"name": name, "properties": says} for name, says in subnets.items()]}
    )


IN_USE = {"ipConfigurations": [{"id": "/subscriptions/x/ipConfigurations/1"}]}
GUARDED = {"networkSecurityGroup": {"id": "/subscriptions/x/networkSecurityGroups/web"}}


def test_subnets_in_use_have_a_security_group(azure: "Cloud") -> None:
    network(azure, web={**IN_USE, **GUARDED}, empty={}, GatewaySubnet=IN_USE, azurefirewallsubnet=IN_USE)
    assert asked(azure, SUBNETS).status(SUBNETS, "/hub") == "pass"


@pytest.mark.parametrize(
    "use",
    [
        IN_USE,
        {"delegations": [{"name": "db", "properties": {"serviceName": "Microsoft.DBforPostgreSQL/flexibleServers"}}]},
        {"serviceAssociationLinks": [{"id": "/subscriptions/x/links/1"}]},
        {"applicationGatewayIPConfigurations": [{"id": "/subscriptions/x/gateways/1"}]},
    ],
    ids=["machines", "delegated", "service", "gateway"],
)
def test_a_subnet_in_use_without_a_group_fails(azure: "Cloud", use: dict[str, Any]) -> None:
    network(azure, web={**IN_USE, **GUARDED}, data=use)
    seen = asked(azure, SUBNETS)
    assert seen.reason(SUBNETS, "/hub") == "hub has subnets in use without a security group: data"
    assert asked(azure, SUBNETS, exempt=["Data"]).status(SUBNETS, "/hub") == "pass"


def test_a_network_that_nothing_uses_is_not_judged(azure: "Cloud") -> None:
    network(azure, empty={})
    assert asked(azure, SUBNETS).status(SUBNETS, "/hub") == "not_applicable"


def flows(azure: "Cloud", target: str, *, enabled: bool = True, days: int = 0) -> None:
    policy = {"enabled": days > 0, "days": days}
    azure.add(FLOW_LOG, "watcher/hub", properties={"enabled": enabled, "targetResourceId": target, "retentionPolicy": policy})


@pytest.mark.parametrize("days", [0, 90])
def test_a_network_that_records_its_connections_passes(azure: "Cloud", days: int) -> None:
    flows(azure, network(azure, web=IN_USE).upper(), days=days)
    assert asked(azure, FLOWS).status(FLOWS, "/hub") == "pass"


def test_connections_that_are_kept_too_short_fail(azure: "Cloud") -> None:
    flows(azure, network(azure, web=IN_USE), days=30)
    assert asked(azure, FLOWS).reason(FLOWS, "/hub") == "hub keeps its flow logs for 30 days; 90 are required"


def test_a_flow_log_that_is_off_or_of_something_else_does_not_count(azure: "Cloud") -> None:
    flows(azure, network(azure, web=IN_USE), enabled=False)
    assert asked(azure, FLOWS).reason(FLOWS, "/hub") == "hub records no connections"
    flows(azure, "/subscriptions/x/networkSecurityGroups/web")
    assert asked(azure, FLOWS).status(FLOWS, "/hub") == "fail"


def test_a_network_without_machines_has_no_connections_to_record(azure: "Cloud") -> None:
    network(azure, empty={})
    assert asked(azure, FLOWS).status(FLOWS, "/hub") == "not_applicable"
