"""Flags that do not stand on the command line as they are: variables, files, and what only a shell or an image knows."""

from typing import Any

import pytest

from tests.checks.kubernetes.manifests import container, pod
from tests.checks.kubernetes.test_control_plane import (
    ANONYMOUS,
    CASES,
    ETCD,
    MODES,
    OFF,
    RETENTION,
    SECURE,
    SIGN_IN,
    TLS,
    asked,
    program,
    runs,
)
from tests.collectors.kubernetes.cluster import UID, Cluster

AWAY = {"secretKeyRef": {"name": "settings", "key": "mode"}}
FROM = [{"configMapRef": {"name": "settings"}}]


def value(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "value": text}


def api_server(kube: Cluster, *flags: str, **fields: Any) -> None:
    program(kube, "kube-apiserver", command=["kube-apiserver", *flags], **fields)


def etcd(kube: Cluster, *flags: str, **fields: Any) -> None:
    program(kube, "etcd", command=["etcd", *flags], **fields)


# Variables that the kubelet puts in.


@pytest.mark.parametrize(
    ("env", "text"),
    [
        ([value("MODES", "Node,RBAC")], "$(MODES)"),
        ([value("A", "Node"), value("B", "$(A),RBAC")], "$(B)"),
        ([value("A", "AlwaysAllow"), value("A", "Node,RBAC")], "$(A)"),  # the last one of a name holds
        ([value("A", "Node"), value("B", "RBAC")], "$(A),$(B)"),
    ],
)
def test_a_variable_of_the_container_stands_for_its_text(kube: Cluster, env: list[dict[str, str]], text: str) -> None:
    api_server(kube, f"--authorization-mode={text}", env=env)
    assert asked(kube, MODES).status(MODES, UID) == "pass"


@pytest.mark.parametrize(
    ("env", "text", "read"),
    [
        ([value("A", "AlwaysAllow")], "$(A)", "AlwaysAllow"),
        ([value("A", "x")], "$$(A)", "$(A)"),  # escaped
        ([value("A", "x")], "$$$(A)", "$x"),
        ([value("A", "x")], "$(B)", "$(B)"),  # nobody declares it
        ([value("B", "$(A)"), value("A", "x")], "$(B)", "$(A)"),  # what follows is not known yet
        ([value("A", "x")], "$A", "$A"),  # only a shell would put it in
        ([value("A", "x")], "$(A", "$(A"),
        ([value("A", "")], "$(A)ABAC", "ABAC"),
    ],
)
def test_what_is_no_reference_stays_as_it_is(kube: Cluster, env: list[dict[str, str]], text: str, read: str) -> None:
    api_server(kube, f"--authorization-mode={text}", env=env)
    seen = asked(kube, MODES)
    assert seen.status(MODES, UID) == "fail"
    assert seen.reason(MODES, UID).endswith(f"({read})")


@pytest.mark.parametrize(
    "fields",
    [
        {"env": [{"name": "A", "valueFrom": AWAY}]},
        {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['mode']"}}}]},
        {"env": [{"name": "B", "valueFrom": AWAY}, value("A", "Node,RBAC$(B)")]},
        {"envFrom": FROM},
        {"env": [value("A", "password=hunter2-hunter2")]},  # replaced before it is kept
    ],
)
def test_a_value_that_is_kept_elsewhere_is_unknown(kube: Cluster, fields: dict[str, Any]) -> None:
    api_server(kube, "--authorization-mode=$(A)", **fields)
    seen = asked(kube, MODES)
    assert seen.status(MODES, UID) == "unknown"
    assert seen.reason(MODES, UID).endswith("takes --authorization-mode from where the API does not show it")


@pytest.mark.parametrize(("check", "flags", "status", "words"), CASES)
def test_a_flag_is_judged_by_a_variable_as_if_it_were_written_out(
    kube: Cluster, check: str, flags: tuple[str, ...], status: str, words: str
) -> None:
    pairs = [flag.partition("=") for flag in flags]
    named = [f"{name}{equals}$(V{at})" if equals else name for at, (name, equals, _) in enumerate(pairs)]
    env = [value(f"V{at}", text) for at, (_, equals, text) in enumerate(pairs) if equals]
    program(kube, runs(check), *named, env=env)
    seen = asked(kube, check)
    assert seen.status(check, UID) == status
    assert words in seen.reason(check, UID)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"command": ["kube-apiserver", "--etcd-password=$(A)", OFF]}, "pass"),
        ({"command": ["kube-apiserver", OFF, "--etcd-password", "$(A)"]}, "pass"),
        ({"command": ["kube-apiserver", OFF, "$(A)"]}, "pass"),
        ({"command": ["kube-apiserver", "--profiling", "--etcd-password=$(A)", OFF]}, "pass"),
        ({"command": ["sh", "-c", f"exec kube-apiserver --etcd-password=$(A) {OFF}"]}, "pass"),
        ({"command": ["kube-apiserver", "--anonymous-auth=$(A)", "--etcd-password=$(A)"]}, "unknown"),
    ],
)
def test_a_variable_for_another_flag_is_not_kept_and_does_not_matter(
    kube: Cluster, fields: dict[str, Any], status: str
) -> None:
    program(kube, "kube-apiserver", env=[value("A", "b$(P)"), value("P", "hunter2")], **fields)
    seen = asked(kube, ANONYMOUS)
    assert seen.status(ANONYMOUS, UID) == status
    kept = [facts["containers"][0]["env"] for facts in seen.facts("kubernetes.static_pod").values()]
    assert "hunter2" not in repr(kept)
    assert "b$(P)" not in repr(kept)


