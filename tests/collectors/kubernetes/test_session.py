"""Connecting: by a kubeconfig or as a pod, to which cluster, as whom, and what is said where that cannot be."""

import json
import socket
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from urllib3.exceptions import InsecureRequestWarning

from collectors.kubernetes import PROVIDER, KubernetesTarget, access, api, exec_plugin, session
from collectors.kubernetes.session import KubernetesConnection
from collectors.source import UnreadError
from evidence_store.records import Presence, Scope, Unread, Why
from tests.certificates import make
from tests.collectors.kubernetes.cluster import CREATED, TOKEN, UID, USER, Cluster, encoded
from tests.collectors.kubernetes.collecting import collect

NOT_FOUND = ".".join(["nowhere" * 6] * 6)[:254]  # longer than a name can be: no server of names is asked


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "WAIT_FIRST", 0.001)


def refused(kube: Cluster, **settings: Any) -> Unread:
    """Why a target could not be connected to, or its cluster not be found."""
    with pytest.raises(UnreadError) as caught:
        list(kube.connect(**settings).places())
    return caught.value.unread


def edited(kube: Cluster, *path: str, to: Any) -> str:
    """A kubeconfig with one value changed, or taken out."""
    file = kube.kubeconfig("edited")
    content = json.loads(file.read_text())
    inner = content
    for part in path[:-1]:
        inner = inner[int(part)] if part.isdecimal() else inner[part]
    if to is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    file.write_text(json.dumps(content))
    return str(file)


def program(directory: Path, prints: str, *, code: int = 0) -> str:
    """A program that prints a text, as a credential plugin does."""
    file = directory / "plugin"
    file.write_text(
        f"#!{sys.executable}\nimport sys\nsys.stdout.write({prints!r})\nsys.stderr.write('hush')\nsys.exit({code})\n"
    )
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def credential(**status: str) -> str:
    return json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status})


def by_program(kube: Cluster, prints: str, *, code: int = 0, **more: Any) -> str:
    command = program(kube.directory, prints, code=code)
    spec = {"apiVersion": "client.authentication.k8s.io/v1", "command": command, "interactiveMode": "Never", **more}
    return str(kube.kubeconfig("by-program", exec=spec))


# Which cluster, and who asks.


def test_the_cluster_is_known_by_the_uid_of_kube_system_and_the_caller_by_its_review(kube: Cluster) -> None:
    (place,) = kube.connect().places()
    assert (place.scope, place.principal, place.failed) == (Scope("kubernetes", UID), USER, None)
    assert kube.calls == ["get namespaces kube-system", "create selfsubjectreviews.authentication.k8s.io"]


@pytest.mark.parametrize("how", ["denied", "not served"])
def test_where_the_cluster_does_not_say_who_asks_the_kubeconfig_does(kube: Cluster, how: str) -> None:
    review = "create selfsubjectreviews.authentication.k8s.io"
    if how == "denied":
        kube.deny(review)
    else:
        kube.garble(review, "not-served")
    (place,) = kube.connect().places()
    assert place.principal == "scanner"


def test_a_cluster_whose_uid_may_not_be_read_fails_as_a_target(kube: Cluster) -> None:
    kube.deny("get namespaces kube-system")
    assert str(refused(kube)) == "get namespaces kube-system was denied (Forbidden)"


def test_a_cluster_without_an_identity_is_no_cluster(kube: Cluster) -> None:
    kube.garble("get namespaces kube-system", "html")
    assert refused(kube).why is Why.UNEXPECTED
    kube.reset()
    kube.amend = lambda _, held: {**held, "metadata": {"name": "kube-system"}, "kind": "Namespace"}
    assert refused(kube).detail == "no uid"


# By a kubeconfig.


