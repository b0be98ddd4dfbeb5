"""What organization policies come to for a project, a folder or the organization: the merge over all that stands above.

Of a constraint that is on or off, the nearest policy decides. Of one that lists values, the nearest policy decides
too, unless it inherits: then its values and those from above count together. A policy that restores the default ends
the search. Where a place between was not read, or its policy holds for some of what stands there only, what it says is open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from checks.check import Answer, NotApplicable, Unknown
from checks.gcp.hierarchy import NODES, PREFIX, above, called, chain, unread
from evidence_store.records import Inventory, Json, Resource

# What a check that uses this looks up.
GUARDRAILS = {**NODES, "gcp.org_policy": ("policies",), "gcp.org_policy.rules": ("constraint", "node", "spec")}


@dataclass(frozen=True, slots=True)
class Switch:
    """Whether a constraint is on; `None` where that hangs on something that is not known."""

    on: bool | None
    hangs_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Values:
    """What a list constraint allows: everything that is not denied where `allowed` is `None`."""

    allowed: frozenset[str] | None
    denied: frozenset[str] = frozenset()
    hangs_on: tuple[str, ...] = ()  # inherited from, and not known


def policy_on(uid: str, constraint: str, inventory: Inventory) -> Json:
    """A node's own policy on a constraint, in the first version's words; `None` where it has none.

    What the second version tells of it comes first: it alone knows managed constraints and conditions. A policy that is only
    tried out forbids nothing.
    """
    for told in inventory.where("gcp.org_policy.rules", node=uid.removeprefix(PREFIX), constraint=constraint):
        if told.fact("spec") is not None:
            return _worded(told.fact("spec"))
    found = inventory.get("gcp.org_policy", uid)
    policies = {} if found is None else found.fact("policies") or {}
    return policies.get(f"constraints/{constraint}", policies.get(constraint))


def _worded(spec: Json) -> Json:
    """A policy of the second version in the first's words; empty where they cannot say it, as it holds under conditions."""
    if spec.get("reset"):
        return {"restoreDefault": {}}
    rules = spec.get("rules") or []
    lasting = [rule for rule in rules if not rule.get("condition")]
    switches = {bool(rule.get("enforce")) for rule in rules if "enforce" in rule}
    if switches:
        certain = len(switches) == 1 and (lasting or switches == {False})
        return {"booleanPolicy": {"enforced": switches.pop()}} if certain else {}
    if len(lasting) < len(rules) or not (rules or spec.get("inheritFromParent")):
        return {}
    for kind, every in (("denyAll", "DENY"), ("allowAll", "ALLOW")):
        if any(rule.get(kind) for rule in rules):
            return {"listPolicy": {"allValues": every}}
    listed = {
        name: sorted({value for rule in rules for value in (rule.get("values") or {}).get(name) or ()})
        for name in ("allowedValues", "deniedValues")
    }
    return {"listPolicy": {**listed, "inheritFromParent": bool(spec.get("inheritFromParent"))}}


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
        if unknown := _open(uid, policy, inventory):
            return Switch(on=None, hangs_on=tuple(unknown))
    return Switch(on=False)


def values(nodes: Sequence[str], constraint: str, inventory: Inventory) -> Values:
    """What a list constraint comes to for the first of the nodes, the rest above it."""
    for position, uid in enumerate(nodes):
        policy = policy_on(uid, constraint, inventory)
        if policy is not None and policy.get("listPolicy") is not None:
            return _listed(policy["listPolicy"], nodes[position + 1 :], constraint, inventory)
        if policy is not None and "restoreDefault" in policy:
            return Values(None)
        if unknown := _open(uid, policy, inventory):
            return Values(None, hangs_on=tuple(unknown))
    return Values(None)


def _open(uid: str, policy: Json, inventory: Inventory) -> list[str]:
    """What is not known of a node: it was not read, or its policy cannot be told without what it is asked for."""
    if policy is not None:
        return [f"the conditions of a policy of {uid.removeprefix(PREFIX)}"]
    return [f"{place}, which was not read (let a target reach it)" for place in unread([uid], inventory)]


def undecided(name: str, hangs_on: Sequence[str]) -> Unknown:
    """The answer where something, named, is decided by what is not known."""
    return Unknown(f"{name} may come from {' and '.join(hangs_on)}")


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
    return Values(both or inherited.allowed, denied | inherited.denied, inherited.hangs_on)


def switched_on(node: Resource, demands: Mapping[str, tuple[str, ...]], inventory: Inventory) -> Answer:
    """Whether each demand is met by one of its constraints for a node; said where it is decided, not again below.

    A node that turns off what holds above it fails; one that merely inherits what is off above is not asked again.
    """
    nodes, over, inherited, hangs_on, demanded = chain(node), above(node), False, [], []
    for demand, constraints in demands.items():
        found = switch(nodes, constraints, inventory)
        if found.on:
            continue
        if found.on is None and over and told_above(node, constraints, inventory):
            inherited = True
        elif found.on is None:
            demanded.append(demand)
            hangs_on += [one for one in found.hangs_on if one not in hangs_on]
        elif not over or _said_here(node, constraints, inventory):
            return f"{called(node)} does not have {demand}"
        elif switch(over, constraints, inventory).on is False:
            inherited = True
    if hangs_on:
        return undecided(f"{' and '.join(demanded)} for {called(node)}", hangs_on)
    return (
        NotApplicable(f"{called(node)} inherits from {over[0].removeprefix(PREFIX)}; it is asked there") if inherited else None
    )


def told_above(node: Resource, constraints: Sequence[str], inventory: Inventory) -> bool:
    """Whether a node has no policy of its own on any of these, and all that stands above it was read."""
    silent = all(policy_on(node.uid, constraint, inventory) is None for constraint in constraints)
    return silent and not unread(above(node), inventory)


def _said_here(node: Resource, constraints: Sequence[str], inventory: Inventory) -> bool:
    """Whether a node itself turns off what is on above it, or what nobody could look at above it."""
    if all(policy_on(node.uid, constraint, inventory) is None for constraint in constraints):
        return False
    return switch(above(node), constraints, inventory).on is not False
