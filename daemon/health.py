"""Whether the daemon does what its schedule demands, in sentences: none means that it does."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from daemon.settings import Schedule
from evidence_store.firings import Standing, WhyMissed
from evidence_store.records import format_time

LATE = timedelta(minutes=5)  # what is due waits for so long at most, unless a run is under way
_MISSED: Mapping[str, str] = {
    WhyMissed.DOWN: "was missed",
    WhyMissed.HELD: "was missed: another run held the store",
    WhyMissed.FAILED: "failed",
    WhyMissed.TIMEOUT: "took longer than max_run and was ended",
    WhyMissed.LOST: "was begun and lost",
}


def complaints(schedules: Mapping[str, Schedule], standings: Mapping[str, Standing], now: datetime) -> Iterator[str]:
    """What is not as the schedules demand."""
    busy = any(s.due is not None and not s.expired for s in standings.values())
    for name, schedule in schedules.items():
        standing = standings.get(name)
        if standing is None:
            yield f"{name}: not known to the store"
        elif standing.definition != schedule.definition():
            yield f"{name}: the daemon that was started or reloaded last on this store defines it otherwise, and that counts"
        else:
            yield from _of(name, schedule, standing, now, busy=busy)


def _of(name: str, schedule: Schedule, standing: Standing, now: datetime, *, busy: bool) -> Iterator[str]:
    if standing.due is not None:
        if standing.expired:
            yield f"{name}: whoever ran what was due at {format_time(standing.due)} is gone"
        return
    if told := _MISSED.get(standing.outcome or ""):
        yield f"{name}: the run that was due at {format_time(standing.settled)} {told}"
    due = schedule.timing.after(standing.settled)
    if due + LATE < now and not busy:
        yield f"{name}: due since {format_time(due)} and not run"
