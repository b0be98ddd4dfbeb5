"""The log tells of each pack that was made, and of none that was not."""

import hashlib
import os
import resource
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evidence_store.database import open_store
from tests.acceptance.conftest import RECORDS, Command


@pytest.fixture
def kept(tmp_path: Path, command: Command) -> Path:
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)
    assert command("run", "--quiet").code == 0
    return tmp_path


def exports(command: Command) -> list[dict[str, object]]:
    return [e for e in command("evidence", "list", "--format", "json").json["entries"] if e["kind"] == "export"]


@contextmanager
def no_file_grows_beyond(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_an_export_is_recorded_with_the_digest_of_its_pack(kept: Path, command: Command) -> None:
    assert command("evidence", "export", "-o", "pack.zip").code == 0
    [entry] = exports(command)
    assert entry["digest"] == hashlib.sha256((kept / "pack.zip").read_bytes()).hexdigest()
    assert entry["sealed"] is True
    assert command("evidence", "verify").code == 0
    assert command("evidence", "verify", "pack.zip").code == 0


@pytest.mark.parametrize(("room", "code"), [(10_000, 6), (40_000, 2)], ids=["for nothing", "for no pack"])
def test_an_export_that_the_disk_does_not_take_is_not_recorded_and_takes_the_place_of_nothing(
    kept: Path, command: Command, room: int, code: int
) -> None:
    (kept / "pack.zip").write_bytes(b"an older pack")
    before = sorted(kept.iterdir())
    with no_file_grows_beyond(room):
        ran = command("evidence", "export", "-o", "pack.zip")
    assert ran.code == code
    assert ("pack.zip: cannot be written: File too large" if code == 2 else "the disk is full") in ran.err
    assert exports(command) == []
    assert (kept / "pack.zip").read_bytes() == b"an older pack"
    assert sorted(kept.iterdir()) == before


def test_an_export_of_a_store_that_does_not_hold_is_not_recorded(kept: Path, command: Command) -> None:
    with sqlite3.connect(kept / "annexa.db") as store:
        store.execute("alter table ev_document rename column kind to sort")
    assert command("evidence", "export", "-o", "pack.zip").code == 4
    assert exports(command) == []
    assert not list(kept.glob("*pack.zip*"))


def test_an_export_that_cannot_be_recorded_is_not_made(kept: Path, command: Command) -> None:
    os.truncate(kept / "annexa.key.checkpoints", 0)
    (kept / "annexa.key.checkpoints").unlink()
    (kept / "annexa.key.checkpoints").mkdir()
    assert command("evidence", "export", "-o", "pack.zip").code == 2
    assert exports(command) == []
    assert not list(kept.glob("*pack.zip*"))


def test_an_export_holds_no_run_that_died_as_if_it_went_on(kept: Path, command: Command) -> None:
    with sqlite3.connect(kept / "annexa.db") as store:
        store.execute("delete from ev_checkpoint")
    (kept / "annexa.key.checkpoints").unlink()
    exported = command("evidence", "export", "-o", "pack.zip")
    assert exported.code == 0
    verified = command("evidence", "verify", "pack.zip")
    assert verified.code == 0
    assert "not sealed" not in verified.out


def test_a_store_without_a_run_has_nothing_to_export_and_stays_usable(tmp_path: Path, command: Command) -> None:
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)
    open_store("sqlite:///annexa.db").close()
    ran = command("evidence", "export", "-o", "pack.zip")
    assert ran.code == 2
    assert "no sealed run yet" in ran.err
    assert command("run", "--quiet").code == 0
    assert command("evidence", "verify").code == 0
