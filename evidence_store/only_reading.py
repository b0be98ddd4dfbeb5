"""A SQLite file that this user may only read, as an auditor may: how it is opened, and what makes sure that it stood still.

- Where a run left or holds the files that SQLite keeps beside it, they are read with it; none is ever made: the run would
  find a file there that is another user's.
- Where there are none, all that was written is in the file itself. SQLite is told that it does not change, and each reading
  ends with a look whether it did.
"""

import os
from pathlib import Path
from urllib.parse import quote

from evidence_store.errors import StoreError

_COMPANIONS = ("-wal", "-shm")


class Still:
    """A file that is read and not written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._companions = [path.with_name(path.name + suffix) for suffix in _COMPANIONS]
        self._alone = not all(one.exists() for one in self._companions)
        self._before = self._seen()

    @classmethod
    def of(cls, path: Path) -> "Still | None":
        """`None` for a file that may be written, or that is not there. Raises `StoreError` for one that may not be read."""
        companions = [path.with_name(path.name + suffix) for suffix in _COMPANIONS]
        try:
            path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{path}: cannot be read: {error.strerror}") from None
        if _may(path, os.W_OK) and (_may(path.parent, os.W_OK) or all(_may(one, os.W_OK) for one in companions)):
            return None
        return cls(path)

    def uri(self) -> str:
        """How SQLite is to open it. Raises `StoreError` where that would not show what the store holds."""
        for one in (self.path, *self._companions):
            if one.exists() and not _may(one, os.R_OK):
                raise StoreError(f"{one}: this user may not read it")
        wal = self._companions[0]
        if self._alone and wal.exists() and wal.stat().st_size:
            raise StoreError(
                f"{wal}: holds what was written last, and SQLite cannot read it for a user who may not write beside it; "
                "copy it and the store to a directory of your own"
            )
        return f"file:{quote(str(self.path.absolute()))}?mode=ro{'&immutable=1' if self._alone else ''}"

    def check(self) -> None:
        """Raises `StoreError` where the file was written to since it was opened and SQLite could not know."""
        if self._alone and self._seen() != self._before:
            raise StoreError(f"{self.path}: was written to while it was read, by a run; do it again")

    def _seen(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns


def _may(path: Path, what: int) -> bool:
    return os.access(path, what, effective_ids=True)
