"""A small organization whose records are complete, so that each test alters one thing and sees one answer change.

Everything is asked as of `AT`, a fixed time, so the records never grow old.
"""

import errno
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.records import Directory, Files
from collectors.source import Connection
from evidence_store.records import Json
from tests.harness import Looked, look

COMPLETE = Path(__file__).parent / "complete"
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Guarded(Files):
    """Files of which the operating system keeps some to itself."""

    def __init__(self, root: Path, kept: tuple[str, ...]) -> None:
        super().__init__(root)
        self._kept = kept

    def read(self, file: str) -> bytes | None:
        if file in self._kept:
            raise PermissionError(errno.EACCES, "Permission denied")
        return super().read(file)

    def names(self, folder: str = "") -> list[str]:
        if f"{folder}/" in self._kept:
            raise PermissionError(errno.EACCES, "Permission denied")
        return super().names(folder)


class Isms:
    """The records of one organization, in files that a test may change."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def edit(self, file: str, old: str, new: str) -> "Isms":
        """Replace a text that stands in the file."""
        text = (self.root / file).read_text()
        assert old in text, f"{file} has no {old!r}"
        (self.root / file).write_text(text.replace(old, new))
        return self

    def write(self, file: str, text: str) -> "Isms":
        (self.root / file).write_text(text)
        return self

    def add(self, file: str, text: str) -> "Isms":
        """Append a record."""
        return self.write(file, (self.root / file).read_text() + "\n" + text)

    def remove(self, file: str) -> "Isms":
        (self.root / file).unlink()
        return self

    def look(
        self,
        *checks: str,
        kept: tuple[str, ...] = (),
        beside: Mapping[str, Connection] | None = None,
        at: datetime = AT,
        **parameters: Json,
    ) -> Looked:
        """Ask the checks; `kept` are files that may not be read; parameters are those of every check asked."""
        directory = Directory(Guarded(self.root, kept))
        return look({"isms": directory, **(beside or {})}, *checks, at=at, parameters=dict.fromkeys(checks, parameters))


@pytest.fixture
def isms(tmp_path: Path) -> Isms:
    root = tmp_path / "isms"
    shutil.copytree(COMPLETE, root)
    return Isms(root)
