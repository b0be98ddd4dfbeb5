"""What a host source gets: the files and commands that it declared, and no others.

- A declaration is `read PATTERN`, `stat PATTERN` or `run COMMAND`. In a pattern `*` stands for a name or a part of one,
  `**` for any path; in a command `*` stands for one argument.
- What does not exist is an answer (`None`, or nothing listed). What may not be read is `UnreadError`, naming the file or
  command as its administrator knows it.
- A command runs once for each connection, whoever asks for it.
"""

import errno
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TypeVar

from collectors.host.machine import (
    Entry,
    FileStatus,
    ImageError,
    Machine,
    NoCommandError,
    OutputError,
    Ran,
)
from collectors.host.target import HostTarget
from collectors.source import Place, Source, UndeclaredCallError, UnreadError
from evidence_store.records import Json, Observation, Scope, Unread, Why

FILE_BOUND = 32 << 20  # bytes of one file
OUTPUT_BOUND = 32 << 20  # bytes of one command
ENTRY_BOUND = 100_000  # names in one walk
SECONDS = 60.0

Answer = TypeVar("Answer")

_GONE = {errno.ENOENT, errno.ENOTDIR}
_DENIED = {errno.EACCES, errno.EPERM}


class HostReader:
    """One source's way to one machine. Counts the files and commands that it asked for in `calls`."""

    def __init__(self, machine: Machine, scope: Scope, source: Source, target: HostTarget, ran: "RunOnce") -> None:
        self.machine = machine
        self.settings = target
        self.scope = scope
        self.calls = 0
        self._source = source
        self._ran = ran

    def uid(self, type_: str, native_id: str) -> str:
        return self.scope.uid(type_, native_id)

    def of_machine(self, facet: str, facts: Mapping[str, Json] | Unread) -> Observation:
        """A facet of the machine itself."""
        return Observation("host.machine", self.uid("host.machine", self.scope.account), facts, facet)

    def text(self, path: str) -> str | None:
        """A file's content; `None` where there is no such file."""
        content = self.content(path)
        return None if content is None else content.decode(errors="replace")

    def content(self, path: str) -> bytes | None:
        """A file's bytes; `None` where there is no such file."""
        self._declared("read", path)
        return self._asked("read", path, lambda: self.machine.files.read(path, FILE_BOUND))

    def head(self, path: str, size: int) -> bytes | None:
        """The first bytes of a file of any length; `None` where there is no such file."""
        self._declared("read", path)
        return self._asked("read", path, lambda: self.machine.files.head(path, size))

    def status(self, path: str) -> FileStatus | None:
        """Of what a path leads to; `None` where it leads nowhere."""
        self._declared("stat", path)
        return self._asked("stat", path, lambda: self.machine.files.status(path))

    def exists(self, path: str) -> bool:
        return self.status(path) is not None

    def target(self, path: str) -> str | None:
        """Where a path leads when every link is followed; `None` where it leads nowhere."""
        self._declared("stat", path)
        return self._asked("stat", path, lambda: self.machine.files.target(path))

    def paths(self, pattern: str) -> list[str]:
        """The files (links to files included) that a pattern without `**` names, in order."""
        return [path for path in self._matching(pattern) if (found := self.status(path)) and found.is_file]

    def walk(self, top: str, enter: Callable[[FileStatus], bool] = lambda _: True) -> Iterator[tuple[str, Entry]]:
        """Everything below a directory on its own file system, links not followed: (path, entry).

        `enter` says whether to go into a directory. A directory that may not be listed raises.
        """
        self._declared("stat", f"{top}/")
        status = self._asked("stat", top, lambda: self.machine.files.status(top))
        if status is None or not status.is_directory or not enter(status):
            return
        pending, seen = [top], 0
        while pending:
            directory = pending.pop()
            self._declared("stat", f"{directory}/")
            entries = self._asked("read", directory, lambda directory=directory: self.machine.files.entries(directory))  # type: ignore[misc]  # a lambda's default
            for entry in entries or []:
                seen += 1
                if seen > ENTRY_BOUND:
                    raise UnreadError(Unread(Why.UNSUPPORTED, f"stat {top}/**", f"more than {ENTRY_BOUND} files"))
                path = f"{directory}/{entry.name}"
                yield path, entry
                if entry.status.is_directory and entry.status.device == status.device and enter(entry.status):
                    pending.append(path)

    def run(self, *argv: str, seconds: float = SECONDS) -> Ran | None:
        """How a command ended; `None` where the machine has no such command."""
        line = " ".join(argv)
        self._declared("run", line)
        shown = "run " + re.sub(r"(://)[^/@ ]*@", r"\1", line)  # an address may carry a password
        try:
            fresh, ran = self._ran.run(self.machine, argv, seconds)
        except ImageError:
            raise UnreadError(Unread(Why.UNSUPPORTED, shown, "a file system image runs nothing")) from None
        except PermissionError:
            raise UnreadError(Unread(Why.DENIED, shown)) from None
        except TimeoutError:
            raise UnreadError(Unread(Why.TIMEOUT, shown)) from None
        except OutputError:
            raise UnreadError(Unread(Why.UNEXPECTED, shown, "more output than the bound")) from None
        self.calls += fresh
        return ran

    def _asked(self, verb: str, path: str, ask: Callable[[], Answer]) -> Answer | None:
        self.calls += 1
        try:
            return ask()
        except OSError as error:
            if error.errno in _GONE:
                return None
            why = Why.DENIED if error.errno in _DENIED else Why.UNEXPECTED
            detail = "" if why is Why.DENIED else (error.strerror or "")
            raise UnreadError(Unread(why, f"{verb} {path}", detail)) from None

    def _matching(self, pattern: str) -> list[str]:
        found = [""]
        for part in pattern.strip("/").split("/"):
            found = [f"{base}/{name}" for base in found for name in self._names(base, part, pattern)]
        return found

    def _names(self, base: str, part: str, pattern: str) -> list[str]:
        if "*" not in part:
            return [part]
        self._declared("read", pattern)
        entries = self._asked("read", base, lambda: self.machine.files.entries(base)) or []
        hidden = part.startswith(".")
        return [e.name for e in entries if _regex(part).fullmatch(e.name) and (hidden or not e.name.startswith("."))]

    def _declared(self, verb: str, what: str, *others: str) -> None:
        verbs = {verb, *others} | ({"read"} if verb == "stat" else set())  # whoever may read may also look
        for call in self._source.calls:
            declared, _, pattern = call.partition(" ")
            if declared in verbs and (pattern == what or _regex(pattern, spaced=verb == "run").fullmatch(what)):
                return
        raise UndeclaredCallError(f"{self._source.name} did not declare: {verb} {what}")


