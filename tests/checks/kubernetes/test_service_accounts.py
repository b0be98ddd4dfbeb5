"""Service accounts: what the default ones hold, and where tokens lie that nobody uses."""

from typing import Any

import pytest

from tests.checks.kubernetes.manifests import RBAC, bind, cluster_role, pod, rule
from tests.collectors.kubernetes.cluster import Cluster
from tests.harness import Looked, look

DEFAULT, MOUNTED = "k8s_sa_default_unused", "k8s_sa_token_not_automounted"


def asked(kube: Cluster, check: str, **parameters: Any) -> Looked:
    return look(kube.connect(), check, parameters={check: parameters})


@pytest.mark.parametrize(
    ("subject", "status"),
    [
        ("ServiceAccount:shop/web", "pass"),
        ("ServiceAccount:shop/not-default", "pass"),
        ("Group:shop", "pass"),
        ("User:default", "pass"),
        ("ServiceAccount:shop/default", "fail"),
        ("User:system:serviceaccount:shop:default", "fail"),
        ("Group:system:serviceaccounts", "fail"),
        ("Group:system:serviceaccounts:shop", "fail"),
        ("Group:system:authenticated", "fail"),
    ],
)
def test_no_grant_reaches_a_default_account(kube: Cluster, subject: str, status: str) -> None:
    cluster_role(kube, "view", rule("get", "pods"))
    bind(kube, "viewers", "view", "Group:other", subject, namespace="shop")
    seen = asked(kube, DEFAULT)
    assert seen.status(DEFAULT, "shop/viewers") == status
    assert asked(kube, DEFAULT, allowed=["shop/*"]).status(DEFAULT, "shop/viewers") == "pass"


def test_a_grant_to_a_default_account_is_named_with_its_role(kube: Cluster) -> None:
    kube.add("Role", "reader", "shop", rules=[rule("get", "pods")])
    bind(kube, "oops", "reader", "ServiceAccount:shop/default", namespace="shop", kind="Role")
    assert asked(kube, DEFAULT).reason(DEFAULT, "shop/oops") == (
        "shop/oops grants role reader to ServiceAccount:shop/default, so to pods of a default service account"
    )


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ([{"nonResourceURLs": ["/.well-known/openid-configuration/", "/openid/v1/jwks/"], "verbs": ["get"]}], "pass"),
        ([rule("create", "selfsubjectaccessreviews selfsubjectrulesreviews", "authorization.k8s.io")], "pass"),
        ([rule("create", "selfsubjectaccessreviews subjectaccessreviews", "authorization.k8s.io")], "fail"),
        ([{"nonResourceURLs": ["/logs"], "verbs": ["get"]}], "fail"),
    ],
)
def test_what_everybody_may_do_is_no_grant_whatever_the_role_is_called(
    kube: Cluster, rules: list[dict[str, Any]], status: str
) -> None:
    cluster_role(kube, "system:basic-user", *rules)
    bind(kube, "everybody", "system:basic-user", "Group:system:authenticated")
    assert asked(kube, DEFAULT).status(DEFAULT, ":everybody") == status


def test_a_role_that_is_gone_grants_nothing_to_anybody(kube: Cluster) -> None:
    bind(kube, "ghost", "gone", "ServiceAccount:shop/default")
    assert asked(kube, DEFAULT).status(DEFAULT, ":ghost") == "not_applicable"


@pytest.mark.parametrize("call", [f"list clusterrolebindings.{RBAC}", f"list clusterroles.{RBAC}"])
def test_grants_that_may_not_be_read_are_unknown(kube: Cluster, call: str) -> None:
    cluster_role(kube, "view", rule("get", "pods"))
    bind(kube, "viewers", "view", "ServiceAccount:shop/default")
    kube.deny(call)
    found = asked(kube, DEFAULT).of(DEFAULT)
    assert {str(f.status) for f in found} == {"unknown"}
    assert all(f"{call} was denied" in f.reason for f in found)


