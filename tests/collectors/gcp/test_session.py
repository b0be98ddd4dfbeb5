"""The connection: who asks, what is under the target, and what happens where nobody may ask."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collectors.gcp import GcpTarget
from collectors.source import UnreadError
from evidence_store.records import Unread, Why
from tests.collectors.gcp.assets import BUCKET, PROJECT
from tests.collectors.gcp.certificates import make
from tests.collectors.gcp.cloud import SCANNER, Cloud
from tests.collectors.gcp.gathering import gather
from tests.collectors.gcp.service import AssetService
from tests.collectors.gcp.tokens import MACHINE, metadata_server

ROOT = Path(__file__).parents[3]
RESOURCE = "cloudasset.ListAssets RESOURCE"
LIST = "cloudasset.assets.listResource"
READER = "reader@tools.iam.gserviceaccount.com"


def places(gcp: Cloud, **settings: Any) -> list[str]:
    connection = gcp.connect(**settings)
    try:
        return [place.scope.account for place in connection.places()]
    finally:
        connection.close()


def unread(gcp: Cloud, **settings: Any) -> Unread:
    with pytest.raises(UnreadError) as caught:
        places(gcp, **settings)
    return caught.value.unread


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


# Who asks.


def test_the_principal_is_the_account_of_the_credentials_and_its_token_is_asked_for_once(gcp: Cloud) -> None:
    found = gather(gcp.connect())
    assert {place.principal for place in found.collection.places} == {SCANNER}
    assert {asked.principal for asked in gcp.asked} == {SCANNER}
    assert gcp.issuer.asked == [f"token for {SCANNER}"]


def test_a_token_that_ends_is_renewed_before_the_next_call(gcp: Cloud) -> None:
    gcp.issuer.seconds = 1  # less than the margin that the SDK keeps
    gather(gcp.connect(), BUCKET)
    assert len(gcp.issuer.asked) == len(gcp.asked)
    assert {asked.answered for asked in gcp.asked} == {"OK"}


@pytest.mark.parametrize(
    "content", ["", "not json", "[]", "{}", '{"type": "service_account"}', '{"type": "nonsense"}', '{"type": []}']
)
def test_a_credentials_file_that_holds_something_else_fails_the_target(gcp: Cloud, tmp_path: Path, content: str) -> None:
    (tmp_path / "credentials.json").write_text(content)
    found = unread(gcp)
    assert (found.why, found.action) == (Why.CREDENTIALS, "application-default credentials")


def test_a_key_that_is_none_fails_the_target_and_is_not_told(gcp: Cloud, tmp_path: Path) -> None:
    gcp.credentials(tmp_path, private_key="-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n")
    found = unread(gcp)
    assert found.why is Why.CREDENTIALS
    assert "hunter2" not in str(found)


def test_a_claim_that_is_refused_fails_the_target_with_the_endpoints_word(gcp: Cloud) -> None:
    gcp.issuer.refused = "invalid_grant"
    assert unread(gcp) == Unread(Why.CREDENTIALS, "application-default credentials", "invalid_grant")
    assert gcp.calls == []


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"{}", b"[]", b'{"access_token": '])
def test_a_token_endpoint_that_gives_no_token_fails_the_target(gcp: Cloud, body: bytes) -> None:
    gcp.issuer.body = body
    found = unread(gcp)
    assert found.why in {Why.CREDENTIALS, Why.UNREACHABLE}
    assert gcp.calls == []


def test_a_token_that_the_service_refuses_fails_the_target(gcp: Cloud) -> None:
    gcp.garble(RESOURCE, "unauthenticated")
    expected = Unread(Why.CREDENTIALS, "cloudasset.assets.listResource", "UNAUTHENTICATED, ACCESS_TOKEN_EXPIRED")
    assert unread(gcp) == expected
    assert gcp.calls == [RESOURCE]


def test_a_token_of_too_little_scope_is_a_matter_of_credentials(gcp: Cloud) -> None:
    gcp.garble(RESOURCE, "scopes")
    assert unread(gcp).why is Why.CREDENTIALS


def test_a_token_endpoint_that_is_not_there_is_unreachable(gcp: Cloud, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    gcp.credentials(tmp_path, token_uri=f"https://localhost:{port}/token")
    assert unread(gcp) == Unread(Why.UNREACHABLE, "application-default credentials", "the token endpoint")


def test_an_endpoint_that_is_not_there_fails_the_target(gcp: Cloud) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert unread(gcp, endpoint=f"localhost:{port}") == Unread(Why.UNREACHABLE, LIST, "nobody listens there")


def test_an_endpoint_that_speaks_another_protocol_fails_the_target(gcp: Cloud) -> None:
    found = unread(gcp, endpoint=f"localhost:{gcp.tokens.port}")
    assert found == Unread(Why.UNREACHABLE, LIST, "it does not speak the protocol")


def test_an_endpoint_whose_certificate_is_not_trusted_gets_no_token(gcp: Cloud, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    service = AssetService(gcp, make(other))
    try:
        found = unread(gcp, endpoint=f"localhost:{service.port}")
    finally:
        service.stop()
    assert found == Unread(Why.UNREACHABLE, LIST, "its certificate is not trusted")
    assert gcp.asked == []


# Acting as another account.


def test_impersonation_by_the_setting_is_what_the_service_sees(gcp: Cloud) -> None:
    found = gather(gcp.connect(impersonate=READER))
    assert {asked.principal for asked in gcp.asked} == {READER}
    assert {place.principal for place in found.collection.places} == {READER}
    assert gcp.issuer.asked == [f"token for {SCANNER}", f"{SCANNER} as {READER}"]


def test_impersonation_by_the_credentials_file_is_what_the_service_sees(
    gcp: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(gcp.impersonating(tmp_path, READER)))
    found = gather(gcp.connect())
    assert {asked.principal for asked in gcp.asked} == {READER}
    assert {place.principal for place in found.collection.places} == {READER}


def test_impersonation_that_is_not_allowed_names_its_permission(gcp: Cloud) -> None:
    gcp.deny("iam.serviceAccounts.getAccessToken")
    assert unread(gcp, impersonate=READER) == Unread(Why.DENIED, "iam.serviceAccounts.getAccessToken", "PERMISSION_DENIED")
    assert gcp.calls == []


# Other ways to be someone.


def test_a_person_who_signed_in_is_the_principal(gcp: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(gcp.user(tmp_path, "ada@example.org", "tools")))
    found = gather(gcp.connect(), BUCKET)
    assert {place.principal for place in found.collection.places} == {"ada@example.org"}
    assert {(asked.principal, asked.quota_project) for asked in gcp.asked} == {("ada@example.org", "tools")}
    assert gcp.tokens.strayed == []


@pytest.mark.parametrize(("account", "principal"), [(None, "identity_pool"), (READER, READER)])
def test_a_workload_of_another_provider_needs_no_key(
    gcp: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: str | None, principal: str
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(gcp.federated(tmp_path, "pipeline", account)))
    found = gather(gcp.connect(), BUCKET)
    assert {place.principal for place in found.collection.places} == {principal}
    assert {asked.principal for asked in gcp.asked} == {account or "pipeline"}


ALONE = """
from collectors.gcp import GcpTarget
from collectors.gcp.session import GcpConnection
from collectors.source import UnreadError
try:
    places = GcpConnection(GcpTarget("t", "projects/shop", endpoint="localhost:%s")).places()
    print(*(place.principal for place in places))
