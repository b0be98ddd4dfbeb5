"""The roles that Kubernetes and kubeadm make by themselves: on a cluster where nobody granted anything, nothing is found."""

from typing import Any

import pytest

from checks.check import checks
from tests.checks.kubernetes.manifests import EVERYTHING, RBAC, bind, cluster_role, rule
from tests.collectors.kubernetes.cluster import Cluster
from tests.harness import look

READ = "get list watch"
CONTROLLERS: dict[str, list[dict[str, Any]]] = {
    "clusterrole-aggregation-controller": [rule(f"escalate {READ} update patch", "clusterroles", RBAC)],
    "generic-garbage-collector": [rule(f"{READ} patch update delete", "*", "*")],
    "horizontal-pod-autoscaler": [rule("get update", "*/scale", "*"), rule(READ, "*", "custom.metrics.k8s.io")],
    "legacy-service-account-token-cleaner": [rule("patch delete", "secrets")],
    "namespace-controller": [rule(f"{READ} delete deletecollection", "*", "*")],
    "resourcequota-controller": [rule("list watch", "*", "*")],
    "storage-version-migrator-controller": [rule("list patch", "*", "*")],
}
OF_ALL = "Group:system:authenticated"
OF_PODS = "Group:system:serviceaccounts"
JOINING = "Group:system:bootstrappers:kubeadm:default-node-token"
OTHERS: dict[str, tuple[list[dict[str, Any]], tuple[str, ...]]] = {
    "cluster-admin": ([EVERYTHING, {"nonResourceURLs": ["*"], "verbs": ["*"]}], ("Group:system:masters",)),
    "system:basic-user": (
        [
            rule("create", "selfsubjectaccessreviews selfsubjectrulesreviews", "authorization.k8s.io"),
            rule("create", "selfsubjectreviews", "authentication.k8s.io"),
        ],
        (OF_ALL,),
    ),
    "system:cluster-trust-bundle-discovery": ([rule(READ, "clustertrustbundles", "certificates.k8s.io")], (OF_PODS,)),
    "system:discovery": (
        [{"nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/openapi", "/version/"], "verbs": ["get"]}],
        (OF_ALL,),
    ),
    "system:kube-controller-manager": (
        [rule("create", "serviceaccounts/token"), rule("get create update delete", "secrets"), rule("list watch", "*", "*")],
        ("User:system:kube-controller-manager",),
    ),
    "system:node": ([rule("create", "serviceaccounts/token"), rule(READ, "secrets configmaps")], ()),
    "system:node-proxier": ([rule("list watch", "services nodes")], ("User:system:kube-proxy",)),
    "system:public-info-viewer": (
        [{"nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"], "verbs": ["get"]}],
        (OF_ALL, "Group:system:unauthenticated"),
    ),
    "system:service-account-issuer-discovery": (
        [{"nonResourceURLs": ["/.well-known/openid-configuration", "/openid/v1/jwks"], "verbs": ["get"]}],
        (OF_PODS,),
    ),
}
EVERY = [check.id for check in checks().values() if check.provider == "kubernetes" and "rbac" in check.id]


@pytest.fixture
def new(kube: Cluster) -> Cluster:
    """A cluster as kubeadm leaves it."""
    for name, rules in CONTROLLERS.items():
        cluster_role(kube, f"system:controller:{name}", *rules)
        bind(kube, f"system:controller:{name}", f"system:controller:{name}", f"ServiceAccount:kube-system/{name}")
    for name, (rules, subjects) in OTHERS.items():
        cluster_role(kube, name, *rules)
        bind(kube, name, name, *subjects)
    bind(kube, "kubeadm:cluster-admins", "cluster-admin", "Group:kubeadm:cluster-admins")
    cluster_role(kube, "kubeadm:get-nodes", rule("get", "nodes"))
    bind(kube, "kubeadm:get-nodes", "kubeadm:get-nodes", JOINING)
    bind(kube, "kubeadm:node-proxier", "system:node-proxier", "ServiceAccount:kube-system/kube-proxy")
    for namespace, name, granted, who in (
        (
            "kube-public",
            "kubeadm:bootstrap-signer-clusterinfo",
            rule("get", "configmaps", "", "cluster-info"),
            "User:system:anonymous",
        ),
        ("kube-system", "kubeadm:kubelet-config", rule("get", "configmaps", "", "kubelet-config"), "Group:system:nodes"),
        ("kube-system", "system::leader-locking-kube-scheduler", rule("watch", "configmaps"), "User:system:kube-scheduler"),
        ("kube-system", "system:controller:token-cleaner", rule(READ, "secrets"), "ServiceAccount:kube-system/token-cleaner"),
    ):
        kube.add("Role", name, namespace, rules=[granted])
        bind(kube, name, name, who, namespace=namespace, kind="Role")
    return kube


def test_what_kubernetes_grants_to_itself_is_no_finding(new: Cluster) -> None:
    seen = look(new.connect(), *EVERY, "k8s_sa_default_unused")
    assert {f.check for f in seen.findings} == {*EVERY, "k8s_sa_default_unused"}
    assert [(f.check, f.reason) for f in seen.findings if str(f.status) not in ("pass", "not_applicable")] == []


def test_the_same_rights_for_anybody_else_are(new: Cluster) -> None:
    for name in ("generic-garbage-collector", "namespace-controller"):
        bind(new, f"copy-{name}", f"system:controller:{name}", f"ServiceAccount:shop/{name}")
    seen = look(new.connect(), "k8s_rbac_pod_exec_limited", "k8s_rbac_secret_read_limited")
    for name in ("generic-garbage-collector", "namespace-controller"):
        assert seen.status("k8s_rbac_pod_exec_limited", f":copy-{name}") == "fail"
        assert seen.status("k8s_rbac_secret_read_limited", f":copy-{name}") == "fail"


def test_trust_bundles_are_for_all_to_read_and_not_to_write(kube: Cluster) -> None:
    cluster_role(kube, "reads", rule(READ, "clustertrustbundles", "certificates.k8s.io"))
    cluster_role(kube, "writes", rule("create", "clustertrustbundles", "certificates.k8s.io"))
    cluster_role(kube, "other", rule(READ, "clustertrustbundles", "example.com"))
    for name in ("reads", "writes", "other"):
        bind(kube, name, name, OF_PODS)
    seen = look(kube.connect(), "k8s_sa_default_unused")
    names = ("reads", "writes", "other")
    assert [seen.status("k8s_sa_default_unused", f":{name}") for name in names] == ["pass", "fail", "fail"]
