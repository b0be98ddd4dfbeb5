"""What a driver's error says of a store: that it was damaged, that the disk fails it, or neither."""

import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from evidence_store.errors import DamagedError, DiskError, ForeignError, StoreError

# Of a database that says that it has the newest schema, or an older one that is just brought up to date.
_MISSING = ("no such table", "no such column", "has no column named", "already exists", "duplicate column name")
_SQLSTATES = {
    **dict.fromkeys(("42P01", "42703", "42804", "42883", "42P07", "42701", "XX001", "XX002"), DamagedError),
    **dict.fromkeys(("53100", "58030"), DiskError),
}
_TABLE = b"ev_leaf"  # SQLite keeps the statement that made a table as it was given
_BLOCK = 1 << 20


def kind(error: SQLAlchemyError, path: Path | None) -> type[StoreError]:
    """Which error of ours it is. `path`: the file of a SQLite database."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    if path is None:
        return _SQLSTATES.get(getattr(cause, "sqlstate", None) or "", StoreError)
    code = getattr(cause, "sqlite_errorcode", 0)
    if code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or code == sqlite3.SQLITE_IOERR_SHORT_READ:
        return DamagedError if _was_ours(path) else ForeignError
    if code & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return DiskError
    if code == sqlite3.SQLITE_ERROR and any(told in str(cause) for told in _MISSING):
        return DamagedError
    return StoreError


def _was_ours(path: Path) -> bool:
    """Whether the name of our first table stands anywhere in a file that the database cannot read any more."""
    try:
        with path.open("rb") as file:
            before = b""
            while block := file.read(_BLOCK):
                if _TABLE in before + block:
                    return True
                before = block[-len(_TABLE) :]
    except OSError:
        pass  # what cannot be looked at shows nothing
    return False
