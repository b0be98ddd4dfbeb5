"""Who may do what in Google Cloud, from the policies that its inventory lists."""

from typing import Any

import pytest

from tests.checks.gcp.scene import FOLDER, ORDERS, ORGANIZATION, asked, orders, policy
from tests.collectors.gcp.cloud import Cloud

BASIC = "gcp_iam_no_primitive_roles"
PUBLIC = "gcp_iam_no_public_members"
PRIVATE = "gcp_iam_no_consumer_accounts"
MACHINES = "gcp_iam_sa_not_admin"
DUTIES = "gcp_iam_duty_split"
LASTING = "gcp_iam_conditional_privileged"
BUCKET = ("storage.googleapis.com/Bucket", "assets")
KEY = ("cloudkms.googleapis.com/CryptoKey", "orders")
ADA = "user:ada@example.org"
BUILD = "serviceAccount:build@shop.iam.gserviceaccount.com"


def labelled(gcp: Cloud, environment: str, project: str = "shop") -> None:
    known = gcp.estate.projects[project]
    gcp.estate.project(
        project, known.number, "222222222222" if project == "shop" else None, labels={"environment": environment}
    )


# -- basic roles -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "member", "status"),
    [
        ("roles/owner", ADA, "fail"),
        ("roles/editor", "group:devs@example.org", "fail"),
        ("roles/editor", "domain:example.org", "fail"),
        ("roles/owner", "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/ada", "fail"),
        ("roles/editor", "allAuthenticatedUsers", "fail"),
        ("roles/viewer", ADA, "pass"),
        ("roles/owner", f"deleted:{ADA}?uid=1", "pass"),
        ("roles/editor", "serviceAccount:111111111111@cloudservices.gserviceaccount.com", "pass"),
    ],
)
def test_people_hold_no_basic_role_in_production(gcp: Cloud, role: str, member: str, status: str) -> None:
    labelled(gcp, "production")
    policy(gcp, "shop", (role, member))
    assert asked(gcp, BASIC).status(BASIC) == status


def test_what_a_project_is_for_decides_and_must_be_said(gcp: Cloud) -> None:
    policy(gcp, "shop", ("roles/owner", ADA))
    seen = asked(gcp, BASIC)
    assert seen.status(BASIC) == "unknown"
    assert "label the project with environment" in seen.reason(BASIC)
    labelled(gcp, "Development".lower())
    assert asked(gcp, BASIC).status(BASIC) == "not_applicable"
    assert asked(gcp, BASIC, production=["development"]).status(BASIC) == "fail"
    assert asked(gcp, BASIC, production=["development"], approved=["user:ada@*"]).status(BASIC) == "pass"


def test_a_grant_above_production_is_told_where_it_is_made(gcp: Cloud) -> None:
    labelled(gcp, "prod")
    labelled(gcp, "dev", "lab")
    policy(gcp, FOLDER, ("roles/editor", ADA))
    policy(gcp, ORGANIZATION, ("roles/owner", ADA))
    policy(gcp, "lab", ("roles/owner", ADA))
    seen = asked(gcp, BASIC)
    assert seen.reason(BASIC, FOLDER) == "folder 222222222222 grants roles/editor to user:ada@example.org"
    assert seen.reason(BASIC, ORGANIZATION) == "organization 123456789012 grants roles/owner to user:ada@example.org"
    assert [str(f.status) for f in seen.of(BASIC)].count("fail") == 2


def test_an_empty_folder_holds_no_production_and_what_is_the_organizations_own_does(gcp: Cloud) -> None:
    gcp.estate.folder("999999999999", "attic")
    gcp.add(
        "cloudresourcemanager.googleapis.com/Folder",
        "//cloudresourcemanager.googleapis.com/folders/999999999999",
        project=None,
        ancestors=("folders/999999999999", ORGANIZATION),
        iam={"bindings": [{"role": "roles/editor", "members": [ADA]}]},
    )
    policy(
        gcp,
        ("example.googleapis.com/Thing", f"//example.googleapis.com/{ORGANIZATION}/things/one"),
        ("roles/owner", ADA),
        project=None,
    )
    seen = asked(gcp, BASIC)
    assert seen.status(BASIC, "folders/999999999999") == "not_applicable"
    assert seen.status(BASIC, "things/one") == "fail"


