"""Roles and bindings, judged as the API server would decide: wildcards, subresources, names, aggregation, what is missing."""

from typing import Any

import pytest

from tests.checks.kubernetes.manifests import EVERYTHING, RBAC, SCOPE, bind, cluster_role, rule
from tests.collectors.kubernetes.cluster import Cluster
from tests.harness import Looked, look

WILD, ADMIN, ANONYMOUS = "k8s_rbac_no_wildcards", "k8s_rbac_cluster_admin_limited", "k8s_rbac_no_anonymous"
ESCALATE, SECRETS, EXEC = "k8s_rbac_no_escalation_verbs", "k8s_rbac_secret_read_limited", "k8s_rbac_pod_exec_limited"
USERS = "k8s_rbac_no_direct_users"
WITH_ROLES = (ADMIN, ANONYMOUS, ESCALATE, SECRETS, EXEC)
PATHS = {"nonResourceURLs": ["*"], "verbs": ["*"]}


def asked(kube: Cluster, check: str, **parameters: Any) -> Looked:
    return look(kube.connect(), check, parameters={check: parameters})


def verdict(seen: Looked, check: str, name: str, reason: str) -> None:
    """Fails for this reason; with none, passes."""
    assert (seen.status(check, name), seen.reason(check, name)) == ("fail" if reason else "pass", reason)


# Wildcards


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ([rule("get list", "pods")], ""),
        ([], ""),
        ([EVERYTHING, PATHS], "ops grants every verb on every resource of every API group"),
        ([rule("*", "*")], "ops grants every verb on every resource of API group core"),
        ([rule("*", "*", " apps")], "ops grants every verb on every resource of API group core, apps"),
        ([rule("*", "*", "rbac.authorization.k8s.io")], "ops grants every verb on every resource of API group " + RBAC),
        ([rule("*", "*", "cert-manager.io")], ""),
        ([rule("get list watch", "*", "*")], ""),
        (
            [rule("create delete get list patch update watch", "*", "*")],
            "ops grants create, delete, get, list, patch, update, watch on every resource of every API group",
        ),
        ([rule("*", "pods services")], ""),
        ([rule("*", "*/scale", "*")], ""),
        ([rule("*", "*", "", "one")], ""),
    ],
)
def test_a_role_that_grants_everything_of_a_group_of_kubernetes_is_found(
    kube: Cluster, rules: list[dict[str, Any]], reason: str
) -> None:
    cluster_role(kube, "ops", *rules)
    verdict(asked(kube, WILD), WILD, ":ops", reason)


def test_roles_of_namespaces_count_and_only_the_exact_built_in_name_is_spared(kube: Cluster) -> None:
    for name in ("cluster-admin", "system:cluster-admin", "system:controller:x"):
        cluster_role(kube, name, EVERYTHING)
    kube.add("Role", "cluster-admin", "shop", rules=[EVERYTHING])
    seen = asked(kube, WILD)
    assert seen.status(WILD, "cluster_role:cluster-admin") == "not_applicable"
    assert seen.status(WILD, "cluster_role:system:cluster-admin") == "fail"
    assert seen.status(WILD, "cluster_role:system:controller:x") == "fail"
    assert seen.reason(WILD, "role:shop/cluster-admin").startswith("shop/cluster-admin grants every verb")


def test_what_an_aggregated_role_was_given_counts(kube: Cluster) -> None:
    aggregation = {"clusterRoleSelectors": [{"matchLabels": {"ops": "yes"}}]}
    cluster_role(kube, "sum", EVERYTHING, aggregationRule=aggregation)
    kube.add("ClusterRole", "empty", rules=None, aggregationRule=aggregation)
    seen = asked(kube, WILD)
    assert (seen.status(WILD, ":sum"), seen.status(WILD, ":empty")) == ("fail", "pass")


# Full control


