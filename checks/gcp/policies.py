"""What the IAM policy of one resource grants, and to whom; and which policies above it hold for it too.

A grant made above holds below. It is judged where it is made, so that one grant is one finding.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from checks.gcp.hierarchy import chain
from checks.gcp.members import PUBLIC, gone
from evidence_store.records import Inventory, Json, Resource

# What a check that looks into other resources' policies looks up.
POLICIES = {"gcp.iam.policy": ("assetType", "bindings")}
_NODES = {
    "cloudresourcemanager.googleapis.com/Project": "project",
    "cloudresourcemanager.googleapis.com/Folder": "folder",
    "cloudresourcemanager.googleapis.com/Organization": "organization",
}


@dataclass(frozen=True, slots=True)
class Grant:
    """One role for one member, under a condition or none."""

    role: str
    member: str
    condition: Json


def grants(policy: Resource) -> Iterator[Grant]:
    """Every grant of a policy to someone who still exists."""
    for binding in policy.fact("bindings") or ():
        for member in binding.get("members") or ():
            if not gone(member):
                yield Grant(binding["role"], member, binding.get("condition"))


def node_of(policy: Resource) -> str | None:
    """`project`, `folder` or `organization` where the policy is that of one; `None` for a single resource's."""
    return _NODES.get(policy.fact("assetType"))


def called(policy: Resource) -> str:
    """The resource that a policy is of, as people name it."""
    node = node_of(policy)
    if node is None:
        return f"{policy.fact('assetType').rpartition('/')[2]} {policy.name}"
    return f"project {policy.scope.account}" if node == "project" else f"{node} {policy.name}"


def open_to_everyone(resource: Resource, inventory: Inventory, matters: Callable[[str], bool], *within: str) -> list[str]:
    """The roles that everyone holds on a resource: by its own policy, by that of a named container, and from above.

    `matters` says which roles count: a policy from above speaks of many services.
    """
    found: dict[str, None] = {}
    for uid in (resource.uid, *within, *chain(resource)):
        policy = inventory.get("gcp.iam.policy", uid)
        if policy is None:
            continue
        for grant in public_grants(policy):
            if matters(grant.role):
                place = f" on {called(policy)}" if uid != resource.uid else ""
                found[f"{grant.role} to {grant.member}{place}"] = None
    return list(found)


def public_grants(policy: Resource) -> Iterator[Grant]:
    """What a policy grants to everyone."""
    for binding in policy.fact("bindings") or ():
        for member in sorted(PUBLIC.intersection(binding.get("members") or ())):
            yield Grant(binding["role"], member, binding.get("condition"))


def of_service(*services: str) -> Callable[[str], bool]:
    """Whether a role may speak of a service: its own roles, the basic ones, and custom ones, which may hold anything."""
    own: tuple[Any, ...] = tuple(f"roles/{service}." for service in services)
    basic = {"roles/owner", "roles/editor", "roles/viewer"}
    return lambda role: role.startswith(own) or role in basic or not role.startswith("roles/")


def holders(policies: Iterable[Resource], roles: Iterable[str]) -> dict[str, str]:
    """Who holds any of these roles by these policies, and which one."""
    wanted = set(roles)
    return {grant.member: grant.role for policy in policies for grant in grants(policy) if grant.role in wanted}
