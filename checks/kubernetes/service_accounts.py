"""Service accounts: that the default ones hold nothing, and that tokens are where they are used."""

from checks.check import Answer, NotApplicable, check
from checks.kubernetes.containers import ENDED
from checks.kubernetes.environments import SYSTEM
from checks.kubernetes.grants import ROLES, is_about_oneself, is_about_trust, is_public, role_text, rules_of, subjects_of
from checks.kubernetes.naming import listed, name_of, some
from evidence_store.records import Inventory, Resource

_EVERYONE = ("Group:system:serviceaccounts", "Group:system:authenticated")  # every default account is in them
_BINDINGS = ("kubernetes.role_binding", "kubernetes.cluster_role_binding")


@check(
    on="kubernetes.cluster_role_binding",
    also_on=("kubernetes.role_binding",),
    severity="medium",
    version=1,
    needs=("roleRef", "subjects"),
    looks_up=ROLES,
    fix="Make a service account for the workload, bind the role to it, and name it in the pod's serviceAccountName.",
)
def k8s_sa_default_unused(binding: Resource, *, inventory: Inventory, allowed: tuple[str, ...] = ()) -> Answer:
    """Default service accounts hold no grants.

    A pod that names no account gets the default one of its namespace, so what it holds is held by every pod that anybody
    forgot. A grant to all service accounts or all signed-in callers reaches them too; reading health, discovery, trust bundles
    and one's own rights is everybody's.

    `allowed`: bindings that may, as `namespace/name`, or `name` for one of the cluster, `*` allowed
    """
    found = [s for s in subjects_of(binding) if _reaches_default(s)]
    if not found or listed(name_of(binding), allowed):
        return None
    rules = rules_of(binding, inventory)
    if rules is None:
        return NotApplicable(f"{name_of(binding)} refers to {role_text(binding)}, which does not exist, and grants nothing")
    if all(is_public(rule) or is_about_oneself(rule) or is_about_trust(rule) for rule in rules):
        return None
    return f"{name_of(binding)} grants {role_text(binding)} to {some(found)}, so to pods of a default service account"


def _reaches_default(subject: str) -> bool:
    named = subject.startswith("ServiceAccount:") and subject.endswith("/default")
    return named or subject in _EVERYONE or subject.startswith(f"{_EVERYONE[0]}:")


@check(
    on="kubernetes.service_account",
    severity="medium",
    version=1,
    needs=("name", "namespace", "automountServiceAccountToken"),
    looks_up={
        "kubernetes.pod": ("namespace", "name", "serviceAccountName", "automountServiceAccountToken", "phase"),
        **dict.fromkeys(_BINDINGS, ("roleRef", "subjects")),
        **ROLES,
    },
    fix="Set automountServiceAccountToken: false on the service account, and true on the pods that call the API.",
)
def k8s_sa_token_not_automounted(
    account: Resource, *, inventory: Inventory, exempt_namespaces: tuple[str, ...] = SYSTEM, allowed: tuple[str, ...] = ()
) -> Answer:
    """Pods whose account is granted nothing mount no token.

    A token in a pod is the first thing that an intruder takes: it signs in to the API server. A pod is taken to call the
    API where its account is bound to a role that allows something; where it is not, the token serves nobody else.

    `exempt_namespaces`: namespaces that are not asked, `*` allowed
    `allowed`: service accounts whose token serves another purpose, as `namespace/name`, `*` allowed
    """
    name, namespace = account.fact("name"), account.fact("namespace")
    if listed(namespace, exempt_namespaces):
        return NotApplicable(f"service account {name_of(account)} stands in an exempt namespace")
    mounting = sorted(
        pod.fact("name")
        for pod in inventory.where("kubernetes.pod", namespace=namespace, serviceAccountName=name)
        if pod.fact("phase") not in ENDED and _mounts(pod, account)
    )
    if not mounting or listed(name_of(account), allowed):
        return None
    held = {f"ServiceAccount:{namespace}/{name}", f"{_EVERYONE[0]}:{namespace}"}
    bound = [binding for kind in _BINDINGS for binding in inventory.where(kind) if held & set(subjects_of(binding))]
    if any(rules_of(binding, inventory) for binding in bound):
        return None
    return f"service account {name_of(account)} is granted nothing of its own, and its token is mounted in {some(mounting)}"


def _mounts(pod: Resource, account: Resource) -> bool:
    """What the pod says, else what its account says, else yes."""
    told = pod.fact("automountServiceAccountToken")
    return (account.fact("automountServiceAccountToken") if told is None else told) is not False
