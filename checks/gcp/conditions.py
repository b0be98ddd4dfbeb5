"""When a condition on a grant ends it: the time that `request.time` is held against."""

import re
from datetime import datetime

from evidence_store.records import Json, parse_time

_LIMIT = re.compile(r"^\(*\s*request\.time\s*<=?\s*timestamp\(\s*['\"]([^'\"]+)['\"]\s*\)\s*\)*$")
_TURNED = re.compile(r"\?|\bfalse\b|!(?!=)")  # what turns the sense of a part around
_REVERSED = re.compile(r"^\(*\s*timestamp\(\s*['\"]([^'\"]+)['\"]\s*\)\s*>=?\s*request\.time\s*\)*$")


def ends_by(condition: Json) -> datetime | None:
    """The time after which a condition never holds; `None` where there is no such time, or none that is certain.

    Of alternatives each must end, and the last counts; of what must hold together the first end counts. An expression
    whose parts cannot be told apart ends nothing.
    """
    if not condition or not condition.get("expression") or _TURNED.search(condition["expression"]):
        return None
    ends = [_earliest(alternative) for alternative in condition["expression"].split("||")]
    certain = [end for end in ends if end is not None]
    if len(certain) < len(ends) or (len(ends) > 1 and not _flat(condition["expression"])):
        return None
    return max(certain)


def _flat(expression: str) -> bool:
    """Whether alternatives stand side by side, none of them inside brackets that something else is joined to."""
    return all(part.count("(") == part.count(")") for part in expression.split("||"))


def _earliest(expression: str) -> datetime | None:
    times = []
    for part in expression.split("&&"):
        found = _LIMIT.match(part.strip()) or _REVERSED.match(part.strip())
        if found is not None:
            try:
                times.append(parse_time(found[1]))
            except ValueError:
                continue
    return min(times, default=None)