def test_a_text_that_may_be_a_flag_and_is_not_kept_is_a_doubt(kube: Cluster) -> None:
    etcd(kube, *SECURE, "$(A)", env=[value("A", "-client-cert-auth=false")])
    assert asked(kube, ETCD).status(ETCD, UID) == "unknown"


def test_a_text_that_names_one_that_may_be_a_flag_is_a_doubt(kube: Cluster) -> None:
    etcd(kube, *SECURE, "$(A)", env=[value("B", "--client-cert-auth=false"), value("A", "$(B)")])
    assert asked(kube, ETCD).status(ETCD, UID) == "unknown"


def test_a_name_that_is_declared_twice_stands_for_each_where_it_stood(kube: Cluster) -> None:
    env = [value("C", "Node,RBAC"), value("A", "$(C)"), value("B", "$(A)"), value("A", "AlwaysAllow")]
    api_server(kube, "--authorization-mode=$(B)", env=env)
    assert asked(kube, MODES).status(MODES, UID) == "pass"


def test_flags_within_a_variable_are_flags(kube: Cluster) -> None:
    env = [value("FLAGS", f"--v=2 {OFF}"), value("ONE", "--anonymous-auth=true")]
    program(kube, "kube-apiserver", command=["sh", "-c", "exec kube-apiserver $(FLAGS)"], env=env)
    assert asked(kube, ANONYMOUS).status(ANONYMOUS, UID) == "pass"
    program(kube, "kube-apiserver", command=["kube-apiserver", OFF, "--profiling", "$(ONE)"], env=env)
    assert asked(kube, ANONYMOUS).status(ANONYMOUS, UID) == "fail"


def test_a_variable_of_its_own_goes_before_those_of_a_set(kube: Cluster) -> None:
    api_server(kube, "--authorization-mode=$(A)", env=[value("A", "Node,RBAC")], envFrom=FROM)
    assert asked(kube, MODES).status(MODES, UID) == "pass"


def test_the_kubelet_declares_the_services_of_the_namespace_by_itself(kube: Cluster) -> None:
    api_server(kube, "--oidc-issuer-url=https://$(ISSUER_SERVICE_HOST)")
    assert asked(kube, SIGN_IN).status(SIGN_IN, UID) == "unknown"


def test_what_a_doubtful_flag_is_not_asked_for_does_not_matter(kube: Cluster) -> None:
    env = [{"name": "A", "valueFrom": AWAY}]
    api_server(kube, "--advertise-address=$(A)", "--authorization-mode=Node,RBAC", env=env)
    assert asked(kube, MODES).status(MODES, UID) == "pass"


