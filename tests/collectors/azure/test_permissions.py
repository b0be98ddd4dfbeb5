"""The custom role: what the sources declare, no more, and enough."""

import json
import re

import pytest

from checks.check import checks
from collectors.azure import PROVIDER
from collectors.azure.permissions import EVERYTHING, OWN_CALLS, QUERY, Grant, granted, permission_of
from collectors.source import Source, kinds, sources
from evidence_store.records import Presence
from pipeline.plan import Sources
from tests.collectors.azure.cloud import GROUP, PROD, Cloud
from tests.collectors.azure.collecting import collect

ALL = sources("azure")
NARROW = tuple(s for s in ALL if EVERYTHING not in s.permissions)
# Asked of every caller, or shown to every caller, whatever the role.
OPEN = {QUERY, *(permission_of(call) for call in OWN_CALLS)}


def actions(chosen: tuple[Source, ...]) -> list[str]:
    found: list[str] = json.loads(PROVIDER.policy(chosen))["Actions"]
    return found


def one_of_each(azure: Cloud) -> None:
    """A resource of each kind that a dependent source reads more about."""
    server = azure.add("Microsoft.Sql/servers", "server")
    azure.add(f"{server}/databases/orders")
    azure.add("Microsoft.Storage/storageAccounts", "store")
    azure.add("Microsoft.DBforPostgreSQL/flexibleServers", "postgres")


def test_the_role_is_one_that_the_command_line_of_azure_takes() -> None:
    role = json.loads(PROVIDER.policy(ALL))
    assert role["IsCustom"] is True
    assert role["NotActions"] == role["DataActions"] == role["NotDataActions"] == []
    assert role["AssignableScopes"]
    assert role["Actions"] == sorted(set(role["Actions"]), key=str.lower)
    assert PROVIDER.policy(reversed(ALL)) == PROVIDER.policy(ALL)


def test_the_role_reads_and_does_nothing_else() -> None:
    odd = {action for action in actions(ALL) if not re.fullmatch(r"(\*|Microsoft\.[\w.]+(/\w+)+)/read", action)}
    # below it the provider knows reads alone
    assert odd == {"Microsoft.Compute/virtualMachines/patchAssessmentResults/*"}


def test_every_action_of_the_role_is_some_sources_own(azure: Cloud) -> None:
    declared = {permission for source in ALL for permission in source.permissions}
    assert set(actions(ALL)) == declared | {permission_of(call) for call in OWN_CALLS}
    one_of_each(azure)
    collect(azure.connect(management_group=GROUP))
    made = {permission_of(call.name).lower() for call in azure.calls if call.name != "token"}
    assert made - {"microsoft.resources/tenants/read"} <= {action.lower() for action in actions(ALL)}


def test_the_role_is_enough_for_every_read(azure: Cloud) -> None:
    azure.grant(actions(NARROW))
    one_of_each(azure)
    seen = collect(azure.connect(), *(s.name for s in NARROW))
    lacking = {name: s.reason or s.unread for name, found in seen.snapshots.items() for s in found if s.reason or s.unread}
    assert lacking == {}
    assert {s.presence for found in seen.snapshots.values() for s in found} == {Presence.COMPLETE}


@pytest.mark.parametrize("action", [a for a in actions(NARROW) if a not in OPEN])
def test_no_action_of_the_role_can_be_left_out(azure: Cloud, action: str) -> None:
    azure.grant([a for a in actions(NARROW) if a != action])
    one_of_each(azure)
    needing = [s for s in NARROW if action in s.permissions]
    parents = [s for s in NARROW for f in s.yields if f.lists and f.type in {n.parent for n in needing}]
    seen = collect(azure.connect(), *{s.name: s for s in [*parents, *needing]})
    for source in needing:
        unread = [s.reason for s in seen.snapshots[source.name]] + [
            u.unread for s in seen.snapshots[source.name] for u in s.unread
        ]
        assert action in {each.action for each in unread if each is not None}, source.name


def test_no_source_asks_for_what_no_check_needs() -> None:
    known = Sources(s for kind in kinds() for s in sources(kind))
    needed = known.needed(check for check in checks().values() if check.provider == "azure")
    assert {s.name for s in ALL} == {s.name for s in needed if s.provider == "azure"}


def test_a_run_for_few_sources_asks_for_few_actions() -> None:
    few = actions(tuple(s for s in ALL if s.name == "resourcegraph.resources Microsoft.KeyVault/vaults"))
    own = {permission_of(call) for call in OWN_CALLS}
    assert set(few) - own == {"Microsoft.KeyVault/vaults/read"}


@pytest.mark.parametrize(
    ("held", "taken", "action", "allowed"),
    [
        (["*/read"], [], "A.B/c/read", True),
        (["*/read"], ["A.B/*"], "A.B/c/read", False),
        (["*/read"], ["a.b/C/READ"], "A.B/c/read", False),
        (["A.B/c/*"], [], "A.B/c/d/read", True),
        (["A.B/c/write"], [], "A.B/c/read", False),
        ([], [], "A.B/c/read", False),
        (["*/read"], [], "*/read", True),
        (["*"], [], "*/read", True),
        (["*"], ["Microsoft.Authorization/*/write"], "*/read", True),
        (["*"], ["Microsoft.Authorization/*"], "*/read", False),
        (["*"], ["*"], "*/read", False),
        (["*"], ["A.B/*ead"], "*/read", False),
        (["*"], ["A.B/c/delete"], "*/read", True),
        (["*/read"], ["A.B/c/read"], "*/read", False),
        (["A.B/c/read", "A.B/d/read"], [], "*/read", False),
    ],
)
def test_what_a_grant_allows(held: list[str], taken: list[str], action: str, *, allowed: bool) -> None:
    assert Grant(tuple(held), tuple(taken)).allows(action) is allowed


@pytest.mark.parametrize("items", [[{}], [{"actions": "*/read"}], [{"actions": [1]}], [{"actions": ["*"], "notActions": "x"}]])
def test_a_list_of_permissions_that_is_odd_is_not_believed(items: list[dict[str, object]]) -> None:
    with pytest.raises((KeyError, TypeError)):
        granted(items)


def test_a_subscription_that_tells_odd_permissions_fails_alone(azure: Cloud) -> None:
    azure.grants[PROD] = [{"notActions": []}]
    _, prod, test = azure.connect().places()
    assert prod.failed is not None
    assert "unexpected shape" in str(prod.failed)
    assert test.failed is None
