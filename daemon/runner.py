"""Making one run: started, attended, ended where it must be, and settled.

- A run that takes longer than its schedule allows is asked to end, and killed if it does not.
- So is one whose daemon stops, or whose lease is lost. The first is handed back.
- A firing is done when its run is sealed, which the run itself tells the database. Whatever else its process comes to, the
  firing was missed.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from daemon.child import Ended
from daemon.logs import say
from daemon.settings import Schedule
from evidence_store.database import Store
from evidence_store.errors import StoreError
from evidence_store.firings import Firing, WhyMissed
from evidence_store.keys import Keys
from evidence_store.records import format_time

_GLANCE = 0.2  # seconds between two looks at a run that is under way


class Work(Protocol):
    """A run under way."""

    @property
    def begun(self) -> float | None:
        """When it had the store, by the monotonic clock."""
        ...

    def wait(self, seconds: float) -> bool: ...

    def ask(self) -> None: ...

    def kill(self) -> None: ...

    def ended(self) -> Ended: ...


class Tally(Protocol):
    """What counts the runs."""

    def ended(self, schedule: str, outcome: str, seconds: float) -> None: ...

    def missed(self, schedule: str, count: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the daemon looks, and how long a lease lasts."""

    look: float = 10  # seconds
    lease: timedelta = timedelta(seconds=60)
    renew: float = 15  # seconds
    grace: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Crew:
    """What the work is done with."""

    store: Store
    keys: Keys
    origin: str  # the name of a log that begins here
    holder: str  # names this daemon
    start: Callable[[Firing, Schedule], Work]  # raises `OSError`
    clock: Callable[[], datetime]  # the same for all daemons of the store; raises `StoreError`


class Runner:
    """Makes one run at a time."""

    def __init__(self, crew: Crew, pace: Pace, tally: Tally, stopping: threading.Event, hurry: threading.Event) -> None:
        self._crew, self._pace, self._tally = crew, pace, tally
        self._firings = crew.store.firings
        self._stopping, self._hurry = stopping, hurry
        self.running: str | None = None  # the schedule whose run is under way

    def fire(self, firing: Firing, schedule: Schedule) -> None:
        """Make the run of a firing that is ours, and settle it. Raises `StoreError` where that fails."""
        started = time.monotonic()
        say("run.started", schedule=firing.schedule, due=format_time(firing.due))
        self.running = firing.schedule
        over, lost = threading.Event(), threading.Event()
        threading.Thread(target=self._renew, args=(firing, over, lost), name="renew", daemon=True).start()
        try:
            work = self._crew.start(firing, schedule)
            why = self._attend(work, schedule, started, lost)
            ended = work.ended()
        except OSError as error:
            why, ended = WhyMissed.FAILED, Ended(1, said=f"the run cannot be started: {error.strerror}")
        finally:
            over.set()
            self.running = None
        failed = None
        try:
            outcome = self._settle(firing, ended, why)
        except StoreError as error:  # unless it is sealed, its lease runs out: then it is taken over or missed
            outcome, failed = _by_itself(ended, why), error
        self._tell(firing, ended, outcome, time.monotonic() - started)
        if failed:
            raise failed

    def _tell(self, firing: Firing, ended: Ended, outcome: str, seconds: float) -> None:
        self._tally.ended(firing.schedule, outcome, seconds)
        well = outcome in ("complete", "incomplete")
        say(
            "run.ended",
            level=logging.INFO if well or outcome == "interrupted" else logging.ERROR,
            schedule=firing.schedule,
            due=format_time(firing.due),
            run=ended.run,
            outcome=outcome,
            seconds=round(seconds, 3),
            error=None if well else ended.said.removeprefix("scanner: ") or f"exit {ended.code}",
        )

    def _attend(self, work: Work, schedule: Schedule, started: float, lost: threading.Event) -> WhyMissed | None:
        """Wait until the run has ended; why it was ended, if it was. `None` where it was let be."""
        why: WhyMissed | None = None
        asked: float | None = None
        while not work.wait(_GLANCE):
            now = time.monotonic()
            begun = work.begun or started + schedule.waits.total_seconds()
            if asked is None and (self._stopping.is_set() or lost.is_set()):
                why = WhyMissed.LOST
            elif asked is None and now > begun + schedule.longest.total_seconds():
                why = WhyMissed.TIMEOUT
            if why is not None and asked is None:
                asked = now
                work.ask()
            if asked is not None and (self._hurry.is_set() or now - asked > self._pace.grace.total_seconds()):
                work.kill()
        return why

    def _renew(self, firing: Firing, over: threading.Event, lost: threading.Event) -> None:
        """Hold the lease, in a thread of its own: a database that is busy must not keep anyone from ending the run."""
        while not over.wait(self._pace.renew):
            try:
                if not self._firings.renew(firing, self._pace.lease) and not over.is_set():
                    lost.set()  # or sealed a moment ago: then asking it to end comes too late to do harm
                    return
            except StoreError as error:
                say("lease.failed", level=logging.WARNING, schedule=firing.schedule, error=str(error))

    def _settle(self, firing: Firing, ended: Ended, why: WhyMissed | None) -> str:
        """What the firing came to: the seal of its run has settled it, or it was missed, or it is handed back."""
        if why is WhyMissed.LOST:
            self._firings.hand_back(firing)
        elif self._firings.miss(firing, missed := why or _why(ended.code)):
            return "missed" if missed is WhyMissed.HELD else str(missed)
        return self._stands(firing)

    def _stands(self, firing: Firing) -> str:
        """What came of a firing that somebody else settled, or that was handed back."""
        standing = next((s for s in self._firings.standings() if s.name == firing.schedule), None)
        if standing is not None and standing.sealed_due == firing.due and standing.outcome is not None:
            return standing.outcome
        return "interrupted"


def _why(code: int) -> WhyMissed:
    return WhyMissed.HELD if code == 5 else WhyMissed.FAILED


def _by_itself(ended: Ended, why: WhyMissed | None) -> str:
    """What a run seems to have come to, where the store cannot be asked."""
    if why is not None:
        return "interrupted" if why is WhyMissed.LOST else str(why)
    return {0: "complete", 3: "incomplete", 5: "missed"}.get(ended.code, "failed")