def test_the_environment_leads_to_a_kubeconfig_of_several_files(kube: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = kube.directory / "missing"
    monkeypatch.setenv("KUBECONFIG", f"{missing}:{kube.kubeconfig()}")
    (place,) = PROVIDER.connect(KubernetesTarget("test")).places()
    assert place.scope.account == UID
    monkeypatch.setenv("KUBECONFIG", f"{missing}:{missing}")
    assert "none of these files is there" in refused(kube, kubeconfig=None).detail


def test_a_context_is_chosen_by_name(kube: Cluster) -> None:
    assert "context gone" in refused(kube, context="gone").detail.replace("object with name gone in", "context gone")
    (place,) = kube.connect(context="test").places()
    assert place.scope.account == UID


@pytest.mark.parametrize(
    ("path", "to", "told"),
    [
        (("current-context",), None, "current-context"),
        (("current-context",), "gone", "gone"),
        (("contexts",), "none", "Expected key name in"),
        (("contexts", "0", "context", "cluster"), "gone", "gone"),
        (("contexts", "0", "context", "user"), "gone", "contexts[name=test] names the user gone, who is not in users"),
        (("clusters", "0", "cluster", "server"), None, "clusters[name=test] has no server of the form https://HOST"),
        (("clusters", "0", "cluster", "server"), "prod.example.com:6443", "clusters[name=test] has no server"),
        (("clusters", "0", "cluster", "certificate-authority-data"), "%%%", "certificate-authority holds no"),
        (("clusters", "0", "cluster", "certificate-authority-data"), "e", "malformed"),
        (("users", "0", "user"), {"client-certificate-data": "eA==", "client-key-data": "eA=="}, "do not go together"),
        (("users", "0", "user"), {"client-certificate": "/nonexistent/file"}, "/nonexistent/file"),
        (("users", "0", "user"), {"tokenFile": "/nonexistent/token"}, "/nonexistent/token"),
        (("users",), [{"user": {}}], "is no list of entries with names"),
        (("users",), ["scanner"], "is no list of entries with names"),
        (("clusters",), {"test": {}}, "is no list of entries with names"),
    ],
)
def test_a_kubeconfig_that_leads_nowhere_is_one_clear_error(kube: Cluster, path: tuple[str, ...], to: Any, told: str) -> None:
    file = edited(kube, *path, to=to)
    unread = refused(kube, kubeconfig=file)
    assert unread.why is Why.CREDENTIALS
    assert unread.action == f"kubeconfig {file}"
    assert told in unread.detail
    assert TOKEN not in str(unread)
    assert kube.calls == []


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "No such file"), ("", "empty"), (f"token: {TOKEN}\n  - odd: [", "no YAML, line"), ("[]", ""), ("text", "")],
)
def test_a_kubeconfig_that_is_none_is_one_clear_error_and_is_not_quoted(kube: Cluster, content: str | None, told: str) -> None:
    file = kube.directory / "odd"
    if content is not None:
        file.write_text(content)
    unread = refused(kube, kubeconfig=str(file))
    assert (unread.why, unread.action) == (Why.CREDENTIALS, f"kubeconfig {file}")
    assert told in unread.detail
    assert TOKEN not in str(unread)


def test_a_refused_token_is_a_matter_of_credentials(kube: Cluster) -> None:
    file = kube.kubeconfig()
    kube.token = "another"
    assert str(refused(kube, kubeconfig=str(file))) == "get namespaces kube-system had no valid credentials (401 Unauthorized)"


def test_a_caller_that_is_known_as_nobody_has_no_credentials(kube: Cluster) -> None:
    kube.user = "system:anonymous"
    kube.deny("get namespaces kube-system")
    assert refused(kube).why is Why.CREDENTIALS


def test_a_certificate_of_ones_own_is_as_good_as_a_token(kube: Cluster) -> None:
    mine = kube.certificates
    data = {
        "client-certificate-data": encoded(mine.client.read_text()),
        "client-key-data": encoded(mine.client_key.read_text()),
    }
    (place,) = kube.connect(kubeconfig=str(kube.kubeconfig(**data))).places()
    assert place.scope.account == UID
    for name, content in (("client.crt", mine.client.read_text()), ("client.key", mine.client_key.read_text())):
        (kube.directory / name).write_text(content)
    beside = {"client-certificate": "client.crt", "client-key": "client.key"}  # relative to the kubeconfig
    (place,) = kube.connect(kubeconfig=str(kube.kubeconfig(**beside))).places()
    assert place.scope.account == UID
    assert all("authorization" not in request.headers for request in kube.requests)