def test_full_control_is_for_listed_groups_whatever_the_role_is_called(kube: Cluster) -> None:
    cluster_role(kube, "cluster-admin", EVERYTHING, PATHS)
    cluster_role(kube, "superuser", rule("get", "pods"), EVERYTHING)
    cluster_role(kube, "view", rule("get list watch", "pods"))
    bind(kube, "cluster-admin", "cluster-admin", "Group:system:masters")
    bind(kube, "kubeadm", "cluster-admin", "Group:kubeadm:cluster-admins")
    bind(kube, "ops", "cluster-admin", "Group:ops", "User:jane", "ServiceAccount:ci/deployer")
    bind(kube, "quiet", "superuser", "User:system:masters")
    bind(kube, "viewers", "view", "Group:everyone")
    bind(kube, "nobody", "cluster-admin")
    seen = asked(kube, ADMIN)
    for name in (":cluster-admin", ":kubeadm", ":viewers", ":nobody"):
        verdict(seen, ADMIN, name, "")
    who = "Group:ops, ServiceAccount:ci/deployer, User:jane"
    verdict(seen, ADMIN, ":ops", f"ops gives full control of the cluster (cluster role cluster-admin) to {who}")
    verdict(seen, ADMIN, ":quiet", "quiet gives full control of the cluster (cluster role superuser) to User:system:masters")
    assert asked(kube, ADMIN, allowed=["Group:ops", "User:*", "ServiceAccount:ci/*"]).status(ADMIN, ":ops") == "pass"


def test_full_control_that_is_given_by_several_rules_is_full_control(kube: Cluster) -> None:
    cluster_role(kube, "pieces", rule("get list watch", "*", "*"), rule("create update patch delete", "*", "*"))
    cluster_role(kube, "reads", rule("get list watch", "*", "*"), rule("create update patch delete", "*", "*", "one"))
    bind(kube, "pieces", "pieces", "User:jane")
    bind(kube, "reads", "reads", "User:jane")
    seen = asked(kube, ADMIN)
    verdict(seen, ADMIN, ":pieces", "pieces gives full control of the cluster (cluster role pieces) to User:jane")
    verdict(seen, ADMIN, ":reads", "")


def test_full_control_of_one_namespace_is_not_that_of_the_cluster_but_of_kube_system_it_is(kube: Cluster) -> None:
    cluster_role(kube, "cluster-admin", EVERYTHING)
    kube.add("Role", "all", "kube-system", rules=[EVERYTHING])
    bind(kube, "team", "cluster-admin", "Group:shop", namespace="shop")
    bind(kube, "addons", "all", "Group:platform", namespace="kube-system", kind="Role")
    seen = asked(kube, ADMIN)
    assert seen.status(ADMIN, "shop/team") == "not_applicable"
    assert seen.reason(ADMIN, "addons") == "kube-system/addons gives full control of kube-system (role all) to Group:platform"


# Callers who did not sign in


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ([{"nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"], "verbs": ["get"]}], "pass"),
        ([{"nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/openapi/*"], "verbs": ["get"]}], "pass"),
        ([], "pass"),
        ([{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}], "fail"),
        ([{"nonResourceURLs": ["*"], "verbs": ["get"]}], "fail"),
        ([{"nonResourceURLs": ["/versions-of-mine"], "verbs": ["get"]}], "fail"),
        ([{"nonResourceURLs": ["/healthz"], "verbs": ["*"]}], "fail"),
        ([{"nonResourceURLs": ["/healthz"], "verbs": ["get"]}, rule("get", "pods")], "fail"),
    ],
)
@pytest.mark.parametrize("caller", ["User:system:anonymous", "Group:system:unauthenticated"])
def test_callers_who_did_not_sign_in_reach_health_and_discovery_only(
    kube: Cluster, rules: list[dict[str, Any]], status: str, caller: str
) -> None:
    cluster_role(kube, "system:public-info-viewer", *rules)
    bind(kube, "public", "system:public-info-viewer", caller, "Group:system:authenticated")
    assert asked(kube, ANONYMOUS).status(ANONYMOUS, ":public") == status


def test_a_node_that_joins_may_find_its_cluster_and_nothing_else(kube: Cluster) -> None:
    for namespace, name in (("kube-public", "cluster-info"), ("kube-public", "other"), ("shop", "cluster-info")):
        kube.add("Role", f"info-{name}", namespace, rules=[rule("get", "configmaps", "", name)])
        bind(kube, f"b-{name}", f"info-{name}", "User:system:anonymous", namespace=namespace, kind="Role")
    seen = asked(kube, ANONYMOUS)
    assert seen.status(ANONYMOUS, "kube-public/b-cluster-info") == "pass"
    assert seen.status(ANONYMOUS, "kube-public/b-other") == "fail"
    assert seen.reason(ANONYMOUS, "shop/b-cluster-info") == (
        "shop/b-cluster-info grants role info-cluster-info to User:system:anonymous, so to everyone who reaches the API server"
    )


