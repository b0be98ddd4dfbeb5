"""Workloads that production rests on: whether they outlive a node, a zone and maintenance."""

from collections.abc import Iterator

from checks.check import Answer, NotApplicable, check
from checks.kubernetes.environments import SYSTEM, beside_production
from checks.kubernetes.naming import listed, name_of
from checks.kubernetes.selectors import selects
from evidence_store.records import Inventory, Json, Resource


@check(
    on="kubernetes.deployment",
    also_on=("kubernetes.stateful_set",),
    severity="medium",
    version=1,
    needs=("namespace", "replicas", "templateLabels", "topologySpreadConstraints", "affinity"),
    looks_up={
        "kubernetes.namespace": ("labels", "annotations"),
        "kubernetes.disruption_budget": ("namespace", "selector", "minAvailable", "maxUnavailable"),
    },
    fix="Set replicas, topologySpreadConstraints over topology.kubernetes.io/zone and a PodDisruptionBudget for the workload.",
)
def k8s_workload_redundant(
    workload: Resource,
    *,
    inventory: Inventory,
    min_replicas: int = 2,
    spread_over: tuple[str, ...] = ("topology.kubernetes.io/zone",),
    allowed: tuple[str, ...] = (),
    exempt_namespaces: tuple[str, ...] = SYSTEM,
    environment_labels: tuple[str, ...] = ("environment", "env", "stage"),
    production: tuple[str, ...] = ("production", "prod", "prd", "live"),
) -> Answer:
    """Production workloads run in several replicas, spread over zones, with a disruption budget.

    One replica is down with its node, all replicas of one zone with the zone, and without a budget an upgrade of the nodes
    may drain them all at once; so it may under one that keeps none of them. A workload that is scaled to zero serves nobody
    and is not asked.

    `min_replicas`: how many replicas a workload must run
    `spread_over`: node labels of which one must spread the replicas: zones; `kubernetes.io/hostname` where there is one zone
    `allowed`: workloads that may stand alone, as `namespace/name`, `*` allowed
    `exempt_namespaces`: namespaces that are not asked, `*` allowed
    `environment_labels`: labels of a namespace that say what it is for
    `production`: their values that mean production
    """
    name, namespace, replicas = name_of(workload), workload.fact("namespace"), workload.fact("replicas")
    if listed(namespace, exempt_namespaces) or listed(name, allowed):
        return NotApplicable(f"workload {name} may stand alone")
    if replicas == 0:
        return NotApplicable(f"workload {name} is scaled to zero")
    if (beside := beside_production(workload, namespace, inventory, environment_labels, production)) is not None:
        return beside
    labels = workload.fact("templateLabels") or {}
    faults = [f"runs in fewer than {min_replicas} replicas ({replicas or 1})"] if (replicas or 1) < min_replicas else []
    if not set(_spreads(workload, labels)) & set(spread_over):
        faults.append(f"is not spread over {' or '.join(spread_over)}")
    budgets = inventory.where("kubernetes.disruption_budget", namespace=namespace)
    own = [budget for budget in budgets if selects(budget.fact("selector"), labels)]
    if not any(_keeps_one(budget, replicas or 1) for budget in own):
        faults.append(f"has no disruption budget{' that keeps one of its replicas' if own else ''}")
    return f"workload {name} {', '.join(faults)}" if faults else None


def _keeps_one(budget: Resource, replicas: int) -> bool:
    """Whether a budget keeps at least one of so many replicas. One that names neither bound keeps none."""
    least, most = budget.fact("minAvailable"), budget.fact("maxUnavailable")
    if most is not None:
        return _share_of(most, replicas) < replicas
    return least is not None and _share_of(least, replicas) > 0


def _share_of(share: int | str, replicas: int) -> int:
    """A number of pods, or so many of a hundred, rounded up."""
    return share if isinstance(share, int) else -(-int(share.removesuffix("%")) * replicas // 100)


def _spreads(workload: Resource, labels: Json) -> Iterator[str]:
    """The node labels over which the scheduler spreads a workload's own pods, strictly or as far as it can."""
    for constraint in workload.fact("topologySpreadConstraints") or ():
        if selects(constraint.get("labelSelector"), labels):
            yield constraint.get("topologyKey", "")
    apart = (workload.fact("affinity") or {}).get("podAntiAffinity") or {}
    preferred = [t.get("podAffinityTerm") or {} for t in apart.get("preferredDuringSchedulingIgnoredDuringExecution") or ()]
    for term in [*(apart.get("requiredDuringSchedulingIgnoredDuringExecution") or ()), *preferred]:
        if selects(term.get("labelSelector"), labels):
            yield term.get("topologyKey", "")
