"""The flags of the API server and its store, from the static pods that show them; where none do, nothing is claimed."""

from typing import Any

import pytest

from tests.checks.kubernetes.manifests import SCOPE, container, node, pod
from tests.collectors.kubernetes.cluster import UID, Cluster
from tests.harness import Looked, look

ANONYMOUS, AUDIT, RETENTION = "k8s_apiserver_anonymous_off", "k8s_apiserver_audit_policy", "k8s_apiserver_audit_retention"
MODES, SIGN_IN, TLS = "k8s_apiserver_authz_modes", "k8s_apiserver_oidc_or_webhook", "k8s_apiserver_tls_strong"
ETCD = "k8s_etcd_mutual_tls"
EVERY = (ANONYMOUS, AUDIT, RETENTION, MODES, SIGN_IN, TLS, ETCD)


def asked(kube: Cluster, check: str, **parameters: Any) -> Looked:
    return look(kube.connect(), check, parameters={check: parameters})


def program(kube: Cluster, name: str, *flags: str, node: str = "a", **fields: Any) -> None:
    """A static pod of the control plane, as a kubelet shows it."""
    fields.setdefault("command", [name, *flags])
    pod(kube, f"{name}-{node}", "kube-system", owner=f"Node/{node}", hostNetwork=True, containers=[container(name, **fields)])


LOG = "--audit-log-path=/var/log/audit.log"
POLICY = "--audit-policy-file=/etc/kubernetes/audit.yaml"
SECURE = (
    "--client-cert-auth=true", "--trusted-ca-file=/ca", "--cert-file=/c", "--key-file=/k", "--peer-client-cert-auth=true",
    "--peer-trusted-ca-file=/pca", "--peer-cert-file=/pc", "--peer-key-file=/pk",
    "--listen-client-urls=https://127.0.0.1:2379,https://10.0.0.1:2379", "--listen-peer-urls=https://10.0.0.1:2380",
    "--listen-metrics-urls=http://127.0.0.1:2381",
)  # fmt: skip


def without(*flags: str) -> tuple[str, ...]:
    return tuple(flag for flag in SECURE if flag.partition("=")[0] not in flags)


