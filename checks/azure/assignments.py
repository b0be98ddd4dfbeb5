"""Policy assignments: which of them a subscription stands under, and whether one holds for all that lies in it.

- One that leaves something out, is narrowed to some resources, is not enforced, is waived, or has its effect turned down does
  not hold for all. Whether several that are narrowed hold for all together is not known, and neither is what an odd word means.
- An exemption of a part (of a resource group, of some rules, of some resources) waives nothing of the whole: it is a record
  with a reason and an end, and is judged as one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from checks.azure.naming import last, lowered, said, some
from checks.azure.roles import above, of_tenant
from checks.check import Answer, Unknown
from evidence_store.records import Inventory, Json, Resource

PLACE = ("displayName", "managementGroups", "tenantId")
ASSIGNED = {
    "azure.policy.assignment": (
        "enforcementMode",
        "notScopes",
        "overrides",
        "parameters",
        "policyDefinitionId",
        "resourceSelectors",
        "scope",
    ),
    "azure.policy.exemption": ("expiresOn", "policyAssignmentId", "policyDefinitionReferenceIds", "resourceSelectors"),
}
REFUSING = frozenset({"deny"})
# Effects with which a rule refuses, repairs or reports what departs from it; `disabled` and `manual` do nothing by themselves.
WORKING = REFUSING | {"append", "audit", "auditifnotexists", "denyaction", "deployifnotexists", "modify", "mutate"}
_EFFECTS = WORKING | {"addtonetworkgroup", "disabled", "manual"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of assignments."""

    definitions: frozenset[str]  # last parts of the ids of policies and initiatives
    effects: frozenset[str]  # with which a rule still does what is asked
    left_out: frozenset[str]  # scopes that may be left out
    turned_off: frozenset[str] | None = None  # rules that may be off; `None`: one rule counts, and which one is not told


@dataclass(frozen=True, slots=True)
class Standing:
    """An assignment that a subscription stands under. It holds for all that lies there, or there is a sentence why not."""

    assignment: Resource
    answer: Answer  # a sentence: it does not; `Unknown`: nobody can tell
    narrowed: bool = False  # and nothing else is wrong with it


def standing(place: Resource, inventory: Inventory, asked: Asked, at: datetime) -> Iterator[Standing]:
    """The assignments of what is asked for that a subscription stands under."""
    scopes = {place.uid, *above(place)}
    for scope in sorted(scopes):
        for assignment in inventory.where("azure.policy.assignment", scope=scope):
            at_home = scope == place.uid or of_tenant(assignment, place)
            if at_home and last(assignment.fact("policyDefinitionId")) in asked.definitions:
                yield _standing(place, scopes, assignment, inventory, asked, at)


def _standing(
    place: Resource, scopes: set[str], assignment: Resource, inventory: Inventory, asked: Asked, at: datetime
) -> Standing:
    """What is surely wrong with an assignment goes before what may be."""
    answers = [
        _left_out(assignment, place, scopes, asked.left_out),
        _enforced(assignment),
        _waived(assignment, scopes, inventory, at),
        *_effects(assignment, asked),
    ]
    narrow = _narrowed(assignment)
    wrong = [answer for answer in (*answers, narrow) if answer is not None]
    first = next((answer for answer in wrong if isinstance(answer, str)), next(iter(wrong), None))
    return Standing(assignment, first, narrowed=narrow is not None and len(wrong) == 1)


def undecided(found: Iterable[Standing]) -> list[str]:
    """What keeps anyone from saying that none of these holds: odd ones, and narrowed ones that may add up to all."""
    found = list(found)
    doubts = sorted(each.answer.reason for each in found if isinstance(each.answer, Unknown))
    narrowed = sorted(each.assignment.name for each in found if each.narrowed)
    return doubts or ([f"{some(narrowed)} are narrowed, and may hold for all together"] if len(narrowed) > 1 else [])


