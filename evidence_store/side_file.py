"""The file beside the key to which each checkpoint is appended: a local witness of what was signed.

A store that is behind it, or contradicts it, was rolled back or edited. A file that is behind the store is completed: the
process died between the two. Writing looks at its end alone, however many runs it tells of; verification reads all of it.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from evidence_store.errors import RolledBackError, StoreError, of_system
from evidence_store.note import Checkpoint, NoteError, open_checkpoint

_BLOCK = 4096  # bytes read from the end at first: some ten notes
# A whole note ends in an empty line that follows a line of signature, whoever has converted the ends of lines.
_END = re.compile(rb"(?<![^\r\n])\xe2\x80\x94 [^\r\n]*(?>\r\n|\r|\n)(?>\r\n|\r|\n)")
_LINE_END = re.compile(r"\r\n|\r")


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


def newest(file: BinaryIO) -> tuple[str | None, int]:
    """The last whole note of a file, as `notes` gives it, and where it ends; `None` and 0 where there is none.

    Reads from the end, twice as much each time, until two ends of notes are seen or the file's beginning.
    """
    size, block = file.seek(0, os.SEEK_END), _BLOCK
    while True:
        start = max(0, size - block)
        file.seek(start)
        content = file.read(size - start)
        # What comes before the first whole line may be the rest of anything.
        ends = [found.end() for found in _END.finditer(content, _whole_line(content) if start else 0)]
        if len(ends) > 1 or start == 0:
            begin, end = ([0, 0, *ends])[-2:]
            return (_text(content[begin:end]) if ends else None), start + end if ends else 0
        block *= 2


def _whole_line(content: bytes) -> int:
    found = re.search(rb"[\r\n]+", content)
    return found.end() if found else len(content)


def _text(whole: bytes) -> str:
    """A note without the empty line that ends it."""
    return _LINE_END.sub("\n", whole.decode(errors="replace"))[:-1]


class SideFile:
    """Checkpoints by size, as far as the file holds them."""

    def __init__(self, path: Path, public: bytes) -> None:
        self.path = path
        self._public = public

    def last(self) -> Checkpoint | None:
        """The newest checkpoint. Raises `RolledBackError` where the file ends in something else."""
        try:
            with self.path.open("rb") as file:
                note, _ = newest(file)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be read: {error.strerror}") from None
        try:
            return None if note is None else open_checkpoint(note, self._public)
        except NoteError as error:
            raise RolledBackError(f"{self.path}: holds a checkpoint that this key did not sign: {error}") from None

    def append(self, missing: Iterable[str]) -> None:
        """Add notes, and have them on the disk when this returns. Raises `StoreError`."""
        text = "".join(note + "\n" for note in missing)
        if not text:
            return
        try:
            fresh = not self.path.exists()
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "r+b") as file:
                # What a dying process left of a note is dropped.
                file.truncate(newest(file)[1])
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            if fresh:
                _keep_name(self.path.parent)
        except OSError as error:
            raise of_system(error, f"{self.path}: the checkpoint cannot be appended: {error.strerror}") from None


def _keep_name(directory: Path) -> None:
    """A file that was just made is on the disk; so must its name be."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