CASES: list[tuple[str, tuple[str, ...], str, str]] = [
    (ANONYMOUS, ("--anonymous-auth=false",), "pass", ""),
    (ANONYMOUS, ("--anonymous_auth=false",), "pass", ""),
    (ANONYMOUS, ("--anonymous-auth=true", "--anonymous-auth=false"), "pass", ""),
    (ANONYMOUS, (), "fail", "kube-system/kube-apiserver-a takes callers who do not sign in"),
    (ANONYMOUS, ("--anonymous-auth",), "fail", "takes callers"),
    (ANONYMOUS, ("--anonymous-auth=true",), "fail", "takes callers"),
    (ANONYMOUS, ("--authentication-config=/etc/a.yaml",), "unknown", "says in /etc/a.yaml who may call unsigned"),
    (AUDIT, (POLICY, LOG), "pass", ""),
    (AUDIT, (POLICY, "--audit-webhook-config-file=/etc/w.yaml"), "pass", ""),
    (AUDIT, (POLICY,), "fail", "has an audit policy and no place to write to"),
    (AUDIT, (LOG,), "fail", "has no audit policy, so it records nothing"),
    (AUDIT, ("--audit-policy-file=", LOG), "fail", "has no audit policy"),
    (RETENTION, (LOG, "--audit-log-maxage=30", "--audit-log-maxbackup=10", "--audit-log-maxsize=100"), "pass", ""),
    (RETENTION, (LOG,), "pass", ""),
    (RETENTION, (LOG, "--audit-log-maxage=7"), "fail", "limits its audit log by --audit-log-maxage=7; wanted are 30 days"),
    (RETENTION, (LOG, "--audit-log-maxage", "30", "--audit-log-maxbackup", "2"), "fail", "--audit-log-maxbackup=2"),
    (RETENTION, (LOG, "--audit-log-maxage=soon"), "unknown", "sets --audit-log-maxage to soon, which is no number"),
    (RETENTION, (LOG, "--audit-log-maxage=7²"), "unknown", "which is no number"),
    (RETENTION, ("--audit-log-path=-", "--audit-log-maxage=7"), "pass", ""),
    (RETENTION, ("--audit-log-path=-", "--audit-log-maxage=soon"), "pass", ""),
    (RETENTION, ("--audit-webhook-config-file=/etc/w.yaml",), "pass", ""),
    (RETENTION, (), "fail", "writes no audit log"),
    (MODES, ("--authorization-mode=Node,RBAC",), "pass", ""),
    (MODES, ("--authorization-mode", "Node,RBAC,Webhook"), "pass", ""),
    (MODES, ("--authorization-mode=Node", "--authorization-mode=RBAC"), "pass", ""),
    (MODES, ("--authorization-mode=AlwaysAllow", "--authorization-mode=Node,RBAC"), "fail", "allows everyone everything"),
    (MODES, ("--authorization-mode=RBAC",), "fail", "decides without Node (RBAC)"),
    (MODES, ("--authorization-mode=Node,RBAC,AlwaysAllow",), "fail", "allows everyone everything (AlwaysAllow)"),
    (MODES, ("--authorization-mode=ABAC",), "fail", "decides without Node and RBAC (ABAC)"),
    (MODES, (), "fail", "allows everyone everything (AlwaysAllow)"),
    (MODES, ("--authorization-config=/etc/z.yaml",), "unknown", "in /etc/z.yaml"),
    (SIGN_IN, ("--oidc-issuer-url=https://id.example.com",), "pass", ""),
    (SIGN_IN, ("--authentication-token-webhook-config-file=/etc/w.yaml",), "pass", ""),
    (SIGN_IN, ("--oidc-issuer-url=https://id.example.com", "--token-auth-file=/etc/t.csv"), "fail", "(--token-auth-file)"),
    (SIGN_IN, (), "fail", "knows no identity provider"),
    (SIGN_IN, ("--authentication-config=/etc/a.yaml",), "unknown", "in /etc/a.yaml"),
    (TLS, (), "pass", ""),
    (TLS, ("--tls-min-version=VersionTLS13",), "pass", ""),
    (TLS, ("--tls-min-version=VersionTLS11",), "fail", "takes TLS older than 1.2 (--tls-min-version=VersionTLS11)"),
    (TLS, ("--tls-cipher-suites=TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",), "pass", ""),
    (TLS, ("--tls-cipher-suites=TLS_RSA_WITH_AES_128_GCM_SHA256",), "fail", "weak suites: TLS_RSA_WITH_AES_128_GCM_SHA256"),
    (TLS, ("--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",), "fail", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    (ETCD, SECURE, "pass", ""),
    (TLS, ("--tls-cipher-suites=TLS_RSA_WITH_AES_128_CBC_SHA", "--tls-cipher-suites=TLS_AES_128_GCM_SHA256"), "fail", ""),
    (ETCD, ("--config-file=/var/lib/rancher/rke2/server/db/etcd/config",), "unknown", "takes its settings from /var/lib"),
    (ETCD, (*SECURE, "--config-file=/etc/etcd.yaml"), "unknown", "from /etc/etcd.yaml, which the API does not show"),
    (ETCD, without("--client-cert-auth"), "fail", "kube-system/etcd-a asks clients for no certificate"),
    (ETCD, without("--peer-trusted-ca-file"), "fail", "asks peers for no certificate"),
    (ETCD, without("--cert-file"), "fail", "has no certificate of its own for clients"),
    (ETCD, (*SECURE, "--peer-auto-tls"), "fail", "has no certificate of its own for peers"),
    (ETCD, (*SECURE, "--listen-client-urls=http://10.0.0.1:2379"), "fail", "listens without TLS at http://10.0.0.1:2379"),
    (ETCD, (*SECURE, "--listen-client-urls=https://127.0.0.1:2379, HTTP://10.0.0.1:2379"), "fail", "at HTTP://10.0.0.1:2379"),
    (ETCD, (*SECURE, "--listen-client-http-urls=http://0.0.0.0:2382"), "fail", "listens without TLS at http://0.0.0.0:2382"),
    (ETCD, (*SECURE, "--listen-client-http-urls=https://0.0.0.0:2382"), "pass", ""),
    (ETCD, without("--listen-client-urls"), "fail", "listens without TLS at http://localhost:2379"),
    (ETCD, without("--listen-peer-urls"), "fail", "listens without TLS at http://localhost:2380"),
]


def runs(check: str) -> str:
    return "etcd" if check == ETCD else "kube-apiserver"


@pytest.mark.parametrize(("check", "flags", "status", "words"), CASES)
def test_the_flags_of_a_static_pod_are_judged(
    kube: Cluster, check: str, flags: tuple[str, ...], status: str, words: str
) -> None:
    program(kube, runs(check), *flags)
    seen = asked(kube, check)
    assert seen.status(check, UID) == status
    assert words in seen.reason(check, UID)


@pytest.mark.parametrize(
    ("version", "flags", "status"),
    [
        ("v1.31.14", (), "fail"),
        ("v1.31.14", ("--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",), "pass"),
        ("v1.31.14", ("--tls-min-version=VersionTLS13",), "pass"),  # its suites are all strong, and cannot be named
        ("v1.32.0", (), "pass"),
        ("v2.0.0", (), "pass"),
        ("main", (), "unknown"),
    ],
)
def test_suites_that_nobody_names_are_those_of_the_version(
    kube: Cluster, version: str, flags: tuple[str, ...], status: str
) -> None:
    kube.version["gitVersion"] = version
    program(kube, "kube-apiserver", *flags)
    seen = asked(kube, TLS)
    assert seen.status(TLS, UID) == status
    if status == "fail":
        assert seen.reason(TLS, UID).endswith("names no suites, and those of its version, v1.31.14, hold weak ones")


OFF = "--anonymous-auth=false"


@pytest.mark.parametrize(
    "fields",
    [
        {"command": ["/usr/local/bin/kube-apiserver"], "args": ["--anonymous-auth=false"]},
        {"command": ["kube-apiserver", "--v", "2", "-v", "2", "--anonymous-auth=0"]},
        {"command": ["/go-runner", "--log-file=/var/log/a.log", "--also-stdout"], "args": ["/a/kube-apiserver", OFF]},
        {"command": ["tini", "--", "/bin/bash", "-ec", "kube-apiserver --anonymous-auth='false' 2>&1 | tee /var/log/a.log"]},
        {"command": ["sh", "-c", f"mkfifo /tmp/p; (tee -a /a.log < /tmp/p & ) ; exec kube-apiserver {OFF} > /tmp/p 2>&1"]},
        {"command": ["sh", "-c", f"kube-apiserver --version\nkube-apiserver \\\n  --name=$(hostname) {OFF}"]},
        {"command": ["/bin/sh", "-c", "exec /usr/local/bin/kube-apiserver --v=2 --anonymous-auth=false >>/var/log/a.log 2>&1"]},
        {"command": ["kube-apiserver"], "args": ["--anonymous-auth=false", "--tls-private-key-file=/etc/k.pem"]},
    ],
)
def test_flags_are_found_however_the_program_is_started(kube: Cluster, fields: dict[str, Any]) -> None:
    program(kube, "kube-apiserver", **fields)
    assert asked(kube, ANONYMOUS).status(ANONYMOUS, UID) == "pass"


def test_a_program_is_known_by_what_is_started_and_not_by_a_path_that_it_is_given(kube: Cluster) -> None:
    program(kube, "backup", "--every=1h", "--data-dir=/var/lib/etcd", "--from", "/var/lib/etcd")
    assert asked(kube, ETCD).status(ETCD, UID) == "unknown"


def test_every_instance_counts_and_a_fault_goes_before_a_doubt(kube: Cluster) -> None:
    program(kube, "kube-apiserver", "--anonymous-auth=false", node="a")
    program(kube, "kube-apiserver", "--authentication-config=/etc/a.yaml", node="b")
    assert asked(kube, ANONYMOUS).status(ANONYMOUS, UID) == "unknown"
    program(kube, "kube-apiserver", node="c")
    assert asked(kube, ANONYMOUS).reason(ANONYMOUS, UID) == "kube-system/kube-apiserver-c takes callers who do not sign in"


def test_a_pod_that_no_kubelet_made_does_not_stand_for_the_control_plane(kube: Cluster) -> None:
    runs = [container("kube-apiserver", command=["kube-apiserver", "--anonymous-auth=false"])]
    pod(kube, "kube-apiserver-fake", "kube-system", owner="ReplicaSet/kube-apiserver", containers=runs)
    pod(kube, "kube-apiserver-a", "shop", owner="Node/a", containers=runs)
    pod(kube, "kube-apiserver-b", "kube-system", owner="Node/b", phase="Failed", containers=runs)
    assert asked(kube, ANONYMOUS).status(ANONYMOUS, UID) == "unknown"


@pytest.mark.parametrize("odd", [{"labels": ["x"]}, {"ownerReferences": "Node/b"}])
def test_an_instance_that_cannot_be_read_is_not_passed_over(kube: Cluster, odd: dict[str, Any]) -> None:
    program(kube, "kube-apiserver", "--anonymous-auth=false")
    assert asked(kube, ANONYMOUS).status(ANONYMOUS, UID) == "pass"
    owners = [{"apiVersion": "v1", "kind": "Node", "name": "b", "uid": "1"}]
    metadata = {"name": "kube-apiserver-b", "namespace": "kube-system", "ownerReferences": owners, **odd}
    spec = {"containers": [container("kube-apiserver", command=["kube-apiserver"])]}
    kube.add({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}, raw=True)
    seen = asked(kube, ANONYMOUS)
    assert seen.status(ANONYMOUS, UID) == "unknown"
    assert "list pods gave an answer of unexpected shape" in seen.reason(ANONYMOUS, UID)


@pytest.mark.parametrize("check", EVERY)
@pytest.mark.parametrize(
    ("version", "status", "words"),
    [
        ("v1.34.2", "unknown", "shows no pod of"),
        ("v1.33.5-eks-ba24e9c", "not_applicable", "has its control plane run by EKS"),
        ("v1.33.5-gke.1080000", "not_applicable", "has its control plane run by GKE"),
    ],
)
def test_a_control_plane_that_is_not_shown_is_never_a_pass(
    kube: Cluster, check: str, version: str, status: str, words: str
) -> None:
    kube.version["gitVersion"] = version
    seen = asked(kube, check)
    assert seen.status(check, UID) == status
    assert words in seen.reason(check, UID)


@pytest.mark.parametrize(
    ("label", "status"),
    [
        ("kubernetes.azure.com/cluster", "not_applicable"),
        ("doks.digitalocean.com/node-pool", "not_applicable"),
        ("example.com/kubernetes.azure.com", "unknown"),
    ],
)
def test_nodes_tell_who_runs_the_control_plane_where_its_version_does_not(kube: Cluster, label: str, status: str) -> None:
    node(kube, "a", **{label: "x"})
    assert asked(kube, MODES).status(MODES, UID) == status
    program(kube, "kube-apiserver", "--authorization-mode=AlwaysAllow")
    assert asked(kube, MODES).status(MODES, UID) == "fail"


def test_nodes_that_may_not_be_listed_leave_open_who_runs_what_is_not_shown(kube: Cluster) -> None:
    kube.deny("list nodes")
    assert "list nodes was denied" in asked(kube, MODES).reason(MODES, UID)
    program(kube, "kube-apiserver", "--authorization-mode=Node,RBAC")
    assert asked(kube, MODES).status(MODES, UID) == "pass"


@pytest.mark.parametrize("check", EVERY)
@pytest.mark.parametrize(("call", "about"), [("list pods", UID), ("get /version", SCOPE)])
def test_a_control_plane_that_may_not_be_read_is_unknown(kube: Cluster, check: str, call: str, about: str) -> None:
    program(kube, runs(check), "--anonymous-auth=false")
    kube.deny(call)
    seen = asked(kube, check)
    assert seen.status(check, about) == "unknown"
    assert f"{call} was denied" in seen.reason(check, about)
