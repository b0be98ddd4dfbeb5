"""Application gateways."""

from checks.azure.naming import some
from checks.check import Answer, NotApplicable, check
from evidence_store.records import Inventory, Json, Resource, Unread, UnreadFactError, Why


@check(
    on="azure.network.application_gateway",
    severity="high",
    version=1,
    needs=("firewallPolicy", "frontendIPConfigurations", "httpListeners", "webApplicationFirewallConfiguration"),
    looks_up={"azure.network.web_application_firewall_policy": ("policySettings",)},
    fix="Attach a web application firewall policy in prevention mode to the gateway and to listeners that have their own.",
)
def azure_waf_prevention(gateway: Resource, *, inventory: Inventory) -> Answer:
    """Public application gateways run their web firewall in prevention mode.

    A firewall that only detects writes down how the attack went. A listener or path with a policy of its own is judged by that.
    Front Door is not asked about.
    """
    if not any(front["publicIPAddress"] for front in gateway.fact("frontendIPConfigurations")):
        return NotApplicable(f"{gateway.name} has no public address")
    own = gateway.fact("firewallPolicy")
    older = _prevents(gateway.fact("webApplicationFirewallConfiguration"), "enabled", "firewallMode")
    open_ = [
        listener["name"]
        for listener in gateway.fact("httpListeners")
        if not (_in_force(listener["firewallPolicy"] or own, inventory) if listener["firewallPolicy"] or own else older)
    ]
    return f"{gateway.name} serves {some(open_)} without a web firewall that prevents" if open_ else None


def _in_force(policy: str, inventory: Inventory) -> bool:
    """Whether a policy refuses attacks. It may stand in another subscription, which is not looked into."""
    found = inventory.get("azure.network.web_application_firewall_policy", policy)
    if found is None:
        raise UnreadFactError(Unread(Why.NOT_COLLECTED, policy))
    return _prevents(found.fact("policySettings"), "state", "mode")


def _prevents(settings: Json, switch: str, mode: str) -> bool:
    """Whether a firewall's settings have it on, and refusing."""
    on = (settings or {}).get(switch)
    return (on is True or str(on).casefold() == "enabled") and str(settings.get(mode)).casefold() == "prevention"
