"""The fixture `kube`: a fresh cluster on the loopback for each test, one server for the session."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.collectors.kubernetes.cluster import Cluster
    from tests.collectors.kubernetes.server import Server


@pytest.fixture(scope="session")
def kube_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Server]":
    """The server that every test of a cluster shares."""
    from tests.collectors.kubernetes.server import Server  # only tests of clusters pay for it

    server = Server(tmp_path_factory.mktemp("kube"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def kube(kube_server: "Server", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Cluster":
    """A cluster as it is after its installation, and no other way to one in the environment."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    kube_server.cluster.directory = tmp_path
    kube_server.cluster.reset()
    return kube_server.cluster
