"""When a schedule is due. The same for everyone who asks: nothing is counted from when a process was started.

- `every` counts from the beginning of 1970 in UTC: every 6 hours is at 0, 6, 12 and 18 o'clock UTC.
- Jitter delays each due time by an amount that follows from the schedule's name and the time, so that two daemons agree.
- Due times are whole milliseconds in UTC.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from daemon.cron import Cron

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


@dataclass(frozen=True, slots=True)
class Dues:
    """The times in a span at which something was due."""

    count: int
    first: datetime
    last: datetime
    before_last: datetime  # the same as the first, where there are not more than two


@dataclass(frozen=True, slots=True)
class Timing:
    """When a schedule is due: by a cron expression in a zone, or at intervals."""

    name: str
    when: Cron | timedelta
    zone: tzinfo
    jitter: timedelta = timedelta(0)

    def after(self, moment: datetime) -> datetime:
        """The next due time after a moment."""
        if not self.jitter:
            return self._nominal(moment)
        # What was due nominally up to one jitter ago may still be to come, and the next one may overtake it.
        nominal = self._nominal(moment - self.jitter - _MILLISECOND)
        best: datetime | None = None
        while best is None or nominal < best:
            delayed = nominal + self._delay(nominal)
            if delayed > moment and (best is None or delayed < best):
                best = delayed
            nominal = self._nominal(nominal)
        return best

    def dues(self, settled: datetime, now: datetime) -> Dues | None:
        """What was due after one moment, up to another."""
        first = moment = self.after(settled)
        if first > now:
            return None
        count, last, before = 1, first, first
        while (moment := self.after(moment)) <= now:
            count, before, last = count + 1, last, moment
        return Dues(count, first, last, before)

    def _nominal(self, moment: datetime) -> datetime:
        if isinstance(self.when, timedelta):
            return _EPOCH + ((moment - _EPOCH) // self.when + 1) * self.when
        found = self.when.after(moment, self.zone)
        if found is None:
            raise OverflowError(f"schedule {self.name} is never due after {moment}")
        return found

    def _delay(self, nominal: datetime) -> timedelta:
        seed = hashlib.sha256(f"{self.name} {nominal.timestamp()}".encode()).digest()
        return int.from_bytes(seed[:8]) % (self.jitter // _MILLISECOND + 1) * _MILLISECOND


def duration(text: str) -> timedelta:
    """A span of time, as `90s`, `5m`, `6h`, `1d` or `1h30m`. Raises `ValueError`."""
    parts = re.findall(r"([0-9]{1,9})([dhms])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text or len({u for _, u in parts}) != len(parts):
        raise ValueError(f"{text!r} is no span of time; write 90s, 5m, 6h, 1d or 1h30m")
    span = timedelta(**{_UNITS[unit]: int(number) for number, unit in parts})
    if span > timedelta(days=366):
        raise ValueError(f"{text!r} is longer than a year")
    return span
