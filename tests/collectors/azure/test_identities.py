"""The ways to sign in other than a secret in the environment."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.collectors.azure.cloud import CALLER, CLIENT, PROD, TENANT, TEST, Cloud
from tests.collectors.azure.server import token_for

SIGN_IN = ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID")


@pytest.fixture
def machine(azure: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A machine of the cloud's own, whose metadata service gives tokens for its identity: the paths that it was asked for."""
    asked: list[str] = []

    class Metadata(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            told = json.dumps({**token_for(azure), "resource": azure.endpoint}).encode()
            self.send_response(200 if self.headers.get("Metadata") else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's own name
            """Say nothing."""

    listening = HTTPServer(("127.0.0.1", 0), Metadata)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    for name in SIGN_IN:
        monkeypatch.delenv(name)
    monkeypatch.delenv("AZURE_TOKEN_CREDENTIALS")
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", f"http://127.0.0.1:{listening.server_port}")
    yield asked
    listening.shutdown()
    listening.server_close()
    thread.join()


@pytest.mark.parametrize("tenant", [None, TENANT])
def test_a_managed_identity_is_found_without_any_setting(azure: Cloud, machine: list[str], tenant: str | None) -> None:
    places = list(azure.connect(tenant=tenant).places())
    assert [place.scope.account for place in places] == [TENANT, PROD, TEST]
    assert places[0].principal == f"{CLIENT} ({CALLER})"
    assert machine
    assert all(path.startswith("/metadata/identity/oauth2/token") for path in machine)


def test_a_workload_identity_signs_in_with_the_token_of_its_cluster(
    azure: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("a-token-of-the-cluster")
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "WorkloadIdentityCredential")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    azure.assertions.add("a-token-of-the-cluster")
    assert len(list(azure.connect().places())) == 3
    (asked,) = azure.asked("token")
    assert "client_assertion" in asked.body
