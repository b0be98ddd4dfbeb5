"""Secrets in plain text: by the name of a variable, by the shape of its value, in command lines; never by reference."""

from typing import Any

import pytest

from tests.checks.kubernetes.manifests import SCOPE, container, pod
from tests.collectors.kubernetes.cluster import Cluster
from tests.harness import look

CHECK = "k8s_secret_not_in_env"
GITHUB = f"ghp_{'a1B2' * 9}"


def env(**values: str) -> dict[str, Any]:
    return {"env": [{"name": name, "value": value} for name, value in values.items()]}


REFERRED = {"env": [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}]}
CASES: list[tuple[dict[str, Any], str]] = [
    ({}, ""),
    (env(LOG_LEVEL="debug", PASSWORD_FILE="/run/secrets/db", TOKEN_TTL="30"), ""),
    (REFERRED, ""),
    (env(DB_PASSWORD="$(FROM_VAULT)"), ""),
    (env(USE_PASSWORD="true", DB_PASSWORD=""), ""),
    ({"envFrom": [{"secretRef": {"name": "db"}}]}, ""),
    (env(DB_PASSWORD="hunter2"), "pod shop/web holds a secret in plain text in web/DB_PASSWORD"),
    (env(dbPassword="hunter2"), "web/dbPassword"),
    (env(API_TOKEN="x"), "web/API_TOKEN"),
    (env(NOTE=GITHUB), "web/NOTE (github token)"),
    (env(DATABASE="postgres://app:hunter2@db:5432/shop"), "web/DATABASE (url password)"),
    ({"args": ["serve", "--password=hunter2"]}, "web/args (assignment)"),
    ({"command": ["sh", "-c", f"curl -H 'Authorization: {GITHUB}' x"]}, "web/command (github token)"),
    ({"args": ["serve", "--port=8080", "--password=$(DB_PASSWORD)"]}, ""),
]


@pytest.mark.parametrize(("fields", "reason"), CASES)
def test_a_secret_in_plain_text_is_found_and_a_reference_to_one_is_not(
    kube: Cluster, fields: dict[str, Any], reason: str
) -> None:
    pod(kube, containers=[container(**fields)])
    seen = look(kube.connect(), CHECK)
    assert seen.status(CHECK, "shop/web") == ("fail" if reason else "pass")
    assert reason in seen.reason(CHECK, "shop/web")
    assert "hunter2" not in seen.reason(CHECK, "shop/web")


@pytest.mark.parametrize("name", ["SECRET_KEY_BASE", "RAILS_MASTER_KEY", "ENCRYPTION_KEY", "jwtSigningKey", "APP_HMAC_KEY"])
def test_keys_of_applications_are_known_by_what_they_are_called(kube: Cluster, name: str) -> None:
    pod(kube, containers=[container(**env(**{name: "abc", "PUBLIC_KEY": "abc", "SORT_KEY": "abc"}))])
    assert look(kube.connect(), CHECK).reason(CHECK, "shop/web") == (f"pod shop/web holds a secret in plain text in web/{name}")


def test_init_containers_count_and_the_first_few_are_named(kube: Cluster) -> None:
    many = env(**{f"KEY_{n}_PASSWORD": "x" for n in range(7)})
    pod(kube, containers=[container()], initContainers=[container("setup", **many)])
    assert look(kube.connect(), CHECK).reason(CHECK, "shop/web").endswith("setup/KEY_4_PASSWORD and 2 more")


def test_the_flags_of_the_control_plane_stay_readable_and_its_secrets_are_found(kube: Cluster) -> None:
    command = ["kube-apiserver", "--anonymous-auth=false", "--token-auth-file=/etc/tokens.csv"]
    pod(kube, "kube-apiserver-a", "kube-system", owner="Node/a", containers=[container("kube-apiserver", command=command)])
    leaky = [*command, "--etcd-servers=https://root:hunter2@etcd:2379"]
    pod(kube, "kube-apiserver-b", "kube-system", owner="Node/b", containers=[container("kube-apiserver", command=leaky)])
    seen = look(kube.connect(), CHECK)
    assert seen.status(CHECK, "kube-apiserver-a") == "pass"
    assert "kube-apiserver/command (url password)" in seen.reason(CHECK, "kube-apiserver-b")


def test_names_that_only_sound_like_secrets_can_be_declared(kube: Cluster) -> None:
    pod(kube, containers=[container(**env(CACHE_KEY_TOKEN="blue"))])
    seen = look(kube.connect(), CHECK, parameters={CHECK: {"harmless": ["CACHE_KEY_TOKEN"]}})
    assert seen.status(CHECK, "shop/web") == "pass"


def test_pods_that_ended_are_not_asked_and_those_not_listed_are_unknown(kube: Cluster) -> None:
    pod(kube, "done", phase="Succeeded", containers=[container(**env(DB_PASSWORD="hunter2"))])
    assert look(kube.connect(), CHECK).status(CHECK, "shop/done") == "not_applicable"
    kube.deny("list pods")
    seen = look(kube.connect(), CHECK)
    assert seen.status(CHECK, SCOPE) == "unknown"
    assert "list pods was denied" in seen.reason(CHECK, SCOPE)
