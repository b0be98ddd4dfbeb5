"""What each call needs to be allowed, the custom role that allows just that, and what a caller's roles allow.

- A read of Resource Manager is named `arm.<resource type>`; its action is the type's `read`. A query is named
  `resourcegraph.<table>`, and needs besides its own action the `read` of each type that it asks for.
- Whoever lacks an action is not told so by Resource Graph: its rows are left out. So what a caller may read is asked
  for first (`Permissions`), and an answer about the rest is not believed.
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
    """What a caller may do in one place: whatever any of the grants allows."""

    grants: tuple[Grant, ...]

    def allows(self, action: str) -> bool:
        return any(grant.allows(action) for grant in self.grants)


def granted(items: Iterable[Mapping[str, Any]]) -> Permissions:
    """From the list of a caller's permissions. Raises `KeyError` or `TypeError` where it is none."""
    return Permissions(tuple(Grant(_texts(item["actions"]), _texts(item.get("notActions") or ())) for item in items))


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
