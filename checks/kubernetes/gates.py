"""What new pods have to pass: webhooks and bound admission policies, and what gets past each of them.

- Everything that runs is a pod in the end: what looks at deployments alone is passed by whoever makes a pod.
- Whoever makes a pod chooses its labels and its name, so that a limit by these is none. The labels of its namespace are
  others' to choose: by them a gate is open for some namespaces and shut for the rest.
- A policy and its binding are about what both of them match.
- Operators have webhooks for pods too, which look after their own: a webhook counts where it is known for a policy engine.
- A condition on requests is a program of its own. It is not run here, but for the known ones that leave no workload out.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from checks.kubernetes.naming import mentions, name_of
from checks.kubernetes.selectors import is_limited, selects
from evidence_store.records import Inventory, Json, Resource

LOOKS_UP = {
    "kubernetes.validating_webhook": ("webhooks",),
    "kubernetes.admission_policy_binding": ("policyName", "paramRef", "validationActions", "matchResources"),
    "kubernetes.admission_policy": ("failurePolicy", "matchConditions", "matchConstraints", "paramKind", "validations"),
}
# Conditions as the documentation of Kubernetes gives them: no lease is a workload, and a node may make no pod but the image of
# one that it runs already.
_HARMLESS = (
    '!("system:nodes" in request.userInfo.groups)',
    '!(request.resource.group == "coordination.k8s.io" && request.resource.resource == "leases")',
)
# What runs containers: the pods themselves, or what makes them.
_WORKLOADS = {
    "": {"pods"},
    "apps": {"deployments", "daemonsets", "statefulsets", "replicasets"},
    "batch": {"jobs", "cronjobs"},
}


@dataclass(frozen=True, slots=True)
class Gate:
    """One webhook, or one binding of a policy."""

    name: str
    faults: tuple[str, ...] = ()  # why any pod may get past it
    doubts: tuple[str, ...] = ()  # why some may, which cannot be told from here
    selectors: tuple[Json, ...] = ()  # of the namespaces that it stands before; each must match
    engine: str = ""  # the namespace of the policy engine that answers for it

    def stands_before(self, labels: Json) -> bool:
        """Whether it is asked about the pods of a namespace with these labels."""
        return all(selects(selector, labels) for selector in self.selectors)

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(self.faults or self.doubts)})"


def webhooks(inventory: Inventory, further: Iterable[str], engines: Iterable[str]) -> Iterator[Gate]:
    """The webhooks that are asked about new workloads. `further`: conditions that leave none of them out, beside the known;
    `engines`: words in the names of those that hold rules, and do not only look after what an operator makes."""
    harmless = _harmless(further)
    for configuration in inventory.where("kubernetes.validating_webhook"):
        for webhook in configuration.fact("webhooks"):
            rules = webhook.get("rules") or ()
            if not _about(rules, _WORKLOADS):
                continue
            service = webhook.get("service") or {}
            names = [webhook["name"], name_of(configuration), *filter(None, service.values())]
            is_known = mentions(names, engines)
            doubts = [] if is_known else ["is no policy engine that is known"]
            faults = [*_fails_open(webhook.get("failurePolicy")), *_asked_too_little(rules), *_chosen(webhook)]
            yield Gate(
                f"webhook {webhook['name']}",
                tuple(faults),
                (*_conditions(webhook.get("matchConditions"), harmless), *doubts),
                tuple(_selectors(webhook)),
                (service.get("namespace") or "") if is_known else "",
            )


def bindings(inventory: Inventory, further: Iterable[str]) -> Iterator[Gate]:
    """The bindings of policies that are asked about new workloads."""
    harmless = _harmless(further)
    policies = {name_of(policy): policy for policy in inventory.where("kubernetes.admission_policy")}
    for binding in inventory.where("kubernetes.admission_policy_binding"):
        policy = policies.get(binding.fact("policyName"))
        if policy is None:
            continue
        parts = [policy.fact("matchConstraints") or {}, binding.fact("matchResources") or {}]
        rules = [part["resourceRules"] for part in parts if part.get("resourceRules")]
        if not parts[0].get("resourceRules") or not all(_about(own, _WORKLOADS) for own in rules):
            continue
        faults = [*_denies_nothing(policy, binding), *_fails_open(policy.fact("failurePolicy"))]
        faults += [fault for own in rules for fault in _asked_too_little(own)]
        faults += [fault for part in parts for fault in _chosen(part)]
        yield Gate(
            f"policy binding {name_of(binding)}",
            tuple(dict.fromkeys(faults)),
            (*_conditions(policy.fact("matchConditions"), harmless), *_parameters(policy, binding)),
            tuple(selector for part in parts for selector in _selectors(part)),
        )


def _harmless(further: Iterable[str]) -> Collection[str]:
    return {_plain(text) for text in (*_HARMLESS, *further)} - {""}


def _plain(condition: Json) -> str:
    """A condition without blanks, and with one kind of quotes; nothing of one that holds a secret."""
    return "".join(condition.split()).replace("'", '"') if isinstance(condition, str) else ""


def _fails_open(policy: str | None) -> Iterator[str]:
    if policy == "Ignore":
        yield "fails open"


def _denies_nothing(policy: Resource, binding: Resource) -> Iterator[str]:
    if "Deny" not in (binding.fact("validationActions") or ()):
        yield "denies nothing"
    elif policy.fact("validations") == 0:
        yield "holds no rule that denies"


def _asked_too_little(rules: Iterable[Json]) -> Iterator[str]:
    if not _about([rule for rule in rules if not rule.get("resourceNames")], {"": {"pods"}}):
        yield "is not asked about every pod"


def _chosen(match: Json) -> Iterator[str]:
    """By what a pod may leave itself out."""
    if is_limited(match.get("objectSelector")):
        yield "is asked by the labels of what is made"
    if _about(match.get("excludeResourceRules") or (), {"": {"pods"}}):
        yield "leaves pods out"


def _conditions(conditions: Json, harmless: Collection[str]) -> Iterator[str]:
    names = [one["name"] for one in conditions or () if _plain(one["expression"]) not in harmless]
    if names:
        yield f"is asked under the condition {', '.join(names)}"


def _parameters(policy: Resource, binding: Resource) -> Iterator[str]:
    """A policy whose parameters are not there denies as its binding says, which may be: nothing."""
    if not policy.fact("paramKind"):
        return
    named = binding.fact("paramRef")
    if not named:
        yield "is evaluated without its parameters"
    elif named.get("parameterNotFoundAction") != "Deny":
        yield "allows everything where its parameters are not found"


def _selectors(match: Json) -> Iterator[Json]:
    if is_limited(selector := match.get("namespaceSelector")):
        yield selector


def _about(rules: Iterable[Json], kinds: dict[str, set[str]]) -> bool:
    """Whether some rule is about making one of these kinds."""
    for rule in rules:
        groups, resources = set(rule.get("apiGroups") or ()), set(rule.get("resources") or ())
        every = {"*", "*/*"} & resources
        named = any(({group, "*"} & groups) and (every or own & resources) for group, own in kinds.items())
        served = {"v1", "*"} & set(rule.get("apiVersions") or ()) and rule.get("scope") != "Cluster"
        if named and served and {"CREATE", "*"} & set(rule.get("operations") or ()):
            return True
    return False
