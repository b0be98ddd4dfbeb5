"""The file beside the key to which each checkpoint is appended: a local witness of what was signed.

A store that is behind it, or contradicts it, was rolled back or edited. A file that is behind the store is completed: the
process died between the two.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from evidence_store.errors import RolledBackError, StoreError
from evidence_store.note import Checkpoint, NoteError, open_checkpoint


def notes(path: Path) -> Iterator[str]:
    """The notes of a file of checkpoints, oldest first; none where there is no file. A torn last one is left out.

    Raises `OSError`.
    """
    if not path.exists():
        return
    gathered: list[str] = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if line == "\n" and gathered and gathered[-1].startswith("— "):
                yield "".join(gathered)
                gathered = []
            else:
                gathered.append(line)


class SideFile:
    """Checkpoints by size, as far as the file holds them."""

    def __init__(self, path: Path, public: bytes) -> None:
        self.path = path
        self._public = public

    def last(self) -> Checkpoint | None:
        """The newest checkpoint. Raises `RolledBackError` where the file holds something else."""
        found: Checkpoint | None = None
        try:
            for note in notes(self.path):
                try:
                    found = open_checkpoint(note, self._public)
                except NoteError as error:
                    raise RolledBackError(f"{self.path}: holds a checkpoint that this key did not sign: {error}") from None
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be read: {error.strerror}") from None
        return found

    def append(self, missing: Iterable[str]) -> None:
        """Add notes, and have them on the disk when this returns. Raises `StoreError`."""
        text = "".join(note + "\n" for note in missing)
        if not text:
            return
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "r+b") as file:
                self._cut_torn(file.fileno())
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(f"{self.path}: the checkpoint cannot be appended: {error.strerror}") from None

    def _cut_torn(self, descriptor: int) -> None:
        """Drop what a dying process left of a note: a whole one ends in an empty line."""
        content = self.path.read_bytes()
        if not content or content.endswith(b"\n\n"):
            return
        os.ftruncate(descriptor, _end_of_whole(content))


def _end_of_whole(content: bytes) -> int:
    """Where the last whole note ends: after the empty line that follows a line of signature."""
    end, offset, signed = 0, 0, False
    for line in content.splitlines(keepends=True):
        offset += len(line)
        if line == b"\n" and signed:
            end = offset
        signed = line.startswith("— ".encode()) and line.endswith(b"\n")
    return end
