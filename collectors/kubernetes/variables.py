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
_NAMED = re.compile(r"\$\(([^)]*)\)")
_ETCD = "ETCD_"
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


def of_program(container: Mapping[str, Any]) -> list[Json]:
    """The variables that a program of the control plane takes its flags from, in order: those that its command line refers
    to, they in turn, and those that etcd reads by itself. Where a value is kept elsewhere, which kind of place it is."""
    held = rows(container, "env")
    wanted = _referred(*(texts(container, "command") or ()), *(texts(container, "args") or ()))
    known: set[str] = set()
    while wanted - known:
        known |= wanted
        wanted = _referred(*(text(row, "value") or "" for row in held if text(row, "name") in known))
    found: list[Json] = []
    for row in held:
        name = text(row, "name", needed=True) or ""
        if name in known or name.startswith(_ETCD):
            source = [] if row.get("value") else sorted(table(row, "valueFrom"))
            kept = next((_kept_in(kind, row["valueFrom"]) for kind in source), None)
            found.append({"name": name, "from": kept} if kept else {"name": name, "value": text(row, "value") or ""})
    return found


def _kept_in(kind: str, source: Mapping[str, Any]) -> str:
    """A field of the pod by its path; of everything else the kind of place alone."""
    return f"{kind} {text(table(source, kind), 'fieldPath')}" if kind == "fieldRef" else kind


def _referred(*line: str) -> set[str]:
    return {name for part in line for name in _NAMED.findall(part)}


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
