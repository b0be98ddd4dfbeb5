"""Roles: who owns a subscription, at it and from above, and what people hold together."""

from typing import TYPE_CHECKING, Any

import pytest

from checks.azure.roles import ACCESS_ADMINISTRATOR, OWNER, RBAC_ADMINISTRATOR
from tests.checks.azure.scene import NOW, asked
from tests.collectors.azure.cloud import GROUP, PROD, TEST
from tests.collectors.azure.scene import SPLIT
from tests.harness import look

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud
    from tests.harness import Looked

OWNERS, CUSTOM, ROOT = "azure_rbac_owner_count", "azure_rbac_no_custom_owner", "azure_root_scope_elevation"
GROUPS, PAIRS = "azure_rbac_group_assignments", "azure_rbac_toxic_pairs"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
KEYS, BLOBS = "00482a5a-887f-4fb3-b363-3b7fe8e74483", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
ASSIGNMENT, DEFINITION = "Microsoft.Authorization/roleAssignments", "Microsoft.Authorization/roleDefinitions"


ONE = f"/subscriptions/{PROD}"
ABOVE = f"/providers/Microsoft.Management/managementGroups/{GROUP.upper()}"
ELSEWHERE = "/providers/Microsoft.Management/managementGroups/elsewhere"


def define(azure: "Cloud", guid: str, name: str, actions: list[str], **more: Any) -> None:
    scopes, taken = more.pop("scopes", [ONE]), more.pop("not_actions", [])
    block = {"actions": actions, "notActions": taken, "dataActions": [], "notDataActions": []}
    says = {"roleName": name, "type": "CustomRole", "permissions": [block], "assignableScopes": scopes, **more}
    azure.add(DEFINITION, guid, properties=says)


def of(seen: "Looked", check: str) -> str:
    return seen.status(check, PROD)


def test_three_owners_pass_and_a_fourth_from_above_fails(azure: "Cloud") -> None:
    for who in ("ann", "bob"):
        azure.assign(OWNER, who)
    azure.assign(OWNER, "cyd", scope="/")
    azure.assign(OWNER, "ann", scope="/")  # the same person twice is one owner
    azure.assign(READER, "eve")
    azure.assign(OWNER, "fay", scope=f"{ONE}/resourceGroups/shop")
    azure.assign(OWNER, "gus", subscription=TEST)
    assert of(asked(azure, OWNERS), OWNERS) == "pass"
    azure.assign(OWNER, "dan", scope=ABOVE)
    seen = asked(azure, OWNERS)
    assert of(seen, OWNERS) == "fail"
    assert "4 owners; 3 are allowed: ann, bob, cyd, dan" in seen.reason(OWNERS, PROD)


def test_owners_of_a_management_group_beside_do_not_count(azure: "Cloud") -> None:
    for who in ("ann", "bob", "cyd", "dan"):
        azure.assign(OWNER, who, scope=ELSEWHERE)
    assert of(asked(azure, OWNERS), OWNERS) == "pass"


def test_a_group_of_owners_is_unknown_until_its_members_are_declared(azure: "Cloud") -> None:
    azure.assign(OWNER, "admins", kind="Group")
    seen = asked(azure, OWNERS)
    assert of(seen, OWNERS) == "unknown"
    assert "admins" in seen.reason(OWNERS, PROD)
    assert of(asked(azure, OWNERS, members=["ADMINS=3"]), OWNERS) == "pass"
    assert of(asked(azure, OWNERS, members=["admins=4"]), OWNERS) == "fail"
    for odd in ("admins", "admins=", "admins=few"):
        assert of(asked(azure, OWNERS, members=[odd]), OWNERS) == "unknown"
    assert of(asked(azure, OWNERS, members=["admins = 3"]), OWNERS) == "pass"


@pytest.mark.parametrize("kind", ["ForeignGroup", None])
def test_whoever_may_be_a_group_is_counted_as_one(azure: "Cloud", kind: str | None) -> None:
    roles(azure)
    azure.assign(OWNER, "partner", principalType=kind)
    assert of(asked(azure, OWNERS), OWNERS) == "unknown"
    assert of(asked(azure, OWNERS, members=["partner=3"]), OWNERS) == "pass"
    azure.assign(KEYS, "partner", principalType=kind)
    azure.assign(BLOBS, "bob")
    assert of(asked(azure, PAIRS), PAIRS) == "unknown"
    assert of(asked(azure, PAIRS, disjoint=["partner"]), PAIRS) == "pass"


