"""What verification claims, and what it does not."""

import json
import sys
from datetime import timedelta
from types import FrameType

from evidence_store import log, merkle, side_file
from evidence_store.records import Presence, Status
from evidence_store.verification import Outcome

from .conftest import IRELAND, Bench

FACTS = {"a": {"Public": True}}


def test_without_an_anchor_a_log_is_self_consistent_and_no_more(bench: Bench) -> None:
    bench.run("r1", FACTS, {"a": Status.FAIL})
    alone, witnessed = bench.verify(witness=()), bench.verify()
    assert alone.integrity.sentence == "5 leaves are sealed; self-consistent, not anchored"
    assert (alone.integrity.outcome, witnessed.integrity.outcome) == (Outcome.NOT_ANCHORED, Outcome.NOT_ANCHORED)
    assert "file beside the key" in witnessed.integrity.sentence
    anchored = bench.verify(against=next(side_file.notes(bench.keys.checkpoints)))
    assert anchored.integrity.outcome is Outcome.HOLDS


def test_verdicts_that_were_not_performed_again_are_never_said_to_hold(bench: Bench) -> None:
    bench.run("r1", FACTS, {"a": Status.FAIL})
    assert bench.verify().conclusion.outcome is Outcome.NOT_PERFORMED


def test_leaves_after_the_last_checkpoint_are_told_and_are_no_failure(bench: Bench) -> None:
    bench.run("r1", FACTS, {"a": Status.FAIL})
    with bench.writer() as writer:
        writer.begin("r2", {})
        writer.snapshots("prod", [bench.collect({"a": {"Public": False}})])
    report = bench.verify()
    assert not report.contradicted
    assert (report.size, report.sealed) == (7, 5)
    assert "2 leaves are not sealed yet" in report.completeness.sentence


def test_a_last_checkpoint_that_is_gone_is_told_and_found_by_whatever_witnessed_it(bench: Bench) -> None:
    bench.run("r1", FACTS, {"a": Status.FAIL})
    bench.run("r2", FACTS, {"a": Status.PASS})
    with bench.store.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM ev_checkpoint WHERE size = 9")
    alone = bench.verify(witness=())
    assert not alone.contradicted
    assert (alone.size, alone.sealed) == (9, 5)
    assert alone.completeness.outcome is Outcome.INCOMPLETE
    assert "4 leaves are not sealed yet; a run ended among them without a checkpoint" in alone.completeness.sentence
    witnessed = bench.verify()
    assert witnessed.first is not None
    assert witnessed.first.entry == "ev_checkpoint 9"
    kept = list(side_file.notes(bench.keys.checkpoints))[-1]
    assert bench.verify(witness=(), against=kept).integrity.outcome is Outcome.HOLDS


def test_the_only_checkpoint_gone_is_refused(bench: Bench) -> None:
    bench.run("r1", FACTS)
    with bench.store.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM ev_checkpoint")
    assert bench.verify(witness=()).integrity.outcome is Outcome.REFUSED


def test_what_the_last_run_could_not_read_makes_the_evidence_incomplete(bench: Bench) -> None:
    bench.run("r1", FACTS)
    assert bench.verify().completeness.outcome is Outcome.HOLDS
    bench.run("r2", {}, presence=Presence.FAILED)
    report = bench.verify()
    assert report.completeness.outcome is Outcome.INCOMPLETE
    assert "1 source was not read to its end" in report.completeness.sentence


def test_a_leaf_that_is_dated_before_its_predecessor_contradicts_time_even_when_signed(lite: Bench) -> None:
    """Whoever holds the key can sign what they like, but not a history that runs backwards."""
    lite.run("r1", FACTS)
    with lite.writer() as writer:
        writer.begin("r2", {})
        tip = writer._tip()
        tip.time -= timedelta(days=30)
        lite.clock.now -= timedelta(days=30)
        writer.record("export", {})
        writer.seal()
    report = lite.verify()
    assert report.time.outcome is Outcome.CONTRADICTED
    assert report.contradicted
    assert report.time.first is not None
    assert report.time.first.entry == "ev_leaf 5"


def test_a_report_is_json(bench: Bench) -> None:
    bench.run("r1", FACTS, {"a": Status.FAIL})
    told = json.loads(json.dumps(bench.verify().json()))
    assert told["schema"] == "annexa.verification/1"
    assert told["contradicted"] is False
    assert set(told["verdicts"]) == {"integrity", "time", "completeness", "conclusion"}


def test_an_unchanged_source_is_not_hashed_again_at_each_run(lite: Bench) -> None:
    facts = {f"u{n}": {"n": n} for n in range(64)}
    for number in range(30):
        lite.run(f"r{number}", facts, dict.fromkeys(facts, Status.PASS))
    for number in range(5):
        lite.run(f"c{number}", {**facts, "u7": {"n": -number}}, dict.fromkeys(facts, Status.PASS))
    joined: list[int] = []

    def watch(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code is merkle._above.__code__:
            joined.append(len(frame.f_locals["level"]))

    sys.setprofile(watch)
    try:
        report = lite.verify()
    finally:
        sys.setprofile(None)
    assert not report.contradicted
    # Two trees of 64 are joined once, level by level; the small trees over the records of 71 leaves are the rest.
    assert sum(1 for size in joined if size == 64) == 2


def test_the_same_rows_under_another_source_do_not_verify(lite: Bench) -> None:
    lite.run("r1", FACTS)
    lite.run("r2", FACTS, source="s3.Other")
    with lite.store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE ev_interval SET stream = 3 - stream")
    assert lite.verify().contradicted


def test_leaves_know_their_last_run_when_they_are_read_anew(lite: Bench) -> None:
    lite.run("r1", FACTS, {"a": Status.FAIL})
    with lite.store.database.reading() as connection:
        read, root = log.load(connection, 5)
    assert (read.started, read.ended, read.judged, read.size) == ("r1", 4, [], 5)
    assert root == read.tree.root()
    assert lite.store.snapshots(2)[0].scope == IRELAND
