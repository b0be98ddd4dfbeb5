"""A firing is claimed once, taken over once, and done with the seal of its run; what was missed comes into the log."""

import os
import signal
from datetime import timedelta

import pytest
import sqlalchemy as sa

from evidence_store import canonical
from evidence_store.errors import HeldError, StoreError
from evidence_store.firings import Firing, Missed, Standing, WhyMissed
from evidence_store.records import Json

from .conftest import Bench, scheduled
from .elsewhere import elsewhere

DAY = timedelta(days=1)
LEASE = timedelta(seconds=60)


def standing(bench: Bench) -> Standing:
    (found,) = bench.store.firings.standings()
    return found


def run_for(bench: Bench, firing: Firing, run_id: str = "r1", *, complete: bool = True) -> None:
    with bench.writer() as writer:
        writer.begin(run_id, {"config": {}}, firing=firing)
        writer.end(coverage=[], assessments=[], outcome={"complete": complete})
        writer.seal()


def test_of_two_who_saw_the_same_one_claims(bench: Bench) -> None:
    bench.store.firings.register("nightly", {"name": "nightly"}, bench.clock.now)
    seen, due = standing(bench), bench.clock.now + DAY
    first = bench.store.firings.claim(seen, due, None, "one", LEASE)
    assert first is not None
    assert bench.store.firings.claim(seen, due, None, "two", LEASE) is None
    assert bench.store.firings.claim(standing(bench), due, None, "two", LEASE) is None
    assert (standing(bench).due, standing(bench).settled) == (due, due)


def test_what_was_seen_before_another_was_done_claims_nothing(bench: Bench) -> None:
    bench.store.firings.register("nightly", {"name": "nightly"}, bench.clock.now)
    seen, due = standing(bench), bench.clock.now + DAY
    first = bench.store.firings.claim(seen, due, None, "one", LEASE)
    assert first is not None
    run_for(bench, first)
    assert bench.store.firings.claim(seen, due, None, "two", LEASE) is None


def test_a_seal_in_the_middle_of_a_run_does_not_end_its_firing(bench: Bench) -> None:
    firing = scheduled(bench)
    with bench.writer() as writer:
        writer.begin("r1", {}, firing=firing)
        writer.seal()
        assert standing(bench).due == firing.due
        writer.end(coverage=[], assessments=[], outcome={"complete": True})
        writer.seal()
    assert standing(bench).outcome == "complete"


def test_a_checkpoint_lost_after_what_was_missed_is_noticed(lite: Bench) -> None:
    scheduled(lite)
    with lite.writer() as writer:
        writer.record_missed()
        writer.record("export", {"rows": 3})
        writer.seal()
    assert not lite.verify().contradicted
    with lite.store.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM ev_checkpoint WHERE size = 2")
    assert lite.verify(witness=[]).contradicted


def test_the_seal_of_its_run_ends_a_firing_and_the_log_says_what_was_due(bench: Bench) -> None:
    firing = scheduled(bench)
    run_for(bench, firing, complete=False)
    now = standing(bench)
    assert (now.due, now.outcome, now.sealed_due) == (None, "incomplete", firing.due)
    (start,) = bench.store.leaves("run_start")
    assert start.fields["about"]["due"] == canonical_time(firing)
    assert bench.store.document(start.fields["documents"]["schedule"]) == firing.definition
    assert not bench.verify().contradicted


def canonical_time(firing: Firing) -> str:
    return firing.due.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_run_that_ended_without_its_seal_leaves_its_firing_to_be_taken_over(bench: Bench) -> None:
    firing = scheduled(bench)
    with bench.writer() as writer:
        writer.begin("r1", {}, firing=firing)
        writer.end(coverage=[], assessments=[], outcome={"complete": True})
    assert standing(bench).due == firing.due
    with bench.writer() as writer:  # a run by hand seals what was left, and not the firing
        writer.begin("r2", {})
        writer.end(coverage=[], assessments=[], outcome={"complete": True})
        writer.seal()
    assert standing(bench).due == firing.due


def test_who_was_taken_over_does_not_begin_and_the_other_does(bench: Bench) -> None:
    old = scheduled(bench)
    assert bench.store.firings.take_over(standing(bench), "two", LEASE) is None, "the lease holds"
    bench.store.firings.hand_back(old)
    new = bench.store.firings.take_over(standing(bench), "two", LEASE)
    assert new is not None
    assert (new.due, new.attempt) == (old.due, 2)
    assert bench.store.firings.take_over(standing(bench), "three", LEASE) is None
    assert not bench.store.firings.renew(old, LEASE)
    size = bench.store.size
    with bench.writer() as writer, pytest.raises(HeldError, match="taken over or is done"):
        writer.begin("r1", {}, firing=old)
    assert "run_start" not in [leaf.kind for leaf in bench.store.leaves(first=size)]
    run_for(bench, new)
    with bench.writer() as writer, pytest.raises(HeldError, match="taken over or is done"):
        writer.begin("again", {}, firing=new)
    assert not bench.verify().contradicted


def test_a_lease_that_was_not_renewed_expires(bench: Bench) -> None:
    firing = scheduled(bench)
    assert bench.store.firings.renew(firing, timedelta(0))
    assert standing(bench).expired
    assert bench.store.firings.renew(firing, LEASE)
    assert not standing(bench).expired


