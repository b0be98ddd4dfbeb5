"""Application gateways, and the web application firewalls in front of what they serve."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from collectors.azure.graph import Row, of_type
from collectors.azure.shaping import observed, only, ordered
from collectors.source import Facet
from evidence_store.records import Json, Observation

GATEWAY = Facet(
    "azure.network.application_gateway",
    facts=("name", "location", "tags", "frontendIPConfigurations", "httpListeners"),
    optional=("firewallPolicy", "operationalState", "sku", "webApplicationFirewallConfiguration", "zones"),
    lists=True,
)
FIREWALL_POLICY = Facet(
    "azure.network.web_application_firewall_policy",
    facts=("name", "location", "tags", "policySettings"),
    optional=("managedRuleSets",),
    lists=True,
)


@of_type("Microsoft.Network/applicationGateways", GATEWAY)
def gateways(row: Row) -> Iterator[Observation]:
    """Of addresses, listeners and paths what firewall stands before them; certificates and passwords are not kept."""
    properties = row["properties"]
    paths = [rule for each in properties.get("urlPathMaps") or () for rule in each["properties"].get("pathRules") or ()]
    guarded = [*properties["httpListeners"], *(path for path in paths if path["properties"].get("firewallPolicy"))]
    yield from observed(
        GATEWAY,
        row,
        sku=only(properties.get("sku"), "name", "tier"),
        firewallPolicy=_id(properties, "firewallPolicy"),
        frontendIPConfigurations=_with(properties["frontendIPConfigurations"], "publicIPAddress"),
        httpListeners=_with(guarded, "firewallPolicy"),
        webApplicationFirewallConfiguration=only(
            properties.get("webApplicationFirewallConfiguration"), "enabled", "firewallMode", "ruleSetType", "ruleSetVersion"
        ),
    )


def _with(items: Iterable[Mapping[str, Any]], reference: str) -> list[dict[str, Json]]:
    """The name of each item, and what it refers to."""
    return ordered(({"name": each["name"], reference: _id(each["properties"], reference)} for each in items), "name", reference)


def _id(item: Mapping[str, Any], name: str) -> str | None:
    """The id that a reference holds, in lower case; `None` where there is none."""
    return ((item.get(name) or {}).get("id") or "").lower() or None


@of_type("Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies", FIREWALL_POLICY)
def firewall_policies(row: Row) -> Iterator[Observation]:
    sets: list[dict[str, Json]] = [
        only(each, "ruleSetType", "ruleSetVersion") or {}
        for each in (row["properties"].get("managedRules") or {}).get("managedRuleSets") or ()
    ]
    yield from observed(
        FIREWALL_POLICY,
        row,
        policySettings=only(row["properties"]["policySettings"], "state", "mode", "requestBodyCheck"),
        managedRuleSets=ordered(sets, "ruleSetType", "ruleSetVersion"),
    )
