"""The records directory as a target: its identity, its files, and who may read what.

- The account of all records is the `id` in `isms.toml`, so that it survives a move of the directory, another clone and
  another name in the configuration. Without that file it is made of the directory's path, and does not survive a move.
- A source may read only the files that it declares; whatever else it asks for is refused.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from collectors.records.kinds import KINDS
from collectors.records.parsing import FormatError, Record, load
from collectors.records.permissions import permission_of
from collectors.records.provenance import Blame, Git
from collectors.records.schema import Kind
from collectors.source import Place, Source, UndeclaredCallError, UnreadError
from evidence_store.records import Json, Scope, Unread, Why

IDENTITY = "isms.toml"
LARGEST = 64 * 1024 * 1024
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}")


@dataclass(frozen=True, slots=True)
class RecordsTarget:
    """A `[[target]]` of kind `records`."""

    name: str = field(metadata={"comment": "how reports call this target"})
    path: str = field(default="isms", metadata={"comment": "the directory of the ISMS records"})


class Files:
    """Reading files below one directory. A subclass may refuse some, as an operating system does."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, file: str) -> bytes | None:
        """The content; `None` where there is no such file. Raises `OSError`."""
        path = self.root / file
        try:
            if path.stat().st_size > LARGEST:
                raise FormatError(file, 1, "", f"expected at most {LARGEST >> 20} MB")
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def names(self, folder: str = "") -> list[str]:
        """The names in a folder, in order; empty where there is no such folder. Raises `OSError`."""
        try:
            return sorted(p.name + ("/" if p.is_dir() else "") for p in (self.root / folder).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []


class Reader:
    """What a source gets: the files that it declared."""

    def __init__(self, directory: "Directory", source: Source) -> None:
        self._directory = directory
        self._source = source
        self.calls = 0
        self.scope = directory.scope

    def records(self, kind: Kind) -> list[Record]:
        """The records of one declared register, in order of ids. Raises `UnreadError`."""
        self._declared(kind.file)
        self.calls += 1
        return load_kind(kind, self._directory.files)

    def names(self) -> list[str]:
        """What stands in the directory itself."""
        self._declared(".")
        self.calls += 1
        with _refusals("."):
            return self._directory.files.names()

    def blame(self, file: str) -> Blame | None:
        """What git knows of a file that was read; `None` outside a work tree. Raises `UnreadError`."""
        git = self._directory.git()
        try:
            return git.blame(file) if git.is_work_tree else None
        finally:
            self.calls += git.calls

    def git_state(self) -> dict[str, Json]:
        """Whether the directory is in a work tree, and what is committed. Raises `UnreadError`."""
        git = self._directory.git()
        try:
            return git.state()
        finally:
            self.calls += git.calls

    def address(self, person: str) -> str | None:
        """The e-mail address that the roster gives a person; the roster is read once in a run. Raises `UnreadError`."""
        self._declared(KINDS["person"].file)
        return self._directory.addresses(self).get(person)

    def _declared(self, call: str) -> None:
        if call not in self._source.calls:
            raise UndeclaredCallError(f"{self._source.name} did not declare that it reads {call}")


def load_kind(kind: Kind, files: Files) -> list[Record]:
    """The records in `risks.toml` and `risks/*`. Raises `UnreadError`."""
    with _refusals(kind.file):
        inside = [f"{kind.folder}/{name}" for name in files.names(kind.folder) if _is_record_file(name)]
        read = ((file, files.read(file)) for file in [f"{kind.folder}.toml", *inside])
        return load(kind, [(file, content) for file, content in read if content is not None])


def _is_record_file(name: str) -> bool:
    """Hidden files are an editor's or a system's; a README explains the folder."""
    return name.endswith((".toml", ".md")) and not name.startswith(".") and name.lower() != "readme.md"


@contextmanager
def _refusals(call: str) -> Iterator[None]:
    """Turn the refusals of the operating system, and what is not understood, into what was not read."""
    action = permission_of(call)
    try:
        yield
    except PermissionError as error:
        raise UnreadError(Unread(Why.DENIED, action, error.strerror or "")) from None
    except FormatError as error:
        raise UnreadError(Unread(Why.UNEXPECTED, action, str(error.problem))) from None
    except OSError as error:
        raise UnreadError(Unread(Why.UNREACHABLE, action, error.strerror or "")) from None


class Directory:
    """An open records directory: a `Connection`."""

    kind = "records"

    def __init__(self, files: Files, git_program: str = "git") -> None:
        self.files = files
        self._git_program = git_program
        self._scope: Scope | None = None
        self._addresses: dict[str, str] | UnreadError | None = None
        self._lock = Lock()

    @property
    def scope(self) -> Scope:
        """The scope of all its records. Raises `UnreadError` where the directory or its identity cannot be read."""
        with self._lock:
            if self._scope is None:
                self._scope = Scope("records", account(self.files))
            return self._scope

    def git(self) -> Git:
        return Git(self.files.root, self._git_program)

    def places(self) -> Iterable[Place]:
        return [Place(self.scope, principal="the scanner's user")]

    def reader(self, place: Place, source: Source) -> Reader:  # noqa: ARG002 - a directory is one place
        return Reader(self, source)

    def addresses(self, reader: Reader) -> dict[str, str]:
        """Person id -> e-mail address. Raises `UnreadError`, each time, where the roster cannot be read."""
        kind = KINDS["person"]
        with self._lock:
            if self._addresses is None:
                try:
                    roster = reader.records(kind)
                    self._addresses = {r.id: r.facts["email"] for r in roster if r.facts["email"]}
                except UnreadError as error:
                    self._addresses = error
            if isinstance(self._addresses, UnreadError):
                raise self._addresses
            return self._addresses

    def close(self) -> None:
        return None


def account(files: Files) -> str:
    """The stable id of a records directory. Raises `UnreadError`."""
    if not files.root.is_dir():
        raise UnreadError(Unread(Why.UNREACHABLE, permission_of("."), f"there is no directory {files.root}"))
    with _refusals(IDENTITY):
        content = files.read(IDENTITY)
        if content is None:
            return f"path-{hashlib.sha256(str(files.root.resolve()).encode()).hexdigest()[:16]}"
        return _identity(content)


def _identity(content: bytes) -> str:
    try:
        said = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FormatError(IDENTITY, 1, "", f"not valid TOML: {error}") from None
    unknown = sorted(said.keys() - {"id", "organization"})
    if unknown:
        raise FormatError(IDENTITY, 1, unknown[0], "no such field (known: id, organization)")
    id_ = said.get("id")
    if not isinstance(id_, str) or not _ACCOUNT.fullmatch(id_):
        raise FormatError(IDENTITY, 1, "id", f"expected 3 to 64 of a-z, 0-9, . _ -, found {id_!r}")
    return id_


def connect(target: RecordsTarget) -> Directory:
    return Directory(Files(Path(target.path)))