# Ways to more rights


@pytest.mark.parametrize(
    ("rules", "verbs"),
    [
        ([rule("get list", "clusterroles roles", RBAC)], ""),
        ([rule("create update", "rolebindings", RBAC)], ""),
        ([rule("escalate", "clusterroles", RBAC)], "escalate"),
        ([rule("escalate", "clusterroles", RBAC, "view")], "escalate"),
        ([rule("*", "roles", RBAC)], "bind, escalate"),
        ([rule("bind", "clusterroles", RBAC)], "bind"),
        ([rule("bind", "clusterroles", RBAC, "view")], ""),
        ([rule("bind", "clusterroles", RBAC, "view", "cluster-admin")], "bind"),
        ([rule("bind", "clusterroles", "*")], "bind"),
        ([rule("bind", "clusterroles", "apps")], ""),
        ([rule("impersonate", "users groups")], "impersonate"),
        ([rule("impersonate", "users", "", "jane")], "impersonate"),
        ([rule("impersonate", "serviceaccounts")], "impersonate"),
        ([rule("impersonate", "userextras/scopes", "authentication.k8s.io")], ""),
        ([rule("impersonate", "pods")], ""),
        ([rule("create", "serviceaccounts/token")], "create serviceaccounts/token"),
        ([rule("create", "serviceaccounts/token", "", "default")], "create serviceaccounts/token"),
        ([rule("create", "serviceaccounts")], ""),
        ([EVERYTHING], "bind, create serviceaccounts/token, escalate, impersonate"),
    ],
)
def test_verbs_that_raise_rights_are_for_listed_subjects(kube: Cluster, rules: list[dict[str, Any]], verbs: str) -> None:
    cluster_role(kube, "cluster-admin", EVERYTHING)
    cluster_role(kube, "view", rule("get", "pods"))
    cluster_role(kube, "access", *rules)
    bind(kube, "helpers", "access", "Group:support")
    reason = f"helpers gives {verbs} to Group:support by cluster role access" if verbs else ""
    verdict(asked(kube, ESCALATE), ESCALATE, ":helpers", reason)
    assert asked(kube, ESCALATE, allowed=["Group:support"]).status(ESCALATE, ":helpers") == "pass"


def test_in_a_namespace_the_usual_roles_may_impersonate_its_accounts_but_not_escalate(kube: Cluster) -> None:
    accounts = (rule("impersonate", "serviceaccounts"), rule("create", "serviceaccounts/token"))
    cluster_role(kube, "edit", *accounts, rule("create", "pods"))
    cluster_role(kube, "namespace-access", rule("escalate", "roles", RBAC))
    bind(kube, "developers", "edit", "Group:shop", namespace="shop")
    bind(kube, "everywhere", "edit", "Group:shop")
    bind(kube, "managers", "namespace-access", "Group:shop", namespace="shop")
    bind(kube, "addons", "edit", "Group:platform", namespace="kube-system")
    seen = asked(kube, ESCALATE)
    names = ("shop/developers", ":everywhere", "shop/managers", "kube-system/addons")
    assert [seen.status(ESCALATE, name) for name in names] == ["pass", "fail", "fail", "fail"]


def test_a_role_that_may_be_handed_out_by_name_is_looked_at_where_it_stands(kube: Cluster) -> None:
    kube.add("Role", "all", "kube-system", rules=[EVERYTHING])
    kube.add("Role", "reads", "kube-system", rules=[rule("get", "pods")])
    cluster_role(kube, "writes-roles", rule("escalate update", "clusterroles", RBAC))
    for name in ("all", "reads", "writes-roles", "gone"):
        kube.add("Role", f"binds-{name}", "kube-system", rules=[rule("bind", "roles clusterroles", RBAC, name)])
        bind(kube, f"binds-{name}", f"binds-{name}", "Group:support", namespace="kube-system", kind="Role")
    seen = asked(kube, ESCALATE)
    found = {name: seen.status(ESCALATE, f"/binds-{name}") for name in ("all", "reads", "writes-roles", "gone")}
    assert found == {"all": "fail", "reads": "pass", "writes-roles": "fail", "gone": "pass"}


