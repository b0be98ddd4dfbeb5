"""Alerts on the activity log of a subscription."""

from checks.azure.naming import lowered, some, subscription
from checks.check import Answer, check
from evidence_store.records import Inventory, Json, Resource

_ALERTS = {"azure.insights.activity_log_alert": ("actions", "condition", "enabled", "scopes")}
# What an alert on an operation may ask for and still hear of it wherever and by whomever it is done.
_WHOLE = frozenset({"category", "operationname", "status"})
_REFUSED = frozenset({"failed"})  # a status: changes that did not happen


@check(
    on="azure.subscription",
    severity="medium",
    version=1,
    needs=("displayName",),
    looks_up=_ALERTS,
    fix="Create activity log alerts for the operations over the whole subscription, and give them an action group.",
)
def azure_activity_alerts(
    place: Resource,
    *,
    inventory: Inventory,
    operations: tuple[str, ...] = (
        "Microsoft.Authorization/policyAssignments/delete",
        "Microsoft.Authorization/policyAssignments/write",
        "Microsoft.Authorization/roleAssignments/write",
        "Microsoft.Insights/diagnosticSettings/delete",
        "Microsoft.Network/networkSecurityGroups/delete",
        "Microsoft.Network/networkSecurityGroups/write",
        "Microsoft.Sql/servers/firewallRules/write",
    ),
) -> Answer:
    """Somebody is told of changes to roles, policies, firewalls and logging.

    Whoever breaks in changes these first, and a change that nobody expected is noticed only by who is told of it. An alert
    counts that is on, covers the subscription and calls an action group; whom the group reaches is not read.

    `operations`: operations of which an alert must tell
    """
    told: set[str] = set()
    for condition in _heard(place, inventory):
        if all(field in _WHOLE and value not in _REFUSED for field, value in condition):
            told |= {value for field, value in condition if field == "operationname"}
    missing = [operation for operation in operations if operation.casefold() not in told]
    return f"nobody is told when {subscription(place)} sees {some(missing)}" if missing else None


@check(
    on="azure.subscription",
    severity="low",
    version=1,
    needs=("displayName",),
    looks_up=_ALERTS,
    fix="Create an alert on service health over the whole subscription, and give it the action group of operations.",
)
def azure_service_health_alerts(place: Resource, *, inventory: Inventory) -> Answer:
    """Operations is told of the provider's faults and planned changes.

    The provider announces what it breaks and changes; an announcement that nobody receives is found out by its effects.
    An alert counts that is on, covers the subscription and calls an action group; whom the group reaches is not read.
    """
    if any(("category", "servicehealth") in condition for condition in _heard(place, inventory)):
        return None
    return f"nobody is told of faults and planned changes that touch {subscription(place)}"


def _heard(place: Resource, inventory: Inventory) -> list[set[tuple[str, str]]]:
    """What alerts that reach somebody ask for: the fields and values of each one's condition."""
    return [
        set(_asks((alert.fact("condition") or {}).get("allOf") or ()))
        for alert in inventory.where("azure.insights.activity_log_alert", enabled=True)
        if alert.fact("actions") and place.uid in {scope.rstrip("/") for scope in lowered(alert.fact("scopes"))}
    ]


def _asks(clauses: Json) -> list[tuple[str, str]]:
    """Field and value of each clause, and of those of which any one is enough; a field of which values are listed has each."""
    found: list[tuple[str, str]] = []
    for clause in (inner for outer in clauses for inner in (outer, *(outer.get("anyOf") or ()))):
        values = [clause.get("equals"), *(clause.get("containsAny") or ())]
        found += [(clause["field"].casefold(), str(value).casefold()) for value in values if clause.get("field") and value]
    return found
