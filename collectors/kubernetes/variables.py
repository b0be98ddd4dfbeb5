"""What containers are started with: variables and command lines. Their texts are secrets until redaction says otherwise.

A variable that says where its value is kept, one that only names another, and a bare truth value are kept readable.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from collectors.kubernetes.shapes import MalformedError, rows, table, text, texts
from collectors.source import Facet
from evidence_store.records import Json

FACET = Facet(
    "kubernetes.pod",
    facts=("Variables", "References", "EnvFrom"),
    name="variables",
    secret=("Variables",),
)
_REFERENCE = re.compile(r"\$\([A-Za-z_][\w.-]*\)")
_TRUTH = frozenset({"true", "false", "yes", "no", "on", "off", "none", "null"})
_FROM = {
    "configMapKeyRef": ("name", "key"),
    "fieldRef": ("fieldPath",),
    "fileKeyRef": ("volumeName", "path", "key"),
    "resourceFieldRef": ("containerName", "resource"),
    "secretKeyRef": ("name", "key"),
}


def facts(containers: Iterable[Mapping[str, Any]], *, commands: bool) -> dict[str, Json]:
    """Texts by `container/NAME`, of two of one name both; where whole sets of variables come from.

    With `commands` the command line of a container counts as a text, as `container/command` and `container/args`.
    """
    variables: dict[str, str] = {}
    references: dict[str, str] = {}
    sets: list[Json] = []
    for container in containers:
        name = text(container, "name", needed=True) or ""
        for variable, value, is_reference in _variables(container):
            kept = references if is_reference else variables
            kept[_free(kept, f"{name}/{variable}")] = value
        for field in ("command", "args") if commands else ():
            if line := texts(container, field):
                variables[_free(variables, f"{name}/{field}")] = " ".join(line)
        sets += [{"container": name, **found} for found in _sets(container)]
    return {
        "Variables": dict(sorted(variables.items())),
        "References": dict(sorted(references.items())),
        "EnvFrom": sets,
    }


def _variables(container: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Name, text, and whether the text only says where the value is kept."""
    for variable in rows(container, "env"):
        name = text(variable, "name", needed=True) or ""
        source = table(variable, "valueFrom")
        if not source:
            value = text(variable, "value") or ""
            yield name, value, bool(_REFERENCE.fullmatch(value)) or value.lower() in _TRUTH
        for kind, of_kind in sorted(source.items()):
            if not isinstance(of_kind, dict):
                raise MalformedError(f"valueFrom.{kind} is no map")
            yield name, f"{kind} {'/'.join(str(of_kind.get(part, '')) for part in _FROM.get(kind, ()))}", True


def _sets(container: Mapping[str, Any]) -> Iterator[dict[str, Json]]:
    for found in rows(container, "envFrom"):
        for kind in ("configMapRef", "secretRef"):
            if of_kind := table(found, kind):
                yield {"kind": kind, "name": text(of_kind, "name"), "prefix": text(found, "prefix")}


def _free(kept: Mapping[str, str], name: str) -> str:
    number, own = 1, name
    while own in kept:
        number += 1
        own = f"{number}/{name}"
    return own
