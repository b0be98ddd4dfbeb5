"""The connection: what is under the target, whose quota is used, and what the configuration may say."""

from pathlib import Path

import pytest

from collectors.gcp import GcpTarget
from evidence_store.records import Unread, Why
from tests.collectors.gcp.assets import BUCKET, PROJECT
from tests.collectors.gcp.cloud import Cloud
from tests.collectors.gcp.gathering import gather, places, unread

RESOURCE = "cloudasset.ListAssets RESOURCE"
READER = "reader@tools.iam.gserviceaccount.com"


# What is under the target.


def test_the_root_comes_first_and_each_active_project_by_its_id(gcp: Cloud) -> None:
    gcp.estate.project("gone", "444444444444", state="DELETE_REQUESTED")
    assert places(gcp) == [gcp.organization, "lab", "shop"]


def test_every_page_of_projects_is_read(gcp: Cloud) -> None:
    for number in range(7):
        gcp.estate.project(f"team-{number}", f"55555555555{number}")
    assert len(places(gcp)) == 10
    assert gcp.calls == [RESOURCE] * 5


def test_a_folder_reaches_what_is_in_it(gcp: Cloud) -> None:
    assert places(gcp, parent="folders/222222222222") == ["folders/222222222222", "shop"]


def test_a_project_is_one_place_and_everything_in_it_is_its_own(gcp: Cloud) -> None:
    mine = gcp.add(BUCKET, "mine", {"name": "mine"})
    gcp.add(BUCKET, "others", {"name": "others"}, "lab")
    found = gather(gcp.connect("projects/shop"), BUCKET)
    assert found.accounts == ["shop"]
    assert found.account_of(mine) == "shop"
    assert list(found.facts("gcp.storage.bucket")) == [mine]


def test_without_a_parent_the_project_of_the_credentials_is_read(gcp: Cloud, tmp_path: Path) -> None:
    gcp.credentials(tmp_path, project_id="lab")
    assert places(gcp, parent=None) == ["lab"]


def test_credentials_that_name_no_project_say_that_a_parent_is_wanted(gcp: Cloud, tmp_path: Path) -> None:
    gcp.credentials(tmp_path, project_id=None)
    assert unread(gcp, parent=None) == Unread(
        Why.CREDENTIALS, "application-default credentials", "they name no project to read: set `parent`"
    )


@pytest.mark.parametrize("parent", ["projects/nowhere", "organizations/999999999999"])
def test_a_target_that_is_not_in_its_own_inventory_was_not_seen(gcp: Cloud, parent: str) -> None:
    found = gather(gcp.connect(parent))
    assert found.failed == Unread(Why.UNEXPECTED, "cloudasset.assets.listResource", f"not one project in {parent}")


def test_a_folder_may_be_empty(gcp: Cloud) -> None:
    gcp.estate.folder("555555555555", "empty")
    assert (gather(gcp.connect("folders/555555555555")).failed, gather(gcp.connect("folders/555555555555")).incomplete) == (
        None,
        set(),
    )


def test_the_newer_wording_of_a_project_is_understood(gcp: Cloud) -> None:
    data = {"name": "projects/666666666666", "projectId": "newer", "state": "ACTIVE", "displayName": "Newer"}
    ancestors = ("projects/666666666666", gcp.organization)
    uid = gcp.add(PROJECT, "//cloudresourcemanager.googleapis.com/projects/666666666666", data, ancestors=ancestors)
    gcp.estate.projects["newer"] = gcp.estate.projects["lab"]
    found = gather(gcp.connect(), PROJECT)
    assert "newer" in found.accounts
    assert found.facts("gcp.project")[uid] == {
        "projectId": "newer",
        "projectNumber": "666666666666",
        "name": "Newer",
        "lifecycleState": "ACTIVE",
        "parent": f"//cloudresourcemanager.googleapis.com/{gcp.organization}",
        "ancestors": list(ancestors),
        "location": "europe-west1",
    }


def test_a_project_that_does_not_say_which_it_is_leaves_the_root_incomplete(gcp: Cloud) -> None:
    odd = gcp.add(PROJECT, "//cloudresourcemanager.googleapis.com/projects/7", {"name": "x"}, ancestors=[gcp.organization])
    gcp.add(BUCKET, "orders", {"name": "orders"})
    found = gather(gcp.connect(), BUCKET, PROJECT)
    assert found.accounts == [gcp.organization, "lab", "shop"]
    assert found.incomplete == {(gcp.organization, BUCKET), (gcp.organization, PROJECT)}
    assert found.snapshots(BUCKET)[gcp.organization].reason == Unread(
        Why.UNEXPECTED, "cloudasset.assets.listResource", "a project without its id"
    )
    assert found.unread(odd) == Unread(Why.UNEXPECTED, "cloudasset.ListAssets " + PROJECT, "no projectId")


