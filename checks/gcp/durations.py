"""Spans of time as Google's services write them, `7776000s`, and times within a fact."""

import re
from datetime import datetime

from evidence_store.records import Json, MalformedFactError, Unread, Why, parse_time

_SECONDS = re.compile(r"(\d+)(\.\d+)?s")


def days_of(what: str, span: Json) -> float | None:
    """A span in days; `None` where there is none. Raises `MalformedFactError`, naming what it is of, for what is no span."""
    if not span:
        return None
    found = _SECONDS.fullmatch(str(span))
    if found is None:
        raise MalformedFactError(Unread(Why.UNEXPECTED, what, f"{span!r} is not a span in seconds"))
    return int(found[1]) / 86_400


def moment_of(what: str, text: Json) -> datetime | None:
    """A time; `None` where there is none. Raises `MalformedFactError`, naming what it is of, for what is no time."""
    if not text:
        return None
    try:
        return parse_time(text)
    except (TypeError, ValueError):
        raise MalformedFactError(Unread(Why.UNEXPECTED, what, f"{text!r} is not a time")) from None
