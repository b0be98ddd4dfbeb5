"""One writer at a time; who holds the store is named, and who lost it cannot write."""

import os
import sys
import threading
import time
from multiprocessing.connection import wait
from multiprocessing.synchronize import Event
from typing import Any

import pytest
import sqlalchemy as sa

from evidence_store import schema
from evidence_store.errors import HeldError, StoreError

from .conftest import Bench
from .elsewhere import elsewhere, flag

BOUND = 60  # seconds that a test waits at most for what takes a moment


def test_a_second_writer_is_refused_at_once_and_told_who_holds_the_store(bench: Bench) -> None:
    with bench.writer():
        started = time.monotonic()
        with pytest.raises(HeldError, match=f"process {os.getpid()} on "), bench.writer():
            raise AssertionError("two writers")
        assert time.monotonic() - started < 20
    with bench.writer():
        pass


def hold(bench: Bench, holds: Event, enough: Event) -> None:
    with bench.writer():
        holds.set()
        enough.wait(BOUND)


def begin_alone(bench: Bench, enough: Event) -> None:
    try:
        with bench.writer() as writer:
            writer.begin("r", {})
            enough.wait(BOUND)
    except HeldError:
        sys.exit(5)


def test_a_writer_waits_as_told(bench: Bench) -> None:
    holds, enough = flag(), flag()
    holder = elsewhere(hold, bench, holds, enough)
    assert holds.wait(BOUND)
    with pytest.raises(HeldError), bench.writer():
        raise AssertionError("two writers")
    threading.Timer(0.5, enough.set).start()
    with bench.writer(wait=BOUND):
        assert enough.is_set()
    holder.join()
    assert holder.exitcode == 0


def test_a_holder_that_was_killed_holds_nothing(bench: Bench) -> None:
    holds, enough = flag(), flag()
    holder = elsewhere(hold, bench, holds, enough)
    assert holds.wait(BOUND)
    with pytest.raises(HeldError, match=f"process {holder.pid} "), bench.writer():
        raise AssertionError("two writers")
    holder.kill()
    holder.join()
    with bench.writer(wait=BOUND):
        pass


def test_a_writer_that_lost_its_session_cannot_write_after_its_successor_began(bench: Bench) -> None:
    if bench.store.database.sqlite:
        pytest.skip("a lock of the kernel is not lost while its holder lives")
    with bench.writer() as old:
        old.begin("r1", {})
        with bench.store.database.engine.connect() as connection:
            connection.execute(sa.text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
        with Bench(bench.url, bench.keys, bench.clock).writer(wait=BOUND) as new:
            new.begin("r2", {})
            with pytest.raises(StoreError, match="taken the store over"):
                old.snapshots("prod", [])
            new.seal()
    assert not bench.verify().contradicted


def test_only_one_of_many_that_begin_at_once_goes_on(bench: Bench) -> None:
    enough = flag()
    processes = [elsewhere(begin_alone, bench, enough) for _ in range(4)]
    ended: list[object] = []
    while len(ended) < 3 and (now := wait([p.sentinel for p in processes if p.sentinel not in ended], BOUND)):
        ended += now
    enough.set()
    for process in processes:
        process.join()
    assert sorted(str(process.exitcode) for process in processes) == ["0", "5", "5", "5"]


def test_a_reader_is_not_kept_waiting_by_a_writer(bench: Bench) -> None:
    bench.run("r1", {"a": {}})
    with bench.writer() as writer:
        writer.begin("r2", {})
        sink: Any
        with writer.findings("prod", [], {}) as sink:
            assert [uid for _, uid, _ in bench.store.resources(None, "aws.s3.bucket")] == ["a"]
        assert sink.opened == 0


def test_nothing_else_is_written_while_findings_are(lite: Bench) -> None:
    with lite.writer() as writer:
        writer.begin("r1", {})
        with writer.findings("prod", [], {}), pytest.raises(StoreError, match="end their block"):
            writer.snapshots("prod", [])


def test_nothing_is_written_before_a_run_begins(lite: Bench) -> None:
    with lite.writer() as writer, pytest.raises(StoreError, match="no run has begun"):
        writer.snapshots("prod", [])


def test_the_fence_is_not_evidence() -> None:
    assert not schema.fence.name.startswith("ev_")
