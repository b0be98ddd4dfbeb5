"""Roles and bindings: what is granted, and to whom."""

from checks.check import Answer, NotApplicable, check
from checks.kubernetes.environments import beside_production
from checks.kubernetes.grants import (
    RBAC,
    READ,
    ROLES,
    are_everything,
    grants,
    is_public,
    role_text,
    rules_of,
    strangers,
    subjects_of,
    verbs_on,
    writes_rights,
)
from checks.kubernetes.naming import listed, name_of, namespace_of, some
from evidence_store.records import Inventory, Json, Resource

_BINDING = "kubernetes.role_binding"
_CLUSTER_BINDING = "kubernetes.cluster_role_binding"
_MASTERS = "Group:system:masters"  # the API server restores its binding to cluster-admin at every start
# Kubernetes' own controllers, as its bootstrap policy binds them, by what they need.
_READ_SECRETS = (
    _MASTERS,
    "User:system:kube-controller-manager",
    "ServiceAccount:kube-system/expand-controller",
    "ServiceAccount:kube-system/generic-garbage-collector",
    "ServiceAccount:kube-system/namespace-controller",
    "ServiceAccount:kube-system/persistent-volume-binder",
    "ServiceAccount:kube-system/resourcequota-controller",
    "ServiceAccount:kube-system/storage-version-migrator-controller",
)
_ESCALATE = (
    _MASTERS,
    "User:system:kube-controller-manager",
    "ServiceAccount:kube-system/clusterrole-aggregation-controller",
)
_ENTER_PODS = (
    _MASTERS,
    "ServiceAccount:kube-system/generic-garbage-collector",
    "ServiceAccount:kube-system/namespace-controller",
    "ServiceAccount:kube-system/storage-version-migrator-controller",
)
_KUBEADM = ("Group:kubeadm:cluster-admins",)  # whom the administrator's file belongs to that kubeadm writes
_UNSIGNED = frozenset({"User:system:anonymous", "Group:system:unauthenticated"})
_COMPONENTS = frozenset(
    {
        "User:system:kube-controller-manager", "User:system:kube-proxy", "User:system:kube-scheduler",
        "User:system:anonymous", "User:system:apiserver", "User:kube-apiserver-kubelet-client",
    }
)  # fmt: skip


def _absent(binding: Resource) -> NotApplicable:
    return NotApplicable(f"{name_of(binding)} refers to {role_text(binding)}, which does not exist, and grants nothing")


@check(
    on="kubernetes.cluster_role",
    also_on=("kubernetes.role",),
    severity="high",
    version=1,
    needs=("rules",),
    fix="List the verbs and resources that the holder needs; `kubectl auth can-i --list --as ...` shows what it has.",
)
def k8s_rbac_no_wildcards(role: Resource, *, allowed: tuple[str, ...] = ("cluster-admin",)) -> Answer:
    """No role of yours grants every verb on every resource.

    Such a role also grants what tomorrow's version of Kubernetes adds: nobody ever decided on it. An operator may hold all
    of its own API group; all of a group that Kubernetes itself serves is too much.

    `allowed`: names of roles (`namespace/name` for a role of a namespace) that may grant everything, `*` allowed
    """
    if listed(name_of(role), allowed):
        return NotApplicable(f"{name_of(role)} is on the list of roles that may grant everything")
    for rule in role.fact("rules") or ():
        wide = "*" in (rule.get("resources") or ()) and "*" in (rule.get("verbs") or ())
        groups = [group for group in rule.get("apiGroups") or () if group == "*" or _served_by_kubernetes(group)]
        if wide and groups and not rule.get("resourceNames"):
            where = "every API group" if "*" in groups else f"API group {some([group or 'core' for group in groups])}"
            return f"{name_of(role)} grants every verb on every resource of {where}"
        if are_everything([rule]):
            return f"{name_of(role)} grants {', '.join(sorted(rule['verbs']))} on every resource of every API group"
    return None


def _served_by_kubernetes(group: str) -> bool:
    return "." not in group or group.endswith(".k8s.io")


@check(
    on=_CLUSTER_BINDING,
    also_on=(_BINDING,),
    severity="critical",
    version=1,
    needs=("roleRef", "subjects"),
    looks_up=ROLES,
    fix="Bind a role that lists what the work needs; keep cluster-admin for a group that is used in an emergency.",
)
def k8s_rbac_cluster_admin_limited(binding: Resource, *, inventory: Inventory, allowed: tuple[str, ...] = _KUBEADM) -> Answer:
    """Full control of the cluster is bound to listed groups only.

    Whoever holds cluster-admin can read every secret, change every workload and remove the audit trail. A role of another
    name that grants as much counts as much, and so does full control of kube-system, where the control plane runs.

    `allowed`: subjects that may hold it, as `Group:name`, `User:name`, `ServiceAccount:namespace/name`, `*` allowed
    """
    rules, where = rules_of(binding, inventory), namespace_of(binding)
    if rules is None:
        return _absent(binding)
    if not are_everything(rules):
        return None
    if where not in ("", "kube-system"):
        return NotApplicable(f"{name_of(binding)} gives full control of the namespace {where}, not of the cluster")
    found = strangers(binding, (_MASTERS,), allowed)
    what = f"full control of {where or 'the cluster'} ({role_text(binding)})"
    return f"{name_of(binding)} gives {what} to {some(found)}" if found else None


