"""A run as a process of its own: it gives back its memory, can be ended at any point, and cannot take the daemon with it.

- Its standard input is a lifeline: it ends when the daemon is gone, however that happened.
- It is a session of its own: Ctrl-C and a service manager's signal reach it through the daemon, which says when.
- Its first line on standard output is the id of the run, once it has the store. Of the rest, the end is kept.
"""

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

_LINES, _WIDTH = 20, 500


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    code: int  # negative: the signal that killed it
    run: str | None = None  # its id, where it got so far
    said: str = ""  # the last line of standard error


class Child:
    """A running process."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it. Raises `OSError`."""
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=pipe, stdout=pipe, stderr=pipe, env=dict(environment), start_new_session=True
        )
        self._out, self._err = _Tail(self._process.stdout), _Tail(self._process.stderr)
        self._over = threading.Event()
        threading.Thread(target=self._watch, name="child", daemon=True).start()

    def _watch(self) -> None:
        self._process.wait()
        self._over.set()

    @property
    def begun(self) -> float | None:
        """When it said its first word: it has the store then."""
        return self._out.begun

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within this time."""
        return self._over.wait(seconds)

    def ask(self) -> None:
        """Ask it to end."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it, and what it started."""
        if self._over.is_set():
            return  # its number may be another's by now
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def ended(self) -> Ended:
        """How it ended. It has."""
        code = self._process.wait()
        run, said = self._out.last(), self._err.last()
        if self._process.stdin:
            self._process.stdin.close()
        return Ended(code, run or None, said)


class _Tail:
    """Reads a stream in a thread, so that it never fills, and keeps its end."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        assert stream is not None, "it is a pipe"
        self._stream = stream
        self._kept: deque[bytes] = deque(maxlen=_LINES)
        self.begun: float | None = None
        self._thread = threading.Thread(target=self._read, name="tail", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._stream:
            while line := self._stream.readline(_WIDTH):
                if line.strip():
                    self.begun = self.begun or time.monotonic()
                    self._kept.append(line)

    def last(self) -> str:
        # Something that the child left running may hold the pipe; what it prints is not waited for.
        self._thread.join(1)
        text = self._kept[-1].decode(errors="replace").strip() if self._kept else ""
        return "".join(c if c.isprintable() else "?" for c in text)
