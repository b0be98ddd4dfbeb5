"""Reading the facts of ISMS records that decide something: the Statement of Applicability, exceptions, assurances.

What cannot be read becomes a fault of the record and never a default: a record with a fault does not count, and says why.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from evidence_store.records import Json, Unread, parse_time


class RecordFacts:
    """The facts of one record, and the faults found while reading them."""

    def __init__(self, facts: Mapping[str, Json | Unread]) -> None:
        self._facts = facts
        self.faults: list[str] = []

    def value(self, name: str) -> Json:
        """The value, or `None` where there is none or it was not read (which is a fault)."""
        value = self._facts.get(name)
        if isinstance(value, Unread):
            self.faults.append(f"{name} was not read: {value}")
            return None
        return value

    def text(self, name: str) -> str:
        """A text without blanks around it; empty where there is none."""
        value = self.value(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.faults.append(f"{name} is not a text")
            return ""
        return value.strip()

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, or one text as a list of one."""
        value = self.value(name)
        entries = [value] if isinstance(value, str) else [] if value is None else value
        if not isinstance(entries, list | tuple) or not all(isinstance(entry, str) for entry in entries):
            self.faults.append(f"{name} is not a list of texts")
            return ()
        return tuple(entry.strip() for entry in entries if entry.strip())

    def first_moment(self, name: str) -> datetime | None:
        """A time; a date is its first moment, UTC."""
        text = self.text(name)
        try:
            return parse_time(text) if text else None
        except ValueError:
            self.faults.append(f"{name} is not a date: {text!r}")
            return None

    def last_moment(self, name: str) -> datetime | None:
        """A time; a date is its last moment, UTC, because people write the last day on which something still holds."""
        moment = self.first_moment(name)
        if moment is None or len(self.text(name)) > len("2026-01-01"):
            return moment
        try:
            return moment + timedelta(days=1, microseconds=-1)
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC)

    def required(self, **values: object) -> None:
        """Note a fault for each of these that is empty."""
        self.faults.extend(f"names no {name.replace('_', ' ')}" for name, value in values.items() if not value)


def annex_id(text: str) -> str:
    """The id of an Annex A control as someone wrote it: `8.8`, `a.8.8` and `A.8.8` are `A.8.8`."""
    wanted = text.strip().upper()
    return wanted if wanted.startswith("A.") else f"A.{wanted}"


def same_person(one: str, other: str) -> bool:
    """Whether two names are written for the same person, letter case and spacing aside."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def matches(pattern: str, text: str) -> bool:
    """Whether a text is the one written, or fits a pattern in which `*` stands for anything; nothing else is special."""
    return pattern == text or ("*" in pattern and _compiled(pattern).fullmatch(text) is not None)


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