@check(
    on=_CLUSTER_BINDING,
    also_on=(_BINDING,),
    severity="critical",
    version=1,
    needs=("roleRef", "subjects"),
    looks_up=ROLES,
    fix="Remove the subject from the binding: whoever reaches the API server holds what is granted to it.",
)
def k8s_rbac_no_anonymous(binding: Resource, *, inventory: Inventory) -> Answer:
    """Nothing beyond health, version and discovery is granted to callers who did not sign in.

    What `system:anonymous` or `system:unauthenticated` may do, everyone on the network may do. The rules are judged as they
    stand now, not by the name of the role. What new nodes need to find their cluster (cluster-info) is left out.
    """
    named = sorted(_UNSIGNED & set(subjects_of(binding)))
    if not named:
        return None
    rules = rules_of(binding, inventory)
    if rules is None:
        return _absent(binding)
    if all(is_public(rule) or _finds_cluster(rule, namespace_of(binding)) for rule in rules):
        return None
    return f"{name_of(binding)} grants {role_text(binding)} to {', '.join(named)}, so to everyone who reaches the API server"


def _finds_cluster(rule: Json, namespace: str) -> bool:
    """Whether a rule gives no more than what a node that joins reads first."""
    what = (rule.get("resources"), rule.get("resourceNames"), namespace)
    return what == (["configmaps"], ["cluster-info"], "kube-public") and set(rule.get("verbs") or ()) <= {"get"}


@check(
    on=_CLUSTER_BINDING,
    also_on=(_BINDING,),
    severity="high",
    version=1,
    needs=("roleRef", "subjects"),
    looks_up=ROLES,
    fix="Take escalate, bind, impersonate and serviceaccounts/token out of the role, limit bind to harmless roles by "
    "resourceNames, or list the subject in `allowed` where its work is to manage access.",
)
def k8s_rbac_no_escalation_verbs(binding: Resource, *, inventory: Inventory, allowed: tuple[str, ...] = _KUBEADM) -> Answer:
    """Only listed subjects can raise their own rights.

    `escalate` writes rights into a role that its writer does not hold, `bind` hands out any role, `impersonate` acts as
    somebody else, and so does whoever can create tokens for service accounts: each is a way to full control. To bind named
    roles that do not grant everything is how access is delegated, and passes; so does acting as the service accounts of
    one namespace, whose pods the same roles let one start anyway, unless it is kube-system.

    `allowed`: subjects that may hold them, as `Group:name`, `User:name`, `ServiceAccount:namespace/name`, `*` allowed
    """
    rules, where = rules_of(binding, inventory), namespace_of(binding)
    if rules is None:
        return _absent(binding)
    verbs = sorted({verb for rule in rules for verb in _escalating(rule, where, binding, inventory)})
    found = strangers(binding, _ESCALATE, allowed) if verbs else []
    return f"{name_of(binding)} gives {', '.join(verbs)} to {some(found)} by {role_text(binding)}" if found else None


def _escalating(rule: Json, namespace: str, binding: Resource, inventory: Inventory) -> set[str]:
    found = set()
    held = verbs_on(rule, RBAC, "roles") | (frozenset() if namespace else verbs_on(rule, RBAC, "clusterroles"))
    if held & {"*", "escalate"}:  # also of a named role: any rights can be written into it
        found.add("escalate")
    if (held | verbs_on(rule, RBAC, "clusterroles")) & {"*", "bind"} and not _names_harmless(rule, binding, inventory):
        found.add("bind")
    people = () if namespace else ("users", "groups")
    accounts = ("serviceaccounts",) if namespace in ("", "kube-system") else ()
    if any(verbs_on(rule, "", kind) & {"*", "impersonate"} for kind in (*people, *accounts)):
        found.add("impersonate")
    if accounts and verbs_on(rule, "", "serviceaccounts/token") & {"*", "create"}:
        found.add("create serviceaccounts/token")
    return found


