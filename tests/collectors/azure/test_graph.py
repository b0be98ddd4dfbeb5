"""Resource Graph: pages, hidden rows, odd answers, one pass a table."""

import pytest

from collectors.azure.graph import AUTHORIZATION, POLICY
from collectors.azure.permissions import permission_of
from collectors.source import sources
from evidence_store.records import Presence, Why
from tests.collectors.azure.cloud import GROUP, PROD, TENANT, TEST, Cloud
from tests.collectors.azure.collecting import ASSIGNMENTS, GROUPS, MACHINES, STORES, collect, reason, snapshots
from tests.collectors.azure.scene import OWNER

PLACEMENTS = "resourcegraph.resourcecontainers Microsoft.Resources/subscriptions"
IN_THE_GRAPH = [s for s in sources("azure") if s.bulk is not None]


def machines(azure: Cloud, many: int) -> None:
    for number in range(many):
        azure.add("Microsoft.Compute/virtualMachines", f"m{number}", subscription=(PROD, TEST)[number % 2])


def test_every_page_is_read(azure: Cloud) -> None:
    machines(azure, 7)
    seen = collect(azure.connect(), MACHINES)
    assert len(seen.facts("azure.compute.virtual_machine")) == 7
    assert len(azure.asked("resourcegraph.resources")) == 4
    assert {s.presence for s in seen.snapshots[MACHINES]} == {Presence.COMPLETE}


def test_one_pass_a_table_whatever_the_number_of_types_and_subscriptions(azure: Cloud) -> None:
    machines(azure, 2)
    azure.add("Microsoft.Storage/storageAccounts", "store")
    azure.add("Microsoft.Network/networkSecurityGroups", "group", subscription=TEST)
    azure.page = 1000
    collect(azure.connect())
    tables = {s.bulk.name for s in IN_THE_GRAPH if s.bulk is not None}
    asked = {name: len(azure.asked(name)) for name in tables}
    assert asked == dict.fromkeys(tables, 1)


def test_a_run_for_one_type_asks_for_that_type_and_nothing_else(azure: Cloud) -> None:
    azure.add("Microsoft.Storage/storageAccounts", "store")
    machines(azure, 1)
    collect(azure.connect(), MACHINES)
    (asked,) = azure.asked("resourcegraph.resources")
    assert "type in~ ('microsoft.compute/virtualmachines')" in asked.body["query"]
    assert [c.name for c in azure.calls if c.name.startswith("resourcegraph")] == ["resourcegraph.resources"]


def test_subscriptions_are_always_named_so_that_no_limit_on_them_goes_unseen(azure: Cloud) -> None:
    collect(azure.connect(), MACHINES)
    assert azure.asked("resourcegraph.resources")[0].body["subscriptions"] == [PROD, TEST]


# What the caller may not read is left out of rows without a word.


@pytest.mark.parametrize("source", IN_THE_GRAPH, ids=lambda s: s.takes[0])
def test_rows_that_would_be_hidden_make_their_listing_unread_and_no_other(azure: Cloud, source: object) -> None:
    from collectors.source import Source

    assert isinstance(source, Source)
    (kind,) = source.takes
    azure.deny(f"{kind}/read")
    seen = collect(azure.connect(), source.name, *([GROUPS] if source.name != GROUPS else [MACHINES]))
    denied = {s.scope.account: s.reason for s in seen.snapshots[source.name]}
    assert set(denied) == {TENANT, PROD, TEST}
    above = source.bulk in {AUTHORIZATION, POLICY}
    if not above:
        assert denied.pop(TENANT) is None  # nothing of the kind lies there
    for why in denied.values():
        assert why is not None
        assert (why.why, why.action) == (Why.DENIED, source.permissions[1])
    other = GROUPS if source.name != GROUPS else MACHINES
    assert {s.presence for s in seen.snapshots[other]} == {Presence.COMPLETE}


def test_an_action_that_is_taken_away_in_one_subscription_hides_nothing_in_the_other(azure: Cloud) -> None:
    machines(azure, 2)
    azure.deny("Microsoft.Compute/virtualMachines/read", account=TEST)
    found = snapshots(azure.connect(), MACHINES)
    assert found[PROD].presence is Presence.COMPLETE
    assert found[PROD].count == 1
    assert found[TEST].presence is Presence.FAILED


def test_nothing_granted_but_another_type_hides_everything_else(azure: Cloud) -> None:
    azure.grant(["Microsoft.Compute/disks/read", "Microsoft.Authorization/denyAssignments/read"])
    machines(azure, 2)
    assert "Microsoft.Compute/virtualMachines/read was denied" in reason(azure.connect(), MACHINES, PROD)


@pytest.mark.parametrize("action", ["*", "*/read", "Microsoft.Compute/*", "microsoft.compute/VIRTUALMACHINES/Read"])
def test_a_wider_grant_covers_the_read_of_a_type(azure: Cloud, action: str) -> None:
    azure.grant([action, "Microsoft.Authorization/denyAssignments/read"])
    machines(azure, 2)
    assert reason(azure.connect(), MACHINES, PROD) == ""


