"""Who holds which role where: assignments, what is inherited from above, and what a role's wildcards come to.

Deny assignments are left out: only the platform makes them, and leaving them out never makes a right look smaller than it
is. Classic administrators hold nothing any more. Eligible assignments, which are not active, are not listed with these.
"""

import re
from collections.abc import Iterable, Iterator

from checks.azure.naming import said
from evidence_store.records import Inventory, Json, Resource, Unread, UnreadFactError, Why

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
RBAC_ADMINISTRATOR = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
# Built-in roles that assignments are told by, where the definition itself is not asked for.
BUILT_IN = {
    OWNER: "Owner",
    ACCESS_ADMINISTRATOR: "User Access Administrator",
    RBAC_ADMINISTRATOR: "Role Based Access Control Administrator",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
}
ASSIGNMENTS = {"azure.authorization.role_assignment": ("principalId", "principalType", "roleDefinitionId", "scope")}
# A write that no provider knows: only a wildcard over all of them grants it.
_ANYTHING = "Contoso.Anything/things/write"
PLACEMENT = "resourcegraph.resourcecontainers"  # where the place of a subscription is told
# Writes with which a holder makes itself owner: by an assignment, or by rewriting its own role.
_SELF_RAISING = ("Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleDefinitions/write")


def role_of(assignment: Resource) -> str:
    """The GUID of the assigned role: built-in roles have the same one everywhere."""
    return str(assignment.fact("roleDefinitionId"))


def called(role: str) -> str:
    """What people call a role, or its GUID."""
    return BUILT_IN.get(role, role)


def may_be_a_group(assignment: Resource) -> bool:
    """Whether more than one person or application may stand behind it: groups, those of other tenants, and what is not told."""
    return said(assignment, "principalType") not in {"user", "serviceprincipal", "device"}


def assigned_at(assignment: Resource) -> str:
    """The scope of an assignment as it is compared: without case, without a slash at its end, `/` for the root."""
    return str(assignment.fact("scope")).rstrip("/") or "/"


def above(subscription: Resource) -> frozenset[str]:
    """The scopes whose assignments a subscription inherits: the root, and the management groups that it lies below."""
    groups = subscription.fact("managementGroups")
    if groups is None:
        raise UnreadFactError(Unread(Why.UNEXPECTED, PLACEMENT, "its management groups are not told"))
    return frozenset({"/", *(f"/providers/microsoft.management/managementgroups/{group}".casefold() for group in groups)})


def holding(subscription: Resource, role: str, inventory: Inventory) -> Iterator[Resource]:
    """The assignments of a role at or below a subscription: its own, and those of the scopes above it in its tenant."""
    own, inherited = subscription.uid, above(subscription)
    for assignment in inventory.where("azure.authorization.role_assignment", roleDefinitionId=role):
        scope = assigned_at(assignment)
        if scope == own or scope.startswith(f"{own}/") or (scope in inherited and of_tenant(assignment, subscription)):
            yield assignment


def of_tenant(resource: Resource, subscription: Resource) -> bool:
    """Whether what lies above subscriptions belongs to the tenant of this one."""
    return resource.scope.account == str(subscription.fact("tenantId")).casefold()


def at_whole(subscription: Resource, assignments: Iterable[Resource]) -> Iterator[Resource]:
    """Those that hold for the whole subscription, not for a group or resource in it."""
    return (a for a in assignments if not assigned_at(a).startswith(f"{subscription.uid}/"))


def is_owner_like(role: Resource) -> bool:
    """Whether a role grants every action, or all but some and the writes with which its holder takes the rest."""
    permissions = role.fact("permissions") or ()
    return _grants(permissions, _ANYTHING) and any(_grants(permissions, write) for write in _SELF_RAISING)


def _grants(permissions: Iterable[Json], action: str) -> bool:
    """Whether any block of permissions allows an action and does not take it back itself."""
    return any(
        any(_matches(pattern, action) for pattern in block.get("actions") or ())
        and not any(_matches(pattern, action) for pattern in block.get("notActions") or ())
        for block in permissions
    )


def _matches(pattern: str, action: str) -> bool:
    """`*` stands for any characters, slashes too; case does not count."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), action, re.IGNORECASE) is not None
