"""Namespaces: what they enforce, who owns them, what reaches their pods, how much they may use, which tokens lie in them."""

from typing import Any

import pytest

from tests.checks.kubernetes.manifests import SCOPE, container, pod
from tests.collectors.kubernetes.cluster import Cluster
from tests.harness import Looked, look

SECURITY, OWNER, DENY = "k8s_namespace_pod_security", "k8s_namespace_owner_label", "k8s_netpol_default_deny"
QUOTA, TOKENS = "k8s_quota_limits", "k8s_sa_no_legacy_tokens"
ENFORCE = "pod-security.kubernetes.io/enforce"


def asked(kube: Cluster, check: str, **parameters: Any) -> Looked:
    return look(kube.connect(), check, parameters={check: parameters})


def judged(kube: Cluster, check: str, reason: str, **parameters: Any) -> None:
    """The namespace shop fails for this reason; with none, passes."""
    seen = asked(kube, check, **parameters)
    assert (seen.status(check, ":shop"), seen.reason(check, ":shop")) == ("fail" if reason else "pass", reason)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({ENFORCE: "restricted"}, ""),
        ({ENFORCE: "baseline", f"{ENFORCE}-version": "latest"}, ""),
        ({ENFORCE: "privileged"}, "namespace shop enforces the pod security level privileged"),
        ({ENFORCE: "strict"}, "namespace shop enforces the pod security level strict"),
        ({}, "namespace shop enforces no pod security level"),
        ({"pod-security.kubernetes.io/warn": "restricted"}, "namespace shop enforces no pod security level"),
    ],
)
def test_a_namespace_enforces_a_pod_security_level(kube: Cluster, labels: dict[str, str], reason: str) -> None:
    kube.add("Namespace", "shop", labels=labels)
    judged(kube, SECURITY, reason)


def test_the_clusters_own_default_holds_where_there_is_no_label(kube: Cluster) -> None:
    kube.add("Namespace", "shop")
    kube.add("Namespace", "open", labels={ENFORCE: "privileged"})
    seen = asked(kube, SECURITY, cluster_default="baseline")
    assert (seen.status(SECURITY, ":shop"), seen.status(SECURITY, ":open")) == ("pass", "fail")
    assert asked(kube, SECURITY, cluster_default="baseline", levels=["restricted"]).status(SECURITY, ":shop") == "fail"


@pytest.mark.parametrize(
    ("version", "levels", "reason"),
    [
        ("v1.22", ["restricted"], "namespace shop enforces the pod security level restricted as of v1.22, which asks for less"),
        ("v1.9", ["restricted"], "namespace shop enforces the pod security level restricted as of v1.9, which asks for less"),
        ("v1.9", ["restricted", "baseline"], ""),
        ("v1.23", ["restricted"], ""),
        ("v1.36", ["restricted"], ""),
        ("latest", ["restricted"], ""),
    ],
)
def test_a_level_as_of_a_version_that_asked_for_less_is_no_more_than_baseline(
    kube: Cluster, version: str, levels: list[str], reason: str
) -> None:
    kube.add("Namespace", "shop", labels={ENFORCE: "restricted", f"{ENFORCE}-version": version})
    judged(kube, SECURITY, reason, levels=levels)


@pytest.mark.parametrize("check", [SECURITY, OWNER, DENY, QUOTA])
def test_namespaces_of_kubernetes_and_those_being_deleted_are_not_asked(kube: Cluster, check: str) -> None:
    kube.add("Namespace", "old", status={"phase": "Terminating"})
    seen = asked(kube, check)
    for name in ("kube-system", "kube-public", "kube-node-lease", "old"):
        assert seen.status(check, f":{name}") == "not_applicable"
    assert asked(kube, check, exempt_namespaces=[]).status(check, ":kube-public") == "fail"


@pytest.mark.parametrize("check", [SECURITY, OWNER, DENY, QUOTA, TOKENS])
def test_namespaces_that_may_not_be_listed_are_unknown(kube: Cluster, check: str) -> None:
    kube.deny("list namespaces")
    seen = asked(kube, check)
    assert seen.status(check, SCOPE) == "unknown"
    assert seen.reason(check, SCOPE).startswith("list namespaces was denied")


@pytest.mark.parametrize(
    ("check", "call"),
    [
        (DENY, "list networkpolicies.networking.k8s.io"),
        (QUOTA, "list resourcequotas"),
        (TOKENS, "list secrets"),
    ],
)
def test_what_may_not_be_listed_in_a_namespace_leaves_it_open(kube: Cluster, check: str, call: str) -> None:
    kube.add("Namespace", "shop")
    kube.deny(call)
    seen = asked(kube, check)
    assert seen.status(check, ":shop") == "unknown"
    assert f"{call} was denied" in seen.reason(check, ":shop")