def test_a_row_that_moves_up_while_pages_are_read_is_not_passed_over(azure: Cloud) -> None:
    machines(azure, 6)
    ids = sorted(id_ for id_ in azure.resources if "/virtualmachines/" in id_)
    azure.leaving = [ids[0]]
    seen = collect(azure.connect(), MACHINES)
    assert sorted(seen.facts("azure.compute.virtual_machine")) == ids
    assert len(azure.asked("resourcegraph.resources")) == 6  # each page once more, since one went on the way
    assert all(s.reason is None for s in seen.snapshots[MACHINES])
    assert sum(s.count for s in seen.snapshots[MACHINES]) == 6


def test_what_one_role_takes_away_another_may_give(azure: Cloud) -> None:
    azure.deny("Microsoft.Compute/*")
    azure.grants[PROD].append({"actions": ["Microsoft.Compute/virtualMachines/read"], "notActions": []})
    machines(azure, 2)
    found = snapshots(azure.connect(), MACHINES)
    assert found[PROD].presence is Presence.COMPLETE
    assert found[TEST].presence is Presence.FAILED


def test_the_tenants_rows_are_believed_where_every_subscription_shows_them(azure: Cloud) -> None:
    azure.grants[TENANT] = []
    assert reason(azure.connect(), ASSIGNMENTS, TENANT) == ""
    azure.deny("Microsoft.Authorization/roleAssignments/read", account=TEST)
    assert "Microsoft.Authorization/roleAssignments/read was denied" in reason(azure.connect(), ASSIGNMENTS, TENANT)


# What is laid down above subscriptions.


def test_what_is_inherited_comes_once_and_belongs_to_the_tenant(azure: Cloud) -> None:
    at_root = azure.assign(OWNER, "a", scope="/")
    above = azure.assign(OWNER, "b", scope=f"/providers/Microsoft.Management/managementGroups/{GROUP}")
    own = azure.assign(OWNER, "c")
    seen = collect(azure.connect(), ASSIGNMENTS)
    by_account = {
        sink.scope.account: sorted(uid for _, uid, _ in sink.facets) for c in seen.collections for sink in c.kept if sink.facets
    }
    assert by_account == {TENANT: sorted([at_root.lower(), above.lower()]), PROD: [own.lower()]}
    assert azure.asked("resourcegraph.authorizationresources")[0].body["options"]["authorizationScopeFilter"] == (
        "AtScopeAboveAndBelow"
    )


def test_each_batch_of_subscriptions_shows_what_is_inherited_and_it_is_kept_once(azure: Cloud) -> None:
    azure.assign(OWNER, "a", scope="/")
    azure.assign(OWNER, "b", subscription=TEST)
    seen = collect(azure.connect(at_once=1), ASSIGNMENTS)
    assert len(seen.facts("azure.authorization.role_assignment")) == 2
    assert [c.body["subscriptions"] for c in azure.asked("resourcegraph.authorizationresources")] == [[PROD], [TEST]]


def test_what_lies_above_is_looked_up_from_subscriptions_of_other_targets_too(azure: Cloud) -> None:
    sandbox = "/providers/Microsoft.Management/managementGroups/sandbox"
    above = azure.assign(OWNER, "a", scope=sandbox)
    azure.below[sandbox.lower()] = {TEST}
    azure.assign(OWNER, "b", subscription=TEST)
    seen = collect(azure.connect(subscriptions=[PROD]), ASSIGNMENTS)
    assert list(seen.facts("azure.authorization.role_assignment")) == [above.lower()]
    asked = azure.asked("resourcegraph.authorizationresources")
    assert [c.body["subscriptions"] for c in asked] == [[PROD], [TEST]]


def test_what_lies_above_is_not_whole_while_a_subscription_is_not_read(azure: Cloud) -> None:
    azure.assign(OWNER, "a", scope="/")
    azure.grants[TEST] = []
    found = snapshots(azure.connect(), ASSIGNMENTS)
    assert (found[TENANT].presence, found[TENANT].count) == (Presence.PARTIAL, 1)
    assert found[PROD].presence is Presence.COMPLETE
    azure.grants[PROD] = []
    assert {s.presence for s in snapshots(azure.connect(), ASSIGNMENTS).values()} == {Presence.FAILED}


def test_where_subscriptions_lie(azure: Cloud) -> None:
    seen = collect(azure.connect(), "arm.Microsoft.Resources/subscriptions", PLACEMENTS)
    placed = {"managementGroups": [GROUP, TENANT], "besideRead": True}
    assert seen.facts("azure.subscription", "placement")[f"/subscriptions/{PROD}"] == placed


# Answers that no one should believe.


@pytest.mark.parametrize(
    "how", ["html", "truncated", "empty", "array", "no_list", "no_link", "endless", "short", "cut", "rows", "code:BadRequest"]
)
def test_an_odd_answer_is_not_an_end_and_not_an_empty_list(azure: Cloud, how: str) -> None:
    machines(azure, 5)
    if how.startswith("code:"):
        azure.fail("resourcegraph.resources", 400, "BadRequest")
    else:
        azure.garble("resourcegraph.resources", how)
    for account, snapshot in snapshots(azure.connect(), MACHINES).items():
        assert snapshot.presence is not Presence.COMPLETE, account
        assert snapshot.reason is not None
        assert snapshot.reason.why is Why.UNEXPECTED


