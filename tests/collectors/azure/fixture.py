"""The fixture `azure`: a fresh tenant on the loopback for each test, one server for the session."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud
    from tests.collectors.azure.server import Server


@pytest.fixture(scope="session")
def azure_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Server]":
    """The server that every test of Azure shares."""
    from tests.collectors.azure.server import Server

    server = Server(tmp_path_factory.mktemp("azure"))
    yield server
    server.stop()


@pytest.fixture
def azure(azure_server: "Server", monkeypatch: pytest.MonkeyPatch) -> "Cloud":
    """A fresh tenant, and the environment that leads a scan to it and nowhere else."""
    from tests.collectors.azure.server import CLEARED

    azure_server.cloud.reset()
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    for name, value in azure_server.environment().items():
        monkeypatch.setenv(name, value)
    return azure_server.cloud
