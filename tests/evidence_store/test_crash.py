"""A process that is killed at any point of writing leaves a store that verifies, and the next run is whole."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence_store import keys, side_file
from evidence_store.errors import RolledBackError, StoreError
from evidence_store.records import Status

from .conftest import Bench
from .elsewhere import elsewhere

FACTS = {"a": {"Public": True}, "b": {"Public": False}}
STATUSES = {"a": Status.FAIL, "b": Status.PASS}


def whole_run(bench: Bench, run_id: str, crash: Callable[[str], None]) -> None:
    with bench.writer(crash=crash, wait=60) as writer:  # the database may not have noticed yet that the last one died
        writer.begin(run_id, {"config": {"run": run_id}})
        writer.snapshots("prod", [bench.collect({**FACTS, run_id: {"Public": None}})])
        bench.judge(writer, {**STATUSES, run_id: Status.UNKNOWN})
        writer.end(coverage=[], assessments=[])
        writer.seal()


def points(tmp_path: Path) -> list[str]:
    """Every point that a run passes, in order."""
    passed: list[str] = []
    bench = Bench(f"sqlite:///{tmp_path}/points.db", keys.load_or_create(tmp_path / "points.key"))
    whole_run(bench, "r1", passed.append)
    bench.store.close()
    return passed


def whole_run_killed(bench: Bench, run_id: str, number: int) -> None:
    """A whole run that kills its own process at the n-th point; nothing of Python's own tidying happens there."""
    left = [number]

    def crash(_point: str) -> None:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    whole_run(bench, run_id, crash)


def killed_at(bench: Bench, run_id: str, number: int) -> None:
    process = elsewhere(whole_run_killed, bench, run_id, number)
    process.join()
    assert process.exitcode == -signal.SIGKILL, f"point {number} was not reached"


def test_a_run_killed_at_any_point_loses_nothing_that_was_sealed(bench: Bench, tmp_path: Path) -> None:
    bench.run("r0", FACTS, STATUSES)
    passed = points(tmp_path)
    assert {"before_rows", "after_rows", "before_leaf", "after_leaf", "before_commit", "after_commit", "before_checkpoint",
            "after_sign", "before_side_file", "after_side_file"} <= set(passed)  # fmt: skip
    for number, point in enumerate(passed):
        sealed = bench.store.checkpoint()
        assert sealed is not None
        killed_at(bench, f"killed{number}", number)
        report = bench.verify()
        assert not report.contradicted, (point, number, report.first)
        assert report.sealed >= sealed.size
        bench.run(f"after{number}", FACTS, STATUSES)
        report = bench.verify()
        assert not report.contradicted, (point, number, report.first)
        assert bench.store.unsealed() == 0
        assert {uid for _, uid, _ in bench.store.resources(None, "aws.s3.bucket")} == set(FACTS)
        assert {row.uid for row in bench.store.findings()} == set(STATUSES)
        last = bench.store.checkpoint()
        assert side_file.SideFile(bench.keys.checkpoints, bench.keys.public).last() == last


def test_what_a_killed_run_left_is_not_evidence_and_is_recorded_as_abandoned(bench: Bench, tmp_path: Path) -> None:
    bench.run("r0", FACTS, STATUSES)
    killed_at(bench, "killed", points(tmp_path).index("after_rows"))
    assert bench.store.unsealed() == 1
    last = bench.store.run_at()
    assert last is not None
    assert last.id == "r0"
    bench.run("r2", FACTS, STATUSES)
    (abandoned,) = bench.store.leaves("run_abandoned")
    assert (abandoned.run, abandoned.fields["leaves"]) == ("killed", 1)
    assert "abandoned" in bench.verify().completeness.sentence


def test_a_run_killed_between_seal_and_side_file_is_completed_there(bench: Bench, tmp_path: Path) -> None:
    bench.run("r0", FACTS, STATUSES)
    killed_at(bench, "killed", points(tmp_path).index("before_side_file"))
    witness = side_file.SideFile(bench.keys.checkpoints, bench.keys.public)
    behind, sealed = witness.last(), bench.store.checkpoint()
    assert behind is not None
    assert sealed is not None
    assert behind.size < sealed.size
    bench.run("r2", FACTS, STATUSES)
    assert not list(bench.store.leaves("run_abandoned"))
    assert len(list(side_file.notes(bench.keys.checkpoints))) == 3