@pytest.mark.parametrize(
    ("labels", "annotations", "reason"),
    [
        ({"owner": "payments", "data-classification": "internal"}, {}, ""),
        ({"example.com/Team": "payments"}, {"example.com/Classification": "secret"}, ""),
        ({}, {"example.com/data_classification": "secret", "Cost.Centre": "7", "example.com/OwNer": "payments"}, ""),
        ({}, {"dataClass": "secret", "team": "payments"}, ""),
        ({"owner": "payments"}, {}, "its classification (classification, data-classification, data-class)"),
        ({"owner": "", "classification": "internal"}, {}, "its owner (owner, team)"),
        ({"app.kubernetes.io/managed-by": "helm"}, {}, "its owner (owner, team) and its classification"),
    ],
)
def test_a_namespace_names_its_owner_and_its_classification(
    kube: Cluster, labels: dict[str, str], annotations: dict[str, str], reason: str
) -> None:
    kube.add("Namespace", "shop", labels=labels, annotations=annotations)
    seen = asked(kube, OWNER)
    assert seen.status(OWNER, ":shop") == ("fail" if reason else "pass")
    assert reason in seen.reason(OWNER, ":shop")
    assert seen.status(OWNER, ":default") == "fail"


def test_the_labels_of_owner_and_classification_are_those_of_the_configuration(kube: Cluster) -> None:
    kube.add("Namespace", "shop", labels={"product": "shop", "tier": "1"})
    judged(kube, OWNER, "", owner=["product"], classification=["tier"])


NOBODY = "namespace shop has no network policy that denies incoming traffic to all of its pods"
OPEN = "namespace shop lets everything in to all of its pods by p0"
ALL: dict[str, Any] = {"podSelector": {}}
FROM_SHOP = {"from": [{"namespaceSelector": {"matchLabels": {"name": "shop"}}}]}
PORTS = [{"port": 443, "protocol": "TCP"}]


@pytest.mark.parametrize(
    ("specs", "reason"),
    [
        ([], NOBODY),
        ([ALL], ""),
        ([ALL | {"policyTypes": ["Ingress", "Egress"], "ingress": []}], ""),
        ([ALL | {"policyTypes": ["Egress"]}], NOBODY),
        ([{"podSelector": {"matchLabels": {"app": "web"}}}], NOBODY),
        ([{"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}], NOBODY),
        ([ALL | {"ingress": [FROM_SHOP]}], ""),
        ([ALL | {"ingress": [{"from": [{"podSelector": {}}]}]}], ""),
        ([ALL | {"ingress": [{}]}], OPEN),
        ([ALL | {"ingress": [{"from": []}]}], OPEN),
        ([ALL | {"ingress": [{"from": [{"namespaceSelector": {}}]}]}], OPEN),
        ([ALL | {"ingress": [{"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "lb"}}}]}]}], ""),
        ([ALL | {"ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]}], OPEN),
        ([ALL | {"ingress": [{"from": [{"ipBlock": {"cidr": "::/0"}}]}]}], OPEN),
        ([ALL | {"ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]}]}], OPEN),
        ([ALL | {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}], ""),
        ([ALL | {"ingress": [{"ports": PORTS}]}], ""),
        ([ALL | {"ingress": [{"ports": [{"protocol": "TCP"}]}]}], OPEN),  # every port
        ([ALL | {"ingress": [{"ports": [{"port": 1, "endPort": 65535}]}]}], OPEN),
        ([ALL | {"ingress": [{"ports": [{"port": 1024, "endPort": 65535}]}]}], ""),
        ([ALL | {"ingress": [{"ports": [{"protocol": "UDP"}, *PORTS]}]}], ""),
        ([ALL | {"ingress": [{"from": [{"ipBlock": {"cidr": half}} for half in ("0.0.0.0/1", "128.0.0.0/1")]}]}], OPEN),
        ([ALL | {"ingress": [{"from": [{"ipBlock": {"cidr": half}}]} for half in ("::/1", "8000::/1")]}], OPEN),
        ([ALL | {"ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/1"}}]}]}], ""),
        ([ALL, ALL | {"ingress": [{}]}], OPEN.replace("p0", "p1")),
        ([ALL, {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{}]}], ""),
    ],
)
def test_a_namespace_denies_what_no_policy_allows(kube: Cluster, specs: list[dict[str, Any]], reason: str) -> None:
    kube.add("Namespace", "shop")
    kube.add("NetworkPolicy", "other", "default", spec=ALL)
    for number, spec in enumerate(specs):
        kube.add("NetworkPolicy", f"p{number}", "shop", spec=spec)
    judged(kube, DENY, reason)


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        ({}, "pass"),
        ({"scopes": ["NotBestEffort"]}, "pass"),
        ({"scopes": ["Terminating"]}, "fail"),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "NotBestEffort", "operator": "Exists"}]}}, "pass"),
        (
            {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["low"]}]}},
            "fail",
        ),
    ],
)
def test_a_quota_for_some_pods_is_none_for_the_namespace(kube: Cluster, limits: dict[str, Any], status: str) -> None:
    kube.add("Namespace", "shop")
    kube.add("ResourceQuota", "q", "shop", spec={"hard": {"requests.cpu": "8", "limits.memory": "16Gi"}, **limits})
    assert asked(kube, QUOTA).status(QUOTA, ":shop") == status