def test_groups_beside_too_many_owners_make_them_at_least_so_many(azure: "Cloud") -> None:
    azure.assign(OWNER, "admins", kind="Group")
    azure.assign(OWNER, "ann")
    assert "has at least 2 owners; 1 are allowed" in asked(azure, OWNERS, max_owners=1).reason(OWNERS, PROD)


def test_applications_count_as_owners(azure: "Cloud") -> None:
    azure.assign(OWNER, "pipeline", kind="ServicePrincipal")
    assert of(asked(azure, OWNERS, max_owners=0), OWNERS) == "fail"


@pytest.mark.parametrize(
    ("actions", "taken"),
    [
        (["*"], []),
        (["*/write", "*/read"], []),
        (["*"], ["Microsoft.Billing/*"]),
        (["*"], ["Microsoft.Authorization/roleAssignments/write"]),
    ],
)
def test_a_role_of_ones_own_that_grants_everything_fails(azure: "Cloud", actions: list[str], taken: list[str]) -> None:
    define(azure, "0001", "Platform Team", actions, not_actions=taken)
    seen = asked(azure, CUSTOM)
    assert of(seen, CUSTOM) == "fail"
    assert "Platform Team" in seen.reason(CUSTOM, PROD)


@pytest.mark.parametrize(
    ("actions", "more"),
    [
        (["*/read"], {}),
        (["Microsoft.Compute/*"], {}),
        (["*"], {"not_actions": ["Microsoft.Authorization/*/Write", "Microsoft.Authorization/*/Delete"]}),
        (["*"], {"not_actions": ["*"]}),
        (["*"], {"type": "BuiltInRole"}),
        (["*"], {"scopes": ["/subscriptions/00000000-0000-0000-0000-000000000009"]}),
        (["*"], {"scopes": [ELSEWHERE]}),
    ],
)
def test_a_narrower_role_or_one_for_elsewhere_passes(azure: "Cloud", actions: list[str], more: dict[str, Any]) -> None:
    define(azure, "0001", "Platform Team", actions, **more)
    assert of(asked(azure, CUSTOM), CUSTOM) == "pass"


def test_a_role_that_can_be_given_on_a_management_group_above_fails(azure: "Cloud") -> None:
    define(azure, "0001", "Platform Team", ["*"], scopes=[ABOVE])
    assert of(asked(azure, CUSTOM), CUSTOM) == "fail"


@pytest.mark.parametrize("role", [OWNER, ACCESS_ADMINISTRATOR, RBAC_ADMINISTRATOR])
def test_an_administrator_of_access_at_the_root_fails(azure: "Cloud", role: str) -> None:
    azure.assign(role, "ann", scope="/")
    seen = asked(azure, ROOT)
    assert seen.status(ROOT) == "fail"
    assert "is administered by ann (" in seen.reason(ROOT)
    assert asked(azure, ROOT, recorded=["Ann"]).status(ROOT) == "pass"


def test_other_roles_and_other_scopes_are_no_elevation(azure: "Cloud") -> None:
    azure.assign(READER, "ann", scope="/")
    azure.assign(OWNER, "bob")
    azure.assign(OWNER, "cyd", scope=ABOVE)
    assert asked(azure, ROOT).status(ROOT) == "pass"


@pytest.mark.parametrize(
    ("kind", "status"),
    [("User", "fail"), ("Group", "pass"), ("ServicePrincipal", "not_applicable"), ("Unknown", "unknown")],
)
def test_roles_go_to_groups(azure: "Cloud", kind: str, status: str) -> None:
    azure.assign(OWNER, "ann", kind=kind)
    seen = asked(azure, GROUPS)
    assert [f.status for f in seen.of(GROUPS)] == [status]


