"""What each call needs to be allowed, the custom role that allows just that, and what a caller's roles allow.

- A read of Resource Manager is named `arm.<resource type>`; its action is the type's `read`. A query is named
  `resourcegraph.<table>`, and needs besides its own action the `read` of each type that it asks for.
- Whoever lacks an action is not told so by Resource Graph: its rows are left out. So what a caller may read is asked
  for first (`Permissions`), and an answer about the rest is not believed.
- What a deny assignment takes is taken whatever the roles allow. One that may meet the caller counts, and so does one on a
  part of a subscription: what lies there would be missing without a word.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from collectors.source import Source

QUERY = "Microsoft.ResourceGraph/resources/read"
EVERYTHING = "*/read"  # what seeing each resource takes, of whatever type

# What finding the target's subscriptions, and what may be read in them, needs, whichever sources run.
OWN_CALLS = frozenset(
    {
        "arm.Microsoft.Authorization/denyAssignments",
        "arm.Microsoft.Authorization/permissions",
        "arm.Microsoft.Resources/subscriptions",
        "resourcegraph.resourcecontainers",
    }
)


def permission_of(call: str) -> str:
    """The action that a call needs: `arm.Microsoft.Sql/servers/firewallRules` -> `Microsoft.Sql/servers/firewallRules/read`."""
    service, _, subject = call.partition(".")
    return QUERY if service == "resourcegraph" else f"{subject}/read"


def policy(sources: Iterable[Source]) -> str:
    """The custom role, as JSON for `az role definition create`, that lets these sources read and nothing else."""
    actions = {permission for source in sources for permission in source.permissions}
    actions |= {permission_of(call) for call in OWN_CALLS}
    role = {
        "Name": "Annexa reader",
        "IsCustom": True,
        "Description": "Reads what Annexa collects, changes nothing, and reads no data and no keys.",
        "Actions": sorted(actions, key=str.lower),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": ["/providers/Microsoft.Management/managementGroups/MANAGEMENT-GROUP-ID"],
    }
    return json.dumps(role, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class Grant:
    """What one role assignment allows: these actions, without those."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...]

    def allows(self, action: str) -> bool:
        return _any(self.actions, action) and not _touched(self.not_actions, action)


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a caller may do in one place: whatever any of the grants allows, and no denial takes."""

    grants: tuple[Grant, ...]
    denials: tuple[Grant, ...] = ()

    def lacking(self, action: str) -> str | None:
        """Why the caller may not, or not everywhere, do something; `None` if it may."""
        if not any(grant.allows(action) for grant in self.grants):
            return "not among the caller's permissions"
        if any(_takes(denial, action) for denial in self.denials):
            return "a deny assignment takes it from the caller, there or in a part of it"
        return None


def granted(items: Iterable[Mapping[str, Any]]) -> tuple[Grant, ...]:
    """From the list of a caller's permissions. Raises `KeyError` or `TypeError` where it is none."""
    return tuple(Grant(_texts(item["actions"]), _texts(item.get("notActions") or ())) for item in items)


def denied(items: Iterable[Mapping[str, Any]], caller: str) -> tuple[Grant, ...]:
    """What deny assignments take from the caller, an object id. Raises `KeyError` or `TypeError` where the list is none."""
    meeting = (item["properties"] for item in items if _meets(item["properties"], caller.lower()))
    return tuple(grant for properties in meeting for grant in granted(properties["permissions"]))


def _meets(properties: Mapping[str, Any], caller: str) -> bool:
    """Whether a deny assignment may be about the caller. Who is in a group is not known: it may be one of its members."""
    if caller and any(excluded["id"].lower() == caller for excluded in properties.get("excludePrincipals") or ()):
        return False
    return any(
        not caller
        or principal["id"].lower() == caller
        or str(principal.get("type")).lower() not in {"user", "serviceprincipal"}
        for principal in properties["principals"]
    )


def _takes(denial: Grant, action: str) -> bool:
    if action != EVERYTHING:
        return denial.allows(action)
    return any(_has_reads(pattern) for pattern in denial.actions) and not _any(denial.not_actions, EVERYTHING)


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not all(isinstance(text, str) for text in value):
        raise TypeError("not a list of actions")
    return tuple(value)


def _any(patterns: Iterable[str], action: str) -> bool:
    return any(_compiled(pattern).fullmatch(action) for pattern in patterns)


def _touched(patterns: Iterable[str], action: str) -> bool:
    """Whether a pattern takes the action away or, where the action is the reading of everything, some part of it."""
    return _any(patterns, action) or (action == EVERYTHING and any(_has_reads(pattern) for pattern in patterns))


def _has_reads(pattern: str) -> bool:
    """Whether some action that a pattern covers is a read: by what stands after its last `*`, or by its end without one."""
    _, wild, tail = pattern.lower().rpartition("*")
    return tail.endswith("/read") or (wild != "" and "/read".endswith(tail))


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    """`*` stands for any text, `/` included; letters' case means nothing."""
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.IGNORECASE)