def test_half_of_the_pages_is_partial_and_keeps_what_was_read(azure: Cloud) -> None:
    machines(azure, 4)
    connection = azure.connect()
    azure.garble("resourcegraph.resources", "none", times=1)
    azure.garble("resourcegraph.resources", "truncated")
    found = snapshots(connection, MACHINES)
    assert (found[PROD].presence, found[PROD].count) == (Presence.PARTIAL, 2)
    assert (found[TEST].presence, found[TEST].count) == (Presence.FAILED, 0)


def test_pages_that_weigh_too_much_are_asked_for_with_fewer_rows(azure: Cloud) -> None:
    machines(azure, 3)
    azure.garble("resourcegraph.resources", "too_large")
    seen = collect(azure.connect(), MACHINES)
    assert len(seen.facts("azure.compute.virtual_machine")) == 3
    assert [c.body["options"]["$top"] for c in azure.asked("resourcegraph.resources")][:5] == [1000, 500, 250, 125, 62]


def test_subscriptions_that_were_not_looked_at_are_told(azure: Cloud) -> None:
    machines(azure, 1)
    azure.tell("resourcegraph.resources", {"x-ms-tenant-subscription-limit-hit": "true"})
    assert "not every subscription" in reason(azure.connect(), MACHINES, PROD)


def test_a_malformed_resource_is_unread_and_the_others_go_on(azure: Cloud) -> None:
    good = azure.add("Microsoft.Network/networkSecurityGroups", "good")
    bad = azure.add("Microsoft.Network/networkSecurityGroups", "bad", properties={"securityRules": "none"})
    seen = collect(azure.connect(), GROUPS)
    (snapshot,) = (s for s in seen.snapshots[GROUPS] if s.scope.account == PROD)
    assert snapshot.presence is Presence.COMPLETE
    assert [(u.uid, u.unread.why) for u in snapshot.unread] == [(bad.lower(), Why.UNEXPECTED)]
    assert list(seen.facts("azure.network.security_group")) == [good.lower()]


@pytest.mark.parametrize("properties", [None, [], "text"])
def test_a_resource_without_properties_is_unread(azure: Cloud, properties: object) -> None:
    id_ = azure.add("Microsoft.Storage/storageAccounts", "odd")
    azure.resources[id_.lower()]["properties"] = properties
    found = snapshots(azure.connect(), STORES)[PROD]
    assert [u.uid for u in found.unread] == [id_.lower()]


def test_a_row_that_says_not_what_it_is_makes_its_table_partial(azure: Cloud) -> None:
    id_ = azure.add("Microsoft.Storage/storageAccounts", "odd")
    azure.resources[id_.lower()]["id"] = None
    assert "unexpected shape" in reason(azure.connect(), STORES, PROD)


def test_a_new_field_changes_nothing(azure: Cloud) -> None:
    azure.add("Microsoft.Storage/storageAccounts", "store")
    before = collect(azure.connect(), STORES).facts("azure.storage.account")
    id_ = azure.add(
        "Microsoft.Storage/storageAccounts", "store", properties={"quantumSafe": True}, etag="W/1", systemData={"a": 1}
    )
    assert collect(azure.connect(), STORES).facts("azure.storage.account") == before
    assert "quantumSafe" not in before[id_.lower()]


def test_an_id_without_its_first_slash_lies_in_its_subscription(azure: Cloud) -> None:
    id_ = azure.add("Microsoft.Network/networkSecurityGroups", "web", subscription=TEST)
    azure.resources[id_.lower()]["id"] = id_.removeprefix("/").replace("subscriptions", "SUBSCRIPTIONS")
    looked = collect(azure.connect(), GROUPS)
    assert list(looked.facts("azure.network.security_group")) == [id_.lower()]
    assert {s.scope.account: s.count for s in looked.snapshots[GROUPS]} == {TENANT: 0, PROD: 0, TEST: 1}


def test_half_a_character_spoils_its_row_and_not_its_page(azure: Cloud) -> None:
    azure.page = 10
    azure.add("Microsoft.Network/networkSecurityGroups", "cut", tags={"note": "cut in the middle of \ud83d"})
    azure.add("Microsoft.Network/networkSecurityGroups", "web")
    looked = collect(azure.connect(), GROUPS)
    assert "web" in {uid.rsplit("/", 1)[-1] for uid in looked.facts("azure.network.security_group")}
    assert [s.presence for s in looked.snapshots[GROUPS] if s.scope.account == PROD] == [Presence.PARTIAL]


def test_the_read_of_a_type_is_what_shows_it() -> None:
    assert permission_of("arm.Microsoft.Sql/servers/firewallRules") == "Microsoft.Sql/servers/firewallRules/read"
    assert permission_of("resourcegraph.resources") == "Microsoft.ResourceGraph/resources/read"
