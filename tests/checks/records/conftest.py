"""A small organization whose records are complete, so that each test alters one thing and sees one answer change.

Everything is asked as of `AT`, a fixed time, so the records never grow old.
"""

import errno
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


class Held(Files):
    """Files held in memory, of which the operating system keeps some to itself."""

    def __init__(self, root: Path, texts: Mapping[str, str], kept: tuple[str, ...] = ()) -> None:
        super().__init__(root)
        self._texts = texts
        self._kept = kept

    def read(self, file: str) -> bytes | None:
        self._guard(file)
        return self._texts[file].encode() if file in self._texts else None

    def names(self, folder: str = "") -> list[str]:
        self._guard(f"{folder}/")
        below = f"{folder}/" if folder else ""
        inside = [file.removeprefix(below) for file in self._texts if file.startswith(below)]
        return sorted({f"{name.partition('/')[0]}/" if "/" in name else name for name in inside})

    def _guard(self, name: str) -> None:
        if name in self._kept:
            raise PermissionError(errno.EACCES, "Permission denied")


class Isms:
    """The records of one organization, which a test may change."""

    def __init__(self, root: Path, texts: Mapping[str, str]) -> None:
        self.root = root
        self.texts = dict(texts)

    def edit(self, file: str, old: str, new: str) -> "Isms":
        """Replace a text that stands in the file."""
        assert old in self.texts[file], f"{file} has no {old!r}"
        return self.write(file, self.texts[file].replace(old, new))

    def write(self, file: str, text: str) -> "Isms":
        self.texts[file] = text
        return self

    def add(self, file: str, text: str) -> "Isms":
        """Append a record."""
        return self.write(file, f"{self.texts[file]}\n{text}")

    def remove(self, file: str) -> "Isms":
        del self.texts[file]
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
        directory = Directory(Held(self.root, self.texts, kept))
        return look({"isms": directory, **(beside or {})}, *checks, at=at, parameters=dict.fromkeys(checks, parameters))


@pytest.fixture(scope="session")
def complete() -> Mapping[str, str]:
    """The files of the complete records, by name."""
    return {str(path.relative_to(COMPLETE)): path.read_text() for path in COMPLETE.rglob("*") if path.is_file()}


@pytest.fixture
def isms(complete: Mapping[str, str], tmp_path: Path) -> Isms:
    return Isms(tmp_path, complete)
