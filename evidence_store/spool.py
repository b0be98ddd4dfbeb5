"""Where sealed states wait until their target has been read: in memory while they are few, then in a file without a name.

Nothing that waits here is evidence, and nothing is left of it when the process ends, however it ends. What the file does not
take, for want of space or of a place for it, waits in memory after all.
"""

import os
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import IO

from evidence_store.errors import StoreError

IN_MEMORY = 8 << 20  # bytes that wait without a file: what most runs find changed
_LENGTH = 24  # bits


class Spooled(int):
    """Where in the file something waits: its offset and its length."""

    __slots__ = ()


class Spool:
    """Safe in threads. Closed, it gives nothing back any more and leaves what comes with those who bring it."""

    def __init__(self, in_memory: int = IN_MEMORY, directory: Path | None = None) -> None:
        """`directory`: where the file is made; by default where temporary files are."""
        self._left = in_memory
        self._directory = directory
        self._lock = threading.Lock()
        self._file: IO[bytes] | None = None
        self._size = 0

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._lock:
            self._left = 1 << 62
            if self._file is not None:
                self._file.close()

    def put(self, packed: bytes) -> bytes | Spooled:
        """What is to be kept in its place: itself, or where it waits."""
        with self._lock:
            if self._left >= len(packed):
                self._left -= len(packed)
                return packed
            self._left = 0  # from here on all goes to the file
            if len(packed) >> _LENGTH:
                return packed
            try:
                if self._file is None:
                    self._file = tempfile.TemporaryFile(buffering=0, dir=self._directory)  # noqa: SIM115 - closed when the block ends
                written = os.pwrite(self._file.fileno(), packed, self._size)
            except OSError:
                return packed
            if written != len(packed):
                return packed
            place = Spooled(self._size << _LENGTH | len(packed))
            self._size += len(packed)
            return place

    def get(self, place: Spooled) -> bytes:
        """What waits there. Raises `StoreError`."""
        offset, length = place >> _LENGTH, place & ((1 << _LENGTH) - 1)
        try:
            if self._file is None:
                raise StoreError("states were kept elsewhere than they are looked for")
            packed = os.pread(self._file.fileno(), length, offset)
        except (OSError, ValueError) as error:
            raise StoreError(f"the file in which states wait to be written cannot be read: {error}") from None
        if len(packed) != length:
            raise StoreError("the file in which states wait to be written was cut short")
        return packed
