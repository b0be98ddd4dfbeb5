"""One machine as a collector sees it: its files, its commands, and who asks.

- A file is opened without following a device, a pipe or a socket into a wait, and read up to a bound.
- A command is an argument list, looked up in four system directories, run without a shell, with an environment of two
  variables, without input, with a time-out and an output bound. It is killed with its children when it exceeds them.
- A file system image is read through its own links: an absolute link inside it never leads out of it.
"""

import errno
import os
import selectors
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol

from collectors.host.permissions import sees_everything

DIRECTORIES = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
ENVIRONMENT = {"LC_ALL": "C", "PATH": ":".join(DIRECTORIES)}
_LINKS = 40  # as the kernel's own limit
_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class FileStatus:
    """What the file system says of a file."""

    mode: int  # type and permission bits
    uid: int
    gid: int
    size: int
    modified: datetime
    changed: datetime  # of the inode: when the file came to stand there, whatever its own time says
    device: int = 0

    @property
    def permissions(self) -> str:
        """Four octal digits: `0644`."""
        return f"{stat.S_IMODE(self.mode):04o}"

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a directory, and the status of what it names (of a link: of the link itself)."""

    name: str
    status: FileStatus


class Files(Protocol):
    """A machine's files. Every method raises `OSError` as the system does."""

    def read(self, path: str, limit: int) -> bytes:
        """The whole content. A file that is larger than `limit`, or not a plain file, is an `OSError`."""
        ...

    def head(self, path: str, size: int) -> bytes:
        """The first bytes of a plain file of any length."""
        ...

    def status(self, path: str) -> FileStatus:
        """Of what a path leads to, through links."""
        ...

    def target(self, path: str) -> str:
        """The path that a path leads to when every link is followed."""
        ...

    def entries(self, directory: str) -> list[Entry]:
        """What stands in a directory, in the order of names."""
        ...


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str = ""


class NoCommandError(Exception):
    """There is no such command on the machine."""


class ImageError(Exception):
    """The target is a file system image: nothing can be run in it."""


class OutputError(Exception):
    """A command wrote more than it may."""


