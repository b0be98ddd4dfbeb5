"""APScheduler as the alarm clock: what it keeps over a restart, what it never reads, and what does not end it."""

import os
import pickle
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from daemon import scheduling
from daemon.scheduling import TABLE, Scheduling, job_id
from daemon.settings import Schedule

from .conftest import DAY, MONDAY, NIGHTLY, Place

HOURLY = Schedule("hourly", every="1h")
THIRD = MONDAY.replace(hour=3, minute=0)


@contextmanager
def begun(place: Place, *schedules: Schedule, now: datetime = MONDAY) -> Iterator[tuple[Scheduling, list[str]]]:
    woken: list[str] = []
    made = Scheduling(place.store.database.url, schedules, woken.append)
    made.start(now)
    try:
        yield made, woken
    finally:
        made.stop()


def rows(place: Place) -> dict[str, float]:
    with place.store.database.reading() as connection:
        return {row[0]: row[1] for row in connection.exec_driver_sql(f"SELECT id, next_run_time FROM {TABLE}")}


def set_next(place: Place, due: datetime) -> None:
    with place.store.database.writing() as connection:
        connection.execute(sa.text(f"UPDATE {TABLE} SET next_run_time = :due"), {"due": due.timestamp()})


def test_a_restart_keeps_the_next_due_time_and_wakes_for_what_is_overdue(place: Place) -> None:
    with begun(place, NIGHTLY, now=MONDAY + 4000 * DAY) as (made, woken):
        assert made.jobs.kept() == {"nightly": THIRD + 4000 * DAY}
    set_next(place, THIRD)
    with begun(place, NIGHTLY, now=MONDAY + 9000 * DAY) as (made, woken):
        _until(lambda: woken == ["nightly"])
        _until(lambda: made.jobs.kept()["nightly"] > datetime.now(THIRD.tzinfo) - timedelta(minutes=1))  # kept after the waking


def test_a_changed_schedule_gets_a_new_time_and_a_removed_one_goes(place: Place) -> None:
    later = MONDAY + 4000 * DAY
    with begun(place, NIGHTLY, HOURLY, now=later) as (made, _):
        assert set(made.jobs.kept()) == {"nightly", "hourly"}
    changed = Schedule("nightly", cron="0 5 * * *")
    with begun(place, changed, now=later) as (made, _):
        assert made.jobs.kept() == {"nightly": later.replace(hour=5, minute=0)}
        assert set(rows(place)) == {job_id(changed)}


def test_a_schedule_is_the_same_whatever_does_not_decide_when_and_what() -> None:
    assert job_id(NIGHTLY) == job_id(Schedule("nightly", cron="0 3 * * *", max_run="1h", wait="1m"))
    assert len({job_id(Schedule("a", every="1h", **more)) for more in ({}, {"jitter": "1s"}, {"checks": ("x",)})}) == 3


def test_two_with_other_schedules_do_not_wake_for_each_other(place: Place) -> None:
    with begun(place, NIGHTLY, now=MONDAY + 4000 * DAY) as (old, woken):
        with begun(place, HOURLY, now=MONDAY + 4000 * DAY) as (new, _):
            assert (old.jobs.kept(), set(new.jobs.kept())) == ({}, {"hourly"})
        set_next(place, THIRD)
        old._clockwork.wakeup()
        time.sleep(0.2)
        assert woken == []
        assert set(rows(place)) == {job_id(HOURLY)}


def test_what_stands_in_the_table_is_never_unpickled(lite: Place) -> None:
    with begun(lite, NIGHTLY, now=MONDAY + 4000 * DAY):
        pass
    marker = lite.keys.path.with_name("ran")

    class Hostile:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(marker),)

    with lite.store.database.writing() as connection:
        connection.execute(sa.text(f"UPDATE {TABLE} SET job_state = :state"), {"state": pickle.dumps(Hostile())})
    set_next(lite, THIRD)
    with begun(lite, NIGHTLY, now=MONDAY + 4000 * DAY) as (_, woken):
        _until(lambda: woken == ["nightly"])
    assert not marker.exists()


def test_a_database_that_fails_does_not_end_the_scheduler(lite: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "_PAUSE", 0.05)
    with begun(lite, NIGHTLY, now=MONDAY + 4000 * DAY) as (made, woken):
        with lite.store.database.writing() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {TABLE} RENAME TO elsewhere")
        made._clockwork.wakeup()
        time.sleep(0.3)
        assert made.lives
        assert woken == []
        with lite.store.database.writing() as connection:
            connection.exec_driver_sql(f"ALTER TABLE elsewhere RENAME TO {TABLE}")
        set_next(lite, THIRD)
        _until(lambda: woken == ["nightly"])


def test_two_that_start_at_once_both_start(place: Place) -> None:
    failed: list[BaseException] = []

    def start() -> None:
        try:
            with begun(place, NIGHTLY, now=MONDAY + 4000 * DAY):
                pass
        except BaseException as error:  # noqa: BLE001 - told by the assertion
            failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert set(rows(place)) == {job_id(NIGHTLY)}


def test_the_table_is_no_evidence(place: Place) -> None:
    assert not TABLE.startswith("ev_")
    with begun(place, NIGHTLY, now=MONDAY + 4000 * DAY):
        assert place.store.size == 0


def _until(true: Any, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert true()
