"""Guardrails: what organization policies come to for the organization, a folder and a project."""

from typing import Any

import pytest

from tests.checks.gcp.scene import DEFAULT, FOLDER, OFF, ON, ORDERS, ORGANIZATION, asked, guardrails, newer, orders
from tests.collectors.gcp.cloud import Cloud
from tests.harness import look

KEYS = "gcp_org_no_sa_keys"
BUCKETS = "gcp_org_public_access_prevention"
SHARING = "gcp_org_domain_restricted_sharing"
SHOP = "projects/111111111111"
OWN = "C0own0000"


def prevention(gcp: Cloud, **nodes: dict[str, Any]) -> None:
    for name, policy in nodes.items():
        guardrails(
            gcp, {"organization": ORGANIZATION, "folder": FOLDER}.get(name, name), storage__publicAccessPrevention=policy
        )


def statuses(gcp: Cloud, check: str, **parameters: Any) -> dict[str, str]:
    """The answers for the organization, its folder and the project in it."""
    seen = asked(gcp, check, **parameters)
    return {
        "organization": seen.status(check, ORGANIZATION),
        "folder": seen.status(check, FOLDER),
        "shop": seen.status(check, SHOP),
    }


@pytest.mark.parametrize(
    ("set_on", "organization", "folder", "shop"),
    [
        ({"organization": ON}, "pass", "pass", "pass"),
        ({}, "fail", "not_applicable", "not_applicable"),
        ({"organization": OFF}, "fail", "not_applicable", "not_applicable"),
        ({"organization": DEFAULT}, "fail", "not_applicable", "not_applicable"),
        ({"folder": ON}, "fail", "pass", "pass"),
        ({"organization": ON, "folder": OFF}, "pass", "fail", "not_applicable"),
        ({"organization": ON, "shop": OFF}, "pass", "pass", "fail"),
        ({"organization": ON, "shop": DEFAULT}, "pass", "pass", "fail"),
        ({"organization": ON, "folder": OFF, "shop": ON}, "pass", "fail", "pass"),
        ({"shop": OFF}, "fail", "not_applicable", "not_applicable"),
    ],
)
def test_the_nearest_policy_decides_and_a_fault_is_told_where_it_is(
    gcp: Cloud, set_on: dict[str, Any], organization: str, folder: str, shop: str
) -> None:
    prevention(gcp, **set_on)
    assert statuses(gcp, BUCKETS) == {"organization": organization, "folder": folder, "shop": shop}


def test_a_fault_names_the_place_and_what_is_missing(gcp: Cloud) -> None:
    prevention(gcp, organization=ON, shop=OFF)
    seen = asked(gcp, BUCKETS)
    assert seen.reason(BUCKETS, SHOP) == "project shop does not have public access to buckets prevented"
    assert asked(gcp, BUCKETS, approved=["project shop"]).status(BUCKETS, SHOP) == "not_applicable"


def test_a_project_alone_decides_for_itself_or_depends_on_what_was_not_read(gcp: Cloud) -> None:
    orders(gcp)
    seen = asked(gcp, BUCKETS, parent=ORDERS)
    assert seen.status(BUCKETS) == "unknown"
    assert f"{FOLDER}, which was not read" in seen.reason(BUCKETS)
    prevention(gcp, orders=OFF)
    assert asked(gcp, BUCKETS, parent=ORDERS).status(BUCKETS) == "fail"
    prevention(gcp, orders=ON)
    assert asked(gcp, BUCKETS, parent=ORDERS).status(BUCKETS) == "pass"


def test_a_policy_of_a_kind_that_the_inventory_does_not_tell_is_open(gcp: Cloud) -> None:
    prevention(gcp, organization=ON, shop={})
    seen = asked(gcp, BUCKETS)
    assert seen.status(BUCKETS, ORGANIZATION) == "pass"
    assert seen.status(BUCKETS, SHOP) == "unknown"


def test_a_project_without_an_organization_must_have_the_rule_itself(gcp: Cloud) -> None:
    orders(gcp, alone=True)
    assert asked(gcp, BUCKETS, parent=ORDERS).status(BUCKETS) == "fail"


