"""Spans of time as Google's services write them: `7776000s`."""

import re

from evidence_store.records import Json

_SECONDS = re.compile(r"(\d+)(\.\d+)?s")


def days_of(span: Json) -> float | None:
    """A span in days; `None` where there is none. Raises `ValueError` for a text that is no span."""
    if not span:
        return None
    found = _SECONDS.fullmatch(str(span))
    if found is None:
        raise ValueError(f"{span!r} is not a span in seconds")
    return int(found[1]) / 86_400
