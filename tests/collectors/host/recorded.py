"""Machines from recordings: a `Machine` whose files and commands are what a fixture says, changed as a test wants.

A folder below `machines/` is one machine. `files.txt` holds its files with their modes; each file in `commands/` holds one
command, its exit code and what it said, with a first line on how it was obtained. Where several recordings of one command
exist, the first by name is the machine's own and the others are there for tests to take.
"""

import errno
import stat
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from collectors.host.machine import Entry, FileStatus, Machine, NoCommandError, Ran
from collectors.host.reader import HostConnection
from collectors.host.target import HostTarget

MACHINES = Path(__file__).parent / "machines"
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
YESTERDAY = AT - timedelta(days=1)


def long_ago(days: float) -> datetime:
    return AT - timedelta(days=days)


@cache
def command(machine: str, name: str) -> tuple[str, Ran]:
    """A recorded command line and how it ended."""
    text = (MACHINES / machine / "commands" / f"{name}.txt").read_text()
    head, _, rest = text.partition("--- out\n")
    out, _, err = rest.partition("--- err\n")
    _, line, code = head.splitlines()
    return line.removeprefix("$ "), Ran(int(code.split()[1]), out, err)


def said(machine: str, name: str) -> Ran:
    return command(machine, name)[1]


@cache
def _commands(machine: str) -> Mapping[str, Ran]:
    names = sorted(path.stem for path in (MACHINES / machine / "commands").glob("*.txt"))
    return dict(command(machine, name) for name in reversed(names))


@cache
def _files(machine: str) -> Mapping[str, tuple[bytes, FileStatus]]:
    found: dict[str, tuple[bytes, FileStatus]] = {}
    for block in (MACHINES / machine / "files.txt").read_text().split("\n==> ")[1:]:
        head, _, content = block.partition("\n")
        path, mode, uid, gid = head.split()
        kind = stat.S_IFDIR if mode.startswith("d") else stat.S_IFREG
        content = content.rstrip("\n") + "\n" if content.strip() else ""
        found[path] = (content.encode(), status(kind | int(mode.lstrip("d"), 8), int(uid), int(gid)))
    return found


def status(mode: int = stat.S_IFREG | 0o644, uid: int = 0, gid: int = 0, at: datetime = YESTERDAY) -> FileStatus:
    return FileStatus(mode, uid, gid, 0, at, at)


class RecordedFiles:
    """Files in memory. What is in `denied`, and what lies below it, may not be read or listed."""

    def __init__(self, files: Mapping[str, tuple[bytes, FileStatus]], denied: Collection[str]) -> None:
        self._files = dict(files)
        self._denied = denied
        for path in files:
            parts = path.split("/")
            for end in range(1, len(parts)):
                self._files.setdefault("/".join(parts[:end]) or "/", (b"", status(stat.S_IFDIR | 0o755)))

    def read(self, path: str, limit: int) -> bytes:
        self._allow(path)
        found, kind = self._found(path)
        if not kind.is_file or len(found) > limit:
            raise OSError(errno.EINVAL, "not a plain file", path)
        return found

    def head(self, path: str, size: int) -> bytes:
        return self.read(path, 1 << 40)[:size]

    def status(self, path: str) -> FileStatus:
        if any(path.startswith(f"{denied}/") for denied in self._denied):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return self._found(path)[1]

    def target(self, path: str) -> str:
        self._found(path)
        return path

    def entries(self, directory: str) -> list[Entry]:
        self._allow(directory)
        if not self._found(directory)[1].is_directory:
            raise NotADirectoryError(errno.ENOTDIR, "Not a directory", directory)
        base = directory.rstrip("/") + "/"
        names = {path for path in self._files if path.startswith(base) and "/" not in path[len(base) :] and path != base}
        return [Entry(path[len(base) :], self._files[path][1]) for path in sorted(names)]

    def _found(self, path: str) -> tuple[bytes, FileStatus]:
        try:
            return self._files[path.rstrip("/") or "/"]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path) from None

    def _allow(self, path: str) -> None:
        if path in self._denied or any(path.startswith(f"{denied}/") for denied in self._denied):
            raise PermissionError(errno.EACCES, "Permission denied", path)


class RecordedCommands:
    """Commands by their whole line. One that is not recorded is not installed."""

    def __init__(self, commands: Mapping[str, Ran | Exception | None]) -> None:
        self._commands = commands
        self.asked: list[str] = []

    def run(self, argv: tuple[str, ...], seconds: float, limit: int) -> Ran:
        line = " ".join(argv)
        self.asked.append(line)
        match self._commands.get(line):
            case None:
                raise NoCommandError(argv[0])
            case Exception() as error:
                raise error
            case Ran() as ran:
                return ran


def machine(
    name: str,
    *,
    files: Mapping[str, str | bytes | None] | None = None,
    modes: Mapping[str, tuple[int, int, int]] | None = None,
    times: Mapping[str, datetime] | None = None,
    commands: Mapping[str, Ran | Exception | None] | None = None,
    denied: Collection[str] = (),
    root: bool = True,
    release: str = "",
) -> Machine:
    """A recorded machine. `None` removes a file or command; `denied` names files, folders and whole command lines."""
    merged = dict(_files(name))
    for path, content in (files or {}).items():
        if content is None:
            merged.pop(path, None)
        else:
            known = merged[path][1] if path in merged else status()
            merged[path] = (content.encode() if isinstance(content, str) else content, known)
    for path, (mode, uid, gid) in (modes or {}).items():
        content, known = merged.get(path, (b"", status()))
        kind = mode if stat.S_IFMT(mode) else stat.S_IFMT(known.mode) | mode
        merged[path] = (content, replace(known, mode=kind, uid=uid, gid=gid))
    for path, at in (times or {}).items():
        content, known = merged.get(path, (b"", status()))
        merged[path] = (content, replace(known, modified=at, changed=at))
    lines: dict[str, Ran | Exception | None] = {**_commands(name), **(commands or {})}
    lines |= {line: PermissionError(errno.EACCES, "Permission denied") for line in denied if not line.startswith("/")}
    kernel = release or {"debian12": "6.1.0-18-amd64", "redhat9": "5.14.0-427.13.1.el9_4.x86_64"}[name]
    user = "root" if root else "nobody"
    return Machine(RecordedFiles(merged, denied), RecordedCommands(lines), user, root, name, kernel, "x86_64")


def host(name: str = "redhat9", *, target: HostTarget | None = None, **changes: Any) -> HostConnection:
    """An open connection to a recorded machine; see `machine` for the changes."""
    return HostConnection(machine(name, **changes), target or HostTarget(name))
