"""What organization policies come to for a project, a folder or the organization: the merge over all that stands above.

Of a constraint that is on or off, the nearest policy decides. Of one that lists values, the nearest policy decides
too, unless it inherits: then its values and those from above count together. A policy that restores the default ends
the search. Where a place between was not read, or its policy is of a kind that the inventory does not tell, what it says
is open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from checks.check import Answer, NotApplicable
from checks.gcp.hierarchy import NODES, PREFIX, above, called, chain, open_above, unread
from evidence_store.records import Inventory, Json, Resource

# What a check that uses this looks up.
GUARDRAILS = {**NODES, "gcp.org_policy": ("policies",)}


@dataclass(frozen=True, slots=True)
class Switch:
    """Whether a constraint is on; `None` where that hangs on places that were not read."""

    on: bool | None
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Values:
    """What a list constraint allows: everything that is not denied where `allowed` is `None`."""

    allowed: frozenset[str] | None
    denied: frozenset[str] = frozenset()
    places: tuple[str, ...] = ()  # not read, and inherited from


def policy_on(uid: str, constraint: str, inventory: Inventory) -> Json:
    """A node's own policy on a constraint; `None` where it has none."""
    found = inventory.get("gcp.org_policy", uid)
    policies = {} if found is None else found.fact("policies") or {}
    return policies.get(f"constraints/{constraint}", policies.get(constraint))


def switch(nodes: Sequence[str], constraints: Sequence[str], inventory: Inventory) -> Switch:
    """Whether any of these constraints, one doing for the other, is on for the first of the nodes, the rest above it."""
    found = [_switch(nodes, constraint, inventory) for constraint in constraints]
    if any(one.on for one in found):
        return Switch(on=True)
    return next((one for one in found if one.on is None), Switch(on=False))


def _switch(nodes: Sequence[str], constraint: str, inventory: Inventory) -> Switch:
    for uid in nodes:
        policy = policy_on(uid, constraint, inventory)
        if policy is not None and "restoreDefault" in policy:
            return Switch(on=False)
        if policy is not None and policy.get("booleanPolicy") is not None:
            return Switch(on=bool(policy["booleanPolicy"].get("enforced")))
        if places := _open(uid, policy, inventory):
            return Switch(on=None, places=tuple(places))
    return Switch(on=False)


def values(nodes: Sequence[str], constraint: str, inventory: Inventory) -> Values:
    """What a list constraint comes to for the first of the nodes, the rest above it."""
    for position, uid in enumerate(nodes):
        policy = policy_on(uid, constraint, inventory)
        if policy is not None and policy.get("listPolicy") is not None:
            return _listed(policy["listPolicy"], nodes[position + 1 :], constraint, inventory)
        if policy is not None and "restoreDefault" in policy:
            return Values(None)
        if places := _open(uid, policy, inventory):
            return Values(None, places=tuple(places))
    return Values(None)


def _open(uid: str, policy: Json, inventory: Inventory) -> list[str]:
    """The node, if what it says is not known: it was not read, or has a policy that says neither on nor off nor values."""
    return [uid.removeprefix(PREFIX)] if policy is not None else unread([uid], inventory)


def _listed(policy: Json, higher: Sequence[str], constraint: str, inventory: Inventory) -> Values:
    if policy.get("allValues") == "ALLOW":
        return Values(None)
    if policy.get("allValues") == "DENY":
        return Values(frozenset())
    allowed, denied = frozenset(policy.get("allowedValues") or ()), frozenset(policy.get("deniedValues") or ())
    if not policy.get("inheritFromParent"):
        return Values(allowed or None, denied)
    inherited = values(higher, constraint, inventory)
    both = allowed | (inherited.allowed or frozenset())
    return Values(both or inherited.allowed, denied | inherited.denied, inherited.places)


def switched_on(node: Resource, demands: Mapping[str, tuple[str, ...]], inventory: Inventory) -> Answer:
    """Whether each demand is met by one of its constraints for a node; said where it is decided, not again below.

    A node that turns off what holds above it fails; one that merely inherits what is off above is not asked again.
    """
    nodes, over, inherited, places, demanded = chain(node), above(node), False, [], []
    for demand, constraints in demands.items():
        found = switch(nodes, constraints, inventory)
        if found.on:
            continue
        if found.on is None:
            demanded.append(demand)
            places += [place for place in found.places if place not in places]
        elif not over or _said_here(node, constraints, inventory):
            return f"{called(node)} does not have {demand}"
        elif switch(over, constraints, inventory).on is False:
            inherited = True
    if places:
        return open_above(f"{' and '.join(demanded)} for {called(node)}", places)
    return (
        NotApplicable(f"{called(node)} inherits from {over[0].removeprefix(PREFIX)}; it is asked there") if inherited else None
    )


def _said_here(node: Resource, constraints: Sequence[str], inventory: Inventory) -> bool:
    """Whether a node itself turns off what is on above it, or what nobody could look at above it."""
    if all(policy_on(node.uid, constraint, inventory) is None for constraint in constraints):
        return False
    return switch(above(node), constraints, inventory).on is not False