def test_an_argument_that_is_not_shown_may_be_any_flag_that_is_not_set_after_it(kube: Cluster) -> None:
    env = [{"name": "A", "valueFrom": AWAY}]
    api_server(kube, OFF, "$(A)", "--tls-min-version=VersionTLS12", "--authorization-mode=Node,RBAC", env=env)
    assert asked(kube, ANONYMOUS).reason(ANONYMOUS, UID).endswith("takes flags from where the API does not show them")
    assert asked(kube, TLS).status(TLS, UID) == "unknown"  # the suites are not named
    assert asked(kube, MODES).status(MODES, UID) == "unknown"  # a list, to which it may have added
    api_server(kube, "$(A)", OFF, "--tls-min-version=VersionTLS12", "--tls-cipher-suites=TLS_AES_128_GCM_SHA256", env=env)
    assert asked(kube, ANONYMOUS).status(ANONYMOUS, UID) == "pass"
    assert asked(kube, TLS).status(TLS, UID) == "unknown"  # a list too


def test_a_value_behind_its_flag_may_be_a_flag_where_it_is_not_shown(kube: Cluster) -> None:
    api_server(kube, OFF, "--profiling", "$(A)", env=[{"name": "A", "valueFrom": AWAY}])
    assert asked(kube, ANONYMOUS).status(ANONYMOUS, UID) == "unknown"