def test_a_folder_without_production_may_differ(gcp: Cloud) -> None:
    labelled(gcp, "staging")
    policy(gcp, FOLDER, ("roles/editor", ADA))
    assert asked(gcp, BASIC).status(BASIC) == "not_applicable"


# -- everyone ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["allUsers", "allAuthenticatedUsers"])
def test_nothing_is_granted_to_everyone(gcp: Cloud, member: str) -> None:
    uid = policy(gcp, BUCKET, ("roles/storage.objectViewer", member), ("roles/storage.admin", ADA))
    seen = asked(gcp, PUBLIC)
    assert seen.status(PUBLIC) == "fail"
    assert seen.reason(PUBLIC) == f"Bucket assets grants roles/storage.objectViewer to {member}"
    assert asked(gcp, PUBLIC, approved=[uid]).status(PUBLIC) == "not_applicable"
    assert asked(gcp, PUBLIC, approved=["//storage.googleapis.com/other"]).status(PUBLIC) == "fail"


def test_named_members_are_not_everyone(gcp: Cloud) -> None:
    policy(gcp, BUCKET, ("roles/storage.objectViewer", "domain:example.org"))
    assert asked(gcp, PUBLIC).status(PUBLIC) == "pass"


# -- private accounts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "status"),
    [
        ("user:ada@gmail.com", "fail"),
        ("user:Ada@GMail.com", "fail"),
        ("group:friends@googlegroups.com", "fail"),
        ("user:ada@example.org", "pass"),
        ("user:ada@notgmail.com", "pass"),
        ("deleted:user:ada@gmail.com?uid=1", "pass"),
        ("serviceAccount:x@gmail.com.iam.gserviceaccount.com", "pass"),
    ],
)
def test_private_accounts_hold_no_role(gcp: Cloud, member: str, status: str) -> None:
    policy(gcp, "lab", ("roles/viewer", member))
    assert asked(gcp, PRIVATE).status(PRIVATE) == status
    assert asked(gcp, PRIVATE, approved=[member]).status(PRIVATE) == "pass"


def test_the_domains_that_count_as_private_are_declared(gcp: Cloud) -> None:
    policy(gcp, BUCKET, ("roles/viewer", "user:ada@club.example"))
    seen = asked(gcp, PRIVATE, consumer_domains=["Club.example"])
    assert seen.reason(PRIVATE) == "Bucket assets grants roles to private accounts: user:ada@club.example"


# -- service accounts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "member", "status"),
    [
        ("roles/owner", BUILD, "fail"),
        ("roles/compute.instanceAdmin.v1", BUILD, "fail"),
        ("roles/iam.securityAdmin", BUILD, "fail"),
        ("roles/editor", "serviceAccount:111111111111-compute@developer.gserviceaccount.com", "fail"),
        ("roles/editor", "serviceAccount:shop@appspot.gserviceaccount.com", "fail"),
        ("roles/storage.admin", "serviceAccount:shop.svc.id.goog[apps/web]", "fail"),
        (
            "roles/owner",
            "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/attribute.repo/a",
            "fail",
        ),
        ("roles/editor", "principalSet://cloudresourcemanager.googleapis.com/projects/1/type/ServiceAccount", "fail"),
        ("roles/owner", "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/ada", "pass"),
        ("roles/storage.objectViewer", BUILD, "pass"),
        ("roles/iam.serviceAccountTokenCreator", BUILD, "fail"),
        ("roles/iam.workloadIdentityUser", BUILD, "fail"),
        ("roles/editor", "serviceAccount:111111111111@cloudservices.gserviceaccount.com", "pass"),
        ("roles/owner", "serviceAccount:service-111111111111@gcp-sa-cloudbuild.iam.gserviceaccount.com", "pass"),
        ("roles/owner", "serviceAccount:service-111111111111@compute-system.iam.gserviceaccount.com", "pass"),
        ("roles/owner", "serviceAccount:service-111111@shop.iam.gserviceaccount.com", "fail"),
        ("roles/owner", f"deleted:{BUILD}?uid=7", "pass"),
        ("roles/owner", ADA, "pass"),
    ],
)
def test_service_accounts_administer_nothing(gcp: Cloud, role: str, member: str, status: str) -> None:
    policy(gcp, "shop", (role, member))
    assert asked(gcp, MACHINES).status(MACHINES) == status


