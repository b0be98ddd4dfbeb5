"""Secrets that stand where everybody who may read a pod reads them."""

import re
from collections.abc import Iterator

from checks.check import Answer, check
from checks.kubernetes.containers import CONTAINERS, aside, containers_of
from checks.kubernetes.naming import name_of, some
from evidence_store.records import Json, Resource

# What a variable that holds a secret is called, as its last words.
_SECRET_NAME = re.compile(
    r"(?:pass(?:word|wd|phrase)|api[_-]?key|(?:access|api|auth|bearer|refresh)[_-]?token|"  # also at the end of a word
    r"(?:^|[^a-z])(?:pass|pwd|secret|token|private[_-]?key|secret[_-]?(?:access[_-]?)?key|auth[_-]?key|"
    r"(?:encryption|hmac|master|signing)[_-]?key|secret[_-]?key[_-]?base|"
    r"account[_-]?key|client[_-]?secret|connection[_-]?string|credentials?))$",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


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
    found = [*_in_variables(pod.fact("Variables") or {}, harmless)]
    for container in containers_of(pod):  # of the control plane, whose flags stay readable: by their shape alone
        parts = [*(container.get("command") or ()), *(container.get("args") or ())]
        kinds = sorted({_kind(part) for part in parts} - {"", "value"})
        found += [f"{container['name']}/command ({kind.replace('_', ' ')})" for kind in kinds]
    return aside(pod) or (f"pod {name_of(pod)} holds a secret in plain text in {some(found)}" if found else None)


def _in_variables(variables: Json, harmless: tuple[str, ...]) -> Iterator[str]:
    for name, text in sorted(variables.items()):
        kind = _kind(text)
        if kind not in ("", "value"):
            yield f"{name} ({kind.replace('_', ' ')})"
        elif kind and _sounds_secret(name.rpartition("/")[2], harmless):
            yield name


def _kind(text: Json) -> str:
    """What redaction recognised in a text: `value` where nothing; empty for an empty text."""
    return str(text["$redacted"]) if isinstance(text, dict) else "value" if text else ""


def _sounds_secret(name: str, harmless: tuple[str, ...]) -> bool:
    return name not in harmless and _SECRET_NAME.search(_CAMEL.sub("_", name)) is not None
