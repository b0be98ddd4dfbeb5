"""SQLite keeps a value of any kind in any column; whatever stands where it does not belong is found, and nothing breaks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from evidence_store import keys, schema, side_file, verification
from evidence_store.store_evidence import StoreEvidence

from .conftest import Bench, fill

EVIDENCE = [table for table in schema.metadata.sorted_tables if table.name.startswith("ev_")]
VALUES = {
    "null": "NULL",
    "the same as text": "CAST({0} AS TEXT)",
    "the same as bytes": "CAST({0} AS BLOB)",
    "the same with more after it": "{0} || 'junk'",
    "the same bytes with more after them": "CAST({0} || 'junk' AS BLOB)",
    "the same as a real number": "CAST({0} AS REAL)",
    "empty text": "''",
    "text": "'x'",
    "text that is not UTF-8": "CAST(x'61ff' AS TEXT)",
    "text with a zero byte": "CAST(x'610062' AS TEXT)",
    "empty bytes": "x''",
    "bytes": "x'00ff'",
    "a real number": "1.5",
    "infinity": "9e999",
    "one": "1",
    "zero": "0",
    "a negative number": "-1",
    "the greatest number": "9223372036854775807",
    "the least number": "-9223372036854775808",
}


@pytest.fixture(scope="module")
def loose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A store whose tables were made anew without types and constraints, as whoever holds the file can."""
    directory: Path = tmp_path_factory.mktemp("loose")
    bench = Bench(f"sqlite:///{directory}/annexa.db", keys.load_or_create(directory / "annexa.key"))
    fill(bench)
    with bench.store.database.writing() as connection:
        for table in EVIDENCE:
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            connection.exec_driver_sql(f"ALTER TABLE {table.name} RENAME TO kept_{table.name}")
            connection.exec_driver_sql(f"CREATE TABLE {table.name} ({columns})")
            connection.exec_driver_sql(f"INSERT INTO {table.name} SELECT {columns} FROM kept_{table.name}")
    assert not bench.verify().contradicted
    yield bench
    bench.store.close()


def verified(bench: Bench, statement: str) -> tuple[bool, verification.Report]:
    """Make a change, verify, undo it; whether it changed anything."""
    with bench.store.database.engine.connect() as connection:
        changed = connection.exec_driver_sql(statement).rowcount
        report = verification.verify(
            StoreEvidence(connection), bench.keys.public, witness=side_file.notes(bench.keys.checkpoints)
        )
        connection.rollback()
    return changed == 1, report


def rowids(bench: Bench, table: sa.Table) -> list[int]:
    """The first row, one in the middle, and the last."""
    with bench.store.database.reading() as connection:
        found = list(connection.exec_driver_sql(f"SELECT rowid FROM {table.name} ORDER BY 1").scalars())
    return sorted({found[0], found[len(found) // 2], found[-1]})


@pytest.mark.parametrize("column", [c for table in EVIDENCE for c in table.columns], ids=str)
def test_a_value_of_another_kind_is_found_and_its_table_named(loose: Bench, column: sa.Column[Any]) -> None:
    table, name = column.table, f'"{column.name}"'
    tampered = 0
    for rowid in rowids(loose, table):
        for what, expression in VALUES.items():
            value = expression.format(name)
            changed, report = verified(
                loose,
                f"UPDATE {table.name} SET {name} = {value} WHERE rowid = {rowid} "
                f"AND (typeof({name}) != typeof({value}) OR {name} IS NOT {value})",
            )
            if not changed:
                continue
            tampered += 1
            assert report.contradicted, f"{column} of row {rowid} as {what} was not noticed"
            named = {problem.entry.split()[0] for opinion in report.opinions.values() for problem in opinion.problems}
            assert table.name in named, f"{column} of row {rowid} as {what} was noticed as {report.first}"
            str(report.json()).encode()
    assert tampered > 30
