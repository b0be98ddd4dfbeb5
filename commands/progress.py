"""Progress on standard error: on a terminal a line for each target, rewritten in place; elsewhere a line now and then.

- Nothing is wider than the terminal is at that moment, or a line would wrap and be left behind.
- Of many targets those that have most left to read are shown, and the rest is counted.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from pipeline.collect import Progress
from reports.hostile import one_line
from reports.terminal import columns, cut

SECONDS_BETWEEN_LINES = 15
LINES = 10  # at most, on a terminal
NAME = 24  # columns of a target's name, at most


class Meter:
    """Shows how far each target is. Called from the threads that read."""

    def __init__(
        self,
        out: TextIO | None = None,
        *,
        targets: Sequence[str] = (),
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out = out or sys.stderr
        self._quiet = quiet
        self._live = self._out.isatty() and os.environ.get("TERM") != "dumb"
        self._lock = threading.Lock()
        self._last: dict[str, Progress | None] = dict.fromkeys(targets)
        self._clock = clock
        self._shown = clock()
        self._drawn = 0  # lines that stand on the terminal

    def __call__(self, progress: Progress) -> None:
        with self._lock:
            self._last[progress.target] = progress
            pause = 0.1 if self._live else SECONDS_BETWEEN_LINES
            if not self._quiet and self._clock() - self._shown >= pause:
                self._shown = self._clock()
                self._show()

    def _show(self) -> None:
        if self._live:
            self._erase()
            lines = list(self._lines(self._width()))
            self._out.write("\n".join(lines))
            self._drawn = len(lines)
        else:
            self._out.write("; ".join(f"{one_line(name)}: {_told(p)}" for name, p in self._last.items()) + "\n")
        self._out.flush()

    def _lines(self, width: int) -> Iterator[str]:
        unfinished_first = sorted(self._last.items(), key=lambda entry: _left(entry[1]), reverse=True)
        chosen = dict(unfinished_first[: LINES if len(self._last) <= LINES else LINES - 1])
        room = min(NAME, max(8, width // 3), max(columns(one_line(name)) for name in chosen))
        for name, progress in self._last.items():  # in the order of the configuration, or lines would jump
            if name in chosen:
                label = cut(one_line(name), room)
                yield cut(f"{label}{' ' * (room - columns(label))}  {_told(progress)}", width)
        if len(self._last) > len(chosen):
            yield cut(f"and {len(self._last) - len(chosen)} more targets", width)

    def _width(self) -> int:
        """One column less than the terminal has: in the last one some terminals wrap."""
        try:
            return max(20, os.get_terminal_size(self._out.fileno()).columns - 1)
        except OSError:
            return 79

    def _erase(self) -> None:
        """Clear what was drawn, from its last line up to its first."""
        if self._drawn:  # line by line: a terminal that is cleared to its end keeps what stood there in its history
            self._out.write("\r\x1b[K" + "\x1b[1A\x1b[K" * (self._drawn - 1))
        self._drawn = 0

    def end(self) -> None:
        """Clear what was drawn."""
        with self._lock:
            if self._drawn:
                self._erase()
                self._out.flush()
            self._quiet = True


def _told(progress: Progress | None) -> str:
    if progress is None:
        return "connecting"
    failed = f", {progress.failed:,} not read" if progress.failed else ""
    return f"{progress.done:,} of {progress.known:,} reads, {progress.facets:,} facets{failed}"


def _left(progress: Progress | None) -> float:
    return float("inf") if progress is None else progress.known - progress.done