def test_what_was_missed_is_told_by_the_next_run_before_it_begins(bench: Bench) -> None:
    firing = scheduled(bench)
    assert bench.store.firings.miss(firing, WhyMissed.TIMEOUT)
    assert not bench.store.firings.miss(firing, WhyMissed.TIMEOUT)
    assert bench.store.firings.pending() == 2
    bench.run("by-hand", {"a": {}})
    assert bench.store.firings.pending() == 0
    first, second = bench.store.leaves("runs_missed")
    assert (first.fields["count"], first.fields["why"], second.fields["why"]) == (2, "down", "timeout")
    assert first.idx < next(bench.store.leaves("run_start")).idx
    report = bench.verify()
    assert not report.contradicted
    assert "3 runs that were due were missed" in report.completeness.sentence


def test_a_log_may_begin_with_what_was_missed(bench: Bench) -> None:
    scheduled(bench)
    with bench.writer() as writer:
        assert writer.record_missed() == 1
        assert writer.record_missed() == 0
    assert [leaf.kind for leaf in bench.store.leaves()] == ["genesis", "runs_missed"]
    assert bench.store.unsealed() == 0
    assert not bench.verify().contradicted


def test_a_name_stands_in_no_leaf(bench: Bench) -> None:
    run_for(bench, scheduled(bench))
    with bench.store.evidence() as evidence:
        assert not [leaf for leaf in evidence.leaves() if b"nightly" in leaf.body]


def tell_and_die(bench: Bench, point: str) -> None:
    def crash(at: str) -> None:
        if at == point:
            os.kill(os.getpid(), signal.SIGKILL)

    with bench.writer(crash=crash, wait=60) as writer:  # the database may not have noticed yet that the last one died
        writer.record_missed()


def test_a_process_killed_while_it_tells_what_was_missed_loses_and_doubles_nothing(bench: Bench) -> None:
    scheduled(bench)
    for point in ("before_commit", "after_commit", "before_checkpoint", "after_sign", "before_side_file"):
        process = elsewhere(tell_and_die, bench, point)
        process.join()
    with bench.writer(wait=15) as writer:
        writer.record_missed()
        writer.seal()
    assert len(list(bench.store.leaves("runs_missed"))) == 1
    assert not bench.verify().contradicted


def test_a_new_definition_tells_what_the_old_one_missed(bench: Bench) -> None:
    bench.store.firings.register("nightly", {"name": "nightly", "v": 1}, bench.clock.now)
    missed = Missed(1, bench.clock.now, bench.clock.now, WhyMissed.DOWN)
    later = bench.clock.now + DAY
    assert bench.store.firings.redefine(standing(bench), {"name": "nightly", "v": 2}, later, missed)
    assert (standing(bench).definition["v"], standing(bench).settled) == (2, later)
    with bench.writer() as writer:
        writer.record_missed()
    (leaf,) = bench.store.leaves("runs_missed")
    assert bench.store.document(leaf.fields["documents"]["schedule"])["v"] == 1
    assert bench.store.firings.redefine(standing(bench), None, later, None)
    assert bench.store.firings.standings() == []


def test_a_definition_that_somebody_broke_is_one_clear_error(lite: Bench) -> None:
    scheduled(lite)
    with lite.store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE schedule SET definition = '{'")
    with pytest.raises(StoreError, match="cannot be read"):
        lite.store.firings.standings()


def test_a_store_of_the_first_schema_is_brought_up_to_date(lite: Bench) -> None:
    lite.run("r0", {"a": {}})
    with lite.store.database.writing() as connection:
        for statement in ("DROP TABLE schedule", "DROP TABLE schedule_missed", "UPDATE store_schema SET version_num = '0001'"):
            connection.exec_driver_sql(statement)
    again = Bench(lite.url, lite.keys, lite.clock)
    scheduled(again)
    again.run("r1", {"a": {}})
    assert not again.verify().contradicted
    again.store.close()


def test_times_that_contradict_each_other_in_a_leaf_are_named(lite: Bench) -> None:
    scheduled(lite)
    lite.run("r1", {})
    with lite.store.database.writing() as connection:
        (body,) = [b for (b,) in connection.execute(sa.text("SELECT body FROM ev_leaf")) if b'"runs_missed"' in b]
        other = canonical.encode({**canonical.decode(body), "count": 1})
        connection.execute(sa.text("UPDATE ev_leaf SET body = :new WHERE body = :old"), {"new": other, "old": body})
    assert any("tells of 1 missed runs" in p.sentence for p in lite.verify().integrity.problems)


def register(bench: Bench) -> None:
    bench.store.firings.register("nightly", {"name": "nightly"}, bench.clock.now)


def test_two_that_register_at_once_make_one_schedule(bench: Bench) -> None:
    processes = [elsewhere(register, bench) for _ in range(4)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert standing(bench).number == 0


@pytest.mark.parametrize("change", ["why = 'moon'", "first = 9000000000000000000", "definition = '['"])
def test_a_word_about_missed_runs_that_somebody_broke_is_one_clear_error(lite: Bench, change: str) -> None:
    scheduled(lite)
    with lite.store.database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE schedule_missed SET {change}")
    with lite.writer() as writer, pytest.raises(StoreError, match="cannot be read; delete its row"):
        writer.record_missed()


@pytest.mark.parametrize("change", [{"why": 3}, {"documents": {}}])
def test_an_entry_that_does_not_say_what_was_missed_is_named(lite: Bench, change: dict[str, Json]) -> None:
    scheduled(lite)
    lite.run("r1", {})
    with lite.store.database.writing() as connection:
        (body,) = [b for (b,) in connection.execute(sa.text("SELECT body FROM ev_leaf")) if b'"runs_missed"' in b]
        other = canonical.encode({**canonical.decode(body), **change})
        connection.execute(sa.text("UPDATE ev_leaf SET body = :new WHERE body = :old"), {"new": other, "old": body})
    assert any("malformed" in p.sentence for p in lite.verify().integrity.problems)
