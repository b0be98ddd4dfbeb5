"""Cron expressions: five fields, or a nickname, in the local time of a zone.

- As in crontab(5): 0 and 7 are Sunday, and where both days are restricted, either is enough.
- A local time that the clocks leap over is due when they have leapt. One that they pass twice is due the first time;
  where every hour is meant (`*`), both.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

_DAY = timedelta(days=1)
_HORIZON = 3000  # days: 29 February may be eight years away
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# name, least, most, words and the number of the first word
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...], int], ...] = (
    ("minute", 0, 59, (), 0),
    ("hour", 0, 23, (), 0),
    ("day of the month", 1, 31, (), 0),
    ("month", 1, 12, _MONTHS, 1),
    ("day of the week", 0, 7, _WEEKDAYS, 0),
)
_PART = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cron:
    """When something is due, by the local calendar."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    either: bool  # whether one of the two days is enough
    every_hour: bool

    def on(self, day: date) -> bool:
        """Whether something is due on a day."""
        if day.month not in self.months:
            return False
        matches = (day.day in self.days, day.isoweekday() % 7 in self.weekdays)
        return any(matches) if self.either else all(matches)

    def after(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """The next time after a moment, in UTC; `None` where there is none within eight years."""
        day = moment.astimezone(zone).date() - _DAY
        for _ in range(_HORIZON):
            if self.on(day):
                times = _times(self, day, zone)
                place = bisect_right(times, moment)
                if place < len(times):
                    return times[place]
            day += _DAY
        return None


def parse(text: str) -> Cron:
    """Read an expression. Raises `ValueError` with a sentence."""
    words = _NICKNAMES.get(text.strip().lower(), text).split()
    if len(words) != len(_FIELDS):
        raise ValueError("expected five fields (minute, hour, day of the month, month, day of the week), as '0 3 * * *'")
    minutes, hours, days, months, weekdays = (_field(word, *field) for word, field in zip(words, _FIELDS, strict=True))
    cron = Cron(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=frozenset(days),
        months=frozenset(months),
        weekdays=frozenset(day % 7 for day in weekdays),
        either=not words[2].startswith("*") and not words[4].startswith("*"),
        every_hour=words[1] == "*",
    )
    if cron.after(datetime(2024, 1, 1, tzinfo=UTC), UTC) is None:
        raise ValueError("there is no such day")
    return cron


def _field(word: str, name: str, least: int, most: int, words: tuple[str, ...], first: int) -> set[int]:
    found: set[int] = set()
    for part in word.lower().split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is no {name}; write a number, a range 1-5, a list 1,3 or a step */2")
        every, start, end, step = match.groups()
        low = least if every else _number(start, name, least, most, words, first)
        # A step after a single number goes on to the end, as in every crontab.
        high = _number(end, name, least, most, words, first) if end else most if every or step else low
        if low > high or step == "0":
            raise ValueError(f"{part!r} is no range of the {name}")
        found.update(range(low, high + 1, int(step or 1)))
    return found


def _number(text: str, name: str, least: int, most: int, words: tuple[str, ...], first: int) -> int:
    if text in words:
        return words.index(text) + first
    if not text.isdecimal() or not least <= int(text) <= most:
        raise ValueError(f"{text!r} is no {name}; expected {least} to {most}")
    return int(text)


@lru_cache(maxsize=64)
def _times(cron: Cron, day: date, zone: tzinfo) -> tuple[datetime, ...]:
    """When something is due on a local day, in order, in UTC."""
    local = (datetime.combine(day, time(hour, minute)) for hour in cron.hours for minute in cron.minutes)
    return tuple(sorted({moment for naive in local for moment in _moments(naive, zone, twice=cron.every_hour)}))


def _moments(naive: datetime, zone: tzinfo, *, twice: bool) -> Iterator[datetime]:
    """The moments at which the clocks of a zone show a time."""
    first, second = (naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        yield first
    elif first < second:  # the clocks are put back, and show it twice
        yield first
        if twice:
            yield second
    else:
        yield _leap(second, first, zone)


def _leap(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The moment between two at which the clocks of a zone are put forward, to the second."""
    wanted = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // timedelta(seconds=2) * timedelta(seconds=1)
        if middle.astimezone(zone).utcoffset() == wanted:
            after = middle
        else:
            before = middle
    return after
