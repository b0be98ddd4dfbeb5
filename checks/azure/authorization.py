"""Roles, and who holds them."""

from collections.abc import Mapping, Sequence

from checks.azure.naming import lowered, said, some, subscription
from checks.azure.roles import (
    ACCESS_ADMINISTRATOR,
    ASSIGNMENTS,
    OWNER,
    RBAC_ADMINISTRATOR,
    above,
    assigned_at,
    at_whole,
    called,
    holding,
    is_owner_like,
    may_be_a_group,
    of_tenant,
    role_of,
)
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Resource

_PLACE = ("displayName", "managementGroups", "tenantId")
_DEFINITIONS = {"azure.authorization.role_definition": ("assignableScopes", "permissions", "roleName", "roleType")}


@check(
    on="azure.subscription",
    severity="high",
    version=1,
    above="tenantId",
    needs=_PLACE,
    looks_up=ASSIGNMENTS,
    fix="Remove owners who can do their work with a narrower role; make the rest eligible, to be activated when needed.",
)
def azure_rbac_owner_count(
    place: Resource, *, inventory: Inventory, max_owners: int = 3, members: tuple[str, ...] = ()
) -> Answer:
    """A subscription has no more owners than a few.

    An owner can do everything, and give it to others. Owners of the management groups above and of the root count, and so
    do applications. Who is in a group stands in the directory, which is not read here: a group's members are counted
    where they are declared, and without that the number of owners is not known.

    `max_owners`: how many owners a subscription may have
    `members`: how many members a group has, `<object id>=2`, for groups that own subscriptions
    """
    counted = ((key.strip().casefold(), number.strip()) for key, _, number in (entry.partition("=") for entry in members))
    declared = {group: int(number) for group, number in counted if number.isdecimal()}
    held = at_whole(place, holding(place, OWNER, inventory))
    owners = {a.fact("principalId").casefold(): may_be_a_group(a) for a in held}
    number = sum(declared.get(owner, 1) for owner in owners)
    unread = sorted(owner for owner, many in owners.items() if many and owner not in declared)
    if number > max_owners:
        owned = f"{'at least ' if unread else ''}{number} owners"
        return f"{subscription(place)} has {owned}; {max_owners} are allowed: {some(sorted(owners))}"
    if unread:
        return Unknown(f"{subscription(place)} is owned by groups: declare in `members` how many each has: {some(unread)}")
    return None


@check(
    on="azure.subscription",
    severity="high",
    version=1,
    above="tenantId",
    needs=_PLACE,
    looks_up=_DEFINITIONS,
    fix="Replace the role by one that lists the actions its holders need, and delete it.",
)
def azure_rbac_no_custom_owner(place: Resource, *, inventory: Inventory) -> Answer:
    """No role of one's own that can be given on a subscription grants every action.

    Such a role is an owner by another name, and reviews that look for owners pass it by. A role that keeps back some actions
    and leaves the writing of assignments or roles lets its holder take the rest.
    """
    scopes = {place.uid, *above(place)}
    found: list[str] = []
    for role in inventory.where("azure.authorization.role_definition", roleType="CustomRole"):
        at_home = role.scope.account == place.scope.account or of_tenant(role, place)
        if at_home and scopes & {scope.rstrip("/") or "/" for scope in role.fact("assignableScopes")} and is_owner_like(role):
            found.append(role.fact("roleName"))
    return f"{subscription(place)} can be given away by roles that grant everything: {some(sorted(found))}" if found else None


@check(
    on="azure.tenant",
    severity="critical",
    version=1,
    looks_up=ASSIGNMENTS,
    fix="Remove the assignment at the root scope; who raised the access does so under Microsoft Entra's properties.",
)
def azure_root_scope_elevation(tenant: Resource, *, inventory: Inventory, recorded: tuple[str, ...] = ()) -> Answer:
    """Nobody holds a role at the root of the tenant with which access is given, outside a recorded case.

    A global administrator can raise itself to the root, above every management group and subscription. It is meant for an
    emergency, and stays until somebody takes it back.

    `recorded`: object ids of those who hold it for a recorded case
    """
    known, roles = lowered(recorded), {OWNER, ACCESS_ADMINISTRATOR, RBAC_ADMINISTRATOR}
    held = [
        f"{a.fact('principalId')} ({called(role_of(a))})"
        for a in inventory.where("azure.authorization.role_assignment", scope="/")
        if role_of(a) in roles and a.fact("principalId").casefold() not in known
    ]
    return f"the root of tenant {tenant.name} is administered by {some(sorted(held))}" if held else None


