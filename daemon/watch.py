"""The daemon's one thread of work: what is due is claimed, run in a process of its own, and settled.

- Runs are made one after the other: the store has one writer. What came due meanwhile is run next; of several due times
  of one schedule the last, and the others are recorded as missed.
- When the daemon stops, the run under way is asked to end and its firing handed back: the next daemon makes it at once. A
  firing is started twice at most; then it is missed.
- A store that fails is tried again at the next look; nothing that was due is forgotten by that.
"""

import logging
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from daemon.logs import bug, say
from daemon.runner import Crew, Pace, Runner, Tally
from daemon.settings import Schedule
from daemon.timing import Dues
from evidence_store.errors import HeldError, RolledBackError, StoreError
from evidence_store.firings import Missed, Standing, WhyMissed
from evidence_store.records import format_time

_ATTEMPTS = 2
_ATTEMPTS_TO_DEFINE = 5
_RETIRED = "retired"  # in a definition that is kept until the last firing has ended
_FAILED = "the store failed when it was looked at last; the daemon's log says how"
_CONTRADICTED = "the evidence is contradicted, and nothing can be added to it: run `scanner evidence verify`"
_IMPLAUSIBLE = timedelta(hours=25)  # more than a clock in the wrong zone is off


class Watch:
    """Looks at every schedule when it is woken, and now and then."""

    def __init__(self, crew: Crew, schedules: Iterable[Schedule], pace: Pace, tally: Tally) -> None:
        self._crew, self._tally = crew, tally
        self._firings = crew.store.firings
        self._schedules: Mapping[str, Schedule] = {schedule.name: schedule for schedule in schedules}
        self._redefining = False
        self._pace = pace
        self._woken, self._stopping, self._hurry = threading.Event(), threading.Event(), threading.Event()
        self._runner = Runner(crew, pace, tally, self._stopping, self._hurry)
        self._thread = threading.Thread(target=self._work, name="watch", daemon=True)
        self._superseded: set[str] = set()
        self._told = ""
        self.trouble: str | None = None  # what is wrong with the store, in a sentence that names no place

    @property
    def schedules(self) -> Mapping[str, Schedule]:
        """Those in force, by name."""
        return self._schedules

    def register(self) -> None:
        """Make the schedules known, and settle what the ones they replace have missed. Raises `StoreError`."""
        self._define(self._schedules)

    def replace(self, schedules: Mapping[str, Schedule]) -> None:
        """Put others in force, also while a run is under way: that goes on. Raises `StoreError`; then it may be done again."""
        self._redefining = True
        try:
            self._define(schedules)
            self._schedules = schedules
            self._superseded.clear()
        finally:
            self._redefining = False
        self.wake()

    def _define(self, schedules: Mapping[str, Schedule]) -> None:
        now = self._crew.clock()
        for schedule in schedules.values():
            self._firings.register(schedule.name, schedule.definition(), now)
        for _ in range(_ATTEMPTS_TO_DEFINE):  # another daemon may claim what is due just then
            done = [self._defined(standing, schedules.get(standing.name), now) for standing in self._firings.standings()]
            if all(done):
                return

    def _defined(self, standing: Standing, schedule: Schedule | None, now: datetime) -> bool:
        """Whether a schedule stands as it is configured, or has gone if it is not."""
        if schedule is None:
            return self._retired(standing, now)
        if standing.definition == schedule.definition():
            return True
        missed = _missed_by(standing.definition, standing.settled, now)
        done = self._firings.redefine(standing, schedule.definition(), max(now, standing.settled), missed)
        if done and missed:
            self._say_missed(standing.name, missed)
        return done

    def _retired(self, standing: Standing, now: datetime) -> bool:
        """End a schedule that left the configuration. A firing of it that is under way is seen to its end first."""
        if standing.definition.get(_RETIRED):
            return True
        missed = _missed_by(standing.definition, standing.settled, now)
        under_way = standing.due is not None
        left = {**standing.definition, _RETIRED: True} if under_way else None
        done = self._firings.redefine(standing, left, max(now, standing.settled), missed)
        if done and missed:
            self._say_missed(standing.name, missed)
        return done

    def start(self) -> None:
        self._thread.start()

    def wake(self, _schedule: str = "") -> None:
        """Look now."""
        self._woken.set()

    def stop(self) -> None:
        """Start nothing more, and end what is under way."""
        self._stopping.set()
        self._woken.set()

    def hurry(self) -> None:
        """Kill what is under way."""
        self._hurry.set()
        self.stop()

    def join(self, seconds: float) -> bool:
        """Whether all has ended within this time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def running(self) -> str | None:
        """The schedule whose run is under way."""
        return self._runner.running

    @property
    def lives(self) -> bool:
        return self._thread.is_alive()

    # -- looking -------------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            self._woken.clear()
            if self._stopping.is_set():  # looked at after `clear`, so that no word to stop is lost
                return
            try:
                self.look()
                self._healed()
            except StoreError as error:
                self._suffers(error)
            except Exception as error:  # noqa: BLE001 - the thread must go on: nobody else would run what is due
                bug(error)
            self._woken.wait(self._pace.look)

    def _suffers(self, error: StoreError) -> None:
        """Say what is wrong with the store, once."""
        contradicted = isinstance(error, RolledBackError)
        self.trouble = _CONTRADICTED if contradicted else _FAILED
        if str(error) != self._told:
            self._told = str(error)
            say("evidence.contradicted" if contradicted else "store.failed", level=logging.ERROR, error=str(error))

    def _healed(self) -> None:
        if self._told:
            say("store.recovered")
        self.trouble, self._told = None, ""

    def look(self) -> None:
        """Run what is due until nothing is."""
        again = True
        while again and not self._stopping.is_set():
            again = False
            schedules = self._schedules  # before the store is asked: what they are replaced by, it knows sooner
            for standing in self._firings.standings():
                schedule = schedules.get(standing.name)
                if self._stopping.is_set():
                    break
                if schedules is not self._schedules:  # the last run took its time
                    again = True
                    break
                if schedule is None:
                    again |= self._end(standing)
                elif not self._replaced(standing, schedule):
                    again |= self._consider(standing, schedule)
            self._tell()

    def _replaced(self, standing: Standing, schedule: Schedule) -> bool:
        """Whether another daemon has given the schedule another definition since: then that one counts."""
        if standing.definition == schedule.definition():
            self._superseded.discard(schedule.name)
            return False
        # In this order: between the two, the store may have been told of schedules that we are about to put in force.
        by_us = self._redefining or self._schedules.get(schedule.name) is not schedule
        if not by_us and schedule.name not in self._superseded:
            self._superseded.add(schedule.name)
            say("schedule.replaced", level=logging.WARNING, schedule=schedule.name)
        return True

    def _consider(self, standing: Standing, schedule: Schedule) -> bool:
        """Run one schedule if it is due and nobody else does; whether anything was done."""
        now = self._crew.clock()
        dues = schedule.timing.dues(standing.settled, now)
        if standing.settled > now + _IMPLAUSIBLE and standing.due is None:
            # A clock was far ahead when something was claimed. Nothing would be due until it is that late again.
            say("schedule.clock", level=logging.WARNING, schedule=schedule.name, due=format_time(standing.settled))
            return self._firings.redefine(standing, standing.definition, now, None)
        if standing.due is not None:
            return standing.expired and self._lost(standing, schedule, dues)
        if dues is None:
            return False
        missed = _all_but_last(dues)
        firing = self._firings.claim(standing, dues.last, missed, self._crew.holder, self._pace.lease)
        if firing is None:
            return False
        if missed:
            self._say_missed(schedule.name, missed)
        self._runner.fire(firing, schedule)
        return True

    def _end(self, standing: Standing) -> bool:
        """Forget a schedule that was retired, once its last firing has ended; whether anything was done."""
        if not standing.definition.get(_RETIRED):
            return False  # of another daemon
        if standing.due is not None:
            return standing.expired and self._lost(standing, None, None)
        return self._firings.redefine(standing, None, standing.settled, None)

    def _lost(self, standing: Standing, schedule: Schedule | None, dues: Dues | None) -> bool:
        """Take over what nobody renews; miss it where it was tried twice, something newer is due, or nobody wants it."""
        crew = self._crew
        try:
            with crew.store.writer(crew.keys, origin=crew.origin, clock=crew.clock):
                firing = self._firings.take_over(standing, crew.holder, self._pace.lease)
        except HeldError:
            return False  # somebody writes: perhaps the very run, whose daemon is only slow
        if firing is None:
            return False
        if schedule is None or dues is not None or firing.attempt > _ATTEMPTS:
            if self._firings.miss(firing, WhyMissed.LOST):
                self._say_missed(standing.name, Missed(1, firing.due, firing.due, WhyMissed.LOST))
            return True
        self._runner.fire(firing, schedule)
        return True

    # -- what was missed -----------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Tell the log what was missed, if nobody writes just now: else the next run does."""
        crew = self._crew
        if not self._firings.pending():
            return
        try:
            with crew.store.writer(crew.keys, origin=crew.origin, clock=crew.clock) as writer:
                writer.record_missed()
        except HeldError:
            return

    def _say_missed(self, name: str, missed: Missed) -> None:
        self._tally.missed(name, missed.count)
        say("runs.missed", level=logging.WARNING, schedule=name, due=format_time(missed.last), outcome=missed.why,
            count=missed.count)  # fmt: skip

    # -- what a monitor asks -------------------------------------------------------------------------------------------

    def standings(self) -> Mapping[str, Standing]:
        """How it stands with our schedules. Raises `StoreError`."""
        schedules = self._schedules
        return {s.name: s for s in self._firings.standings() if s.name in schedules}


def _all_but_last(dues: Dues) -> Missed | None:
    return Missed(dues.count - 1, dues.first, dues.before_last, WhyMissed.DOWN) if dues.count > 1 else None


def _missed_by(definition: Mapping[str, object], settled: datetime, now: datetime) -> Missed | None:
    """What was due by a definition that is no more, and was not run."""
    try:
        former = Schedule(**{k: tuple(v) if isinstance(v, list) else v for k, v in definition.items()})  # type: ignore[arg-type]  # a definition of ours, or it fails
    except (TypeError, ValueError):
        return None  # written by another version, whose keys are not known here
    dues = former.timing.dues(settled, now)
    return Missed(dues.count, dues.first, dues.last, WhyMissed.DOWN) if dues else None
