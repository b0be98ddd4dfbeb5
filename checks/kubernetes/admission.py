"""What stands between a manifest and the cluster: admission webhooks and policies."""

from collections.abc import Sequence

from checks.check import Answer, Unknown, check
from checks.kubernetes.environments import SYSTEM
from checks.kubernetes.gates import LOOKS_UP, Gate, gates
from checks.kubernetes.naming import listed, name_of, some
from evidence_store.records import Inventory, Resource


@check(
    on="kubernetes.cluster",
    severity="medium",
    version=1,
    looks_up={**LOOKS_UP, "kubernetes.namespace": ("name", "labels", "phase")},
    fix="Bind a ValidatingAdmissionPolicy for pods with validationActions: [Deny] and failurePolicy: Fail, or run a policy "
    "engine whose webhook fails closed; let neither leave out more than the namespaces of the system and the engine's own.",
)
def k8s_admission_policy_present(
    cluster: Resource,
    *,
    inventory: Inventory,
    exempt_namespaces: tuple[str, ...] = SYSTEM,
    harmless_conditions: tuple[str, ...] = (),
) -> Answer:
    """An admission policy for pods is enforced and fails closed in every namespace.

    Rules for what may run hold only where the API server refuses what breaks them. A policy that warns or writes to the audit
    log stops nothing, one that fails open is gone when its engine is, and one that goes by the labels of a pod is passed by
    whoever writes them. Pods are asked for, since everything that runs is one. A selector of namespaces is held against the
    labels that they carry now; the system's and the engine's own are exempt, as engines leave them out to be repaired. What a
    match condition leaves out, or a missing parameter lets in, is not visible here; which rules a policy holds is not judged.

    `exempt_namespaces`: namespaces that a policy may leave out, `*` allowed; the one of the engine is exempt too
    `harmless_conditions`: further match conditions (CEL) that were looked at and leave no workload out
    """
    every = gates(inventory, harmless_conditions)
    shut = [gate for gate in every if not gate.faults]
    sure, doubtful = [gate for gate in shut if not gate.doubts], [gate for gate in shut if gate.doubts]
    if any(not gate.selectors for gate in sure):
        return None
    name = name_of(cluster)
    known = f"; limited: {some([str(gate) for gate in every if gate.faults])}" if len(shut) < len(every) else ""
    if not shut:
        return f"cluster {name} enforces no admission policy for pods that fails closed{known}"
    asked = [space for space in inventory.where("kubernetes.namespace") if _is_asked(space, shut, exempt_namespaces)]
    open_ = [space for space in asked if not _stands(sure, space)]
    bare = sorted(space.fact("name") for space in open_ if not _stands(doubtful, space))
    if bare:
        return f"cluster {name} enforces no admission policy for pods that fails closed in the namespaces {some(bare)}{known}"
    if not open_ and sure:
        return None
    return Unknown(f"cluster {name} does not show what gets past its admission policies: {some([str(g) for g in doubtful])}")


def _is_asked(namespace: Resource, shut: Sequence[Gate], exempt_namespaces: tuple[str, ...]) -> bool:
    name = namespace.fact("name")
    exempt = listed(name, exempt_namespaces) or name in {gate.engine for gate in shut}
    return not exempt and namespace.fact("phase") != "Terminating"


def _stands(before: Sequence[Gate], namespace: Resource) -> bool:
    return any(gate.stands_before(namespace.fact("labels") or {}) for gate in before)
