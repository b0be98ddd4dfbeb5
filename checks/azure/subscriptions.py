"""What is asked of each subscription: its logs, its threat protection, its policies."""

from checks.azure.naming import last, lowered, said, some, subscription
from checks.azure.roles import above, of_tenant
from checks.check import Answer, Unknown, check
from evidence_store.records import Inventory, Json, Resource

_DESTINATIONS = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")


@check(
    on="azure.subscription",
    severity="high",
    version=1,
    needs=("displayName",),
    looks_up={"azure.insights.diagnostic_setting": ("logs", *_DESTINATIONS)},
    fix="Add a diagnostic setting to the subscription's activity log that sends the categories to a workspace or to storage.",
)
def azure_activity_log_export(
    place: Resource,
    *,
    inventory: Inventory,
    categories: tuple[str, ...] = ("Administrative", "Policy", "Security"),
) -> Answer:
    """The activity log of each subscription is kept outside of it.

    The platform keeps who changed what for 90 days and then forgets it. What is sent to a workspace or to storage can be
    kept, searched and guarded; an intrusion is often found later than that.

    `categories`: categories of the activity log that must be sent
    """
    sent: set[str] = set()
    for setting in inventory.where("azure.insights.diagnostic_setting"):
        if any(setting.fact(destination) for destination in _DESTINATIONS):
            sent |= {name for log in setting.fact("logs") or () for name in _enabled(log)}
    missing = [] if "alllogs" in sent else [name for name in categories if name.casefold() not in sent]
    return f"{subscription(place)} does not send its activity log on: {', '.join(missing)}" if missing else None


def _enabled(log: Json) -> frozenset[str]:
    """The category, or the group of categories, that an entry turns on."""
    return (
        lowered(name for name in (log.get("category"), log.get("categoryGroup")) if name) if log.get("enabled") else frozenset()
    )


@check(
    on="azure.subscription",
    severity="high",
    version=1,
    needs=("displayName",),
    looks_up={"azure.security.pricing": ("name", "pricingTier", "resourcesCoverageStatus", "subPlan")},
    fix="Turn on the servers plan of Microsoft Defender for Cloud for the whole subscription.",
)
def azure_defender_servers(place: Resource, *, inventory: Inventory, plans: tuple[str, ...] = ("P1", "P2")) -> Answer:
    """The servers of each subscription are watched for malware and intrusion.

    The plan brings an agent onto each machine and reports what it finds. A plan that is off for some machines leaves those
    unwatched. A plan without a sub-plan is the full one, P2. Whether the agent runs on each machine is not read.

    `plans`: sub-plans that are enough
    """
    for plan in inventory.where("azure.security.pricing"):
        if said(plan, "name") == "virtualmachines":
            if said(plan, "pricingTier") != "standard":
                return f"{subscription(place)} has no threat protection of servers"
            if (plan.fact("subPlan") or "P2").casefold() not in lowered(plans):
                return f"{subscription(place)} protects its servers by plan {plan.fact('subPlan')} only"
            if said(plan, "resourcesCoverageStatus") in {"partiallycovered", "notcovered"}:
                return f"{subscription(place)} leaves some servers out of its threat protection"
            return None
    return Unknown(f"{subscription(place)} does not tell its plan for servers")


@check(
    on="azure.subscription",
    severity="medium",
    version=1,
    within="provider",
    needs=("displayName", "managementGroups", "tenantId"),
    looks_up={"azure.policy.assignment": ("enforcementMode", "notScopes", "policyDefinitionId", "scope")},
    fix="Assign the baseline initiative to a management group above every subscription, with enforcement on.",
)
def azure_policy_baseline_assigned(
    place: Resource,
    *,
    inventory: Inventory,
    baseline: tuple[str, ...] = ("1f3afdf9-d0c9-4c3d-847f-89da613e70a8",),
) -> Answer:
    """The declared baseline of settings is assigned to each subscription, and enforced.

    An initiative says which settings hold and reports, or refuses, what departs from them. One that is not enforced only
    watches; one that leaves the subscription out does neither.

    `baseline`: ids of the initiatives of which one must be assigned; the Microsoft cloud security benchmark unless declared
    """
    wanted, inherited = {last(name) for name in baseline}, above(place)
    idle: list[str] = []
    for assignment in inventory.where("azure.policy.assignment"):
        scope = assignment.fact("scope").rstrip("/") or "/"
        holds = scope == place.uid or (scope in inherited and of_tenant(assignment, place))
        if not holds or last(assignment.fact("policyDefinitionId")) not in wanted:
            continue
        if {place.uid, *inherited} & set(assignment.fact("notScopes") or ()):
            idle.append(f"{assignment.name} leaves it out")
        elif said(assignment, "enforcementMode", "Default") == "donotenforce":
            idle.append(f"{assignment.name} is not enforced")
        else:
            return None
    return f"{subscription(place)} is under no baseline in force" + (f": {some(sorted(idle))}" if idle else "")