@pytest.mark.parametrize(
    ("made", "uploaded", "status"),
    [
        ("iam__disableServiceAccountKeyCreation", "iam__disableServiceAccountKeyUpload", "pass"),
        ("iam__managed__disableServiceAccountKeyCreation", "iam__disableServiceAccountKeyUpload", "pass"),
        ("iam__disableServiceAccountKeyCreation", "iam__disableServiceAccountCreation", "fail"),
        ("iam__disableServiceAccountCreation", "iam__disableServiceAccountKeyUpload", "fail"),
    ],
)
def test_keys_can_neither_be_made_nor_uploaded(gcp: Cloud, made: str, uploaded: str, status: str) -> None:
    guardrails(gcp, ORGANIZATION, **{made: ON, uploaded: ON})
    assert asked(gcp, KEYS).status(KEYS, ORGANIZATION) == status


def test_which_of_the_two_is_missing_is_told(gcp: Cloud) -> None:
    guardrails(gcp, ORGANIZATION, iam__disableServiceAccountKeyCreation=ON)
    expected = "organization 123456789012 does not have the upload of service account keys blocked"
    assert asked(gcp, KEYS).reason(KEYS, ORGANIZATION) == expected


# -- as the second version of the API tells them ----------------------------------------------------------------------

ENFORCED = {"rules": [{"enforce": True}], "updateTime": "2026-05-01T00:00:00Z", "etag": "AAAA"}
TAGGED = {"expression": "resource.matchTag('123/public', 'yes')"}


@pytest.mark.parametrize(
    ("spec", "status"),
    [
        (ENFORCED, "pass"),
        ({"rules": [{"enforce": False}]}, "fail"),
        ({"reset": True}, "fail"),
        ({"rules": [{"enforce": True, "condition": TAGGED}]}, "unknown"),
        ({"rules": [{"enforce": False, "condition": TAGGED}, {"enforce": True}]}, "unknown"),
        ({"rules": [{"enforce": True, "condition": TAGGED}, {"enforce": True}]}, "pass"),
        ({"rules": []}, "unknown"),
        (None, "fail"),
    ],
)
def test_a_policy_of_the_second_version_is_understood(gcp: Cloud, spec: dict[str, Any] | None, status: str) -> None:
    tried = {"dryRunSpec": ENFORCED} if spec is None else {}  # a policy that is only tried out forbids nothing
    newer(gcp, ORGANIZATION, "storage.publicAccessPrevention", spec, **tried)
    seen = asked(gcp, BUCKETS)
    assert seen.status(BUCKETS, ORGANIZATION) == status
    if status == "unknown":
        assert statuses(gcp, BUCKETS) == {"organization": status, "folder": "not_applicable", "shop": "not_applicable"}
        assert f"the conditions of a policy of {ORGANIZATION}" in seen.reason(BUCKETS, ORGANIZATION)


def test_managed_constraints_are_seen_though_the_first_version_leaves_them_out(gcp: Cloud) -> None:
    for what in ("Creation", "Upload"):
        newer(gcp, ORGANIZATION, f"iam.managed.disableServiceAccountKey{what}", ENFORCED)
    assert statuses(gcp, KEYS) == {"organization": "pass", "folder": "pass", "shop": "pass"}
    newer(gcp, "shop", "iam.managed.disableServiceAccountKeyUpload", {"rules": [{"enforce": False}]})
    assert statuses(gcp, KEYS) == {"organization": "pass", "folder": "pass", "shop": "fail"}


def test_a_condition_that_the_first_version_hides_counts(gcp: Cloud) -> None:
    prevention(gcp, organization=ON)
    exempt = [{"enforce": False, "condition": TAGGED}, {"enforce": True}]
    newer(gcp, ORGANIZATION, "storage.publicAccessPrevention", {"rules": exempt})
    assert asked(gcp, BUCKETS).status(BUCKETS, ORGANIZATION) == "unknown"