HARD = {"requests.cpu": "8", "limits.memory": "16Gi"}
FULL = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}
LOOSE = "namespace shop runs pods without requests.cpu, requests.memory, limits.memory: "


@pytest.mark.parametrize(
    ("hard", "spec", "reason"),
    [
        (HARD, {"containers": [container(resources=FULL)]}, ""),
        ({"cpu": "8", "memory": "1Gi"}, {"containers": [container(resources=FULL)]}, ""),
        ({"pods": "10"}, {"containers": [container(resources=FULL)]}, "namespace shop has no quota for cpu and memory"),
        ({"limits.cpu": "1"}, {"containers": [container(resources=FULL)]}, "namespace shop has no quota for memory"),
        (HARD, {}, LOOSE + "web (web)"),
        (HARD, {"containers": [container(resources={"limits": FULL["limits"]})]}, LOOSE + "web (web)"),
        (HARD, {"containers": [container(resources=FULL)], "initContainers": [container("setup")]}, LOOSE + "web (setup)"),
        (HARD, {"containers": [container()], "resources": FULL}, ""),
        (HARD, {"containers": [container(resources=FULL)], "ephemeralContainers": [container("debug")]}, ""),
    ],
)
def test_a_namespace_has_a_quota_and_its_pods_say_what_they_need(
    kube: Cluster, hard: dict[str, str], spec: dict[str, Any], reason: str
) -> None:
    kube.add("Namespace", "shop")
    kube.add("ResourceQuota", "q", "shop", spec={"hard": hard})
    pod(kube, **spec)
    pod(kube, "done", phase="Succeeded")
    pod(kube, "elsewhere", "default")
    judged(kube, QUOTA, reason)


def test_what_each_container_sets_is_that_of_the_configuration(kube: Cluster) -> None:
    kube.add("Namespace", "shop")
    kube.add("ResourceQuota", "q", "shop", spec={"hard": HARD})
    pod(kube, containers=[container(resources=FULL)])
    judged(kube, QUOTA, "namespace shop runs pods without limits.cpu: web (web)", required=["limits.cpu"])


def test_a_namespace_holds_no_token_that_never_expires(kube: Cluster) -> None:
    kube.add("Namespace", "shop")
    kube.add("Namespace", "other")
    of_robot = {"kubernetes.io/service-account.name": "robot", "kubectl.kubernetes.io/last-applied-configuration": "hunter2"}
    kube.add("Secret", "db", "shop", type="Opaque", data={"password": "aHVudGVyMg=="})
    judged(kube, TOKENS, "")
    kind = "kubernetes.io/service-account-token"
    kube.add("Secret", "robot-token", "shop", type=kind, annotations=of_robot, data={"token": "aHVudGVyMg=="})
    judged(kube, TOKENS, "namespace shop holds tokens that never expire: robot-token (of robot)")
    assert asked(kube, TOKENS).status(TOKENS, ":other") == "pass"
    judged(kube, TOKENS, "", allowed=["shop/robot-*"])


def test_a_token_that_cannot_be_read_is_not_passed_over(kube: Cluster) -> None:
    kube.add("Namespace", "shop")
    metadata = {"name": "odd", "namespace": "shop", "labels": ["x"]}
    kind = "kubernetes.io/service-account-token"
    kube.add({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind}, raw=True)
    seen = asked(kube, TOKENS)
    assert seen.status(TOKENS, ":shop") == "unknown"
    assert "unexpected shape" in seen.reason(TOKENS, ":shop")