def test_a_recorded_person_may_hold_a_role(azure: "Cloud") -> None:
    azure.assign(OWNER, "ann")
    assert asked(azure, GROUPS).reason(GROUPS) == f"ann holds Owner at {ONE} as a single person"
    assert asked(azure, GROUPS, recorded=["ANN"]).status(GROUPS) == "not_applicable"


def roles(azure: "Cloud") -> None:
    """Those that every tenant has."""
    for guid, name in {**SPLIT, OWNER: "Owner"}.items():
        define(azure, guid, name, [], type="BuiltInRole", scopes=["/"])


def test_who_holds_both_sides_of_a_duty_fails(azure: "Cloud") -> None:
    roles(azure)
    azure.assign(KEYS, "ann", scope=f"{ONE}/resourceGroups/shop")
    azure.assign(BLOBS, "bob")
    assert of(asked(azure, PAIRS), PAIRS) == "pass"
    azure.assign(BLOBS, "ann", scope=ABOVE)
    seen = asked(azure, PAIRS)
    assert of(seen, PAIRS) == "fail"
    assert "ann (Key Vault Administrator + Storage Blob Data Reader)" in seen.reason(PAIRS, PROD)
    assert seen.status(PAIRS, TEST) == "pass"


def test_groups_on_both_sides_are_unknown_until_declared(azure: "Cloud") -> None:
    roles(azure)
    azure.assign(KEYS, "keepers", kind="Group")
    azure.assign(BLOBS, "bob")
    assert of(asked(azure, PAIRS), PAIRS) == "unknown"
    assert of(asked(azure, PAIRS, disjoint=["Keepers"]), PAIRS) == "pass"


@pytest.mark.parametrize("pair", ["Key Vault Admin + Storage Blob Data Reader", "Key Vault Administrator"])
def test_a_pair_of_roles_that_are_not_there_is_unknown(azure: "Cloud", pair: str) -> None:
    roles(azure)
    azure.assign(KEYS, "ann")
    azure.assign(BLOBS, "ann")
    seen = asked(azure, PAIRS, pairs=[pair])
    assert of(seen, PAIRS) == "unknown"
    assert "has no roles of these names" in seen.reason(PAIRS, PROD)


def test_pairs_are_a_parameter(azure: "Cloud") -> None:
    define(azure, "0001", "Payer", ["Microsoft.Billing/*"])
    roles(azure)
    azure.assign("0001", "ann")
    azure.assign(BLOBS, "ann")
    assert of(asked(azure, PAIRS), PAIRS) == "pass"
    assert of(asked(azure, PAIRS, pairs=["payer + storage blob data reader"]), PAIRS) == "fail"


@pytest.mark.parametrize(
    ("check", "type_"),
    [
        (OWNERS, ASSIGNMENT),
        (CUSTOM, DEFINITION),
        (ROOT, ASSIGNMENT),
        (GROUPS, ASSIGNMENT),
        (PAIRS, ASSIGNMENT),
        (PAIRS, DEFINITION),
    ],
)
def test_roles_that_may_not_be_read_are_unknown(azure: "Cloud", check: str, type_: str) -> None:
    roles(azure)
    azure.deny(f"{type_}/read")
    seen = asked(azure, check)
    assert {f.status for f in seen.of(check)} == {"unknown"}
    assert f"{type_}/read was denied" in seen.of(check)[0].reason


def test_what_is_inherited_counts_for_each_subscription_of_two_targets_of_a_tenant(azure: "Cloud") -> None:
    azure.assign(OWNER, "dan", scope=ABOVE)
    azure.assign(OWNER, "ann")
    targets = {"one": azure.connect(subscriptions=(PROD,)), "two": azure.connect(subscriptions=(TEST,))}
    seen = look(targets, OWNERS, at=NOW, parameters={OWNERS: {"max_owners": 1}})
    assert of(seen, OWNERS) == "fail"
    assert seen.status(OWNERS, TEST) == "pass"
    assert seen.of(OWNERS, PROD)[0].reason.endswith("2 owners; 1 are allowed: ann, dan")
    none = look(targets, OWNERS, at=NOW, parameters={OWNERS: {"max_owners": 0}})
    assert none.status(OWNERS, TEST) == "fail"