@pytest.mark.parametrize(
    ("spec", "status"),
    [
        ({"rules": [{"values": {"allowedValues": ["in:eu-locations"]}}]}, "pass"),
        ({"rules": [{"values": {"allowedValues": ["in:us-locations"]}}]}, "fail"),
        ({"rules": [{"allowAll": True}]}, "fail"),
        ({"rules": [{"denyAll": True}]}, "pass"),
        ({"rules": [{"values": {"allowedValues": ["in:eu-locations"]}, "condition": TAGGED}]}, "unknown"),
    ],
)
def test_values_of_the_second_version_are_understood(gcp: Cloud, spec: dict[str, Any], status: str) -> None:
    newer(gcp, ORGANIZATION, "gcp.resourceLocations", spec)
    seen = asked(gcp, "gcp_org_allowed_locations", approved_locations=["in:eu-locations"])
    assert seen.status("gcp_org_allowed_locations", ORGANIZATION) == status
    assert seen.status("gcp_org_allowed_locations", SHOP) == "not_applicable"


def test_values_of_the_second_version_join_those_from_above(gcp: Cloud) -> None:
    newer(gcp, ORGANIZATION, "gcp.resourceLocations", {"rules": [{"values": {"allowedValues": ["in:eu-locations"]}}]})
    more = {"inheritFromParent": True, "rules": [{"values": {"allowedValues": ["in:us-locations"]}}]}
    newer(gcp, "shop", "gcp.resourceLocations", more)
    reason = asked(gcp, "gcp_org_allowed_locations", approved_locations=["in:eu-locations"]).reason(
        "gcp_org_allowed_locations", SHOP
    )
    assert reason == "project shop lets resources stand in in:us-locations, which is not approved"


# -- whose identities may be let in ------------------------------------------------------------------------------------


def sharing(gcp: Cloud, on: str, **listed: Any) -> None:
    guardrails(gcp, on, iam__allowedPolicyMemberDomains={"listPolicy": listed})


@pytest.fixture
def owned(gcp: Cloud) -> Cloud:
    """The organization says which directory is its own."""
    data = {"displayName": "example.org", "owner": {"directoryCustomerId": OWN}}
    gcp.estate.node(ORGANIZATION, "Organization", data, (ORGANIZATION,))
    return gcp


@pytest.mark.parametrize(
    ("listed", "status", "words"),
    [
        ({"allowedValues": [OWN]}, "pass", ""),
        ({"allowedValues": [f"is:{OWN}"]}, "pass", ""),
        ({"allowedValues": [f"is:principalSet://iam.googleapis.com/{ORGANIZATION}"]}, "pass", ""),
        ({"allValues": "DENY"}, "pass", ""),
        ({"allValues": "ALLOW"}, "fail", "identities of any domain"),
        ({"deniedValues": ["C0bad0000"]}, "fail", "identities of any domain"),
        ({"allowedValues": [OWN, "C0partner"]}, "fail", "C0partner, which is neither"),
        ({"allowedValues": [OWN, "C0partner"], "deniedValues": ["C0partner"]}, "pass", ""),
    ],
)
def test_only_own_and_approved_directories_are_let_in(owned: Cloud, listed: dict[str, Any], status: str, words: str) -> None:
    sharing(owned, ORGANIZATION, **listed)
    seen = asked(owned, SHARING)
    assert seen.status(SHARING, ORGANIZATION) == status
    assert words in seen.reason(SHARING, ORGANIZATION)
    assert seen.status(SHARING, SHOP) == "not_applicable"


def test_a_directory_that_may_be_the_own_one_is_open_where_the_organization_was_not_read(gcp: Cloud) -> None:
    orders(gcp)
    sharing(gcp, "orders", allowedValues=[OWN])
    seen = asked(gcp, SHARING, parent=ORDERS)
    assert seen.status(SHARING) == "unknown"
    assert f"{OWN}; whether that is its own directory would be told by {ORGANIZATION}" in seen.reason(SHARING)
    assert asked(gcp, SHARING, parent=ORDERS, approved_customers=[OWN]).status(SHARING) == "pass"


def test_a_partner_can_be_approved(owned: Cloud) -> None:
    sharing(owned, ORGANIZATION, allowedValues=[OWN, "C0partner"])
    assert asked(owned, SHARING, approved_customers=["C0partner"]).status(SHARING, ORGANIZATION) == "pass"


