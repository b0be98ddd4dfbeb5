"""Azure Policy: which rules hold for a subscription, and what is exempted from them."""

from datetime import datetime

from checks.azure.assignments import ASSIGNED, PLACE, REFUSING, WORKING, Asked, Standing, standing, undecided
from checks.azure.naming import last, lowered, some, subscription
from checks.check import Answer, Unknown, check
from evidence_store.records import Inventory, MalformedFactError, Resource, Unread, Why


@check(
    on="azure.subscription",
    severity="medium",
    version=1,
    above="tenantId",
    needs=PLACE,
    looks_up=ASSIGNED,
    fix="Assign the baseline initiative to a management group above every subscription, with enforcement on.",
)
def azure_policy_baseline_assigned(
    place: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    baseline: tuple[str, ...] = ("1f3afdf9-d0c9-4c3d-847f-89da613e70a8",),
    left_out: tuple[str, ...] = (),
    turned_off: tuple[str, ...] = (),
) -> Answer:
    """The declared baseline of settings is assigned to each subscription, and enforced.

    An initiative says which settings hold and reports, or refuses, what departs from them. One that is not enforced only
    watches; one that leaves the subscription out, or of which an exemption waives all, does neither. One that leaves out a part
    of the subscription, is narrowed to some resources or has rules turned off does not hold for the whole.

    `baseline`: ids of the initiatives of which one must be assigned; the Microsoft cloud security benchmark unless declared
    `left_out`: ids of resource groups and resources that the baseline may leave out
    `turned_off`: rules that may be off: their reference ids in the initiative, or the parameters that carry their effects
    """
    asked = Asked(_ids(baseline), WORKING, _scopes(left_out), lowered(turned_off))
    found = list(standing(place, inventory, asked, at))
    if any(each.answer is None for each in found):
        return None
    if doubts := undecided(found):
        return Unknown(f"{subscription(place)} may be under no baseline in force: {some(doubts)}")
    if not found:
        return f"{subscription(place)} is under no baseline in force"
    return f"{subscription(place)} is not wholly under a baseline in force: {some(sorted(str(each.answer) for each in found))}"


@check(
    on="azure.subscription",
    severity="medium",
    version=1,
    above="tenantId",
    needs=PLACE,
    looks_up=ASSIGNED,
    fix="Assign the definition `Allowed locations` with the approved list to a management group above every subscription.",
)
def azure_policy_allowed_locations(
    place: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    approved: tuple[str, ...] = (),
    definitions: tuple[str, ...] = ("e56962a6-4747-49cd-b67b-bf8b01975c4c",),
    left_out: tuple[str, ...] = (),
) -> Answer:
    """Resources outside the approved locations are refused.

    Where data lies decides whose law it is under, and contracts promise it. The list that holds is compared with the approved
    one where that is declared. A list that leaves out a part of the subscription, is narrowed to some resources or only reports
    what lies elsewhere refuses too little.

    `approved`: the approved locations, as `westeurope`; without any, a list must hold, whatever is in it
    `definitions`: ids of policies and initiatives that refuse locations outside a list; the built-in `Allowed locations`
    `left_out`: ids of resource groups and resources that the list may leave out
    """
    names = lowered(approved)
    listed: list[Standing] = []
    for each in standing(place, inventory, Asked(_ids(definitions), REFUSING, _scopes(left_out)), at):
        locations, called = _locations(each.assignment), each.assignment.name
        beyond = sorted(location for location in locations if names and location.casefold() not in names)
        odd = f"{called} allows {some(beyond)}" if beyond else None if locations else f"{called} has no list"
        listed.append(Standing(each.assignment, odd) if odd and not isinstance(each.answer, str) else each)
    return _refused(place, listed)


def _refused(place: Resource, listed: list[Standing]) -> Answer:
    if any(each.answer is None for each in listed):
        return None
    if doubts := undecided(listed):
        return Unknown(f"{subscription(place)} may allow every location: {some(doubts)}")
    if not listed:
        return f"{subscription(place)} allows every location"
    return f"{subscription(place)} allows more locations than it should: {some(sorted(str(each.answer) for each in listed))}"


def _ids(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(last(name) for name in names)


def _scopes(ids: tuple[str, ...]) -> frozenset[str]:
    return frozenset(f"/{id_.strip('/')}" for id_ in lowered(ids))


def _locations(assignment: Resource) -> list[str]:
    """The locations that an assignment allows, whatever its definition calls the list. Raises `MalformedFactError`."""
    lists = [
        given["value"]
        for name, given in (assignment.fact("parameters") or {}).items()
        if "location" in name.casefold() and isinstance(given.get("value"), list)
    ]
    found = [location for listed in lists for location in listed]
    if not all(isinstance(location, str) for location in found):
        raise MalformedFactError(
            Unread(Why.UNEXPECTED, assignment.type, f"the locations of {assignment.name} are not all texts")
        )
    return found


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
