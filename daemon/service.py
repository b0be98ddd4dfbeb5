"""The daemon as a whole: schedule, work, endpoints; started and stopped in an order that loses nothing."""

import threading
from collections.abc import Iterable, Mapping

from daemon import health
from daemon.logs import say
from daemon.metrics import CONTENT_TYPE, Metrics, Seen
from daemon.runner import Crew, Pace
from daemon.scheduling import Scheduling
from daemon.settings import Schedule, differing
from daemon.watch import Watch
from daemon.web import Answer, Page, told
from evidence_store.errors import StoreError
from evidence_store.records import format_time

_TIDY = 30  # seconds beyond the grace, to settle what became of the run


class Daemon:
    """Runs what is due until it is stopped."""

    def __init__(self, crew: Crew, schedules: Iterable[Schedule], pace: Pace, version: str) -> None:
        self._crew = crew
        self._in_force: Mapping[str, Schedule] = {schedule.name: schedule for schedule in schedules}
        self._pace = pace
        seen = Seen(crew.store, lambda: self.watch.schedules, lambda: self.watch.running, crew.clock)
        self._metrics = Metrics(version, self._in_force, seen)
        self.watch = Watch(crew, self._in_force.values(), pace, self._metrics)
        self._scheduling = Scheduling(crew.store.database.url, self._in_force.values(), self.watch.wake)
        self._stopped = threading.Event()

    def prepare(self) -> None:
        """Bring store and jobs in line with the configuration. Raises `StoreError`."""
        self.watch.register()
        with self._crew.store.database.speaking():
            self._scheduling.start(self._crew.clock())

    def start(self) -> None:
        """Begin. Raises `StoreError`."""
        self.watch.start()
        for name, due in self._dues(self._in_force).items():
            say("schedule", schedule=name, due=due)

    def replace(self, schedules: Iterable[Schedule]) -> None:
        """Put other schedules in force, and tell which. Raises `StoreError`; then it may be done again."""
        wanted = {schedule.name: schedule for schedule in schedules}
        self.watch.replace(wanted)
        with self._crew.store.database.speaking():
            self._scheduling.replace(wanted.values(), self._crew.clock())
        self._metrics.follow(wanted)
        dues, before, self._in_force = self._dues(wanted), self._in_force, wanted
        changes = 0
        for name, schedule in wanted.items():
            former = before.get(name)
            if former is None:
                say("schedule.added", schedule=name, due=dues.get(name))
            elif changed := differing(former, schedule):
                say("schedule.changed", schedule=name, due=dues.get(name), changed=", ".join(changed))
            changes += schedule != former
        for name in before.keys() - wanted.keys():
            say("schedule.removed", schedule=name)
            changes += 1
        say("daemon.reloaded", count=changes)

    def _dues(self, schedules: Mapping[str, Schedule]) -> dict[str, str]:
        """When each is due next."""
        standings = self.watch.standings()
        return {n: format_time(schedules[n].timing.after(standing.settled)) for n, standing in standings.items()}

    def wait(self) -> None:
        """Until it is stopped."""
        while not self._stopped.wait(60):
            pass

    def stop(self) -> None:
        """End: at once where it is said twice."""
        if self._stopped.is_set():
            self.watch.hurry()
        self.watch.stop()
        self._stopped.set()

    def close(self) -> bool:
        """Wait until the run under way has ended and its firing is handed back; whether it did."""
        # It ends only when its database answers, which it may never do.
        threading.Thread(target=self._scheduling.stop, name="scheduler-stop", daemon=True).start()
        return self.watch.join(self._pace.grace.total_seconds() + _TIDY)

    # -- what a monitor asks -------------------------------------------------------------------------------------------

    def pages(self) -> Mapping[str, Page]:
        """The endpoints by path."""
        return {"/healthz": self.healthz, "/readyz": self.readyz, "/metrics": self.metrics}

    def metrics(self) -> Answer:
        """What Prometheus reads."""
        return Answer(200, CONTENT_TYPE, self._metrics.page())

    def healthz(self) -> Answer:
        """Whether the process lives, and its threads."""
        dead = [name for name, lives in (("scheduler", self._scheduling.lives), ("watch", self.watch.lives)) if not lives]
        return told(503 if dead else 200, {"status": "dead" if dead else "alive", "dead": dead})

    def readyz(self) -> Answer:
        """Whether evidence is as fresh as the schedules demand."""
        try:
            problems = list(health.complaints(self.watch.schedules, self.watch.standings(), self._crew.clock()))
            problems += [self.watch.trouble] if self.watch.trouble else []
        except StoreError:
            problems = ["the store cannot be read"]  # the sentence names the database; it is in the log
        return told(503 if problems else 200, {"ready": not problems, "problems": problems, "running": self.watch.running})
