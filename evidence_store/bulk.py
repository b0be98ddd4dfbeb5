"""Many rows at once, the way that each database takes them fastest: COPY in its binary form, or one prepared statement."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

Row = tuple[Any, ...]  # in the order of the table's columns


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Add whole rows. Raises what the driver raises, as SQLAlchemy does."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    else:
        connection.exec_driver_sql(_statement(table), list(rows))


def close(connection: sa.Connection, table: sa.Table, ended: Sequence[int], leaf: int) -> None:
    """Let the rows of these ids end at a leaf."""
    if not ended:
        return
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"UPDATE {table.name} SET closed = %s WHERE id = ANY(%s)", (leaf, list(ended)))  # noqa: S608 - our own table
    else:
        connection.exec_driver_sql(
            f"UPDATE {table.name} SET closed = ? WHERE id = ?",  # noqa: S608 - our own name
            [(leaf, identity) for identity in ended],
        )


@cache
def _statement(table: sa.Table) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' * len(table.columns))})"  # noqa: S608 - our own names


def _copy(connection: sa.Connection, table: sa.Table, rows: Iterable[Row]) -> None:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    types = [str(column.type.compile(connection.dialect)).split()[0].lower() for column in table.columns]
    cursor: Any = connection.connection.cursor()
    errors: Any = connection.dialect.dbapi
    try:
        with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
    except errors.Error as error:
        raise sa.exc.DBAPIError.instance(f"COPY {table.name}", None, error, errors.Error, dialect=connection.dialect) from error
    finally:
        cursor.close()