def test_without_a_rule_anybody_can_be_let_in(owned: Cloud) -> None:
    assert statuses(owned, SHARING) == {"organization": "fail", "folder": "not_applicable", "shop": "not_applicable"}


@pytest.mark.parametrize(
    ("on_project", "status"),
    [
        ({"allowedValues": ["C0partner"]}, "fail"),
        ({"allowedValues": ["C0partner"], "inheritFromParent": True}, "fail"),
        ({"deniedValues": ["C0bad0000"], "inheritFromParent": True}, "pass"),
        ({"allValues": "ALLOW"}, "fail"),
        ({"allowedValues": [OWN]}, "pass"),
    ],
)
def test_a_rule_below_replaces_or_adds_to_what_is_above(owned: Cloud, on_project: dict[str, Any], status: str) -> None:
    sharing(owned, ORGANIZATION, allowedValues=[OWN])
    sharing(owned, "shop", **on_project)
    seen = asked(owned, SHARING)
    assert seen.status(SHARING, SHOP) == status
    assert seen.status(SHARING, ORGANIZATION) == "pass"


def test_the_newer_rule_on_members_is_not_taken_for_none(owned: Cloud) -> None:
    guardrails(owned, ORGANIZATION, iam__managed__allowedPolicyMembers=ON)
    seen = asked(owned, SHARING)
    assert seen.status(SHARING, ORGANIZATION) == "unknown"
    assert "iam.managed.allowedPolicyMembers" in seen.reason(SHARING, ORGANIZATION)


def test_the_newer_rule_on_members_counts_only_where_it_is_on(owned: Cloud) -> None:
    newer(owned, ORGANIZATION, "iam.managed.allowedPolicyMembers", {"rules": [{"enforce": False}]})
    assert asked(owned, SHARING).status(SHARING, ORGANIZATION) == "fail"
    named = {"allowedMemberSubjects": ["user:ada@example.org"]}
    newer(owned, ORGANIZATION, "iam.managed.allowedPolicyMembers", {"rules": [{"enforce": True, "parameters": named}]})
    seen = asked(owned, SHARING)
    assert seen.status(SHARING, ORGANIZATION) == "unknown"
    assert "ada@" not in str(seen.facts("gcp.org_policy.rules"))


def test_a_rule_that_restores_the_default_lets_anybody_in(owned: Cloud) -> None:
    sharing(owned, ORGANIZATION, allowedValues=[OWN])
    guardrails(owned, "shop", iam__allowedPolicyMemberDomains=DEFAULT)
    assert asked(owned, SHARING).status(SHARING, SHOP) == "fail"


def test_what_a_project_inherits_from_places_that_were_not_read_is_open(owned: Cloud) -> None:
    orders(owned)
    assert asked(owned, SHARING, parent=ORDERS).status(SHARING) == "unknown"
    sharing(owned, "orders", deniedValues=["C0bad0000"], inheritFromParent=True)
    assert asked(owned, SHARING, parent=ORDERS).status(SHARING) == "unknown"
    sharing(owned, "orders", allowedValues=["C0partner"])
    assert asked(owned, SHARING, parent=ORDERS, approved_customers=["C0partner"]).status(SHARING) == "pass"


# -- regions, and the baseline -----------------------------------------------------------------------------------------

REGIONS = "gcp_org_allowed_locations"
BASELINE = "gcp_org_baseline_constraints"


@pytest.mark.parametrize(
    ("listed", "approved", "status", "words"),
    [
        ({"allowedValues": ["in:eu-locations"]}, [], "pass", ""),
        ({"allowedValues": ["in:eu-locations"]}, ["in:eu-locations"], "pass", ""),
        ({"allowedValues": ["in:eu-locations", "us-east1"]}, ["in:eu-locations"], "fail", "us-east1, which is not approved"),
        ({"deniedValues": ["in:us-locations"]}, [], "fail", "in any region"),
        ({"allValues": "ALLOW"}, [], "fail", "in any region"),
        (None, [], "fail", "in any region"),
    ],
)
def test_resources_stand_in_regions_that_were_decided_on(
    gcp: Cloud, listed: dict[str, Any] | None, approved: list[str], status: str, words: str
) -> None:
    if listed is not None:
        guardrails(gcp, ORGANIZATION, gcp__resourceLocations={"listPolicy": listed})
    seen = asked(gcp, REGIONS, approved_locations=approved)
    assert seen.status(REGIONS, ORGANIZATION) == status
    assert words in seen.reason(REGIONS, ORGANIZATION)
    assert seen.status(REGIONS, SHOP) == "not_applicable"