def test_a_note_torn_by_a_crash_is_dropped_and_written_again(lite: Bench) -> None:
    lite.run("r0", FACTS)
    lite.run("r1", FACTS)
    path = lite.keys.checkpoints
    whole = path.read_bytes()
    for cut in range(len(whole) // 2 + 1, len(whole), 7):
        path.write_bytes(whole[:cut])
        with lite.writer() as writer:
            writer.begin("again", {})
            writer.seal()
        assert [note.split("\n")[1] for note in side_file.notes(path)][:2] == whole.decode().split("\n")[1::7][:2]
        assert not lite.verify().contradicted
        path.write_bytes(whole + path.read_bytes()[len(whole) :])


def test_a_store_that_is_behind_the_side_file_is_refused(lite: Bench) -> None:
    lite.run("r0", FACTS)
    lite.store.close()
    before = lite.store.database.path.read_bytes()
    lite.run("r1", FACTS)
    lite.store.close()
    for path in lite.store.database.path.parent.glob("annexa.db-*"):
        path.unlink()
    lite.store.database.path.write_bytes(before)
    again = Bench(lite.url, lite.keys, lite.clock)
    assert "rolled back" in str(again.verify().first)
    with again.writer() as writer, pytest.raises(RolledBackError, match="rolled back"):
        writer.begin("r2", {})


def test_a_store_that_contradicts_the_side_file_is_refused(lite: Bench, tmp_path: Path) -> None:
    lite.run("r0", FACTS)
    twin = Bench(f"sqlite:///{tmp_path}/twin.db", lite.keys, lite.clock)
    witness = lite.keys.checkpoints.read_bytes()
    lite.keys.checkpoints.unlink()
    twin.run("r0", {"other": {}})
    lite.keys.checkpoints.write_bytes(witness)
    assert twin.verify().contradicted
    with twin.writer() as writer, pytest.raises(RolledBackError, match="replaced or edited"):
        writer.begin("r1", {})


def test_an_edited_log_is_not_continued(bench: Bench) -> None:
    bench.run("r0", FACTS)
    with bench.store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE ev_leaf SET body = (SELECT body FROM ev_leaf WHERE idx = 1) WHERE idx = 2")
    with bench.writer() as writer, pytest.raises(RolledBackError, match="no longer has the root"):
        writer.begin("r1", {})


def test_a_side_file_of_another_key_is_refused(lite: Bench) -> None:
    lite.run("r0", FACTS)
    text = lite.keys.checkpoints.read_text()
    lite.keys.checkpoints.write_text(text.replace("\n1\n", "\n9\n").replace("\n4\n", "\n9\n"))
    with lite.writer() as writer, pytest.raises(RolledBackError, match="did not sign"):
        writer.begin("r1", {})


def test_a_store_is_continued_with_its_own_key_only(lite: Bench, tmp_path: Path) -> None:
    lite.run("r0", FACTS)
    other = Bench(lite.url, keys.load_or_create(tmp_path / "other.key"), lite.clock)
    with other.writer() as writer, pytest.raises(StoreError, match="begun with another key"):
        writer.begin("r1", {})


def test_a_full_disk_ends_in_one_clear_error_and_a_store_that_holds(lite: Bench) -> None:
    lite.run("r0", FACTS, STATUSES)
    with lite.store.database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    lite.store.close()

    @sa.event.listens_for(lite.store.database.engine, "connect")
    def small(raw: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
        raw.cursor().execute(f"PRAGMA max_page_count={pages + 20}")

    big = {f"uid{n}": {"n": os.urandom(64).hex()} for n in range(2000)}
    with lite.writer() as writer:
        writer.begin("r1", {})
        with pytest.raises(StoreError, match="full"):
            writer.snapshots("prod", [lite.collect(big)])
    again = Bench(lite.url, lite.keys, lite.clock)
    assert not again.verify().contradicted
    again.run("r2", big, STATUSES)
    assert not again.verify().contradicted