@pytest.mark.parametrize(
    ("of_account", "of_pod", "status"),
    [
        (None, None, "fail"),
        (True, None, "fail"),
        (False, None, "pass"),
        (False, True, "fail"),
        (None, False, "pass"),
        (True, False, "pass"),
    ],
)
def test_the_pod_decides_whether_a_token_is_mounted_then_its_account_then_the_default(
    kube: Cluster, of_account: bool | None, of_pod: bool | None, status: str
) -> None:
    kube.add("ServiceAccount", "web", "shop", automountServiceAccountToken=of_account)
    pod(kube, serviceAccountName="web", automountServiceAccountToken=of_pod)
    seen = asked(kube, MOUNTED)
    assert seen.status(MOUNTED, "shop/web") == status
    if status == "fail":
        assert (
            seen.reason(MOUNTED, "shop/web")
            == "service account shop/web is granted nothing of its own, and its token is mounted in web"
        )


@pytest.mark.parametrize(
    ("subject", "namespace", "status"),
    [
        ("ServiceAccount:shop/web", "shop", "pass"),
        ("ServiceAccount:shop/web", "other", "pass"),
        ("ServiceAccount:shop/web", None, "pass"),
        ("User:system:serviceaccount:shop:web", None, "pass"),
        ("Group:system:serviceaccounts:shop", None, "pass"),
        ("ServiceAccount:other/web", "shop", "fail"),
        ("Group:system:serviceaccounts:other", None, "fail"),
        ("User:web", "shop", "fail"),
    ],
)
def test_an_account_that_is_granted_something_is_taken_to_use_it(
    kube: Cluster, subject: str, namespace: str | None, status: str
) -> None:
    kube.add("ServiceAccount", "web", "shop")
    pod(kube, serviceAccountName="web")
    cluster_role(kube, "view", rule("get", "pods"))
    bind(kube, "b", "view", subject, namespace=namespace)
    assert asked(kube, MOUNTED).status(MOUNTED, "shop/web") == status


def test_a_binding_to_no_role_or_to_one_without_rules_grants_nothing(kube: Cluster) -> None:
    kube.add("ServiceAccount", "web", "shop")
    pod(kube, serviceAccountName="web")
    bind(kube, "b", "gone", "ServiceAccount:shop/web")
    assert asked(kube, MOUNTED).status(MOUNTED, "shop/web") == "fail"
    cluster_role(kube, "gone")
    assert asked(kube, MOUNTED).status(MOUNTED, "shop/web") == "fail"
    cluster_role(kube, "gone", rule("get", "pods"))
    assert asked(kube, MOUNTED).status(MOUNTED, "shop/web") == "pass"


def test_pods_that_ended_and_accounts_without_pods_mount_nothing(kube: Cluster) -> None:
    for name in ("job", "idle", "vault"):
        kube.add("ServiceAccount", name, "shop")
    kube.add("ServiceAccount", "job", "other")
    pod(kube, "done", phase="Succeeded", serviceAccountName="job")
    pod(kube, "login", serviceAccountName="vault")
    pod(kube, "running", "other", serviceAccountName="job")
    seen = asked(kube, MOUNTED, allowed=["shop/vault"])
    assert [seen.status(MOUNTED, f"shop/{name}") for name in ("job", "idle", "vault")] == ["pass"] * 3
    assert seen.status(MOUNTED, "other/job") == "fail"


def test_exempt_namespaces_are_not_asked(kube: Cluster) -> None:
    kube.add("ServiceAccount", "proxy", "kube-system")
    pod(kube, "proxy", "kube-system", serviceAccountName="proxy")
    assert asked(kube, MOUNTED).status(MOUNTED, "kube-system/proxy") == "not_applicable"
    assert asked(kube, MOUNTED, exempt_namespaces=[]).status(MOUNTED, "kube-system/proxy") == "fail"


@pytest.mark.parametrize(
    "call", ["list serviceaccounts", "list pods", f"list rolebindings.{RBAC}", f"list clusterroles.{RBAC}"]
)
def test_mounts_that_may_not_be_read_are_unknown(kube: Cluster, call: str) -> None:
    kube.add("ServiceAccount", "web", "shop")
    pod(kube, serviceAccountName="web")
    cluster_role(kube, "view", rule("get", "pods"))
    bind(kube, "b", "view", "ServiceAccount:shop/web")
    kube.deny(call)
    (found,) = asked(kube, MOUNTED).of(MOUNTED)
    assert str(found.status) == "unknown"
    assert f"{call} was denied" in found.reason
