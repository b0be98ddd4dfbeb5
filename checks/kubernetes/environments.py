"""What a namespace is for, by its labels."""

import re

from checks.check import NotApplicable, Unknown
from evidence_store.records import Inventory, Resource

SYSTEM = ("kube-system", "kube-public", "kube-node-lease")  # the namespaces that Kubernetes makes for itself


def plain(text: str) -> str:
    """A text without case, hyphens, underscores, dots and blanks: `Cost-Centre` and `cost_centre` are one."""
    return re.sub(r"[\s._-]+", "", text).casefold()


def plain_key(key: str) -> str:
    """A key without its prefix too: `example.com/owner` and `owner` are one."""
    return plain(key.rpartition("/")[2])


def class_of(namespace: Resource, labels: tuple[str, ...]) -> str | None:
    """The plain value of the first of these labels or annotations that a namespace carries; `None` where it carries none."""
    wanted = [plain_key(label) for label in labels]
    told = {**(namespace.fact("annotations") or {}), **(namespace.fact("labels") or {})}
    values = {plain_key(key): plain(value) for key, value in told.items() if isinstance(value, str) and plain(value)}
    return next((values[key] for key in wanted if key in values), None)


def beside_production(
    resource: Resource, name: str, inventory: Inventory, labels: tuple[str, ...], production: tuple[str, ...]
) -> NotApplicable | Unknown | None:
    """`None` where the namespace of a resource is production, or the control plane's own; else what to say instead."""
    if name == "kube-system":
        return None
    namespace = inventory.get("kubernetes.namespace", resource.uid_of("kubernetes.namespace", name))
    value = None if namespace is None else class_of(namespace, labels)
    if value is None:
        return Unknown(f"namespace {name} does not say what it is for: label it with one of {', '.join(labels)}")
    if value in {plain(text) for text in production}:
        return None
    return NotApplicable(f"namespace {name} is labelled {value}, which is not production")
