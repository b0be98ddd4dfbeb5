"""Application gateways: what stands between them and the internet."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.azure.scene import asked

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

WAF = "azure_waf_prevention"
GATEWAY = "Microsoft.Network/applicationGateways"
POLICY = "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies"
PUBLIC = [{"name": "front", "properties": {"publicIPAddress": {"id": "/subscriptions/x/publicIPAddresses/shop"}}}]
INSIDE = [{"name": "front", "properties": {"privateIPAddress": "10.0.0.4"}}]


def policy(azure: "Cloud", name: str = "strict", state: str = "Enabled", mode: str = "Prevention") -> dict[str, Any]:
    uid = azure.add(POLICY, name, properties={"policySettings": {"state": state, "mode": mode}})
    return {"firewallPolicy": {"id": uid.upper()}}


def gateway(azure: "Cloud", front: Any = PUBLIC, listeners: Any = ({},), **properties: Any) -> None:
    named = [{"name": f"listener-{number}", "properties": says} for number, says in enumerate(listeners)]
    whole = {"sku": {"tier": "WAF_v2"}, "frontendIPConfigurations": front, "httpListeners": named, **properties}
    azure.add(GATEWAY, "shop", properties=whole)


def test_a_gateway_whose_firewall_prevents_passes(azure: "Cloud") -> None:
    gateway(azure, **policy(azure))
    assert asked(azure, WAF).status(WAF, "/shop") == "pass"


@pytest.mark.parametrize(("state", "mode"), [("Disabled", "Prevention"), ("Enabled", "Detection")])
def test_a_gateway_whose_firewall_is_off_or_only_detects_fails(azure: "Cloud", state: str, mode: str) -> None:
    gateway(azure, **policy(azure, state=state, mode=mode))
    assert asked(azure, WAF).reason(WAF, "/shop") == "shop serves listener-0 without a web firewall that prevents"


def test_a_gateway_without_a_firewall_fails(azure: "Cloud") -> None:
    gateway(azure)
    assert asked(azure, WAF).status(WAF, "/shop") == "fail"


@pytest.mark.parametrize(("mode", "status"), [("Prevention", "pass"), ("Detection", "fail")])
def test_a_firewall_of_the_older_kind_counts(azure: "Cloud", mode: str, status: str) -> None:
    gateway(azure, webApplicationFirewallConfiguration={"enabled": True, "firewallMode": mode})
    assert asked(azure, WAF).status(WAF, "/shop") == status


def test_a_listener_is_judged_by_the_policy_of_its_own(azure: "Cloud") -> None:
    lax = policy(azure, "lax", mode="Detection")
    gateway(azure, listeners=[{}, lax], **policy(azure))
    assert asked(azure, WAF).reason(WAF, "/shop") == "shop serves listener-1 without a web firewall that prevents"
    gateway(azure, listeners=[policy(azure)], **lax)
    assert asked(azure, WAF).status(WAF, "/shop") == "pass"


def test_a_path_is_judged_by_the_policy_of_its_own(azure: "Cloud") -> None:
    paths = [{"name": "upload", "properties": policy(azure, "lax", mode="Detection")}, {"name": "help", "properties": {}}]
    gateway(azure, urlPathMaps=[{"name": "all", "properties": {"pathRules": paths}}], **policy(azure))
    assert asked(azure, WAF).reason(WAF, "/shop") == "shop serves upload without a web firewall that prevents"


def test_a_gateway_inside_is_not_judged(azure: "Cloud") -> None:
    gateway(azure, INSIDE)
    assert asked(azure, WAF).status(WAF, "/shop") == "not_applicable"


def test_a_policy_that_is_not_listed_is_unknown(azure: "Cloud") -> None:
    gateway(azure, firewallPolicy={"id": "/subscriptions/x/policies/elsewhere"})
    assert asked(azure, WAF).status(WAF, "/shop") == "unknown"


@pytest.mark.parametrize("type_", [GATEWAY, POLICY])
def test_gateways_that_may_not_be_read_are_unknown(azure: "Cloud", type_: str) -> None:
    gateway(azure, **policy(azure))
    azure.deny(f"{type_}/read")
    seen = asked(azure, WAF)
    assert {f.status for f in seen.of(WAF)} == {"unknown"}
    assert f"{type_}/read was denied" in seen.of(WAF)[0].reason
