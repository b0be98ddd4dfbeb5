"""States that wait in a file are written as if they had waited in memory, and none is lost with the file."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence_store import schema, sealing, spool
from evidence_store.errors import StoreError
from evidence_store.records import Observation, Presence, Snapshot

from .conftest import IRELAND, Bench


def collect(bench: Bench, numbers: dict[str, int], waiting: spool.Spool | None) -> sealing.Collected:
    sealer = sealing.Sealer(bench.redactor, bench.store.knowing().of(IRELAND, "s3.ListBuckets"), waiting)
    for uid, number in numbers.items():
        sealer.add(Observation("aws.s3.bucket", uid, {"n": number}))
    now = bench.clock.now
    return sealer.collected(
        Snapshot(IRELAND, "s3.ListBuckets", ("aws.s3.bucket",), Presence.COMPLETE, None, (), 0, "", 1, now, now)
    )


def run(bench: Bench, run_id: str, numbers: dict[str, int], waiting: spool.Spool) -> None:
    with bench.writer() as writer, waiting:
        writer.begin(run_id, {})
        writer.snapshots("prod", [collect(bench, numbers, waiting)])
        writer.end(coverage=[], assessments=[])
        writer.seal()


def in_force(bench: Bench) -> dict[str, int]:
    return {uid: facets["config"]["n"] for _, uid, facets in bench.store.resources(IRELAND, "aws.s3.bucket")}


def test_what_waited_in_a_file_is_written_whole(lite: Bench) -> None:
    first = {f"u{n}": n for n in range(50)}
    changed = {**{uid: number + (number % 7 == 0) for uid, number in first.items()}, "new": 1}
    del changed["u3"]
    for run_id, numbers in (("r1", first), ("r2", changed), ("r3", first)):
        run(lite, run_id, numbers, spool.Spool(200))  # the first few wait in memory
        assert in_force(lite) == numbers
    assert not lite.verify().contradicted
    with lite.store.database.reading() as connection:
        states = connection.execute(sa.select(sa.func.count()).select_from(schema.state)).scalar_one()
    assert states == 50 + 8 + 1, "a state that returns is the one that was stored"


def test_what_is_seen_again_as_it_was_is_not_taken_from_the_file(lite: Bench) -> None:
    lite.run("r1", {"a": {"n": 1}, "b": {"n": 1}})
    with spool.Spool(0) as waiting:
        sealer = sealing.Sealer(lite.redactor, lite.store.knowing().of(IRELAND, "s3.ListBuckets"), waiting)
        for uid, number in (("a", 2), ("a", 1), ("b", 2), ("b", 3)):
            sealer.add(Observation("aws.s3.bucket", uid, {"n": number}))
        now = lite.clock.now
        found = sealer.collected(
            Snapshot(IRELAND, "s3.ListBuckets", ("aws.s3.bucket",), Presence.COMPLETE, None, (), 0, "", 1, now, now)
        )
        assert [(one.uid, type(one.held)) for one in found.changed] == [("b", spool.Spooled)]
        assert (found.seen, found.snapshot.count) == (2, 2)


def test_a_few_states_need_no_file(tmp_path: Path) -> None:
    waiting = spool.Spool(100, tmp_path / "absent")
    assert [waiting.put(bytes([n]) * 40) for n in range(2)] == [b"\0" * 40, b"\1" * 40]


def test_what_no_file_takes_waits_in_memory(lite: Bench, tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    assert spool.Spool(0, absent).put(b"state") == b"state"
    run(lite, "r1", {f"u{n}": n for n in range(9)}, spool.Spool(0, absent))
    assert len(in_force(lite)) == 9
    assert not lite.verify().contradicted


def test_the_file_has_no_name_and_is_gone_with_the_block(tmp_path: Path) -> None:
    with spool.Spool(0, tmp_path) as waiting:
        place = waiting.put(b"state")
        assert isinstance(place, spool.Spooled)
        assert waiting.get(place) == b"state"
        assert list(tmp_path.iterdir()) == []
    with pytest.raises(StoreError, match="cannot be read"):
        waiting.get(place)
    assert waiting.put(b"late") == b"late"


def test_a_file_that_was_cut_short_is_an_error_and_never_a_shorter_state() -> None:
    with spool.Spool(0) as waiting:
        place = waiting.put(b"state")
        assert isinstance(place, spool.Spooled)
        assert waiting._file is not None
        os.ftruncate(waiting._file.fileno(), 3)
        with pytest.raises(StoreError, match="cut short"):
            waiting.get(place)


def test_threads_do_not_write_over_each_other() -> None:
    with spool.Spool(0) as waiting, ThreadPoolExecutor(8) as threads:
        contents = [bytes([n % 251]) * (n + 1) for n in range(2_000)]
        places = list(threads.map(waiting.put, contents))
        kept = [waiting.get(place) for place in places if isinstance(place, spool.Spooled)]
    assert kept == contents


def test_a_state_that_waits_in_an_unknown_file_is_an_error() -> None:
    sealed = sealing.Sealed(0, "t", "u", "config", spool.Spooled(1), None)
    with pytest.raises(StoreError, match="nobody knows"):
        sealed.parts()
    with pytest.raises(StoreError, match="elsewhere"):
        spool.Spool().get(spool.Spooled(1))