def test_a_pipeline_and_a_role_can_be_approved(gcp: Cloud) -> None:
    policy(gcp, "shop", ("roles/storage.objectAdmin", BUILD))
    assert asked(gcp, MACHINES, approved=["serviceAccount:build@*"]).status(MACHINES) == "pass"
    assert asked(gcp, MACHINES, harmless_roles=["roles/storage.objectAdmin"]).status(MACHINES) == "pass"
    assert asked(gcp, MACHINES).status(MACHINES) == "fail"


def test_an_approved_name_is_taken_as_it_stands(gcp: Cloud) -> None:
    member = "serviceAccount:shop.svc.id.goog[apps/web]"
    policy(gcp, "shop", ("roles/storage.admin", member))
    assert asked(gcp, MACHINES, approved=[member]).status(MACHINES) == "pass"
    assert asked(gcp, MACHINES, approved=["serviceAccount:shop.svc.id.goog[apps/*]"]).status(MACHINES) == "pass"
    assert asked(gcp, MACHINES, approved=["serviceAccount:shop.svc.id.goog[apps/we?]"]).status(MACHINES) == "fail"


def test_a_role_on_one_resource_is_not_administration(gcp: Cloud) -> None:
    policy(gcp, BUCKET, ("roles/storage.admin", BUILD))
    assert asked(gcp, MACHINES).status(MACHINES) == "not_applicable"


@pytest.mark.parametrize(
    ("permission", "status"),
    [
        ("resourcemanager.projects.setIamPolicy", "fail"),
        ("iam.serviceAccounts.getAccessToken", "fail"),
        ("storage.objects.get", "pass"),
    ],
)
def test_a_custom_role_administers_if_its_permissions_let_a_holder_rise(gcp: Cloud, permission: str, status: str) -> None:
    data = {"name": "projects/shop/roles/helper", "includedPermissions": ["storage.buckets.list", permission]}
    gcp.add("iam.googleapis.com/Role", "helper", data)
    policy(gcp, "shop", ("projects/shop/roles/helper", BUILD))
    assert asked(gcp, MACHINES).status(MACHINES) == status


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"includedPermissions": ["storage.objects.get"]}, "pass"),
        ({"includedPermissions": ["iam.roles.update"], "deleted": True}, "pass"),
        ({}, "unknown"),
    ],
)
def test_a_custom_role_is_judged_by_what_it_holds_and_not_by_its_name(gcp: Cloud, data: dict[str, Any], status: str) -> None:
    gcp.add("iam.googleapis.com/Role", "siteAdmin", {"name": "projects/shop/roles/siteAdmin", **data})
    policy(gcp, "shop", ("projects/shop/roles/siteAdmin", BUILD))
    assert asked(gcp, MACHINES).status(MACHINES) == status


def test_a_custom_role_that_was_not_read_leaves_the_answer_open(gcp: Cloud) -> None:
    orders(gcp)
    policy(gcp, "orders", (f"{ORGANIZATION}/roles/helper", BUILD))
    assert asked(gcp, MACHINES).status(MACHINES) == "pass"  # the organization was read: the role is no more
    seen = asked(gcp, MACHINES, parent=ORDERS)
    assert seen.status(MACHINES) == "unknown"
    assert f"{ORGANIZATION}/roles/helper" in seen.reason(MACHINES)


# -- duties ------------------------------------------------------------------------------------------------------------

USES = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
ADMINISTERS = "roles/cloudkms.admin"


def test_nobody_administers_and_uses_keys(gcp: Cloud) -> None:
    policy(gcp, "shop", (ADMINISTERS, ADA), (USES, ADA), (USES, "user:bob@example.org"))
    seen = asked(gcp, DUTIES)
    assert seen.status(DUTIES) == "fail"
    assert seen.reason(DUTIES) == (
        f"project shop: {ADA} administers and uses keys (roles/cloudkms.admin, roles/cloudkms.cryptoKeyEncrypterDecrypter)"
    )
    assert asked(gcp, DUTIES, approved=[ADA]).status(DUTIES) == "pass"


def test_two_people_may_hold_the_two_roles(gcp: Cloud) -> None:
    policy(gcp, "shop", (ADMINISTERS, ADA), (USES, "user:bob@example.org"))
    assert asked(gcp, DUTIES).status(DUTIES) == "pass"


