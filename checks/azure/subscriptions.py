"""What is asked of each subscription: its logs, its threat protection, its policies."""

from checks.azure.naming import are, lowered, said, some, subscription
from checks.azure.tagging import plain, tag_of
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
            match said(plan, "resourcesCoverageStatus", "FullyCovered"):  # which older answers leave out
                case "fullycovered":
                    return None
                case "partiallycovered" | "notcovered":
                    return f"{subscription(place)} leaves some servers out of its threat protection"
                case covered:
                    return Unknown(f"{subscription(place)} protects its servers as {covered}, of which nothing is known")
    return Unknown(f"{subscription(place)} does not tell its plan for servers")


@check(
    on="azure.subscription",
    severity="medium",
    version=1,
    needs=("displayName",),
    looks_up={"azure.security.pricing": ("extensions", "name", "pricingTier")},
    fix="Turn on the storage plan of Microsoft Defender for Cloud with malware scanning on upload.",
)
def azure_defender_storage_malware(place: Resource, *, inventory: Inventory) -> Answer:
    """What is uploaded to storage is scanned for malware.

    Files that come in from outside are handed on to people and programs who trust the store that they come from.
    """
    for plan in inventory.where("azure.security.pricing"):
        if said(plan, "name") == "storageaccounts":
            if said(plan, "pricingTier") != "standard":
                return f"{subscription(place)} has no threat protection of storage"
            scans = {extension["name"].casefold() for extension in plan.fact("extensions") or () if extension["isEnabled"]}
            return None if "onuploadmalwarescanning" in scans else f"{subscription(place)} does not scan what is uploaded"
    return Unknown(f"{subscription(place)} does not tell its plan for storage")


@check(
    on="azure.subscription",
    severity="medium",
    version=1,
    within="provider",
    needs=("besideRead", "displayName", "managementGroups", "tags", "tenantId"),
    looks_up={"azure.subscription": ("displayName", "managementGroups", "tags", "tenantId")},
    fix="Put production and everything else under management groups of their own, and tag each subscription by environment.",
)
def azure_mgmt_group_env_split(
    place: Resource,
    *,
    inventory: Inventory,
    tag: str = "environment",
    production: tuple[str, ...] = ("prod", "production", "live"),
) -> Answer:
    """Production and other subscriptions sit under different management groups.

    What is given or allowed at a management group holds in everything below it: where production and tests share one, so do
    their rights and rules. What a subscription is for is written in its tag.

    `tag`: the tag that says what a subscription is for
    `production`: the values of it that mean production
    """
    words = {plain(word) for word in production}
    group = _group(place)
    if group is None:
        return Unknown(f"{subscription(place)} does not tell its management group")
    of_tenant = inventory.where("azure.subscription", tenantId=place.fact("tenantId"))
    beside = [other for other in of_tenant if _group(other) == group]
    said_of = {subscription(other): tag_of(other, tag) for other in beside}
    own = said_of[subscription(place)]
    others = sorted(
        name for name, value in said_of.items() if own and value and (plain(value) in words) != (plain(own) in words)
    )
    if others:
        return f"{subscription(place)} shares the management group {group} with {some(others)}, which is not of its environment"
    unsaid = sorted(name for name, value in said_of.items() if value is None)
    return Unknown(f"nothing says what {are(unsaid)} for: set the tag {tag}") if unsaid else _alone(place, group)


def _alone(place: Resource, group: str) -> Unknown | None:
    """Nothing else stands in the group, as far as can be seen; unknown where that is not all of it."""
    if place.fact("besideRead"):
        return None
    who = subscription(place)
    return Unknown(f"{who} may share the management group {group} with subscriptions that are left out or not shown")


def _group(place: Resource) -> str | None:
    """The management group that a subscription stands under, the nearest one."""
    return next(iter(place.fact("managementGroups") or ()), None)
