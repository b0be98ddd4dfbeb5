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
# Flags of the API server and of etcd that checks judge. A text for another one may be a secret.
FLAGS = frozenset(
    {
        "anonymous-auth", "audit-log-maxage", "audit-log-maxbackup", "audit-log-maxsize", "audit-log-path", "audit-policy-file",
        "audit-webhook-config-file", "authentication-config", "authentication-token-webhook-config-file",
        "authorization-config", "authorization-mode", "auto-tls", "basic-auth-file", "cert-file", "client-cert-auth", "config",
        "config-file", "listen-client-http-urls", "listen-client-urls", "listen-peer-urls", "oidc-issuer-url",
        "openshift-config", "peer-auto-tls", "peer-cert-file", "peer-client-cert-auth", "peer-trusted-ca-file",
        "tls-cipher-suites", "tls-min-version", "token-auth-file", "trusted-ca-file",
    }
)  # fmt: skip
WITHHELD = "withheld"  # a text that is no flag, and is not kept
_FLAG = re.compile(r"(?<!\S)--?([\w-]+)(?:=(\S*)|\s+(?!-)(\S*))")
_FLAGS_WITHIN = re.compile(r"(?<!\S)--[a-z][a-z0-9_-]*(?:=\S*)?(?!\S)")
_HYPHEN = re.compile(r"(?<!\S)(?:-|\$\()")  # or what may come to be one
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
    to, they in turn, and those that etcd reads by itself. Where a value is kept elsewhere, which kind of place it is.

    A text is kept where it is for flags that are evidence, or holds flags itself; any other may be a secret.
    """
    held = rows(container, "env")
    inner: dict[str, list[str]] = {}
    for row in held:
        inner.setdefault(text(row, "name", needed=True) or "", []).extend(_NAMED.findall(text(row, "value") or ""))
    line = " ".join([*(texts(container, "command") or ()), *(texts(container, "args") or ())])
    given = [(flag.replace("_", "-") in FLAGS, _NAMED.findall(f"{one}{other}")) for flag, one, other in _FLAG.findall(line)]
    own = {name for name in inner if _flag_of(name) in FLAGS}
    shown = _reached(own | {name for is_evidence, names in given if is_evidence for name in names}, inner)
    other = _reached({name for is_evidence, names in given if not is_evidence for name in names}, inner)
    every = _reached(own | set(_NAMED.findall(line)), inner)
    return [_row(row, shown=row["name"] in shown - other) for row in held if row["name"] in every]


def _reached(names: set[str], inner: Mapping[str, Iterable[str]]) -> set[str]:
    """These names, and those that their texts refer to, and so on."""
    found: set[str] = set()
    while names - found:
        found |= names
        names = {name for own in found for name in inner.get(own, ())}
    return found


def _flag_of(name: str) -> str:
    """The flag that a variable of etcd stands for; empty for any other."""
    return name.removeprefix(_ETCD).replace("_", "-").lower() if name.startswith(_ETCD) else ""


def _row(row: Mapping[str, Any], *, shown: bool) -> dict[str, Json]:
    name, value = row["name"], text(row, "value") or ""
    for kind in sorted(table(row, "valueFrom")) if not value else ():
        return {"name": name, "from": _kept_in(kind, row["valueFrom"])}
    if shown or _FLAGS_WITHIN.search(value):
        return {"name": name, "value": value}
    return {"name": name, "from": "value" if _HYPHEN.search(value) else WITHHELD}


def _kept_in(kind: str, source: Mapping[str, Any]) -> str:
    """A field of the pod by its path; of everything else the kind of place alone."""
    return f"{kind} {text(table(source, kind), 'fieldPath')}" if kind == "fieldRef" else kind


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