def test_the_address_of_a_pod_is_a_plain_word(kube: Cluster) -> None:
    secure = tuple(flag.replace("10.0.0.1", "$(HOST)") for flag in SECURE)
    env = [{"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}]
    etcd(kube, *secure, env=env)
    assert asked(kube, ETCD).status(ETCD, UID) == "pass"
    etcd(kube, *secure, "--listen-client-urls=http://$(HOST):2379", env=env)
    assert asked(kube, ETCD).reason(ETCD, UID).endswith("listens without TLS at http://status.hostIP:2379")
    etcd(kube, *secure, env=[{"name": "HOST", "valueFrom": AWAY}])
    assert asked(kube, ETCD).status(ETCD, UID) == "unknown"


# Switches, lists and values of their own.


@pytest.mark.parametrize(
    ("flags", "status"),
    [
        (("--anonymous-auth", "false"), "fail"),  # a switch takes no word behind it
        (("--anonymous-auth=FALSE",), "pass"),
        (("--anonymous-auth=f",), "pass"),
        (("--anonymous-auth=perhaps",), "unknown"),
        (("-anonymous-auth=false",), "fail"),  # one hyphen is for single letters
        (("--", "--anonymous-auth=false"), "fail"),  # what follows is no flag
        (("--authentication-config=/etc/a.yaml", "--anonymous-auth=true"), "fail"),  # the file may then say nothing of it
        (("--authentication-config=",), "fail"),
    ],
)
def test_a_switch_is_read_as_the_api_server_reads_it(kube: Cluster, flags: tuple[str, ...], status: str) -> None:
    api_server(kube, *flags)
    assert asked(kube, ANONYMOUS).status(ANONYMOUS, UID) == status


def test_a_hyphen_alone_is_a_value(kube: Cluster) -> None:
    api_server(kube, "--audit-log-path", "-", "--audit-log-maxage=7")
    assert asked(kube, RETENTION).status(RETENTION, UID) == "pass"


# What etcd takes from elsewhere.


def test_etcd_takes_its_flags_with_one_hyphen_too(kube: Cluster) -> None:
    etcd(kube, *(flag.removeprefix("-") for flag in SECURE))
    assert asked(kube, ETCD).status(ETCD, UID) == "pass"


def in_variables() -> list[dict[str, str]]:
    """The secure flags as etcd's variables."""
    pairs = [flag.removeprefix("--").split("=", 1) for flag in SECURE]
    return [value(f"ETCD_{name.replace('-', '_').upper()}", text) for name, text in pairs]


def test_etcd_takes_what_is_not_on_its_command_line_from_its_variables(kube: Cluster) -> None:
    etcd(kube, env=in_variables())
    assert asked(kube, ETCD).status(ETCD, UID) == "pass"
    hosts = [value(row["name"], row["value"].replace("10.0.0.1", "$(HOST)")) for row in in_variables()]
    etcd(kube, env=[{"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}, *hosts])
    assert asked(kube, ETCD).status(ETCD, UID) == "pass"
    etcd(kube, "--client-cert-auth=false", env=in_variables())
    assert asked(kube, ETCD).reason(ETCD, UID).endswith("asks clients for no certificate")
    etcd(kube, *SECURE, env=[value("ETCD_CLIENT_CERT_AUTH", "false"), value("CLIENT_CERT_AUTH", "false")])
    assert asked(kube, ETCD).status(ETCD, UID) == "pass"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"env": [value("ETCD_CONFIG_FILE", "/etc/etcd.yaml")]}, "takes its settings from /etc/etcd.yaml"),
        ({"env": [{"name": "ETCD_CONFIG_FILE", "valueFrom": AWAY}]}, "takes its settings from ..."),
        ({"envFrom": FROM}, "takes flags from where the API does not show them"),
    ],
)
def test_what_etcd_is_told_elsewhere_may_be_anything(kube: Cluster, fields: dict[str, Any], words: str) -> None:
    for flags in (SECURE, ("--client-cert-auth=false",)):
        etcd(kube, *flags, **fields)
        seen = asked(kube, ETCD)
        assert seen.status(ETCD, UID) == "unknown"
        assert words in seen.reason(ETCD, UID)


def test_variables_that_the_api_server_does_not_read_do_not_matter_to_it(kube: Cluster) -> None:
    api_server(kube, OFF, envFrom=FROM, env=[value("ETCD_ANONYMOUS_AUTH", "true")])
    assert asked(kube, ANONYMOUS).status(ANONYMOUS, UID) == "pass"


@pytest.mark.parametrize("name", ["config", "openshift-config"])
def test_a_file_of_settings_leaves_every_flag_open(kube: Cluster, name: str) -> None:
    api_server(kube, OFF, f"--{name}=/etc/config.yaml")
    seen = asked(kube, ANONYMOUS)
    assert seen.status(ANONYMOUS, UID) == "unknown"
    assert seen.reason(ANONYMOUS, UID).endswith("takes its settings from /etc/config.yaml, which the API does not show")


# What starts the program.


@pytest.mark.parametrize(
    "line",
    [
        "exec kube-apiserver --anonymous-auth=false $FLAGS",
        "exec kube-apiserver --anonymous-auth=false ${FLAGS}",
        "exec kube-apiserver --anonymous-auth=false $(cat /etc/flags)",
        "exec kube-apiserver --anonymous-auth=false `cat /etc/flags`",
        'exec kube-apiserver --anonymous-auth=false "$@"',
        "exec kube-apiserver --anonymous-auth=$OFF",
    ],
)
def test_what_only_a_shell_knows_is_unknown(kube: Cluster, line: str) -> None:
    program(kube, "kube-apiserver", command=["/bin/sh", "-c", line])
    assert asked(kube, ANONYMOUS).status(ANONYMOUS, UID) == "unknown"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"args": ["--anonymous-auth=false"]},
        {"command": ["sh", "-c", "exec kube-apiserver --anonymous-auth=$((1-1))"]},
        {"command": ["sh", "-c", "exec kube-apiserver 'unclosed"]},
        {"command": ["sh", "-c", "exec kube-apiserver --token=hunter2-hunter2"]},  # replaced before it is kept
    ],
)
def test_an_instance_that_does_not_show_its_flags_is_not_passed_over(kube: Cluster, fields: dict[str, Any]) -> None:
    program(kube, "kube-apiserver", OFF, node="a")
    runs = {"name": "kube-apiserver", "image": "registry.k8s.io/kube-apiserver:v1.36.3", **fields}
    pod(kube, "kube-apiserver-b", "kube-system", owner="Node/b", containers=[runs])
    seen = asked(kube, ANONYMOUS)
    assert seen.status(ANONYMOUS, UID) == "unknown"
    assert seen.reason(ANONYMOUS, UID) == "kube-system/kube-apiserver-b is started in a way that the API does not show"


@pytest.mark.parametrize(
    "command", [["etcdctl", "snapshot"], ["sh", "-c", "cp -r /var/lib/etcd /backup"], ["rsync", "-a", "etcd"]]
)
def test_what_only_looks_after_the_store_is_no_instance_of_it(kube: Cluster, command: list[str]) -> None:
    runs = container("backup", image="registry.k8s.io/etcd:3.6.6-0", command=command)
    pod(kube, "backup-a", "kube-system", owner="Node/a", containers=[runs])
    assert asked(kube, ETCD).reason(ETCD, UID).endswith("shows no pod of etcd: its flags cannot be judged here")
