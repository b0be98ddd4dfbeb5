"""Namespaces: what they let in, who owns them, how much they may use, and whether their pods are closed to others."""

from checks.check import Answer, NotApplicable, check
from checks.kubernetes.containers import ENDED
from checks.kubernetes.environments import SYSTEM, class_of
from checks.kubernetes.naming import listed, name_of, some
from checks.kubernetes.peers import are_open
from checks.kubernetes.selectors import is_limited
from checks.kubernetes.support import minor_of
from evidence_store.records import Inventory, Resource

_ENFORCE = "pod-security.kubernetes.io/enforce"
_WHOLE = (1, 23)  # the first version as of which the restricted level asks for all that it is known for


def passed_over(namespace: Resource, exempt_namespaces: tuple[str, ...]) -> NotApplicable | None:
    """Why a namespace is not asked: it is exempt, or nearly gone."""
    if listed(namespace.fact("name"), exempt_namespaces):
        return NotApplicable(f"namespace {namespace.fact('name')} is exempt")
    if namespace.fact("phase") == "Terminating":
        return NotApplicable(f"namespace {namespace.fact('name')} is being deleted")
    return None


@check(
    on="kubernetes.namespace",
    severity="high",
    version=1,
    needs=("name", "labels", "phase"),
    fix=f"Label the namespace {_ENFORCE}: restricted (or baseline); try it first with the label .../warn.",
)
def k8s_namespace_pod_security(
    namespace: Resource,
    *,
    exempt_namespaces: tuple[str, ...] = SYSTEM,
    levels: tuple[str, ...] = ("restricted", "baseline"),
    cluster_default: str = "",
) -> Answer:
    """Namespaces enforce the restricted or baseline pod security level.

    Without the label every pod is let in, privileged ones too. Warnings and audit entries stop nothing. The restricted level
    as of an old version asks for less, and counts as baseline. A default for the whole cluster stands in a file of the API
    server, which the API does not show.

    `exempt_namespaces`: namespaces that are not asked, `*` allowed
    `levels`: levels that are strict enough
    `cluster_default`: the level that the API server's own configuration enforces where there is no label
    """
    if skipped := passed_over(namespace, exempt_namespaces):
        return skipped
    labels = namespace.fact("labels") or {}
    name, level, version = namespace.fact("name"), labels.get(_ENFORCE), labels.get(f"{_ENFORCE}-version", "")
    is_old = level == "restricted" and (minor_of(version) or _WHOLE) < _WHOLE
    if ("baseline" if is_old else level or cluster_default) in levels:
        return None
    if not level:
        return f"namespace {name} enforces no pod security level"
    return (
        f"namespace {name} enforces the pod security level {level}{f' as of {version}, which asks for less' if is_old else ''}"
    )


@check(
    on="kubernetes.namespace",
    severity="low",
    version=1,
    needs=("name", "labels", "annotations", "phase"),
    fix="Label the namespace with its owner (a team or a person on the roster) and the classification of its information.",
)
def k8s_namespace_owner_label(
    namespace: Resource,
    *,
    exempt_namespaces: tuple[str, ...] = SYSTEM,
    owner: tuple[str, ...] = ("owner", "team"),
    classification: tuple[str, ...] = ("classification", "data-classification", "data-class"),
) -> Answer:
    """Namespaces say who owns them and how their information is classified.

    A namespace that nobody answers for is neither cleaned up nor patched, and nobody can say what a leak of it would mean.

    `exempt_namespaces`: namespaces that are not asked, `*` allowed
    `owner`: labels or annotations that name the owner, whatever their prefix
    `classification`: labels or annotations that name the classification, whatever their prefix
    """
    if skipped := passed_over(namespace, exempt_namespaces):
        return skipped
    wanted = {"owner": owner, "classification": classification}
    missing = [f"{what} ({', '.join(keys)})" for what, keys in wanted.items() if class_of(namespace, keys) is None]
    return f"namespace {namespace.fact('name')} carries no label for its {' and its '.join(missing)}" if missing else None


@check(
    on="kubernetes.namespace",
    severity="high",
    version=1,
    needs=("name", "phase"),
    looks_up={"kubernetes.network_policy": ("namespace", "name", "podSelector", "policyTypes", "ingress")},
    fix="Add a network policy with an empty podSelector, policyTypes: [Ingress] and no rules, then one for each flow needed.",
)
def k8s_netpol_default_deny(
    namespace: Resource, *, inventory: Inventory, exempt_namespaces: tuple[str, ...] = SYSTEM
) -> Answer:
    """Each namespace denies incoming traffic unless a policy allows it.

    Pods take traffic from every other pod of the cluster until a policy selects them. Policies add up: one that lets
    everything in to every pod undoes the rest. Whether the network plugin enforces them is not visible here.

    `exempt_namespaces`: namespaces that are not asked, `*` allowed
    """
    if skipped := passed_over(namespace, exempt_namespaces):
        return skipped
    name = namespace.fact("name")
    policies = [p for p in inventory.where("kubernetes.network_policy", namespace=name) if _closes_all(p)]
    if not policies:
        return f"namespace {name} has no network policy that denies incoming traffic to all of its pods"
    wide = sorted(p.fact("name") for p in policies if are_open(p.fact("ingress") or (), "from", within=True))
    return f"namespace {name} lets everything in to all of its pods by {some(wide)}" if wide else None