def _names_harmless(rule: Json, binding: Resource, inventory: Inventory) -> bool:
    """Whether a rule is limited to named roles, none of which grants everything, or lets one write roles that do."""
    names = rule.get("resourceNames") or ()
    places = [("kubernetes.cluster_role", name) for name in names]
    places += [("kubernetes.role", f"{where}/{name}") for name in names if (where := namespace_of(binding))]
    roles = [inventory.get(kind, binding.uid_of(kind, native)) for kind, native in places]
    rules = [role.fact("rules") or () for role in roles if role is not None]
    return bool(names) and not any(are_everything(found) or any(map(writes_rights, found)) for found in rules)


@check(
    on=_CLUSTER_BINDING,
    severity="high",
    version=1,
    needs=("roleRef", "subjects"),
    looks_up={"kubernetes.cluster_role": ("rules",)},
    fix="Bind the role in the namespaces where its secrets are needed, or name the secrets by resourceNames.",
)
def k8s_rbac_secret_read_limited(binding: Resource, *, inventory: Inventory, allowed: tuple[str, ...] = _KUBEADM) -> Answer:
    """Only listed subjects can read the secrets of the whole cluster.

    Secrets hold the credentials of everything that runs here; `list` and `watch` give their contents as `get` does. The
    controllers of Kubernetes that need it are known by their exact names.

    `allowed`: further subjects, as `Group:name`, `User:name`, `ServiceAccount:namespace/name`, `*` allowed
    """
    rules = rules_of(binding, inventory)
    if rules is None:
        return _absent(binding)
    found = strangers(binding, _READ_SECRETS, allowed) if grants(rules, READ, "", "secrets") else []
    return f"{name_of(binding)} lets {some(found)} read every secret by {role_text(binding)}" if found else None


@check(
    on=_CLUSTER_BINDING,
    also_on=(_BINDING,),
    severity="high",
    version=1,
    needs=("roleRef", "subjects"),
    looks_up={**ROLES, "kubernetes.namespace": ("labels", "annotations")},
    fix="Take pods/exec, pods/attach, pods/portforward and nodes/proxy out of the role for production, or list the subject "
    "and give it the binding only for the time of the work.",
)
def k8s_rbac_pod_exec_limited(
    binding: Resource,
    *,
    inventory: Inventory,
    allowed: tuple[str, ...] = _KUBEADM,
    environment_labels: tuple[str, ...] = ("environment", "env", "stage"),
    production: tuple[str, ...] = ("production", "prod", "prd", "live"),
) -> Answer:
    """Only listed subjects can open a shell or a tunnel into production pods.

    Exec, attach, port-forward, debug containers and the proxy of a node reach into a running workload past every review
    of what was deployed. A grant for the whole cluster counts as one for production; a namespace must say what it is for.
    The controllers of Kubernetes that may get or patch every object are known by their exact names.

    `allowed`: subjects that may, as `Group:name`, `User:name`, `ServiceAccount:namespace/name`, `*` allowed
    `environment_labels`: labels of a namespace that say what it is for
    `production`: their values that mean production
    """
    rules, where = rules_of(binding, inventory), namespace_of(binding)
    if rules is None:
        return _absent(binding)
    ways = _ways_in(rules, cluster=not where)
    found = strangers(binding, _ENTER_PODS, allowed) if ways else []
    if not found:
        return None
    aside = beside_production(binding, where, inventory, environment_labels, production) if where else None
    return aside or f"{name_of(binding)} gives {some(found)} {', '.join(ways)} by {role_text(binding)}"


def _ways_in(rules: list[Json], *, cluster: bool) -> list[str]:
    asked = {"pods/exec": ("create", "get"), "pods/attach": ("create", "get"), "pods/portforward": ("create", "get")}
    asked["pods/ephemeralcontainers"] = ("update", "patch")
    if cluster:
        asked["nodes/proxy"] = ("create", "get")
    # Also into a pod that is named: the pods of a stateful set keep their names.
    return [kind for kind, verbs in asked.items() if any(verbs_on(rule, "", kind) & {"*", *verbs} for rule in rules)]


@check(
    on=_CLUSTER_BINDING,
    also_on=(_BINDING,),
    severity="low",
    version=1,
    needs=("subjects",),
    fix="Bind a group that the identity provider fills, and put the person into it there.",
)
def k8s_rbac_no_direct_users(binding: Resource, *, allowed: tuple[str, ...] = ()) -> Answer:
    """Bindings name groups of the identity provider, not single people.

    A person who is bound by name keeps the right when they leave the team: no review of groups shows it. Users that are
    components of Kubernetes are known by their exact names.

    `allowed`: names of users that may be bound, `*` allowed
    """
    users = [s for s in subjects_of(binding) if s.startswith("User:") and s not in _COMPONENTS]
    found = [user.removeprefix("User:") for user in users if not listed(user.removeprefix("User:"), allowed)]
    return f"{name_of(binding)} names the users {some(found)} one by one" if found else None
