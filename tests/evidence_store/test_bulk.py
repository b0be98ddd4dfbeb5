"""Many rows at once, on both databases: whole or not at all."""

import pytest
import sqlalchemy as sa

from evidence_store import bulk, schema
from evidence_store.errors import StoreError

from .conftest import Bench

ROWS = [(n, bytes([n]) * 32, bytes(16), b"\x00\xff\\\t\n") for n in range(1, 6)]
SPANS = [(n, 1, "type", f"ü\t\\N\n{n}", "config", n, 3, None) for n in range(1, 6)]


def stored(bench: Bench, table: sa.Table) -> list[tuple[object, ...]]:
    with bench.store.database.reading() as connection:
        return [tuple(row) for row in connection.execute(sa.select(table).order_by(table.c.id))]


def test_rows_come_back_as_they_were_given(bench: Bench) -> None:
    with bench.store.database.writing() as connection:
        bulk.insert(connection, schema.state, ROWS)
        bulk.insert(connection, schema.interval, SPANS)
        bulk.insert(connection, schema.interval, [])
    assert stored(bench, schema.state) == ROWS
    assert stored(bench, schema.interval) == SPANS


def test_rows_end_at_a_leaf(bench: Bench) -> None:
    with bench.store.database.writing() as connection:
        bulk.insert(connection, schema.interval, SPANS)
        bulk.close(connection, schema.interval, [2, 4], 9)
        bulk.close(connection, schema.interval, [], 10)
    assert [row[-1] for row in stored(bench, schema.interval)] == [None, 9, None, 9, None]


@pytest.mark.parametrize("wrong", [[*ROWS, ROWS[0]], [*ROWS, (6, None, b"", b"")]], ids=["an id twice", "nothing for bytes"])
def test_a_row_that_the_database_refuses_leaves_none(bench: Bench, wrong: list[bulk.Row]) -> None:
    with pytest.raises(StoreError, match="the store failed"), bench.store.database.writing() as connection:
        bulk.insert(connection, schema.state, wrong)
    assert stored(bench, schema.state) == []
    with bench.store.database.writing() as connection:
        bulk.insert(connection, schema.state, ROWS)
    assert stored(bench, schema.state) == ROWS
