"""Whether an EventBridge pattern matches an event, as the service decides it.

All fields of a pattern must match, any one of the values of a field is enough, and a field that the event does not have
matches only `exists: false`. A comparison that is not known here matches nothing: a rule is rather not counted than
counted wrongly.
"""

import operator
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

_COMPARE = {"=": operator.eq, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
_ABSENT = ...


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event, or a part of one, matches a pattern."""
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(matches(alternative, event) for alternative in wanted):
                return False
            continue
        found = event.get(key, _ABSENT)
        if isinstance(wanted, Mapping):
            parts = found if isinstance(found, Sequence) and not isinstance(found, str) else [found]
            if not any(matches(wanted, part if isinstance(part, Mapping) else {}) for part in parts):
                return False
        elif not any(_value(one, found) for one in wanted):
            return False
    return True


def _value(wanted: Any, found: Any) -> bool:
    """Whether a field's value, or any one of its list of values, is as wanted."""
    if isinstance(found, list):
        return any(_value(wanted, one) for one in found)
    if not isinstance(wanted, Mapping):
        return found is not _ABSENT and bool(wanted == found)
    ((kind, what),) = wanted.items()
    if kind == "exists":
        return bool(what) == (found is not _ABSENT)
    if found is _ABSENT:
        return False
    if kind == "numeric":
        return isinstance(found, int | float | Decimal) and _numeric(what, found)
    if kind == "anything-but":
        return not _any_of(what, found)
    return isinstance(found, str) and _text(kind, what, found)


def _numeric(what: Sequence[Any], found: float | Decimal) -> bool:
    pairs = zip(what[::2], what[1::2], strict=True)
    return all(sign in _COMPARE and _COMPARE[sign](found, limit) for sign, limit in pairs)


def _any_of(what: Any, found: Any) -> bool:
    """What `anything-but` excludes: a value, a list of values, or one further comparison."""
    if isinstance(what, Mapping):
        ((kind, inner),) = what.items()
        return any(_value({kind: one}, found) for one in (inner if isinstance(inner, list) else [inner]))
    return found in (what if isinstance(what, list) else [what])


def _text(kind: str, what: Any, found: str) -> bool:
    if isinstance(what, Mapping):  # {"prefix": {"equals-ignore-case": "x"}}
        what, found = str(what.get("equals-ignore-case", "\0")).lower(), found.lower()
    match kind:
        case "prefix":
            return found.startswith(what)
        case "suffix":
            return found.endswith(what)
        case "equals-ignore-case":
            return bool(found.lower() == what.lower())
        case "wildcard":
            return fnmatchcase(found, what.replace("[", "[[]").replace("?", "[?]"))
    return False
