"""Azure Policy: which rules hold for a subscription, and what is exempted from them."""

from collections.abc import Iterator
from datetime import datetime

from checks.azure.naming import last, lowered, said, some, subscription
from checks.azure.roles import above, of_tenant
from checks.check import Answer, check
from evidence_store.records import Inventory, Resource

_PLACE = ("displayName", "managementGroups", "tenantId")
_ASSIGNED = ("enforcementMode", "notScopes", "policyDefinitionId", "scope")
_EXEMPTED = {"azure.policy.exemption": ("expiresOn", "policyAssignmentId", "policyDefinitionReferenceIds")}


def _assigned(place: Resource, inventory: Inventory, wanted: frozenset[str], at: datetime) -> Iterator[tuple[Resource, str]]:
    """The assignments of these definitions that a subscription stands under, and why one of them does not hold there."""
    inherited = above(place)
    covering = [a for scope in sorted({place.uid, *inherited}) for a in inventory.where("azure.policy.assignment", scope=scope)]
    for assignment in covering:
        at_home = assignment.fact("scope") == place.uid or of_tenant(assignment, place)
        if not at_home or last(assignment.fact("policyDefinitionId")) not in wanted:
            continue
        if {place.uid, *inherited} & set(assignment.fact("notScopes") or ()):
            yield assignment, f"{assignment.name} leaves it out"
        elif said(assignment, "enforcementMode", "Default") == "donotenforce":
            yield assignment, f"{assignment.name} is not enforced"
        elif waived := _waived(assignment, {place.uid, *inherited}, inventory, at):
            yield assignment, f"{assignment.name} is waived by the exemption {waived}"
        else:
            yield assignment, ""


def _waived(assignment: Resource, scopes: set[str], inventory: Inventory, at: datetime) -> str | None:
    """The exemption, at one of these scopes and still running, that takes a subscription out of all of an assignment."""
    for exemption in inventory.where("azure.policy.exemption", policyAssignmentId=assignment.uid):
        scope = exemption.uid.partition("/providers/microsoft.authorization/policyexemptions/")[0]
        ends = exemption.time("expiresOn")
        if scope in scopes and not exemption.fact("policyDefinitionReferenceIds") and (ends is None or ends > at):
            return exemption.name
    return None


@check(
    on="azure.subscription",
    severity="medium",
    version=1,
    within="provider",
    needs=_PLACE,
    looks_up={"azure.policy.assignment": _ASSIGNED, **_EXEMPTED},
    fix="Assign the baseline initiative to a management group above every subscription, with enforcement on.",
)
def azure_policy_baseline_assigned(
    place: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    baseline: tuple[str, ...] = ("1f3afdf9-d0c9-4c3d-847f-89da613e70a8",),
) -> Answer:
    """The declared baseline of settings is assigned to each subscription, and enforced.

    An initiative says which settings hold and reports, or refuses, what departs from them. One that is not enforced only
    watches; one that leaves the subscription out, or of which an exemption waives all, does neither.

    `baseline`: ids of the initiatives of which one must be assigned; the Microsoft cloud security benchmark unless declared
    """
    found = list(_assigned(place, inventory, frozenset(last(name) for name in baseline), at))
    if any(not idle for _, idle in found):
        return None
    idle = sorted(why for _, why in found)
    return f"{subscription(place)} is under no baseline in force" + (f": {some(idle)}" if idle else "")


@check(
    on="azure.subscription",
    severity="medium",
    version=1,
    within="provider",
    needs=_PLACE,
    looks_up={"azure.policy.assignment": (*_ASSIGNED, "parameters"), **_EXEMPTED},
    fix="Assign the definition `Allowed locations` with the approved list to a management group above every subscription.",
)
def azure_policy_allowed_locations(
    place: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    approved: tuple[str, ...] = (),
    definitions: tuple[str, ...] = ("e56962a6-4747-49cd-b67b-bf8b01975c4c",),
) -> Answer:
    """Resources outside the approved locations are refused.

    Where data lies decides whose law it is under, and contracts promise it. The list that holds is compared with the approved
    one where that is declared.

    `approved`: the approved locations, as `westeurope`; without any, a list must hold, whatever is in it
    `definitions`: ids of policies and initiatives that refuse locations outside a list; the built-in `Allowed locations`
    """
    names = lowered(approved)
    idle: list[str] = []
    for assignment, why in _assigned(place, inventory, frozenset(last(name) for name in definitions), at):
        listed = _locations(assignment)
        beyond = sorted(location for location in listed if names and location.casefold() not in names)
        if not why and listed and not beyond:
            return None
        idle.append(why or (f"{assignment.name} allows {some(beyond)}" if beyond else f"{assignment.name} has no list"))
    return f"{subscription(place)} allows every location" + (f": {some(sorted(idle))}" if idle else "")


def _locations(assignment: Resource) -> list[str]:
    """The locations that an assignment allows, whatever its definition calls the list."""
    lists = [
        given["value"]
        for name, given in (assignment.fact("parameters") or {}).items()
        if "location" in name.casefold() and isinstance(given.get("value"), list)
    ]
    return [location for listed in lists for location in listed]


@check(
    on="azure.policy.exemption",
    severity="medium",
    version=1,
    needs=("description", "displayName", "expiresOn"),
    fix="Give the exemption an end date and a reason, or delete it.",
)
def azure_policy_exemption_expiry(exemption: Resource) -> Answer:
    """Every exemption from a policy has an end date and a reason.

    An exemption without an end is a hole that everybody forgets; one without a reason cannot be reviewed.
    """
    if exemption.time("expiresOn") is None:
        return f"the exemption {exemption.name} has no end date"
    if not (exemption.fact("description") or "").strip():
        return f"the exemption {exemption.name} gives no reason"
    return None
