"""What is due is run once; what was not run is recorded as missed; a firing whose holder is gone is taken over once."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from daemon.runner import Pace
from daemon.settings import Schedule
from evidence_store import side_file, verification
from evidence_store.errors import StoreError
from evidence_store.firings import Firing

from .conftest import DAY, MONDAY, NIGHTLY, Place

HOUR = timedelta(hours=1)
THIRD = MONDAY.replace(hour=3, minute=0)


def verified(place: Place) -> verification.Report:
    witness = side_file.notes(place.keys.checkpoints)
    with place.store.evidence() as evidence:
        report = verification.verify(evidence, place.keys.public, witness=witness)
    assert not report.contradicted, report.first
    return report


def registered(place: Place, *schedules: Schedule) -> None:
    place.watch(*schedules).register()


def test_a_new_schedule_waits_for_its_first_due_time(place: Place) -> None:
    place.look()
    assert place.started == []
    place.clock.now = THIRD
    place.look()
    place.look()
    assert [firing.due for firing in place.started] == [THIRD]
    assert place.due_of_runs() == ["2026-06-01T03:00:00Z"]
    assert place.tally.outcomes == ["complete"]


def test_what_was_due_while_no_daemon_was_there_is_run_at_once_and_late(place: Place) -> None:
    registered(place)
    place.clock.now = THIRD + 5 * HOUR
    place.look()
    assert [firing.due for firing in place.started] == [THIRD]
    (start,) = place.store.leaves("run_start")
    assert (start.fields["about"]["due"], start.time) == ("2026-06-01T03:00:00Z", THIRD + 5 * HOUR)
    assert place.missed() == []


def test_of_several_due_times_the_last_is_run_and_the_log_says_that_the_others_were_missed(place: Place) -> None:
    registered(place)
    place.clock.now = THIRD + 3 * DAY + HOUR
    place.look()
    assert [firing.due for firing in place.started] == [THIRD + 3 * DAY]
    (missed,) = place.store.leaves("runs_missed")
    assert (missed.fields["count"], missed.fields["first"], missed.fields["last"], missed.fields["why"]) == (
        3, "2026-06-01T03:00:00Z", "2026-06-03T03:00:00Z", "down",
    )  # fmt: skip
    assert place.tally.missed_count == 3
    assert "3 runs that were due were missed" in verified(place).completeness.sentence


def test_a_clock_that_is_put_back_repeats_nothing(place: Place) -> None:
    registered(place)
    place.clock.now = THIRD
    place.look()
    place.clock.now = THIRD - 2 * HOUR
    place.look()
    place.clock.now = THIRD + HOUR
    place.look()
    assert len(place.started) == 1


def test_a_clock_that_was_years_ahead_does_not_silence_a_schedule(lite: Place) -> None:
    lite.clock.now = THIRD + 3650 * DAY
    lite.look()
    lite.clock.now += DAY
    lite.look()
    assert len(lite.started) == 1
    lite.clock.now = THIRD - HOUR
    lite.look()
    lite.clock.now = THIRD
    lite.look()
    assert [firing.due for firing in lite.started][1:] == [THIRD]


def test_schedules_that_are_due_together_run_one_after_the_other(place: Place) -> None:
    other = Schedule("other", every="1h")
    registered(place, NIGHTLY, other)
    place.clock.now = THIRD
    place.look(NIGHTLY, other)
    assert sorted(firing.schedule for firing in place.started) == ["nightly", "other"]
    assert place.tally.outcomes == ["complete", "complete"]


def test_what_came_due_during_a_run_is_run_after_it(place: Place) -> None:
    registered(place)
    place.clock.now = THIRD

    def days_pass(firing: Firing) -> None:
        if firing.number == 1:
            place.clock.now = THIRD + 2 * DAY

    place.on_start = days_pass
    place.look()
    assert [firing.due for firing in place.started] == [THIRD, THIRD + 2 * DAY]
    assert place.missed() == [(1, "down")]


def test_a_changed_schedule_is_rescheduled_and_what_the_old_one_missed_is_told(place: Place) -> None:
    registered(place)
    place.clock.now = THIRD + HOUR
    changed = Schedule("nightly", cron="0 5 * * *")
    place.look(changed)
    assert place.started == []
    assert place.missed() == [(1, "down")]
    (leaf,) = place.store.leaves("runs_missed")
    assert place.store.document(leaf.fields["documents"]["schedule"])["cron"] == "0 3 * * *"
    place.clock.now = THIRD + 2 * HOUR
    place.look(changed)
    assert [firing.due for firing in place.started] == [THIRD + 2 * HOUR]


def test_what_is_not_part_of_when_or_what_changes_nothing(place: Place) -> None:
    registered(place)
    place.clock.now = THIRD + HOUR
    place.look(Schedule("nightly", cron="0 3 * * *", max_run="7h", wait="5m"))
    assert [firing.due for firing in place.started] == [THIRD]


def test_a_removed_schedule_is_forgotten_and_what_it_missed_is_told(place: Place) -> None:
    registered(place)
    place.clock.now = THIRD + HOUR
    place.look(Schedule("other", every="1h"))
    assert [s.name for s in place.store.firings.standings()] == ["other"]
    assert (1, "down") in place.missed()


def test_a_definition_of_another_version_ends_without_a_fuss(lite: Place) -> None:
    lite.store.firings.register("nightly", {"name": "nightly", "moon": "full"}, lite.clock.now)
    lite.clock.now = THIRD + HOUR
    lite.look()
    assert (lite.started, lite.missed()) == ([], [])
    assert lite.standing().definition == NIGHTLY.definition()


def test_a_daemon_whose_schedule_another_replaced_runs_it_no_more(place: Place) -> None:
    old = place.watch()
    old.register()
    registered(place, Schedule("nightly", cron="0 5 * * *"))
    place.clock.now = THIRD + HOUR
    old.look()
    assert place.started == []


@pytest.mark.parametrize(
    ("code", "outcome", "why"),
    [(5, "missed", "held"), (70, "failed", "failed"), (0, "failed", "failed"), (-9, "failed", "failed")],
)
def test_a_run_that_did_not_seal_is_missed_and_the_log_says_why(place: Place, code: int, outcome: str, why: str) -> None:
    registered(place)
    place.clock.now, place.codes = THIRD, [code]
    place.look()
    assert place.tally.outcomes == [outcome]
    assert place.missed() == [(1, why)]
    assert place.standing().outcome == why
    place.look()
    assert len(place.started) == 1
    verified(place)


def test_a_run_that_cannot_be_started_is_recorded_as_missed(lite: Place) -> None:
    registered(lite)
    lite.clock.now, lite.refuses = THIRD, OSError(11, "no more processes")
    lite.look()
    assert (lite.tally.outcomes, lite.missed()) == (["failed"], [(1, "failed")])


def test_a_run_that_failed_after_its_seal_counts_as_what_was_sealed(place: Place) -> None:
    registered(place)
    place.clock.now, place.codes = THIRD, [70]
    place.on_start = place.seal
    place.look()
    assert place.tally.outcomes == ["complete"]
    assert place.missed() == []


def test_a_run_that_takes_too_long_is_ended(lite: Place) -> None:
    brief = Schedule("nightly", cron="0 3 * * *", wait="0s", max_run="1m")
    object.__setattr__(brief, "max_run", "1s")  # shorter than the configuration lets it be
    registered(lite, brief)
    lite.clock.now, lite.until = THIRD, threading.Event()
    started = time.monotonic()
    lite.look(brief)
    assert 0.9 < time.monotonic() - started < 60
    assert lite.works[0].asked
    assert not lite.works[0].killed
    assert (lite.tally.outcomes, lite.missed()) == (["timeout"], [(1, "timeout")])


def test_a_holder_that_is_gone_is_taken_over_once_and_its_run_refused(place: Place) -> None:
    registered(place)
    place.clock.now = THIRD
    firing = place.store.firings.claim(place.standing(), THIRD, None, "gone", timedelta(0))
    assert firing is not None
    place.look(name="two")
    place.look(name="three")
    assert [(f.due, f.attempt) for f in place.started] == [(THIRD, 2)]
    assert place.due_of_runs() == ["2026-06-01T03:00:00Z"]
    assert place.seal(firing).code == 5
    assert place.due_of_runs() == ["2026-06-01T03:00:00Z"]
    assert place.missed() == []
    verified(place)


def test_a_holder_that_is_not_gone_is_left_alone(place: Place) -> None:
    registered(place)
    place.clock.now = THIRD
    assert place.store.firings.claim(place.standing(), THIRD, None, "one", timedelta(seconds=60))
    place.look(name="two")
    assert place.started == []


def test_a_holder_whose_run_still_has_the_store_is_left_alone_though_its_lease_is_over(place: Place) -> None:
    registered(place)
    place.clock.now = THIRD
    firing = place.store.firings.claim(place.standing(), THIRD, None, "slow", timedelta(0))
    with place.store.writer(place.keys, origin="annexa/test", clock=place.clock) as writer:
        writer.begin("slow", {"config": {}}, firing=firing)
        place.look(name="two")
        assert place.started == []
        writer.end(coverage=[], assessments=[], outcome={"complete": True})
        writer.seal()
    place.look(name="two")
    assert place.started == []
    assert place.standing().outcome == "complete"


def test_a_firing_that_was_lost_twice_is_missed(place: Place) -> None:
    registered(place)
    place.clock.now = THIRD
    for name in ("one", "two"):
        standing = place.standing()
        claims = place.store.firings
        taken = claims.claim(standing, THIRD, None, name, timedelta(0)) or claims.take_over(standing, name, timedelta(0))
        assert taken is not None
    place.look(name="three")
    assert place.started == []
    assert place.missed() == [(1, "lost")]
    assert place.standing().outcome == "lost"


def test_a_lost_firing_gives_way_to_a_newer_one(place: Place) -> None:
    registered(place)
    place.clock.now = THIRD
    place.store.firings.claim(place.standing(), THIRD, None, "gone", timedelta(0))
    place.clock.now = THIRD + DAY
    place.look(name="two")
    assert [f.due for f in place.started] == [THIRD + DAY]
    assert place.missed() == [(1, "lost")]


def test_a_daemon_that_stops_hands_back_what_it_runs_and_the_next_makes_it(place: Place) -> None:
    place.until = threading.Event()
    watch = place.watch()
    watch.register()
    place.clock.now = THIRD
    watch.start()
    _until(lambda: bool(place.works))
    watch.stop()
    assert watch.join(60)
    assert place.tally.outcomes == ["interrupted"]
    assert place.standing().expired
    place.until = None
    place.look(name="two")
    assert [f.attempt for f in place.started] == [1, 2]
    assert place.standing().outcome == "complete"
    assert place.missed() == []


def test_a_run_that_will_not_end_is_killed_after_the_grace(lite: Place) -> None:
    class Deaf(threading.Event):
        """What keeps the run going, whatever it is asked."""

        asked = 0

        def set(self) -> None:
            self.asked += 1
            if self.asked > 1:  # the first is `ask`, the second `kill`
                super().set()

    lite.until = Deaf()
    watch = lite.watch(pace=Pace(grace=timedelta(seconds=0.5)))
    watch.register()
    lite.clock.now = THIRD
    watch.start()
    _until(lambda: bool(lite.works))
    started = time.monotonic()
    watch.stop()
    assert watch.join(60)
    assert time.monotonic() - started >= 0.5
    assert lite.works[0].killed


def test_a_store_that_fails_for_a_while_loses_no_due_time(lite: Place, capsys: pytest.CaptureFixture[str]) -> None:
    watch = lite.watch(pace=Pace(look=0.05))
    watch.register()
    kept = lite.store.firings.standings
    failing = [True]

    def standings() -> object:
        if failing[0]:
            raise StoreError("the store failed")
        return kept()

    watch._firings = type("Claims", (), {"__getattr__": lambda _, name: getattr(lite.store.firings, name)})()
    watch._firings.standings = standings  # type: ignore[method-assign, assignment]  # fails first
    lite.clock.now = THIRD
    watch.start()
    _until(lambda: watch.trouble)
    assert (lite.started, watch.lives) == ([], True)
    assert "the store failed" in (watch.trouble or "")
    failing[0] = False
    _until(lambda: lite.tally.outcomes == ["complete"])
    _until(lambda: watch.trouble is None)
    watch.stop()
    assert watch.join(60)


def test_while_another_writes_the_word_about_what_was_missed_waits(place: Place) -> None:
    registered(place)
    place.clock.now, place.codes = THIRD, [5]
    with place.store.writer(place.keys, origin="annexa/test", clock=place.clock):
        place.look()
    assert (place.missed(), place.store.firings.pending()) == ([], 1)
    place.look()
    assert (place.missed(), place.store.firings.pending()) == ([(1, "held")], 0)


def _until(true: Callable[[], object], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert true()


def test_the_end_of_a_run_is_told_though_the_store_fails_by_then(lite: Place, caplog: pytest.LogCaptureFixture) -> None:
    lite.look()
    lite.clock.now += DAY
    lite.codes = [6]

    def breaks(_firing: Firing) -> None:
        with lite.store.database.writing() as connection:
            connection.exec_driver_sql("ALTER TABLE schedule RENAME TO elsewhere")

    lite.on_start = breaks
    with caplog.at_level(logging.INFO, "annexa.daemon"), pytest.raises(StoreError):
        lite.look()
    (ended,) = [record for record in caplog.records if record.getMessage() == "run.ended"]
    assert (ended.outcome, ended.error) == ("failed", "it went wrong")  # type: ignore[attr-defined]  # an event's own fields
    assert lite.tally.outcomes == ["failed"]
    with lite.store.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO schedule")
        connection.exec_driver_sql("UPDATE schedule SET expires = 0")
    lite.on_start = lambda _: None
    lite.look()
    assert lite.due_of_runs() == ["2026-06-01T03:00:00Z"]
