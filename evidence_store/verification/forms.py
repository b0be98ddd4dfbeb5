"""The form of rows. A database keeps what it is told to: SQLite a value of any kind in any column, whatever was declared.

Only rows whose values are of the kinds that belong there go on to the passes; every other row is told, by column.
"""

from collections.abc import Iterable, Iterator
from itertools import product
from types import NoneType
from typing import Any, TypeVar

from evidence_store.details import HASHED
from evidence_store.verification.report import Problems

Row = TypeVar("Row", bound=tuple[Any, ...])
_NUMBERS = frozenset({"version", "since", "opened"})
_KINDS = {int: "a whole number", str: "text", bytes: "bytes", NoneType: "nothing", float: "a number with a fraction"}
Columns = tuple[tuple[str, tuple[type, ...]], ...]

CHECKPOINT: Columns = (("size", (int,)), ("note", (str,)))
STREAM: Columns = (("id", (int,)), *((name, (str,)) for name in ("provider", "account", "region", "source")))
STATE: Columns = (("id", (int,)), *((name, (bytes,)) for name in ("digest", "salt", "body")))
INTERVAL: Columns = (
    ("id", (int,)),
    ("stream", (int,)),
    *((name, (str,)) for name in ("type", "uid", "facet")),
    *((name, (int,)) for name in ("state", "opened")),
    ("closed", (int, NoneType)),
    ("withheld", (NoneType, tuple)),
)
FINDING: Columns = (
    ("id", (int,)),
    *((name, (int,) if name in _NUMBERS else (str,)) for name in HASHED),
    ("closed", (int, NoneType)),
)
DOCUMENT: Columns = (("digest", (str,)), ("kind", (str,)), ("body", (bytes,)))


def formed(table: str, columns: Columns, rows: Iterable[Row], integrity: Problems) -> Iterator[Row]:
    """The rows whose values are of the right kinds."""
    right = frozenset(product(*(kinds for _, kinds in columns)))
    for row in rows:
        if tuple(map(type, row)) in right:
            yield row
        else:
            integrity.add(f"{table} {row[0]}", _fault(columns, row))


def _fault(columns: Columns, row: tuple[Any, ...]) -> str:
    if len(row) != len(columns):
        return f"has {len(row)} columns, and {len(columns)} belong there"
    wrong = (
        f"its {name} is {_named(type(value))}, where {_named(kinds[0])} belongs"
        for (name, kinds), value in zip(columns, row, strict=True)
        if type(value) not in kinds
    )
    return "; ".join(wrong)


def _named(kind: type) -> str:
    return _KINDS.get(kind, kind.__name__)