def test_nothing_is_written_to_the_kubeconfig(kube: Cluster) -> None:
    file = kube.kubeconfig()
    before = file.read_bytes(), file.stat().st_mtime_ns
    list(kube.connect(kubeconfig=str(file)).places())
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


# By a program that a kubeconfig names.


def test_a_program_gives_the_token(kube: Cluster) -> None:
    (place,) = kube.connect(kubeconfig=by_program(kube, credential(token=TOKEN))).places()
    assert place.scope.account == UID


def test_a_program_gives_a_certificate(kube: Cluster) -> None:
    mine = kube.certificates
    prints = credential(clientCertificateData=mine.client.read_text(), clientKeyData=mine.client_key.read_text())
    (place,) = kube.connect(kubeconfig=by_program(kube, prints)).places()
    assert place.scope.account == UID


def test_a_token_that_ran_out_is_asked_for_again(kube: Cluster) -> None:
    connection = kube.connect(kubeconfig=by_program(kube, credential(token=TOKEN, expirationTimestamp=CREATED)))
    list(connection.places())
    program(kube.directory, credential(token="renewed", expirationTimestamp=CREATED))
    kube.token = "renewed"
    assert [place.failed for place in connection.places()] == [None]
    program(kube.directory, "", code=1)
    with pytest.raises(UnreadError, match="had no valid credentials"):
        list(connection.places())


@pytest.mark.parametrize(
    ("prints", "code", "told"),
    [
        ("", 1, "ended with 1"),
        ("no JSON", 0, "gave no ExecCredential"),
        ("[]", 0, "gave no ExecCredential"),
        (json.dumps({"apiVersion": "v0", "kind": "ExecCredential", "status": {}}), 0, "gave no ExecCredential of"),
        (credential(), 0, "gave neither a token nor a certificate"),
        (credential(clientCertificateData="c"), 0, "gave neither a token nor a certificate"),
        (credential(token=TOKEN, expirationTimestamp="soon"), 0, "ends at no time"),
    ],
)
def test_a_program_that_gives_no_credentials_fails_the_target(kube: Cluster, prints: str, code: int, told: str) -> None:
    unread = refused(kube, kubeconfig=by_program(kube, prints, code=code))
    assert unread.why is Why.CREDENTIALS
    assert told in unread.detail
    assert "hush" not in unread.detail  # what a program says may be a credential
    assert kube.calls == []


def test_a_program_that_asks_a_person_is_not_run(kube: Cluster) -> None:
    file = by_program(kube, credential(token=TOKEN), interactiveMode="Always")
    assert "asks a person" in refused(kube, kubeconfig=file).detail


