"""What stands between a manifest and the cluster: admission webhooks and policies."""

from collections.abc import Iterable, Iterator

from checks.check import Answer, check
from checks.kubernetes.naming import name_of, some
from evidence_store.records import Inventory, Json, Resource

# What runs containers: the pods themselves, or what makes them.
_WORKLOADS = {
    "": {"pods"},
    "apps": {"deployments", "daemonsets", "statefulsets", "replicasets"},
    "batch": {"jobs", "cronjobs"},
}


@check(
    on="kubernetes.cluster",
    severity="medium",
    version=1,
    looks_up={
        "kubernetes.validating_webhook": ("webhooks",),
        "kubernetes.admission_policy_binding": ("policyName", "validationActions"),
        "kubernetes.admission_policy": ("failurePolicy", "matchConstraints"),
    },
    fix="Bind a ValidatingAdmissionPolicy for workloads with validationActions: [Deny] and failurePolicy: Fail, or run a "
    "policy engine whose webhook fails closed.",
)
def k8s_admission_policy_present(cluster: Resource, *, inventory: Inventory) -> Answer:
    """An admission policy for workloads is enforced and fails closed.

    Rules for what may run hold only where the API server refuses what breaks them. A policy that warns or writes to the audit
    log stops nothing, and one that fails open is gone when its engine is, by accident or by whoever takes it down. Webhooks
    for other kinds, as operators bring them for their own, are not counted; which rules a policy holds is not judged here.
    """
    webhooks = list(_webhooks(inventory))
    if any(closed for _, closed in webhooks):
        return None
    bindings = list(_bindings(inventory))
    if any(enforced for _, enforced in bindings):
        return None
    weak = some(sorted(name for name, _ in [*webhooks, *bindings]))
    known = f"; it has, warning only or failing open: {weak}" if weak else ""
    return f"cluster {name_of(cluster)} enforces no admission policy for workloads that fails closed{known}"


def _webhooks(inventory: Inventory) -> Iterator[tuple[str, bool]]:
    """The webhooks that are asked about new workloads, and whether nothing gets past them when they do not answer."""
    for configuration in inventory.where("kubernetes.validating_webhook"):
        for webhook in configuration.fact("webhooks"):
            if _covers(webhook.get("rules") or ()):
                yield f"webhook {webhook['name']}", webhook.get("failurePolicy") != "Ignore"


def _bindings(inventory: Inventory) -> Iterator[tuple[str, bool]]:
    """The bindings of policies for new workloads, and whether they deny, also where the policy cannot be evaluated."""
    policies = {name_of(policy): policy for policy in inventory.where("kubernetes.admission_policy")}
    for binding in inventory.where("kubernetes.admission_policy_binding"):
        policy = policies.get(binding.fact("policyName"))
        rules = (policy.fact("matchConstraints") or {}).get("resourceRules") or () if policy is not None else ()
        if policy is not None and _covers(rules):
            denies = "Deny" in (binding.fact("validationActions") or ())
            yield f"policy binding {name_of(binding)}", denies and policy.fact("failurePolicy") != "Ignore"


def _covers(rules: Iterable[Json]) -> bool:
    """Whether some rule is about making pods, or what makes them."""
    for rule in rules:
        groups, resources = set(rule.get("apiGroups") or ()), set(rule.get("resources") or ())
        every = {"*", "*/*"} & resources
        named = any(({group, "*"} & groups) and (every or kinds & resources) for group, kinds in _WORKLOADS.items())
        if named and {"CREATE", "*"} & set(rule.get("operations") or ()):
            return True
    return False