class Commands(Protocol):
    """A machine's commands."""

    def run(self, argv: tuple[str, ...], seconds: float, limit: int) -> Ran:
        """Raises `NoCommandError`, `ImageError`, `OutputError`, `TimeoutError`, `PermissionError`."""
        ...


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine, by what can be read of it and run on it."""

    files: Files
    commands: Commands
    user: str  # who asks
    root: bool  # whether that is the superuser, or one who may read as much
    hostname: str  # as the kernel knows it; empty for an image
    release: str  # of the running kernel; empty for an image
    architecture: str


class RootedFiles:
    """Files below a root: `/`, or the place where an image is mounted."""

    def __init__(self, root: str = "/") -> None:
        self._root = root.rstrip("/")

    def read(self, path: str, limit: int) -> bytes:
        content = self.head(path, limit + 1)
        if len(content) > limit:
            raise OSError(errno.EFBIG, "larger than the bound", path)
        return content

    def head(self, path: str, size: int) -> bytes:
        descriptor = os.open(self._real(path), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "not a plain file", path)
            return file.read(size)

    def status(self, path: str) -> FileStatus:
        return _status(os.stat(self._real(path)))  # noqa: PTH116 - a path below the root, not of this process

    def target(self, path: str) -> str:
        return os.path.realpath(path, strict=True) if not self._root else self._inside(path)

    def entries(self, directory: str) -> list[Entry]:
        with os.scandir(self._real(directory)) as found:
            return sorted(self._entries(found), key=lambda entry: entry.name)

    def _entries(self, found: Iterator["os.DirEntry[str]"]) -> Iterator[Entry]:
        for entry in found:
            try:
                yield Entry(entry.name, _status(entry.stat(follow_symlinks=False)))
            except FileNotFoundError:  # removed between the listing and the look: it is not there
                continue

    def _real(self, path: str) -> str:
        return self._root + self._inside(path) if self._root else path

    def _inside(self, path: str) -> str:
        """The path after every link, each absolute one taken from the root again."""
        todo, done, links = [p for p in reversed(path.split("/")) if p not in ("", ".")], "", 0
        while todo:
            part = todo.pop()
            if part == "..":
                done = done.rpartition("/")[0]
                continue
            here = f"{self._root}{done}/{part}"
            if not os.path.islink(here):  # noqa: PTH114 - text in, text out
                done = f"{done}/{part}"
                continue
            links += 1
            if links > _LINKS:
                raise OSError(errno.ELOOP, "too many links", path)
            leads = os.readlink(here)  # noqa: PTH115 - text in, text out
            done = "" if leads.startswith("/") else done
            todo += [p for p in reversed(leads.split("/")) if p not in ("", ".")]
        return done or "/"


def _status(found: os.stat_result) -> FileStatus:
    return FileStatus(
        mode=found.st_mode,
        uid=found.st_uid,
        gid=found.st_gid,
        size=found.st_size,
        modified=datetime.fromtimestamp(int(found.st_mtime), UTC),
        changed=datetime.fromtimestamp(int(found.st_ctime), UTC),
        device=found.st_dev,
    )


class NoCommands:
    """The commands of an image: none."""

    def run(self, argv: tuple[str, ...], seconds: float, limit: int) -> Ran:  # noqa: ARG002 - the protocol's arguments
        raise ImageError(argv[0])


class Processes:
    """The commands of the machine that this process runs on."""

    def run(self, argv: tuple[str, ...], seconds: float, limit: int) -> Ran:
        program = _program(argv[0])
        with (
            subprocess.Popen(  # noqa: S603 - an absolute path and declared arguments, no shell
                (program, *argv[1:]),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            ) as process
        ):
            try:
                out, err = _drain(process, time.monotonic() + seconds, limit)
                code = process.wait(timeout=max(seconds, 1))
            except (TimeoutError, OutputError, subprocess.TimeoutExpired) as error:
                os.killpg(process.pid, signal.SIGKILL)
                raise TimeoutError(argv[0]) if isinstance(error, subprocess.TimeoutExpired) else error from None
        return Ran(code, out.decode(errors="replace"), err.decode(errors="replace"))


def _program(name: str) -> str:
    for directory in DIRECTORIES if "/" not in name else ():
        found = Path(directory, name)
        if found.is_file():
            return str(found)
    raise NoCommandError(name)


def _drain(process: "subprocess.Popen[bytes]", deadline: float, limit: int) -> tuple[bytes, bytes]:
    """Both outputs, read side by side to their ends."""
    parts: dict[IO[bytes], list[bytes]] = {pipe: [] for pipe in (process.stdout, process.stderr) if pipe is not None}
    size = 0
    with selectors.DefaultSelector() as waiting:
        for pipe in parts:
            waiting.register(pipe, selectors.EVENT_READ)
        while waiting.get_map():
            left = deadline - time.monotonic()
            ready = waiting.select(left) if left > 0 else []
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                chunk = os.read(key.fd, _CHUNK)
                size += len(chunk)
                if size > limit:
                    raise OutputError
                if chunk:
                    parts[key.fileobj].append(chunk)  # type: ignore[index]  # the selector forgets what it was given
                else:
                    waiting.unregister(key.fileobj)
    out, err = (b"".join(found) for found in parts.values())
    return out, err


def this_machine() -> Machine:
    """The machine that this process runs on."""
    kernel = os.uname()
    return Machine(
        files=RootedFiles(),
        commands=Processes(),
        user=_user(),
        root=sees_everything(),
        hostname=kernel.nodename,
        release=kernel.release,
        architecture=kernel.machine,
    )


def image(root: str) -> Machine:
    """A file system image that is mounted at `root`: its files, and no commands."""
    return Machine(RootedFiles(root), NoCommands(), _user(), os.geteuid() == 0, "", "", "")


def _user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"
