"""Progress on standard error: one line that is rewritten on a terminal, a line now and then elsewhere."""

import sys
import threading
import time
from typing import TextIO

from pipeline.collect import Progress

SECONDS_BETWEEN_LINES = 15


class Meter:
    """Shows how far each target is. Called from the threads that read."""

    def __init__(self, out: TextIO | None = None, *, quiet: bool = False) -> None:
        self._out = out or sys.stderr
        self._quiet = quiet
        self._live = self._out.isatty()
        self._lock = threading.Lock()
        self._last: dict[str, Progress] = {}
        self._shown = time.monotonic()
        self._width = 0

    def __call__(self, progress: Progress) -> None:
        with self._lock:
            self._last[progress.target] = progress
            pause = 0.1 if self._live else SECONDS_BETWEEN_LINES
            if not self._quiet and time.monotonic() - self._shown >= pause:
                self._shown = time.monotonic()
                self._show()

    def _show(self) -> None:
        parts = [
            f"{p.target}: {p.done} of {p.known} reads, {p.facets:,} facets" + (f", {p.failed} not read" if p.failed else "")
            for p in self._last.values()
        ]
        text = " | ".join(parts)
        if self._live:
            self._out.write("\r" + text[:118].ljust(self._width))
            self._width = min(len(text), 118)
        else:
            self._out.write(text + "\n")
        self._out.flush()

    def end(self) -> None:
        """Clear the line."""
        with self._lock:
            if self._live and self._width:
                self._out.write("\r" + " " * self._width + "\r")
                self._out.flush()
            self._width = 0
            self._quiet = True
