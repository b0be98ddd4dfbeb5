"""A store that lost a table, a column or a part of its file is contradicted; what never was a store is none."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.acceptance.conftest import RECORDS, Command
from tests.postgresql import PostgreSQL

TABLES = ("ev_leaf", "ev_checkpoint", "ev_stream", "ev_state", "ev_interval", "ev_finding", "ev_document")
COLUMNS = {
    "ev_leaf": "detail",
    "ev_checkpoint": "note",
    "ev_stream": "source",
    "ev_state": "salt",
    "ev_interval": "closed",
    "ev_finding": '"check"',
    "ev_document": "kind",
}


@pytest.fixture
def kept(tmp_path: Path, command: Command) -> Path:
    """A store with one sealed run, all of it in its file."""
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)
    assert command("run", "--quiet").code == 0
    assert {file.name for file in tmp_path.glob("annexa.db*")} == {"annexa.db", "annexa.db.lock"}
    return tmp_path


def contradicted(command: Command, *names: str) -> None:
    verified = command("evidence", "verify")
    assert verified.code == 4, (verified.out, verified.err)
    [line] = verified.err.splitlines()
    assert all(name in line for name in names), line


@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_was_dropped_is_named(kept: Path, command: Command, table: str) -> None:
    with sqlite3.connect(kept / "annexa.db") as store:
        store.execute(f"drop table {table}")
    contradicted(command, "annexa.db", "damaged", table)
    assert command("run").code == 4


@pytest.mark.parametrize("table", TABLES)
def test_a_column_that_is_missing_is_named(kept: Path, command: Command, table: str) -> None:
    with sqlite3.connect(kept / "annexa.db") as store:
        for (index,) in store.execute(
            f"select name from sqlite_schema where type = 'index' and tbl_name = '{table}'"
        ).fetchall():
            if not index.startswith("sqlite_"):
                store.execute(f"drop index {index}")
        store.execute(f"alter table {table} rename column {COLUMNS[table]} to other")
    contradicted(command, "annexa.db", "damaged", COLUMNS[table].strip('"'))


@pytest.mark.parametrize(
    "statement",
    [
        "drop table store_schema",
        "delete from store_schema",
        "update store_schema set version_num = x'00'",
        "update store_schema set version_num = '0000'",
        "update store_schema set version_num = '0001'",
    ],
)
def test_a_store_that_does_not_say_which_it_is_was_changed(kept: Path, command: Command, statement: str) -> None:
    with sqlite3.connect(kept / "annexa.db") as store:
        store.execute(statement)
    before = (kept / "annexa.db").read_bytes()
    contradicted(command)
    assert command("run").code == 4
    assert (kept / "annexa.db").read_bytes() == before


def _cut(size: float) -> Callable[[bytes], bytes]:
    return lambda content: content[: int(len(content) * size) if size < 1 else int(size)]


HARM: dict[str, Callable[[bytes], bytes]] = {
    "cut to half": _cut(0.5),
    "cut to a page": _cut(4096),
    "cut within its first page": _cut(1000),
    "cut to its header": _cut(100),
    "cut within its header": _cut(20),
    "emptied": lambda _: b"",
    "another beginning": lambda content: b"x" * 16 + content[16:],
    "zeros": lambda content: bytes(len(content)),
    "its second half zeros": lambda content: content[: len(content) // 2] + bytes(len(content) - len(content) // 2),
    "something else": lambda _: b"a letter, and nothing but a letter; " * 200,
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM.keys())
def test_a_file_that_was_cut_or_overwritten_is_contradicted(
    kept: Path, command: Command, harm: Callable[[bytes], bytes]
) -> None:
    (kept / "annexa.db").write_bytes(harm((kept / "annexa.db").read_bytes()))
    contradicted(command, "annexa.db")


def test_a_store_that_was_removed_is_missed_by_the_file_beside_the_key(kept: Path, command: Command) -> None:
    (kept / "annexa.db").unlink()
    contradicted(command, "annexa.db", "annexa.key.checkpoints holds a checkpoint of size 5")


def test_what_never_was_a_store_is_no_tampering(kept: Path, command: Command) -> None:
    (kept / "annexa.key.checkpoints").unlink()
    for content in (b"a letter, and nothing but a letter; " * 200, b""):
        (kept / "annexa.db").write_bytes(content)
        verified = command("evidence", "verify")
        assert (verified.code, verified.out) == (2, "")
    (kept / "annexa.db").unlink()
    with sqlite3.connect(kept / "annexa.db") as other:
        other.execute("create table accounts (id integer)")
    assert command("evidence", "verify").code == 2


def test_without_the_file_beside_the_key_what_is_left_shows_that_it_was_a_store(kept: Path, command: Command) -> None:
    (kept / "annexa.key.checkpoints").unlink()
    shutil.copy(kept / "annexa.db", kept / "whole.db")
    for name in ("another beginning", "cut to half", "its second half zeros"):
        (kept / "annexa.db").write_bytes(HARM[name]((kept / "whole.db").read_bytes()))
        contradicted(command, "annexa.db", "damaged")


@pytest.mark.parametrize("harm", ["drop table {t}", "alter table {t} rename column {c} to other", "drop table store_schema"])
@pytest.mark.parametrize("table", ["ev_leaf", "ev_finding"])
def test_on_postgresql_alike(postgresql: PostgreSQL, tmp_path: Path, command: Command, table: str, harm: str) -> None:
    command("init")
    with postgresql.database() as url:
        (tmp_path / "annexa.toml").write_text(f'[store]\nurl = "{url}"\n{RECORDS}')
        assert command("run", "--quiet").code == 0
        engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as store:
            store.exec_driver_sql(harm.format(t=table, c=COLUMNS[table]))
        engine.dispose()
        contradicted(command)
        assert command("run", "--quiet").code == 4