def test_a_project_may_not_widen_its_regions(gcp: Cloud) -> None:
    guardrails(gcp, ORGANIZATION, gcp__resourceLocations={"listPolicy": {"allowedValues": ["in:eu-locations"]}})
    guardrails(gcp, "shop", gcp__resourceLocations={"listPolicy": {"allowedValues": ["us-east1"], "inheritFromParent": True}})
    seen = asked(gcp, REGIONS, approved_locations=["in:eu-locations"])
    assert seen.reason(REGIONS, SHOP) == "project shop lets resources stand in us-east1, which is not approved"


def test_regions_inherited_from_places_that_were_not_read_are_open(gcp: Cloud) -> None:
    orders(gcp)
    assert asked(gcp, REGIONS, parent=ORDERS).status(REGIONS) == "unknown"


def test_the_baseline_is_in_force_and_what_takes_it_back_is_told(gcp: Cloud) -> None:
    wanted = ["compute.requireOsLogin", "sql.restrictPublicIp"]
    guardrails(gcp, ORGANIZATION, compute__requireOsLogin=ON, sql__restrictPublicIp=ON)
    guardrails(gcp, "shop", sql__restrictPublicIp=OFF)
    seen = asked(gcp, BASELINE, constraints=wanted)
    assert seen.status(BASELINE, ORGANIZATION) == "pass"
    assert seen.reason(BASELINE, SHOP) == "project shop does not have sql.restrictPublicIp enforced"
    assert asked(gcp, BASELINE).status(BASELINE, ORGANIZATION) == "fail"


# -- targets that reach less than the organization ---------------------------------------------------------------------


def test_a_folder_as_the_target_depends_on_the_organization_unless_it_decides_itself(gcp: Cloud) -> None:
    seen = asked(gcp, BUCKETS, parent=FOLDER)
    assert {str(f.status) for f in seen.of(BUCKETS)} == {"unknown"}
    assert "organizations/123456789012, which was not read" in seen.reason(BUCKETS, FOLDER)
    prevention(gcp, folder=ON)
    seen = asked(gcp, BUCKETS, parent=FOLDER)
    assert (seen.status(BUCKETS, FOLDER), seen.status(BUCKETS, SHOP)) == ("pass", "pass")


def test_a_target_beside_it_that_reaches_the_organization_settles_what_a_project_inherits(gcp: Cloud) -> None:
    orders(gcp)
    prevention(gcp, organization=ON)
    both = {"one": gcp.connect(ORDERS), "all": gcp.connect(ORGANIZATION)}
    seen = look(both, BUCKETS)
    assert seen.status(BUCKETS, "projects/444444444444") == "pass"
    assert look(both["one"], BUCKETS).status(BUCKETS) == "unknown"


@pytest.mark.parametrize(
    "rule",
    [
        {"enforce": "odd"},
        {"enforce": {"x": "y"}},
        {"denyAll": 7},
        {"values": ["a"]},
        {"values": {"allowedValues": "C0abcdef1"}},
        {"enforce": True, "condition": "odd"},
    ],
)
@pytest.mark.parametrize(
    ("check", "constraint"),
    [
        ("gcp_org_public_access_prevention", "storage.publicAccessPrevention"),
        ("gcp_org_domain_restricted_sharing", "iam.allowedPolicyMemberDomains"),
    ],
)
def test_a_rule_of_a_shape_that_nobody_knows_is_in_force_nowhere(
    gcp: Cloud, check: str, constraint: str, rule: dict[str, Any]
) -> None:
    newer(gcp, ORGANIZATION, constraint, {"rules": [rule]})
    found = asked(gcp, check).of(check)
    assert {(str(f.status), "unexpected shape" in f.reason) for f in found} == {("unknown", True)}