def test_the_aggregation_controller_is_known_by_its_exact_account(kube: Cluster) -> None:
    role = "system:controller:clusterrole-aggregation-controller"
    cluster_role(kube, role, rule("escalate get list patch update watch", "clusterroles", RBAC))
    bind(kube, role, role, "ServiceAccount:kube-system/clusterrole-aggregation-controller")
    bind(kube, "copy", role, "ServiceAccount:shop/clusterrole-aggregation-controller")
    seen = asked(kube, ESCALATE)
    assert (seen.status(ESCALATE, f"binding:{role}"), seen.status(ESCALATE, ":copy")) == ("pass", "fail")


# Reading secrets


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ([rule("get", "configmaps")], "pass"),
        ([rule("get", "secrets")], "fail"),
        ([rule("list", "secrets")], "fail"),
        ([rule("watch", "*")], "fail"),
        ([rule("*", "secrets", "*")], "fail"),
        ([rule("get", "secrets", "", "ca")], "pass"),
        ([rule("create update delete", "secrets")], "pass"),
        ([rule("get", "secrets", "apps")], "pass"),
        ([rule("get", "secrets/*")], "pass"),
    ],
)
def test_reading_every_secret_is_for_listed_subjects(kube: Cluster, rules: list[dict[str, Any]], status: str) -> None:
    cluster_role(kube, "reader", *rules)
    bind(kube, "backup", "reader", "ServiceAccount:backup/agent")
    seen = asked(kube, SECRETS)
    reason = "backup lets ServiceAccount:backup/agent read every secret by cluster role reader"
    verdict(seen, SECRETS, ":backup", reason if status == "fail" else "")
    assert asked(kube, SECRETS, allowed=["ServiceAccount:backup/*"]).status(SECRETS, ":backup") == "pass"


def test_controllers_are_known_exactly_and_a_user_who_is_an_account_is_that_account(kube: Cluster) -> None:
    cluster_role(kube, "all", rule("get list watch", "*", "*"))
    bind(kube, "collector", "all", "ServiceAccount:kube-system/generic-garbage-collector")
    bind(kube, "same", "all", "User:system:serviceaccount:kube-system:generic-garbage-collector")
    bind(kube, "manager", "all", "User:system:kube-controller-manager")
    bind(kube, "fake", "all", "Group:system:kube-controller-manager")
    bind(kube, "other", "all", "ServiceAccount:kube-system/generic-garbage-collector-2")
    seen = asked(kube, SECRETS)
    assert [seen.status(SECRETS, f":{name}") for name in ("collector", "same", "manager")] == ["pass"] * 3
    assert [seen.status(SECRETS, f":{name}") for name in ("fake", "other")] == ["fail"] * 2


# Shells in production


def spaces(kube: Cluster) -> None:
    kube.add("Namespace", "shop", labels={"example.com/environment": "Production"})
    kube.add("Namespace", "lab", labels={"env": "dev"})
    kube.add("Namespace", "new")


@pytest.mark.parametrize(
    ("rules", "ways"),
    [
        ([rule("get list", "pods pods/log")], ""),
        ([rule("create", "pods/exec pods/attach")], "pods/exec, pods/attach"),
        ([rule("get", "pods/exec")], "pods/exec"),
        ([rule("create", "*/portforward", "*")], "pods/portforward"),
        ([rule("*", "*", "*")], "pods/exec, pods/attach, pods/portforward, pods/ephemeralcontainers"),
        ([rule("patch", "pods/ephemeralcontainers")], "pods/ephemeralcontainers"),
        ([rule("create", "pods")], ""),
        ([rule("create", "pods/exec", "", "db-0")], "pods/exec"),
        ([rule("get update", "pods", "", "db-0")], ""),
        ([rule("get", "nodes/proxy")], ""),
    ],
)
def test_a_shell_in_production_is_for_listed_subjects(kube: Cluster, rules: list[dict[str, Any]], ways: str) -> None:
    spaces(kube)
    kube.add("Role", "debug", "shop", rules=rules)
    bind(kube, "support", "debug", "Group:support", namespace="shop", kind="Role")
    reason = f"shop/support gives Group:support {ways} by role debug" if ways else ""
    verdict(asked(kube, EXEC), EXEC, "shop/support", reason)
    assert asked(kube, EXEC, allowed=["Group:support"]).status(EXEC, "shop/support") == "pass"