def _left_out(assignment: Resource, place: Resource, scopes: set[str], allowed: frozenset[str]) -> Answer:
    """Whether it leaves out the subscription, or some of what lies in it."""
    without = {scope.rstrip("/") for scope in assignment.fact("notScopes") or ()}
    if scopes & without:
        return f"{assignment.name} leaves it out"
    parts = sorted(scope.removeprefix(f"{place.uid}/") for scope in without - allowed if scope.startswith(f"{place.uid}/"))
    return f"{assignment.name} leaves out {some(parts)}" if parts else None


def _enforced(assignment: Resource) -> Answer:
    match said(assignment, "enforcementMode", "Default"):
        case "default":
            return None
        case "donotenforce":
            return f"{assignment.name} is not enforced"
        case "enroll":
            return f"{assignment.name} is enforced only where it was enrolled in"
        case mode:
            return Unknown(f"{assignment.name} has the enforcement mode {mode}, of which nothing is known")


def _waived(assignment: Resource, scopes: set[str], inventory: Inventory, at: datetime) -> Answer:
    """Whether an exemption, at one of these scopes and still running, takes the subscription out of all of it."""
    for exemption in inventory.where("azure.policy.exemption", policyAssignmentId=assignment.uid):
        scope = exemption.uid.partition("/providers/microsoft.authorization/policyexemptions/")[0]
        ends = exemption.time("expiresOn")
        selectors = exemption.fact("resourceSelectors") or ()
        narrowed = bool(selectors) and all(selector["selectors"] for selector in selectors)
        in_part = exemption.fact("policyDefinitionReferenceIds") or narrowed
        if scope in scopes and not in_part and (ends is None or ends > at):
            return f"{assignment.name} is waived by the exemption {exemption.name}"
    return None


def _narrowed(assignment: Resource) -> Answer:
    """Whether selectors keep it from some resources. A resource comes under it by any selector of several."""
    selectors = assignment.fact("resourceSelectors") or ()
    narrow = [selector for selector in selectors if selector["selectors"]]
    if not narrow:
        return None
    if len(selectors) > 1:
        return Unknown(f"{assignment.name} has {len(selectors)} resource selectors, which may hold for all together")
    kinds = ", ".join(sorted(str(part["kind"]) for part in narrow[0]["selectors"]))
    return f"{assignment.name} is narrowed to some resources by {kinds}"


def _effects(assignment: Resource, asked: Asked) -> Iterator[Answer]:
    """What is wrong with the effect that overrides and parameters give to its rules."""
    for override in assignment.fact("overrides") or ():
        yield _override(assignment, override, asked)
    for name, given in sorted((assignment.fact("parameters") or {}).items()):
        effect = str(given.get("value")).casefold()
        if "effect" not in name.casefold() or effect not in _EFFECTS - asked.effects:
            continue
        about = name.casefold() == "effect" or "location" in name.casefold()
        if about if asked.turned_off is None else name.casefold() not in asked.turned_off:
            yield f"{assignment.name} has {name} set to {effect}"


def _override(assignment: Resource, override: Json, asked: Asked) -> Answer:
    """What one override comes to. One of the version leaves the rules as they are, in another edition."""
    kind, effect = str(override["kind"]), str(override["value"])
    if kind.casefold() == "definitionversion" or (kind.casefold() == "policyeffect" and effect.casefold() in asked.effects):
        return None
    rules = sorted(rule for part in override["selectors"] or () for rule in part.get("in") or () if _names_rules(part))
    of = f" of {some(rules)}" if rules else ""
    if asked.turned_off is not None and rules and lowered(rules) <= asked.turned_off:
        return None
    if kind.casefold() != "policyeffect" or effect.casefold() not in _EFFECTS:
        return Unknown(f"{assignment.name} overrides the {kind}{of} with {effect}, of which nothing is known")
    if asked.turned_off is None and any(_names_rules(part) for part in override["selectors"] or ()):
        return Unknown(
            f"{assignment.name} overrides the effect of some rules with {effect}, and which rule counts is not known"
        )
    return f"{assignment.name} overrides the effect{of} with {effect}"


def _names_rules(part: Json) -> bool:
    return str(part["kind"]).casefold() == "policydefinitionreferenceid"
