"""What stands between a manifest and the cluster: admission webhooks and policies."""

from collections.abc import Sequence
from dataclasses import dataclass

from checks.check import Answer, Unknown, check
from checks.kubernetes.environments import SYSTEM
from checks.kubernetes.gates import LOOKS_UP, Gate, bindings, webhooks
from checks.kubernetes.naming import listed, name_of, some
from evidence_store.records import Inventory, Resource

# Programs that hold rules for what may run, by words in the names of their webhooks and services.
_ENGINES = (
    "aquasec", "azure-policy", "connaisseur", "crowdstrike", "falcon-kac", "gatekeeper", "jspolicy", "kubewarden", "kyverno",
    "neuvector", "opa", "open-policy-agent", "openpolicyagent", "polaris", "policy-controller", "sigstore", "stackrox",
    "sysdig", "twistlock", "warden-validating",
)  # fmt: skip


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
    engines: tuple[str, ...] = _ENGINES,
) -> Answer:
    """An admission policy for pods is enforced and fails closed in every namespace.

    Rules for what may run hold only where the API server refuses what breaks them. A policy that warns or writes to the audit
    log stops nothing, one that fails open is gone when its engine is, and one that goes by the labels of a pod is passed by
    whoever writes them. Pods are asked for, since everything that runs is one. A selector of namespaces is held against the
    labels that they carry now; the system's and the engine's own are exempt, as engines leave them out to be repaired. What a
    match condition leaves out, or a missing parameter lets in, is not visible here; which rules a policy holds is not judged.
    Operators ask about pods for their own ends: a webhook counts where its name, or its service's, is one of a policy engine.

    `exempt_namespaces`: namespaces that a policy may leave out, `*` allowed; the one of the engine is exempt too
    `harmless_conditions`: further match conditions (CEL) that were looked at and leave no workload out
    `engines`: words in the names of webhooks, or of their services, that are policy engines
    """
    cover = _cover(hooks := list(webhooks(inventory, harmless_conditions, engines)), inventory, exempt_namespaces)
    if cover.is_whole:  # then there need be no policies, and an older cluster serves none
        return None
    cover = _cover([*hooks, *bindings(inventory, harmless_conditions)], inventory, exempt_namespaces)
    if cover.is_whole:
        return None
    name, lacks = name_of(cluster), "enforces no admission policy for pods that fails closed"
    known = f"; limited: {cover.limited}" if cover.limited else ""
    if cover.bare or not cover.doubtful:
        where = f" in the namespaces {some(cover.bare)}" if cover.bare else ""
        return f"cluster {name} {lacks}{where}{known}"
    return Unknown(f"cluster {name} does not show what gets past its admission policies: {cover.doubtful}")


@dataclass(frozen=True, slots=True)
class _Cover:
    """How far some gates reach."""

    is_whole: bool
    bare: tuple[str, ...]  # the namespaces before which none of them may stand, where one stands before others
    limited: str  # those that any pod may get past
    doubtful: str  # those that some may get past


def _cover(gates: Sequence[Gate], inventory: Inventory, exempt_namespaces: tuple[str, ...]) -> _Cover:
    shut = [gate for gate in gates if not gate.faults]
    sure, doubtful = [gate for gate in shut if not gate.doubts], [gate for gate in shut if gate.doubts]
    limited, doubts = (some(sorted(str(g) for g in found)) for found in ([g for g in gates if g.faults], doubtful))
    if not shut or any(not gate.selectors for gate in sure):
        return _Cover(bool(shut), (), limited, doubts)
    asked = [space for space in inventory.where("kubernetes.namespace") if _is_asked(space, shut, exempt_namespaces)]
    open_ = [space for space in asked if not _stands(sure, space)]
    bare = sorted(space.fact("name") for space in open_ if not _stands(doubtful, space))
    return _Cover(bool(sure) and not open_, tuple(bare), limited, doubts)


def _is_asked(namespace: Resource, shut: Sequence[Gate], exempt_namespaces: tuple[str, ...]) -> bool:
    name = namespace.fact("name")
    exempt = listed(name, exempt_namespaces) or name in {gate.engine for gate in shut}
    return not exempt and namespace.fact("phase") != "Terminating"


def _stands(before: Sequence[Gate], namespace: Resource) -> bool:
    return any(gate.stands_before(namespace.fact("labels") or {}) for gate in before)
