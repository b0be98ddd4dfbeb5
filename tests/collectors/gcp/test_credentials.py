"""Who asks: every way to be someone, and every way to be nobody, told by what it takes."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evidence_store.records import Unread, Why
from tests.certificates import make
from tests.collectors.gcp.assets import BUCKET
from tests.collectors.gcp.cloud import SCANNER, Cloud
from tests.collectors.gcp.gathering import gather, unread
from tests.collectors.gcp.service import AssetService
from tests.collectors.gcp.tokens import MACHINE, metadata_server

ROOT = Path(__file__).parents[3]
RESOURCE = "cloudasset.ListAssets RESOURCE"
LIST = "cloudasset.assets.listResource"
READER = "reader@tools.iam.gserviceaccount.com"


@contextmanager
def closed() -> Iterator[int]:
    """A port at which nobody listens, and which nobody else is given."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


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
    with closed() as port:
        gcp.credentials(tmp_path, token_uri=f"https://localhost:{port}/token")
        assert unread(gcp) == Unread(Why.UNREACHABLE, "application-default credentials", "the token endpoint")


def test_an_endpoint_that_is_not_there_fails_the_target(gcp: Cloud) -> None:
    with closed() as port:
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


def test_credentials_are_written_where_only_their_owner_reads_them(gcp: Cloud, tmp_path: Path) -> None:
    file = gcp.credentials(tmp_path)
    assert file.stat().st_mode & 0o077 == 0
    assert json.loads(file.read_text())["token_uri"].startswith("https://localhost:")
