"""An auditor who may read the store and not write it: each command that reads does so, and leaves nothing behind."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from evidence_store.database import open_store
from evidence_store.errors import StoreError
from tests.acceptance.conftest import RECORDS, Command

READING = (
    ("soa",),
    ("gaps",),
    ("history", "--control", "A.5.1"),
    ("evidence", "list"),
    ("evidence", "show", "0"),
    ("evidence", "verify"),
)
NOBODY = 65534


@contextmanager
def another() -> Iterator[None]:
    """Somebody who may write only what everybody may."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def kept(command: Command, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A store with two sealed runs in a directory that others may enter."""
    place = Path(tempfile.mkdtemp(prefix="annexa-read", dir="/tmp"))
    place.chmod(0o755)
    monkeypatch.chdir(place)
    command("init")
    (place / "annexa.toml").write_text(RECORDS)
    for _ in range(2):
        assert command("run", "--quiet").code == 0
    public = command("evidence", "export", "-o", "pack.zip").out.split()[-1]
    (place / "public").write_text(public)
    for arguments in READING:  # what they load is loaded by now, by somebody who may read it
        command(*arguments)
    yield place
    place.chmod(0o755)
    shutil.rmtree(place)


def forbid(place: Path) -> None:
    """From now on nobody but root writes here."""
    for file in place.glob("annexa.db*"):
        file.chmod(0o444)
    place.chmod(0o555)


def reads(command: Command, place: Path) -> dict[str, str]:
    """What each command says; nothing may be there afterwards that was not before."""
    before = sorted(place.iterdir())
    with another():
        ran = {" ".join(arguments): command(*arguments, *_key(arguments)) for arguments in READING}
    assert {name: (one.code, one.err) for name, one in ran.items() if one.code or "readonly" in one.err} == {}
    assert sorted(place.iterdir()) == before
    return {name: one.out for name, one in ran.items()}


def _key(arguments: tuple[str, ...]) -> tuple[str, ...]:
    return ("--public-key", "public") if arguments[-1] == "verify" else ()


def test_a_store_at_rest_is_read_where_it_lies(kept: Path, command: Command) -> None:
    assert not (kept / "annexa.db-wal").exists()
    forbid(kept)
    assert "performed again and hold" in reads(command, kept)["evidence verify"]


def test_a_file_that_may_not_be_written_in_a_directory_that_may_be_is_left_alone(kept: Path, command: Command) -> None:
    forbid(kept)
    kept.chmod(0o777)
    reads(command, kept)


def test_a_file_that_may_be_written_in_a_directory_that_may_not_be_is_read(kept: Path, command: Command) -> None:
    (kept / "annexa.db").chmod(0o666)
    kept.chmod(0o555)
    reads(command, kept)


def test_what_a_run_wrote_last_is_read_beside_the_file(kept: Path, command: Command) -> None:
    """A run that is going on keeps what it wrote beside the file until it ends."""
    with closing(sqlite3.connect(kept / "annexa.db", isolation_level=None)) as going:
        going.execute("pragma wal_autocheckpoint = 0")
        going.execute("create table waiting (id integer)")
        assert (kept / "annexa.db-wal").stat().st_size > 0
        forbid(kept)
        reads(command, kept)
        with another(), open_store("sqlite:///annexa.db", create=False) as store, store.database.reading() as connection:
            assert connection.exec_driver_sql("select count(*) from waiting").scalar() == 0
        kept.chmod(0o755)


def test_what_cannot_be_read_beside_the_file_is_told_and_not_left_out(kept: Path, command: Command) -> None:
    with closing(sqlite3.connect(kept / "annexa.db", isolation_level=None)) as going:
        going.execute("pragma wal_autocheckpoint = 0")
        going.execute("create table waiting (id integer)")
        (kept / "copy").mkdir()
        for name in ("annexa.db", "annexa.db-wal"):
            shutil.copy(kept / name, kept / "copy" / name)
    (kept / "copy.toml").write_text('[store]\nurl = "sqlite:///copy/annexa.db"\n' + RECORDS)
    forbid(kept / "copy")
    with another():
        ran = command("evidence", "list", "--config", "copy.toml")
    assert ran.code == 2
    [line] = ran.err.splitlines()
    assert "annexa.db-wal: holds what was written last" in line
    assert "copy it and the store to a directory of your own" in line
    (kept / "copy").chmod(0o755)


def test_a_file_that_may_not_even_be_read_is_named(kept: Path, command: Command) -> None:
    (kept / "annexa.db").chmod(0o600)
    kept.chmod(0o555)
    with another():
        ran = command("evidence", "list")
    assert ran.code == 2
    [line] = ran.err.splitlines()
    assert "annexa.db: this user may not read it" in line


def test_a_file_that_is_written_while_it_is_read_is_no_answer(kept: Path) -> None:
    forbid(kept)
    with another():
        store = open_store("sqlite:///annexa.db", create=False)
        assert store.size > 0
    kept.chmod(0o755)
    os.utime(kept / "annexa.db", ns=(1, 1))
    with pytest.raises(StoreError, match="was written to while it was read"):
        assert store.size > 0
    store.close()


def test_verification_goes_on_without_a_file_of_checkpoints_that_may_not_be_read(kept: Path, command: Command) -> None:
    forbid(kept)
    with another():
        ran = command("evidence", "verify", "--public-key", "public")
    assert ran.code == 0
    assert "annexa.key.checkpoints: cannot be read (Permission denied); verified without it" in ran.err
    assert "self-consistent, not anchored" in " ".join(ran.out.split())


def test_who_may_only_read_cannot_export_or_run_and_is_told_why(kept: Path, command: Command) -> None:
    out = kept / "out"
    out.mkdir()
    out.chmod(0o777)
    forbid(kept)
    for arguments, told in (
        (("evidence", "export", "-o", str(out / "a.zip")), "annexa.db: this user may only read the store"),
        (("run",), "annexa.key: cannot be read: Permission denied" if os.geteuid() == 0 else "may only read the store"),
    ):
        with another():
            ran = command(*arguments)
        assert ran.code == 2
        [line] = ran.err.splitlines()
        assert told in line
    assert not (out / "a.zip").exists()
