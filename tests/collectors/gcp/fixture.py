"""The fixture `gcp`: a fresh organization on the loopback for each test, one server for the session."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.collectors.gcp.cloud import Cloud
    from tests.collectors.gcp.server import Server


@pytest.fixture(scope="session")
def gcp_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Server]":
    """The server that every test of Google Cloud shares."""
    from tests.collectors.gcp.server import Server  # its SDK takes two seconds; only tests of Google Cloud pay for it

    server = Server(tmp_path_factory.mktemp("gcp"))
    yield server
    server.stop()


@pytest.fixture
def gcp(gcp_server: "Server", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Cloud":
    """A fresh organization, and the environment that leads a scan to it and nowhere else."""
    from tests.collectors.gcp.server import CLEARED

    gcp_server.cloud.reset()
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    for name, value in gcp_server.environment(gcp_server.cloud.credentials(tmp_path)).items():
        monkeypatch.setenv(name, value)
    return gcp_server.cloud