def test_where_projects_may_not_be_listed_the_root_says_so_in_each_of_its_readings(gcp: Cloud) -> None:
    gcp.add(BUCKET, "orders", {"name": "orders"}, iam={"bindings": [{"role": "r", "members": ["allUsers"]}]})
    gcp.deny("cloudasset.assets.listResource")
    found = gather(gcp.connect(), BUCKET, "IAM_POLICY")
    assert found.accounts == [gcp.organization]
    denied = Unread(Why.DENIED, "cloudasset.assets.listResource", "IAM_PERMISSION_DENIED")
    assert {found.reason(BUCKET), found.reason("IAM_POLICY")} == {denied}


def test_a_project_alone_needs_no_listing_to_be_read(gcp: Cloud) -> None:
    policy = {"bindings": [{"role": "r", "members": ["allUsers"]}]}
    uid = gcp.add(BUCKET, "orders", {"name": "orders"}, iam=policy)
    gcp.deny("cloudasset.assets.listResource")
    found = gather(gcp.connect("projects/shop"), BUCKET, "IAM_POLICY", PROJECT)
    assert found.presence("IAM_POLICY") == {"complete"}
    assert found.account_of(uid) == "shop"
    assert found.reason(PROJECT).why is Why.DENIED
    assert found.reason(BUCKET).why is Why.DENIED


# Whose quota.


def test_the_quota_project_goes_with_each_call(gcp: Cloud) -> None:
    gather(gcp.connect(quota_project="tools"))
    assert {asked.quota_project for asked in gcp.asked} == {"tools"}


def test_impersonation_keeps_the_quota_project(gcp: Cloud) -> None:
    gather(gcp.connect(quota_project="tools", impersonate=READER))
    assert {asked.quota_project for asked in gcp.asked} == {"tools"}


def test_the_clouds_own_audit_log_can_tell_that_it_was_us(gcp: Cloud) -> None:
    gather(gcp.connect())
    assert {asked.agent.partition("/")[0] for asked in gcp.asked} == {"annexa"}


def test_without_a_quota_project_none_is_named(gcp: Cloud) -> None:
    gather(gcp.connect())
    assert {asked.quota_project for asked in gcp.asked} == {""}


def test_a_service_that_is_not_enabled_is_no_empty_answer(gcp: Cloud) -> None:
    gcp.garble(RESOURCE, "disabled")
    found = gather(gcp.connect("projects/shop"), BUCKET)
    assert str(found.reason(BUCKET)) == (
        "cloudasset.assets.listResource was denied "
        "(cloudasset.googleapis.com is not enabled in projects/999999999999: enable it there)"
    )


def test_a_quota_project_that_may_not_be_used_names_the_permission_that_it_takes(gcp: Cloud) -> None:
    gcp.garble(RESOURCE, "quota project")
    assert unread(gcp) == Unread(Why.DENIED, "serviceusage.services.use", "on projects/tools")


@pytest.mark.filterwarnings("error::UserWarning")
def test_a_person_without_a_quota_project_is_told_to_set_one(
    gcp: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(gcp.user(tmp_path, "ada@example.org")))
    gcp.garble(RESOURCE, "no quota project")
    reason = gather(gcp.connect(), BUCKET).reason(BUCKET)
    assert (reason.why, reason.detail.endswith(": set quota_project")) == (Why.DENIED, True)


def test_nothing_that_a_scan_asks_strays_beyond_the_loopback(gcp: Cloud) -> None:
    gather(gcp.connect(impersonate=READER, quota_project="tools"))
    assert gcp.tokens.strayed == []


def test_the_endpoint_of_the_public_cloud_is_the_default(gcp: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{gcp.tokens.proxy}")
    found = gather(gcp.connect(endpoint=None), BUCKET)
    assert found.presence(BUCKET) == {"complete"}
    assert gcp.tokens.strayed == []


# What the configuration may say.


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("parent", "123456789012"),
        ("parent", "projects/123456789012"),
        ("parent", "organizations/example.org"),
        ("parent", "projects/Shop"),
        ("parent", ""),
        ("impersonate", "someone@example.org"),
        ("impersonate", "reader"),
        ("quota_project", "projects/tools"),
        ("endpoint", "https://cloudasset.example.org"),
        ("endpoint", "cloudasset.example.org"),
        ("endpoint", "cloudasset.example.org:0"),
        ("endpoint", "cloudasset.example.org:70000"),
    ],
)
def test_a_setting_of_another_form_is_refused_by_name(key: str, value: str) -> None:
    given = {"name": "cloud", "parent": "projects/my-project", key: value}
    with pytest.raises(ValueError, match=f"^{key}: {value!r} is not "):
        GcpTarget(**given)


def test_settings_of_the_published_forms_are_taken() -> None:
    for parent in ("organizations/1", "folders/2", "projects/my-project-id", "projects/example.com:my-project"):
        assert GcpTarget(name="cloud", parent=parent).parent == parent
    GcpTarget(name="cloud", parent="folders/2", impersonate=READER, quota_project="tools-1", endpoint="10.0.0.1:443")