def test_a_program_that_is_not_there_or_never_ends_fails_the_target(kube: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = {"apiVersion": "client.authentication.k8s.io/v1", "command": "/nonexistent/plugin"}
    assert "No such file" in refused(kube, kubeconfig=str(kube.kubeconfig("none", exec=spec))).detail
    monkeypatch.setattr(exec_plugin, "SECONDS", 0.2)
    endless = {**spec, "command": "sleep", "args": ["30"]}
    assert "did not end within" in refused(kube, kubeconfig=str(kube.kubeconfig("slow", exec=endless))).detail


# As the service account of a pod.


def in_a_pod(kube: Cluster, token: str = TOKEN) -> access.Access:
    host, _, port = kube.url.removeprefix("https://").partition(":")
    files = {"token": token, "ca.crt": kube.certificates.authority.read_text()}
    for name, content in files.items():
        (kube.directory / name).write_text(content)
    environment = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    return access.in_cluster(environment, *(str(kube.directory / name) for name in files))


def test_in_a_pod_its_service_account_asks(kube: Cluster) -> None:
    connection = KubernetesConnection(in_a_pod(kube))
    (place,) = connection.places()
    assert (place.scope.account, place.principal) == (UID, USER)
    kube.add("Pod", "a", "default", spec={"containers": [{"name": "app", "image": "nginx"}]})
    assert collect(connection, "list pods").snapshots["list pods"][0].presence is Presence.COMPLETE


def test_outside_of_a_pod_that_is_said(kube: Cluster) -> None:
    assert refused(kube, in_cluster=True) == Unread(Why.CREDENTIALS, "in_cluster", "Service host/port is not set")


def test_a_pod_without_a_token_is_said(kube: Cluster) -> None:
    with pytest.raises(UnreadError, match="Token file exists but empty"):
        in_a_pod(kube, token="")


# The way there.


def test_an_authority_that_is_not_trusted_is_not_talked_to(kube: Cluster, tmp_path_factory: pytest.TempPathFactory) -> None:
    another = make(tmp_path_factory.mktemp("another")).authority.read_text()
    file = edited(kube, "clusters", "0", "cluster", "certificate-authority-data", to=encoded(another))
    unread = refused(kube, kubeconfig=file)
    assert unread.why is Why.UNREACHABLE
    assert unread.detail.startswith("its certificate does not hold: ")
    assert kube.calls == []


def test_a_name_that_the_certificate_does_not_hold_is_not_talked_to(kube: Cluster) -> None:
    file = edited(kube, "clusters", "0", "cluster", "tls-server-name", to="elsewhere.example.com")
    assert refused(kube, kubeconfig=file).detail.startswith("its certificate does not hold: ")
    file = edited(kube, "clusters", "0", "cluster", "tls-server-name", to="kubernetes")
    (place,) = kube.connect(kubeconfig=file).places()
    assert place.failed is None


def test_where_nobody_vouches_for_the_server_that_is_said_of_who_asked(kube: Cluster) -> None:
    insecure = {"server": kube.url, "insecure-skip-tls-verify": True}
    with pytest.warns(InsecureRequestWarning, match="certificate verification"):
        (place,) = kube.connect(kubeconfig=edited(kube, "clusters", "0", "cluster", to=insecure)).places()
    assert place.principal == f"{USER} (the server's certificate is not verified)"
    plain = access.by_kubeconfig(edited(kube, "clusters", "0", "cluster", "server", to="http://127.0.0.1:1"), None, {})
    assert session._doubt(plain.configuration) == " (without TLS)"


def test_a_refused_connection_is_unreachable(kube: Cluster) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        file = edited(kube, "clusters", "0", "cluster", "server", to=f"https://127.0.0.1:{closed.getsockname()[1]}")
        unread = refused(kube, kubeconfig=file)
    assert (unread.why, unread.detail) == (Why.UNREACHABLE, "connection refused")


def test_a_host_that_has_no_address_is_unreachable(kube: Cluster) -> None:
    file = edited(kube, "clusters", "0", "cluster", "server", to=f"https://{NOT_FOUND}")
    unread = refused(kube, kubeconfig=file)
    assert (unread.why, unread.detail) == (Why.UNREACHABLE, "no such host name")


def test_a_server_that_does_not_answer_is_not_waited_for(kube: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "READ_SECONDS", 0.1)
    kube.latency = 0.5
    unread = refused(kube)
    assert (unread.why, unread.action) == (Why.TIMEOUT, "get namespaces kube-system")


def test_a_proxy_is_used_where_the_kubeconfig_names_one(kube: Cluster) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{closed.getsockname()[1]}"
        unread = refused(kube, kubeconfig=edited(kube, "clusters", "0", "cluster", "proxy-url", to=proxy))
    assert (unread.why, unread.detail) == (Why.UNREACHABLE, "the proxy does not lead there")
    assert kube.calls == []


# Settings.


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"in_cluster": "yes"}, "in_cluster: 'yes' is neither true nor false"),
        ({"kubeconfig": ""}, "kubeconfig: '' is not a text"),
        ({"context": 7}, "context: 7 is not a text"),
        ({"in_cluster": True, "context": "prod"}, "context: leave it out where in_cluster = true"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_their_key(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told.replace("(", r"\(")):
        KubernetesTarget("test", **settings)