def test_a_namespace_says_what_it_is_for_and_the_whole_cluster_is_production(kube: Cluster) -> None:
    spaces(kube)
    cluster_role(kube, "debug", rule("create", "pods/exec"), rule("get", "nodes/proxy"))
    for namespace in ("lab", "new", "kube-system", None):
        bind(kube, "support", "debug", "Group:support", namespace=namespace)
    seen = asked(kube, EXEC)
    assert seen.status(EXEC, "lab/support") == "not_applicable"
    assert seen.status(EXEC, "new/support") == "unknown"
    assert seen.reason(EXEC, "new/support") == (
        "namespace new does not say what it is for: label it with one of environment, env, stage"
    )
    assert seen.status(EXEC, "kube-system/support") == "fail"
    verdict(seen, EXEC, ":support", "support gives Group:support pods/exec, nodes/proxy by cluster role debug")


def test_namespaces_that_may_not_be_listed_leave_it_open(kube: Cluster) -> None:
    spaces(kube)
    cluster_role(kube, "debug", rule("create", "pods/exec"))
    bind(kube, "support", "debug", "Group:support", namespace="shop")
    kube.deny("list namespaces")
    seen = asked(kube, EXEC)
    assert seen.status(EXEC, "shop/support") == "unknown"
    assert seen.reason(EXEC, "shop/support").startswith("list namespaces was denied")


# People by name


def test_people_are_bound_by_groups_and_components_by_their_names(kube: Cluster) -> None:
    bind(kube, "team", "view", "Group:shop", "ServiceAccount:shop/web", namespace="shop")
    bind(kube, "component", "system:kube-scheduler", "User:system:kube-scheduler")
    bind(kube, "account", "view", "User:system:serviceaccount:shop:web")
    bind(kube, "person", "view", "Group:shop", "User:jane@example.com", namespace="shop")
    bind(kube, "posing", "view", "User:system:kube-scheduler2")
    seen = asked(kube, USERS)
    assert [seen.status(USERS, name) for name in ("shop/team", ":component", ":account")] == ["pass"] * 3
    verdict(seen, USERS, "shop/person", "shop/person names the users jane@example.com one by one")
    assert seen.status(USERS, ":posing") == "fail"
    assert asked(kube, USERS, allowed=["*@example.com"]).status(USERS, "shop/person") == "pass"


# What is not there, and what may not be read


@pytest.mark.parametrize("check", WITH_ROLES)
def test_a_binding_to_a_role_that_does_not_exist_grants_nothing(kube: Cluster, check: str) -> None:
    bind(kube, "ghost", "gone", "User:system:anonymous")
    seen = asked(kube, check)
    assert seen.status(check, ":ghost") == "not_applicable"
    assert seen.reason(check, ":ghost") == "ghost refers to cluster role gone, which does not exist, and grants nothing"


@pytest.mark.parametrize(("check", "call"), [(c, f"list clusterrolebindings.{RBAC}") for c in (*WITH_ROLES, USERS)])
def test_bindings_that_may_not_be_listed_are_unknown(kube: Cluster, check: str, call: str) -> None:
    kube.deny(call)
    seen = asked(kube, check)
    assert seen.status(check, SCOPE) == "unknown"
    assert seen.reason(check, SCOPE).startswith(f"{call} was denied")


@pytest.mark.parametrize("check", WITH_ROLES)
def test_roles_that_may_not_be_listed_leave_each_binding_open(kube: Cluster, check: str) -> None:
    cluster_role(kube, "view", rule("get", "pods"))
    bind(kube, "viewers", "view", "User:system:anonymous")
    kube.deny(f"list clusterroles.{RBAC}")
    seen = asked(kube, check)
    assert seen.status(check, ":viewers") == "unknown"
    assert f"list clusterroles.{RBAC} was denied" in seen.reason(check, ":viewers")


@pytest.mark.parametrize("kind", ["clusterroles", "roles"])
def test_wildcards_in_roles_that_may_not_be_listed_are_unknown(kube: Cluster, kind: str) -> None:
    kube.deny(f"list {kind}.{RBAC}")
    statuses = {str(finding.status): finding.reason for finding in asked(kube, WILD).findings}
    assert f"list {kind}.{RBAC} was denied" in statuses["unknown"]
