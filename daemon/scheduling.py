"""APScheduler, which wakes the daemon when something is due. Whether anything is run, the lease decides.

- The next due time of each schedule is kept in the store's database: a restart does not forget what is overdue.
- Only the id and the time of a job are read back. What APScheduler pickles beside them is never opened: whoever may write
  the database would run code as the one who holds the signing key.
- A job's id names the definition. Where two daemons with different schedules share a store, the one that started last
  counts: its jobs replace the other's, which then wakes no more.
- A database that fails does not end the scheduler. It looks again after a pause, and at least every half minute, so that a
  clock that was set or a machine that slept is noticed.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.executors.base import BaseExecutor
from apscheduler.job import Job
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from daemon.settings import Schedule
from daemon.timing import Timing

log = logging.getLogger(__name__)
Wake = Callable[[str], None]
TABLE = "schedule_job"
LONGEST_SLEEP = 30.0  # seconds
_PAUSE = 5.0  # seconds, after a failure
_ATTEMPTS = 3


def due(_schedule: str) -> None:
    """What a job names. Our executor wakes the daemon instead of calling it."""


class Trigger(BaseTrigger):  # type: ignore[misc]  # APScheduler carries no types
    """A timing, as APScheduler asks for it."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return self._timing.after(previous_fire_time or now)

    def __getstate__(self) -> dict[str, Any]:
        return {}  # the configuration has it


class Waker(BaseExecutor):  # type: ignore[misc]  # APScheduler carries no types
    """Hands what is due to the daemon, which has a thread of its own for it."""

    def __init__(self, wake: Wake) -> None:
        super().__init__()
        self._wake = wake

    def submit_job(self, job: Any, run_times: list[datetime]) -> None:
        """Without counting instances: the lease sees to that."""
        self._do_submit_job(job, run_times)

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        del run_times  # what is due follows from what was settled
        self._wake(job.name)


class Jobs(SQLAlchemyJobStore):  # type: ignore[misc]  # APScheduler carries no types
    """The jobs of our schedules, and no other's."""

    def __init__(self, url: Any, schedules: Iterable[Schedule]) -> None:
        options: dict[str, Any] = {"pool_size": 1, "pool_pre_ping": True}
        if url.get_backend_name() == "sqlite":
            options["connect_args"] = {"timeout": 30, "check_same_thread": False}
        super().__init__(url=url, tablename=TABLE, engine_options=options)
        self.know(schedules)

    def know(self, schedules: Iterable[Schedule]) -> None:
        """Whose jobs are ours from now on."""
        self._known = {job_id(schedule): schedule for schedule in schedules}

    def lookup_job(self, job_id: str) -> Any:
        found = self._get_jobs(self.jobs_t.c.id == job_id)
        return found[0] if found else None

    def get_next_run_time(self) -> datetime | None:
        return min((job.next_run_time for job in self._get_jobs()), default=None)

    def _get_jobs(self, *conditions: Any) -> list[Any]:
        jobs, known = self.jobs_t, self._known
        query = jobs.select().where(jobs.c.id.in_(known), *conditions).order_by(jobs.c.next_run_time)
        with self.engine.begin() as connection:
            rows = connection.execute(query).all()
        return [self._job(row.id, known[row.id], row.next_run_time) for row in rows]

    def _job(self, identity: str, schedule: Schedule, stamp: float) -> Any:
        at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=round(stamp * 1000))
        job = Job(self._scheduler, id=identity, next_run_time=at, **_job_fields(schedule))
        job._jobstore_alias = self._alias
        return job

    def make_room(self) -> None:
        """Make the table where it is absent. Another daemon may be doing so just now: then it is there at the next look."""
        for _ in range(_ATTEMPTS - 1):
            try:
                self.jobs_t.create(self.engine, checkfirst=True)
            except Exception as error:  # noqa: BLE001 - what the driver says of it differs, and the last attempt is not caught
                log.debug("the table of the schedule is not made yet: %s", type(error).__name__)
                time.sleep(0.2)
            else:
                return
        self.jobs_t.create(self.engine, checkfirst=True)

    def forget_others(self) -> int:
        """Drop the jobs of schedules that are not, or no more, so defined; how many there were."""
        with self.engine.begin() as connection:
            return int(connection.execute(self.jobs_t.delete().where(self.jobs_t.c.id.not_in(self._known))).rowcount)

    def kept(self) -> Mapping[str, datetime]:
        """Schedule -> when its job is due next."""
        return {job.name: job.next_run_time for job in self._get_jobs()}


class Clockwork(BackgroundScheduler):  # type: ignore[misc]  # APScheduler carries no types
    """The scheduler's thread, which outlives a database that fails."""

    beat = 0.0  # when it last looked, by the monotonic clock

    def _process_jobs(self) -> float:
        try:
            pause = super()._process_jobs()
        except Exception as error:  # noqa: BLE001 - the edge: the driver's errors end no schedule
            log.warning("the schedule cannot be read: %s", type(error).__name__)
            pause = _PAUSE
        self.beat = time.monotonic()
        return LONGEST_SLEEP if pause is None else min(pause, LONGEST_SLEEP)


class Scheduling:
    """The schedules in force, and whoever is to be woken."""

    def __init__(self, url: Any, schedules: Iterable[Schedule], wake: Wake) -> None:
        self._schedules = tuple(schedules)
        self.jobs = Jobs(url, self._schedules)
        self._clockwork = Clockwork(
            timezone=UTC,
            executors={"default": Waker(wake)},
            jobstores={"default": self.jobs},
            jobstore_retry_interval=_PAUSE,
        )

    def start(self, now: datetime) -> None:
        """Bring the jobs in line with the configuration, and begin to wake. Those that are unchanged keep their time."""
        self.jobs.make_room()
        self._clockwork.start(paused=True)
        self._align(now)
        self._clockwork.beat = time.monotonic()
        self._clockwork.resume()

    def replace(self, schedules: Iterable[Schedule], now: datetime) -> None:
        """Wake for others from now on. Those that are unchanged keep their time."""
        with self._clockwork._jobstores_lock:  # else a job that is due just now could be gone before it has its next time
            self._schedules = tuple(schedules)
            self.jobs.know(self._schedules)
            self._align(now)

    def _align(self, now: datetime) -> None:
        self.jobs.forget_others()
        kept = self.jobs.kept()
        for schedule in self._schedules:
            if schedule.name not in kept:
                at = schedule.timing.after(now)
                fields = _job_fields(schedule)
                self._clockwork.add_job(id=job_id(schedule), next_run_time=at, replace_existing=True, **fields)

    @property
    def lives(self) -> bool:
        """Whether the scheduler still looks."""
        thread = self._clockwork._thread
        return bool(thread and thread.is_alive()) and time.monotonic() - self._clockwork.beat < 4 * LONGEST_SLEEP

    def stop(self) -> None:
        """Wake nobody any more."""
        self._clockwork.shutdown(wait=False)


def job_id(schedule: Schedule) -> str:
    """Names a schedule as it is defined."""
    definition = sorted((key, str(value)) for key, value in schedule.definition().items())
    return f"{schedule.name}@{hashlib.sha256(str(definition).encode()).hexdigest()[:16]}"


def _job_fields(schedule: Schedule) -> dict[str, Any]:
    return {
        "func": due,
        "args": (schedule.name,),
        "kwargs": {},
        "name": schedule.name,
        "trigger": Trigger(schedule.timing),
        "executor": "default",
        "coalesce": True,
        "misfire_grace_time": None,
        "max_instances": 1,
    }
