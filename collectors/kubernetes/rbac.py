"""Roles and who holds them. Whom a binding names is a facet of its own: users are people."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from collectors.kubernetes.reader import Reader
from collectors.kubernetes.shapes import MalformedError, identity, observed, only, rows, table, text, texts, whole
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

_GROUP = "rbac.authorization.k8s.io"
_RULE = ("apiGroups", "resources", "resourceNames", "nonResourceURLs", "verbs")
_SUBJECT = ("kind", "apiGroup", "namespace", "name")

ROLE = Facet("kubernetes.role", facts=("name", "namespace", "labels", "rules"), optional=("creationTimestamp",), lists=True)
CLUSTER_ROLE = Facet(
    "kubernetes.cluster_role",
    facts=("name", "labels", "rules"),
    optional=("creationTimestamp", "aggregationRule"),
    lists=True,
)
ROLE_BINDING = Facet(
    "kubernetes.role_binding",
    facts=("name", "namespace", "labels", "roleRef"),
    optional=("creationTimestamp",),
    lists=True,
)
ROLE_SUBJECTS = Facet("kubernetes.role_binding", facts=("subjects",), name="subjects", personal=True)
CLUSTER_ROLE_BINDING = Facet(
    "kubernetes.cluster_role_binding",
    facts=("name", "labels", "roleRef"),
    optional=("creationTimestamp",),
    lists=True,
)
CLUSTER_ROLE_SUBJECTS = Facet("kubernetes.cluster_role_binding", facts=("subjects",), name="subjects", personal=True)


@source(f"list roles.{_GROUP}", level="account", yields=[ROLE])
def roles(read: Reader) -> Iterator[Observation]:
    for item in read.pages(f"list roles.{_GROUP}", "Role"):
        yield from observed(read, [(ROLE, _role)], item, f"list roles.{_GROUP}")


@source(f"list clusterroles.{_GROUP}", level="account", yields=[CLUSTER_ROLE])
def cluster_roles(read: Reader) -> Iterator[Observation]:
    for item in read.pages(f"list clusterroles.{_GROUP}", "ClusterRole"):
        yield from observed(read, [(CLUSTER_ROLE, _cluster_role)], item, f"list clusterroles.{_GROUP}")


@source(f"list rolebindings.{_GROUP}", level="account", yields=[ROLE_BINDING, ROLE_SUBJECTS])
def role_bindings(read: Reader) -> Iterator[Observation]:
    shape = [(ROLE_BINDING, _binding), (ROLE_SUBJECTS, _subjects)]
    for item in read.pages(f"list rolebindings.{_GROUP}", "RoleBinding"):
        yield from observed(read, shape, item, f"list rolebindings.{_GROUP}")


@source(f"list clusterrolebindings.{_GROUP}", level="account", yields=[CLUSTER_ROLE_BINDING, CLUSTER_ROLE_SUBJECTS])
def cluster_role_bindings(read: Reader) -> Iterator[Observation]:
    shape = [(CLUSTER_ROLE_BINDING, _cluster_binding), (CLUSTER_ROLE_SUBJECTS, _subjects)]
    for item in read.pages(f"list clusterrolebindings.{_GROUP}", "ClusterRoleBinding"):
        yield from observed(read, shape, item, f"list clusterrolebindings.{_GROUP}")


def _role(item: Mapping[str, Any]) -> dict[str, Json]:
    return {**identity(item), "rules": _rules(item)}


def _cluster_role(item: Mapping[str, Any]) -> dict[str, Json]:
    return {**identity(item, namespaced=False), "rules": _rules(item), "aggregationRule": whole(item, "aggregationRule")}


def _rules(item: Mapping[str, Any]) -> list[dict[str, Json]]:
    """The rules and what each lists, in a fixed order: neither order means anything. An absent part stays absent."""
    found = []
    for rule in rows(item, "rules"):
        parts = {part: texts(rule, part) for part in _RULE}
        found.append({part: sorted(listed) for part, listed in parts.items() if listed is not None})
    return sorted(found, key=lambda rule: json.dumps(rule, sort_keys=True))


def _binding(item: Mapping[str, Any]) -> dict[str, Json]:
    return {**identity(item), "roleRef": _role_ref(item, "ClusterRole", "Role")}


def _cluster_binding(item: Mapping[str, Any]) -> dict[str, Json]:
    return {**identity(item, namespaced=False), "roleRef": _role_ref(item, "ClusterRole")}


def _role_ref(item: Mapping[str, Any], *kinds: str) -> dict[str, Json]:
    referred = table(item, "roleRef", needed=True)
    kind, name = text(referred, "kind", needed=True), text(referred, "name", needed=True)
    if kind not in kinds:
        raise MalformedError(f"roleRef is of the kind {kind}")
    return {"apiGroup": text(referred, "apiGroup"), "kind": kind, "name": name}


def _subjects(item: Mapping[str, Any]) -> dict[str, Json]:
    found = []
    for subject in rows(item, "subjects"):
        text(subject, "kind", needed=True)
        text(subject, "name", needed=True)
        found.append(only(subject, *_SUBJECT))
    return {"subjects": sorted(found, key=lambda subject: [str(subject.get(part)) for part in _SUBJECT])}
