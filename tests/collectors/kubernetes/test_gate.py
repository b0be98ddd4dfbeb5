"""What may leave: declared reads of this cluster, and nothing else, whoever asks."""

from typing import Any

import pytest

from collectors.kubernetes.gate import Gate
from collectors.permit import Permit, under
from collectors.source import UndeclaredCallError
from tests.collectors.kubernetes.cluster import Cluster
from tests.collectors.kubernetes.collecting import place, source

PODS = "list pods"


def test_a_call_that_was_not_declared_is_refused_before_it_leaves(kube: Cluster) -> None:
    connection = kube.connect()
    reader = connection.reader(place(connection), source(PODS))
    with pytest.raises(UndeclaredCallError, match="list pods did not declare list secrets"):
        list(reader.pages("list secrets", "Secret"))
    assert "list secrets" not in kube.calls


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/secrets"),
        ("GET", "/api/v1/namespaces/default/pods"),
        ("GET", "/api/v1/pods?watch=true"),
        ("GET", "/api/v1/pods?limit=1&watch"),
        ("GET", "/api/v1/pods/../secrets"),
        ("DELETE", "/api/v1/pods"),
        ("POST", "/api/v1/pods"),
    ],
)
def test_what_is_asked_through_the_client_directly_is_refused_too(kube: Cluster, method: str, path: str) -> None:
    connection = kube.connect()
    client = connection.api.client
    with under(Permit(PODS, frozenset({("GET", "/api/v1/pods")}))), pytest.raises(UndeclaredCallError):
        client.call_api(method, kube.url + path, {})
    with pytest.raises(UndeclaredCallError, match="outside of a source"):
        client.call_api("GET", f"{kube.url}/api/v1/pods", {})
    assert kube.calls == []


def test_credentials_do_not_follow_to_another_host(kube: Cluster) -> None:
    client = kube.connect().api.client
    with under(Permit(PODS, frozenset({("GET", "/api/v1/pods")}))), pytest.raises(UndeclaredCallError):
        client.call_api("GET", "https://localhost:1/api/v1/pods", {})


def test_a_server_behind_a_path_is_asked_below_it_and_nowhere_else() -> None:
    class Pool:
        def __init__(self) -> None:
            self.sent: list[str] = []

        def request(self, method: str, url: str, **options: Any) -> None:
            assert (options["retries"], options["redirect"]) == (False, False)
            self.sent.append(f"{method} {url}")

    pool, host = Pool(), "https://proxy.example.com/k8s/clusters/c-1"
    gate = Gate(pool, host)
    with under(Permit(PODS, frozenset({("GET", "/api/v1/pods")}))):
        gate.request("GET", f"{host}/api/v1/pods?limit=5")
        for url in ("https://proxy.example.com/api/v1/pods", f"{host}-2/api/v1/pods", "/api/v1/pods"):
            with pytest.raises(UndeclaredCallError):
                gate.request("GET", url)
        with pytest.raises(UndeclaredCallError):
            gate.request("GET", f"{host}/api/v1/pods", fields=[("watch", "1")])
    assert pool.sent == [f"GET {host}/api/v1/pods?limit=5"]
