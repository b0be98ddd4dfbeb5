"""Secrets that stand where everybody who may read a pod reads them."""

from checks.check import Answer, check
from checks.kubernetes.containers import CONTAINERS, aside, containers_of
from checks.kubernetes.naming import name_of, some
from checks.secret_names import held_in, kind_of
from evidence_store.records import Resource


@check(
    on="kubernetes.pod",
    severity="high",
    version=1,
    needs=("namespace", "phase", *CONTAINERS, "Variables"),
    fix="Move the value to a secret or a vault, refer to it from there, and change it: it was readable in the pod.",
)
def k8s_secret_not_in_env(pod: Resource, *, harmless: tuple[str, ...] = ()) -> Answer:
    """No secret stands in plain text in a pod's variables, command or arguments.

    Whoever may read pods reads them, and so do manifests, history and every backup of the cluster's store. A text is taken
    for a secret by its shape, or where the variable's name says that it holds one. What refers to a secret kept elsewhere
    is as it should be.

    `harmless`: names of variables that sound like secrets and hold none
    """
    found = held_in(pod.fact("Variables") or {}, harmless)
    for container in containers_of(pod):  # of the control plane, whose flags stay readable: by their shape alone
        parts = [*(container.get("command") or ()), *(container.get("args") or ())]
        kinds = sorted({kind_of(part) for part in parts} - {"", "value"})
        found += [f"{container['name']}/command ({kind.replace('_', ' ')})" for kind in kinds]
    return aside(pod) or (f"pod {name_of(pod)} holds a secret in plain text in {some(found)}" if found else None)
