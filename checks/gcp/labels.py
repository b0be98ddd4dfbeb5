"""How a resource is classed: by a label, whose key and values are compared without hyphens and underscores."""

import re

from checks.check import NotApplicable, Unknown
from evidence_store.records import Resource

YEAR = 365  # days
_PERIOD = re.compile(r"(\d+)(d|days?|y|years?)?")
_NO_PERIOD = {"none", "no", "unlimited", "0"}


def label_of(resource: Resource, label: str) -> str | None:
    """The value of a label, plain; `None` where the resource does not carry it, or carries it empty."""
    for key, value in (resource.fact("labels") or {}).items():
        if plain(key) == plain(label) and plain(value):
            return plain(value)
    return None


def plain(text: str) -> str:
    """A key or value without case, hyphens, underscores and blanks: `data-class` and `data_class` are one."""
    return re.sub(r"[\s_-]+", "", text).casefold()


def named(value: str, values: tuple[str, ...]) -> bool:
    """Whether a plain value is one of these."""
    return value in {plain(text) for text in values}


def labelled_days(resource: Resource, label: str) -> int | NotApplicable | Unknown:
    """The period that a label names: `365`, `365d`, `7y`, or `none`."""
    value = label_of(resource, label)
    if value is None:
        return Unknown(f"{resource.name} has no label {label} that names a period in days, or none")
    if value in _NO_PERIOD:
        return NotApplicable(f"{resource.name} is labelled as having no such period")
    found = _PERIOD.fullmatch(value)
    if found is None:
        return Unknown(f"{resource.name} has the label {label} with the value {value}, which is no period in days or years")
    return int(found[1]) * (YEAR if (found[2] or "d").startswith("y") else 1)