except UnreadError as error:
    print(error.unread.why, error.unread.detail)
"""


def alone(gcp: Cloud, **environment: str) -> str:
    """What a process of its own comes to: the SDK reads a part of its environment when it is imported."""
    given = {key: value for key, value in os.environ.items() if key != "GOOGLE_APPLICATION_CREDENTIALS"} | environment
    command = [sys.executable, "-c", ALONE % gcp.port]
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=True).stdout.strip()


def test_no_credentials_fail_the_target(gcp: Cloud) -> None:
    assert alone(gcp) == "credentials none were found, or their file cannot be used"


def test_debug_logs_of_the_sdk_tell_no_answers_and_no_tokens(gcp: Cloud, tmp_path: Path) -> None:
    loud = "import logging\nlogging.basicConfig(level=logging.DEBUG)\n"
    given = {**os.environ, "GOOGLE_SDK_PYTHON_LOGGING_SCOPE": "google"}
    command = [sys.executable, "-c", loud + ALONE % gcp.port]
    ran = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == SCANNER
    assert gcp.calls == [RESOURCE]
    assert not [line for line in ran.stderr.splitlines() if "google" in line and "DEBUG" in line and "credentials" not in line]
    assert "projectId" not in ran.stderr
    assert "assertion" not in ran.stderr


def test_a_machines_own_account_needs_no_file(gcp: Cloud) -> None:
    with metadata_server(gcp.issuer) as host:
        assert alone(gcp, NO_GCE_CHECK="false", GCE_METADATA_HOST=host, GCE_METADATA_IP=host) == MACHINE
    assert {asked.principal for asked in gcp.asked} == {MACHINE}


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


def test_credentials_are_written_where_only_their_owner_reads_them(gcp: Cloud, tmp_path: Path) -> None:
    file = gcp.credentials(tmp_path)
    assert file.stat().st_mode & 0o077 == 0
    assert json.loads(file.read_text())["token_uri"].startswith("https://localhost:")