@pytest.mark.parametrize("over", ["shop", FOLDER, ORGANIZATION])
def test_a_role_held_above_counts_and_is_told_where_the_second_is_granted(gcp: Cloud, over: str) -> None:
    policy(gcp, over, (ADMINISTERS, ADA))
    policy(gcp, KEY, (USES, ADA))
    seen = asked(gcp, DUTIES)
    assert seen.status(DUTIES, "cryptoKeys/orders") == "fail"
    assert [str(f.status) for f in seen.of(DUTIES)].count("fail") == 1


def test_a_role_on_the_ring_holds_for_its_keys(gcp: Cloud) -> None:
    ring = "//cloudkms.googleapis.com/projects/shop/locations/europe-west1/keyRings/ring"
    policy(gcp, ("cloudkms.googleapis.com/KeyRing", ring), (ADMINISTERS, ADA))
    policy(gcp, KEY, (USES, ADA))
    assert asked(gcp, DUTIES).status(DUTIES, "cryptoKeys/orders") == "fail"


def test_one_half_is_open_where_what_is_above_was_not_read(gcp: Cloud) -> None:
    orders(gcp)
    policy(gcp, "orders", ("roles/iam.serviceAccountUser", ADA))
    seen = asked(gcp, DUTIES, parent=ORDERS)
    assert seen.status(DUTIES) == "unknown"
    assert f"{FOLDER}, {ORGANIZATION}, which was not read" in seen.reason(DUTIES)
    policy(gcp, "orders", ("roles/viewer", ADA))
    assert asked(gcp, DUTIES, parent=ORDERS).status(DUTIES) == "pass"


# -- privilege that lasts ----------------------------------------------------------------------------------------------

UNTIL_JUNE = "request.time < timestamp('2026-06-01T00:00:00Z')"


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("", "fail"),
        (UNTIL_JUNE, "pass"),
        ('request.time <= timestamp("2026-06-01T00:00:00Z")', "pass"),
        (f"({UNTIL_JUNE})", "pass"),
        ("timestamp('2026-06-01T00:00:00Z') > request.time", "pass"),
        (f"resource.name.startsWith('x') && {UNTIL_JUNE}", "pass"),
        (f"({UNTIL_JUNE} && resource.name == 'x')", "pass"),
        ("request.time < timestamp('2026-01-01T00:00:00Z')", "pass"),
        ("request.time < timestamp('2099-01-01T00:00:00Z')", "fail"),
        ("request.time > timestamp('2026-06-01T00:00:00Z')", "fail"),
        (f"!({UNTIL_JUNE})", "fail"),
        (f"({UNTIL_JUNE}) == false", "fail"),
        (f"{UNTIL_JUNE} || resource.name == 'x'", "fail"),
        (f"{UNTIL_JUNE} || request.time < timestamp('2026-05-09T00:00:00Z')", "pass"),
        (f"true || ({UNTIL_JUNE} || {UNTIL_JUNE})", "fail"),
        ("request.time.getHours() < 18", "fail"),
        ("request.time < timestamp('soon')", "fail"),
    ],
)
def test_a_privileged_grant_ends_in_time(gcp: Cloud, condition: str, status: str) -> None:
    policy(gcp, "shop", ("roles/iam.securityAdmin", ADA), condition=condition)
    assert asked(gcp, LASTING).status(LASTING) == status


def test_a_grant_that_ends_too_late_is_told_with_its_end(gcp: Cloud) -> None:
    policy(gcp, "shop", ("roles/iam.securityAdmin", ADA), condition="request.time < timestamp('2027-01-01T00:00:00Z')")
    seen = asked(gcp, LASTING)
    assert seen.reason(LASTING) == (
        f"project shop grants roles/iam.securityAdmin to {ADA} until 2027-01-01T00:00:00Z; 90 days are allowed"
    )
    assert asked(gcp, LASTING, max_days=400).status(LASTING) == "pass"


def test_machines_lesser_roles_and_approved_members_may_hold_theirs_for_good(gcp: Cloud) -> None:
    policy(gcp, "shop", ("roles/iam.securityAdmin", BUILD), ("roles/viewer", ADA), ("roles/owner", "user:fire@example.org"))
    assert asked(gcp, LASTING).status(LASTING) == "fail"
    assert asked(gcp, LASTING, approved=["user:fire@example.org"]).status(LASTING) == "pass"