class RunOnce:
    """The commands of one machine in one run, each run at most once. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[tuple[str, ...], threading.Lock] = {}
        self._ended: dict[tuple[str, ...], Ran | Exception | None] = {}

    def run(self, machine: Machine, argv: tuple[str, ...], seconds: float) -> tuple[bool, Ran | None]:
        """Whether it was run now, and how it ended. Raises again what it raised the first time."""
        with self._lock:
            mine = self._running.setdefault(argv, threading.Lock())
        with mine:
            fresh = argv not in self._ended
            if fresh:
                self._ended[argv] = self._end(machine, argv, seconds)
            ended = self._ended[argv]
        if isinstance(ended, Exception):
            raise ended
        return fresh, ended

    def _end(self, machine: Machine, argv: tuple[str, ...], seconds: float) -> Ran | Exception | None:
        try:
            return machine.commands.run(argv, seconds, OUTPUT_BOUND)
        except NoCommandError:
            return None
        except (ImageError, OutputError, TimeoutError, PermissionError) as error:
            return error


@cache
def _regex(pattern: str, *, spaced: bool = False) -> re.Pattern[str]:
    one = r"[^ ]+" if spaced else r"[^/]*"
    parts = re.split(r"(\*\*|\*)", pattern)
    return re.compile("".join({"*": one, "**": ".*"}.get(part) or re.escape(part) for part in parts), re.DOTALL)


class HostConnection:
    """An open way to one machine."""

    kind = "host"

    def __init__(self, machine: Machine, target: HostTarget) -> None:
        self._machine = machine
        self._target = target
        self._ran = RunOnce()

    def places(self) -> Iterator[Place]:
        yield Place(Scope("host", identity(self._machine)), self._machine.user)

    def reader(self, place: Place, source: Source) -> HostReader:
        return HostReader(self._machine, place.scope, source, self._target, self._ran)

    def close(self) -> None:
        """Nothing is held open."""


_NAMELESS = {"", "localhost", "localhost.localdomain", "(none)"}


def identity(machine: Machine) -> str:
    """The machine-id; where the machine has none, its host name. Raises `UnreadError` where it has neither."""
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            found = machine.files.read(path, 4096).decode(errors="replace").strip()
        except OSError:
            continue
        if re.fullmatch(r"[0-9a-f]{32}", found):
            return found
    name = hostname(machine)
    if name in _NAMELESS:
        raise UnreadError(Unread(Why.UNSUPPORTED, "read /etc/machine-id", "empty; systemd-machine-id-setup writes one"))
    return f"hostname-{name}"


def hostname(machine: Machine) -> str:
    """The kernel's name of the machine; of an image, the one that it would take."""
    if machine.hostname:
        return machine.hostname
    try:
        return machine.files.read("/etc/hostname", 4096).decode(errors="replace").strip()
    except OSError:
        return ""
