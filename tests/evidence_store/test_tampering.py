"""Whoever edits a row, in whatever column of whatever table, is found; and the entry is named."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from evidence_store import schema, side_file, verification
from evidence_store.store_evidence import StoreEvidence

from .conftest import Bench

EVIDENCE = [table for table in schema.metadata.sorted_tables if table.name.startswith("ev_")]


def others(column: sa.Column[Any], value: Any, row: Any) -> Iterator[Any]:
    """Values that somebody might put in a cell."""
    if value is not None and column.nullable:
        yield None
    match value:
        case None if column.name == "detail":
            yield b"x"
        case None:  # an end for what still holds: at once, later, at its beginning, and at the last leaf
            yield from {row.opened, row.opened + 1, row.opened + 4, 3, 36}
        case bool():
            yield not value
        case int():
            yield from {value + 1, max(value - 1, 0), value + 4, 0, 1000} - {value}
        case str():
            yield value + "x"
            yield ""
            yield from {"pass", "fail"} - {value} if column.name == "status" else ()
        case bytes():
            yield value[:-1] + bytes([value[-1] ^ 1])
            yield b""


def assert_found(bench: Bench, table: sa.Table, change: sa.Executable, what: str) -> None:
    """Make a change, verify, and undo it. Where the database itself refuses the change, nothing was tampered with."""
    with bench.store.database.engine.connect() as connection:
        try:
            connection.execute(change)
        except sa.exc.IntegrityError:
            return
        report = verification.verify(
            StoreEvidence(connection), bench.keys.public, witness=side_file.notes(bench.keys.checkpoints)
        )
        connection.rollback()
    assert report.contradicted, f"{what} was not noticed"
    named = {problem.entry.split()[0] for opinion in report.opinions.values() for problem in opinion.problems}
    assert table.name in named, f"{what} was noticed as {report.first}"


def rows_of(bench: Bench, table: sa.Table) -> list[Any]:
    """Every row on SQLite; on PostgreSQL, where each look costs more and shows the same, every fourth."""
    with bench.store.database.reading() as connection:
        rows = list(connection.execute(sa.select(table)))
    assert rows
    return rows if bench.store.database.sqlite else rows[::4]


def matching(table: sa.Table, row: Any) -> sa.ColumnElement[bool]:
    key = next(iter(table.primary_key.columns))
    return sa.literal(row._mapping[key.name], key.type) == key


@pytest.mark.parametrize("table", EVIDENCE, ids=lambda table: table.name)
def test_every_changed_cell_is_found(eventful: Bench, table: sa.Table) -> None:
    for row in rows_of(eventful, table):
        for column in table.columns:
            value = row._mapping[column.name]
            for other in others(column, value, row):
                if other == value:
                    continue
                change = table.update().where(matching(table, row)).values({column.name: other})
                assert_found(eventful, table, change, f"{table.name}.{column.name} of {row}: {value!r} -> {other!r}")


@pytest.mark.parametrize("table", EVIDENCE, ids=lambda table: table.name)
def test_every_deleted_row_is_found(eventful: Bench, table: sa.Table) -> None:
    for row in rows_of(eventful, table):
        assert_found(eventful, table, table.delete().where(matching(table, row)), f"the loss of {row} from {table.name}")


@pytest.mark.parametrize("table", EVIDENCE, ids=lambda table: table.name)
def test_every_copied_row_is_found(eventful: Bench, table: sa.Table) -> None:
    key = next(iter(table.primary_key.columns)).name
    with eventful.store.database.reading() as connection:
        top = connection.execute(sa.select(sa.func.max(table.c[key]))).scalar()
    for row in rows_of(eventful, table):
        fresh = top + 1 if isinstance(top, int) else "0" * 64
        copy = table.insert().values({**row._mapping, key: fresh})
        assert_found(eventful, table, copy, f"a copy of {row} in {table.name}")


def test_an_untouched_store_holds(eventful: Bench) -> None:
    report = eventful.verify()
    assert not report.contradicted
    assert report.integrity.problems == ()