def _closes_all(policy: Resource) -> bool:
    """Whether a policy selects every pod for incoming traffic. Without policyTypes it is about incoming traffic always."""
    return not is_limited(policy.fact("podSelector")) and "Ingress" in (policy.fact("policyTypes") or ("Ingress",))


@check(
    on="kubernetes.namespace",
    severity="medium",
    version=1,
    needs=("name", "phase"),
    looks_up={
        "kubernetes.resource_quota": ("namespace", "hard", "scopes", "scopeSelector"),
        "kubernetes.pod": ("namespace", "name", "phase", "resources", "containerResources"),
    },
    fix="Add a resource quota for CPU and memory, and requests and limits to each container; a limit range sets defaults.",
)
def k8s_quota_limits(
    namespace: Resource,
    *,
    inventory: Inventory,
    exempt_namespaces: tuple[str, ...] = SYSTEM,
    required: tuple[str, ...] = ("requests.cpu", "requests.memory", "limits.memory"),
) -> Answer:
    """Namespaces have quotas, and their workloads say what they need and at most get.

    One workload without a limit can take the memory of its node from all others; a namespace without a quota, the whole
    cluster's. A quota for some pods only is not counted. What a limit range adds stands in the pod already.

    `exempt_namespaces`: namespaces that are not asked, `*` allowed
    `required`: what each container sets: requests.cpu, requests.memory, limits.cpu, limits.memory
    """
    if skipped := passed_over(namespace, exempt_namespaces):
        return skipped
    name = namespace.fact("name")
    found = [quota for quota in inventory.where("kubernetes.resource_quota", namespace=name) if _is_for_all(quota)]
    quotas = {key for quota in found for key in quota.fact("hard") or ()}
    bare = [kind for kind in ("cpu", "memory") if not quotas & {kind, f"requests.{kind}", f"limits.{kind}"}]
    if bare:
        return f"namespace {name} has no quota for {' and '.join(bare)}"
    loose = sorted(
        f"{name_of(pod).rpartition('/')[2]} ({', '.join(missing)})"
        for pod in inventory.where("kubernetes.pod", namespace=name)
        if pod.fact("phase") not in ENDED and (missing := _unset(pod, required))
    )
    return f"namespace {name} runs pods without {', '.join(required)}: {some(loose)}" if loose else None


def _is_for_all(quota: Resource) -> bool:
    """Whether a quota counts every pod that asks for something."""
    selected = {term.get("scopeName") for term in (quota.fact("scopeSelector") or {}).get("matchExpressions") or ()}
    return {*(quota.fact("scopes") or ()), *selected} <= {"NotBestEffort"}


def _unset(pod: Resource, required: tuple[str, ...]) -> list[str]:
    """The containers that lack one of these; what the pod sets as a whole holds for all."""
    pairs = [entry.partition(".") for entry in required]
    whole = pod.fact("resources") or {}
    return [
        name
        for name, own in sorted(pod.fact("containerResources").items())
        if any(kind not in {**(whole.get(of) or {}), **(own.get(of) or {})} for of, _, kind in pairs)
    ]


@check(
    on="kubernetes.namespace",
    severity="medium",
    version=1,
    needs=("name", "phase"),
    looks_up={"kubernetes.token_secret": ("namespace", "name", "serviceAccount")},
    fix="Delete the secret after its user takes short-lived tokens (`kubectl create token`, projected volumes).",
)
def k8s_sa_no_legacy_tokens(namespace: Resource, *, inventory: Inventory, allowed: tuple[str, ...] = ()) -> Answer:
    """No secret holds a service account token that never expires.

    Such a token works from anywhere until somebody deletes it. Tokens that pods mount are renewed every hour and end with
    the pod.

    `allowed`: secrets that may hold one, as `namespace/name`, `*` allowed
    """
    name = namespace.fact("name")
    found = sorted(
        f"{secret.fact('name')} (of {secret.fact('serviceAccount')})"
        for secret in inventory.where("kubernetes.token_secret", namespace=name)
        if not listed(name_of(secret), allowed)
    )
    return f"namespace {name} holds tokens that never expire: {some(found)}" if found else None