@check(
    on="azure.authorization.role_assignment",
    severity="low",
    version=1,
    needs=("principalId", "principalType", "roleDefinitionId", "scope"),
    fix="Give the role to a group, add the person to it, and remove the assignment.",
)
def azure_rbac_group_assignments(assignment: Resource, *, recorded: tuple[str, ...] = ()) -> Answer:
    """Roles go to groups, not to single people.

    A right that hangs on a person is forgotten when the person changes duties; a group is reviewed as one. Emergency
    accounts, which must work without anything else, are named in a parameter.

    `recorded`: object ids of people who may hold roles themselves, such as emergency accounts
    """
    match said(assignment, "principalType"):
        case "user":
            who = assignment.fact("principalId")
        case "group" | "serviceprincipal" | "foreigngroup" | "device":
            return NotApplicable(f"{assignment.name} is no person's") if said(assignment, "principalType") != "group" else None
        case _:
            return Unknown(f"{assignment.name} does not say whether it is a person's ({assignment.fact('principalId')})")
    if who.casefold() in lowered(recorded):
        return NotApplicable(f"{who} is recorded as somebody who may hold roles")
    return f"{who} holds {called(role_of(assignment))} at {assigned_at(assignment)} as a single person"


@check(
    on="azure.subscription",
    severity="high",
    version=1,
    above="tenantId",
    needs=_PLACE,
    looks_up={**ASSIGNMENTS, **_DEFINITIONS},
    fix="Take one of the two roles from whoever holds both, and give it to somebody else.",
)
def azure_rbac_toxic_pairs(
    place: Resource,
    *,
    inventory: Inventory,
    pairs: tuple[str, ...] = (
        "Key Vault Administrator + Storage Blob Data Contributor",
        "Key Vault Administrator + Storage Blob Data Owner",
        "Key Vault Administrator + Storage Blob Data Reader",
        "Key Vault Crypto Officer + Storage Blob Data Contributor",
        "Key Vault Crypto Officer + Storage Blob Data Owner",
        "Key Vault Crypto Officer + Storage Blob Data Reader",
        "User Access Administrator + Contributor",
    ),
    disjoint: tuple[str, ...] = (),
) -> Answer:
    """Nobody holds both sides of a duty that was split.

    Whoever manages keys and reads the data under them, or gives rights and uses them, needs no second person for anything.
    Roles at, below and above the subscription count together. Who is in a group stands in the directory, which is not
    read here: groups on both sides may share members until somebody declares that they do not.

    `pairs`: roles that nobody may hold together, by name, as `Role A + Role B`
    `disjoint`: object ids of groups whose members were reviewed and hold no other side
    """
    sides = {side.strip().casefold() for pair in pairs for side in pair.partition("+")[::2]}
    holders: dict[str, set[str]] = {}
    groups: set[str] = set()
    known: set[str] = set()
    for role in inventory.where("azure.authorization.role_definition"):
        known.add(name := role.fact("roleName").casefold())
        for assignment in holding(place, role.name, inventory) if name in sides else ():
            who = assignment.fact("principalId").casefold()
            holders.setdefault(name, set()).add(who)
            if may_be_a_group(assignment):
                groups.add(who)
    answer = _conflicts(place, pairs, holders, groups - lowered(disjoint))
    if answer is None and (strange := [f"'{name}'" for name in sorted(sides - known)]):
        return Unknown(f"{subscription(place)} has no roles of these names, so who holds them is not known: {some(strange)}")
    return answer


def _conflicts(place: Resource, pairs: Sequence[str], holders: Mapping[str, set[str]], groups: set[str]) -> Answer:
    both: list[str] = []
    perhaps: list[str] = []
    for pair in pairs:
        first, _, second = (side.strip() for side in pair.partition("+"))
        one, other = holders.get(first.casefold(), set()), holders.get(second.casefold(), set())
        both += [f"{who} ({pair})" for who in one & other]
        if one and other and (one | other) & groups:
            perhaps.append(pair)
    if both:
        return f"{subscription(place)} gives both sides of a duty to {some(sorted(both))}"
    if perhaps:
        shared = f"{subscription(place)} gives sides of a duty to groups that may share members: {some(perhaps)}"
        return Unknown(f"{shared}; declare in `disjoint` those that were reviewed")
    return None
