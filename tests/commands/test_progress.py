"""What a person sees while a run reads: on a terminal, in a log, with six targets or sixty."""

import fcntl
import io
import os
import re
import struct
import termios
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from commands import progress
from commands.progress import Meter
from pipeline.collect import Progress
from reports.terminal import columns

SIX = ("prod-eu", "google", "azure-tenant", "k8s-prod", "isms", "this-host")


class Terminal(io.StringIO):
    """As much of a terminal as is needed: it moves up, returns, clears a line, and wraps at its width."""

    def __init__(self, width: int, number: int) -> None:
        super().__init__()
        self.number = number
        self.width = width
        self.screen = [""]
        self.row = 0
        self.wrapped = False

    def fileno(self) -> int:
        return self.number

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        for part in re.findall(r"\x1b\[\d*[AK]|\r|\n|[^\x1b\r\n]+", text):
            match part:
                case "\n":
                    self.row += 1
                    self.screen += [""] * (self.row + 1 - len(self.screen))
                case "\r":
                    pass
                case _ if part.endswith("A") and part.startswith("\x1b"):
                    self.row -= int(part[2:-1])
                    assert self.row >= 0, "it went above what it had drawn"
                case "\x1b[K":
                    self.screen[self.row] = ""
                case _:
                    self.screen[self.row] += part
                    self.wrapped |= columns(self.screen[self.row]) >= self.width
        return len(text)


@pytest.fixture(autouse=True)
def _term(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")


@pytest.fixture
def terminal() -> Iterator[Callable[[int], Terminal]]:
    """Terminals of a width, each with a real one behind it that tells its size."""
    opened: list[int] = []

    def make(width: int) -> Terminal:
        opened.extend(os.openpty())
        fcntl.ioctl(opened[-1], termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        return Terminal(width, opened[-1])

    yield make
    for number in opened:
        os.close(number)


def meter(out: io.StringIO, *names: str, quiet: bool = False) -> Meter:
    """One for which a minute passes between any two looks at the clock."""
    return Meter(out, targets=names, quiet=quiet, clock=map(float, count(0, 60)).__next__)


def told(out: io.StringIO, *names: str, upto: int = 3) -> Meter:
    """All targets but the last have read so much."""
    shown = meter(out, *names)
    for done in range(1, upto + 1):
        for name in names[:-1]:
            shown(Progress(name, done, 10, done * 1_000, done // 3))
    return shown


def test_each_target_has_a_line_that_is_rewritten_in_place(terminal: Callable[[int], Terminal]) -> None:
    screen = terminal(80)
    told(screen, *SIX)
    assert len(screen.screen) == 6
    assert screen.screen[0] == "prod-eu       3 of 10 reads, 3,000 facets, 1 not read"
    assert screen.screen[4].startswith("isms          3 of 10 reads")
    assert screen.screen[5] == "this-host     connecting"


def test_nothing_is_left_when_it_ends(terminal: Callable[[int], Terminal]) -> None:
    screen = terminal(80)
    told(screen, *SIX).end()
    assert (set(screen.screen), screen.row) == ({""}, 0)


@pytest.mark.parametrize("width", [24, 40, 80])
def test_no_line_is_as_wide_as_the_terminal(terminal: Callable[[int], Terminal], width: int) -> None:
    screen = terminal(width)
    told(screen, "a-target-with-a-very-long-name-indeed", "日本語のアカウント日本語のアカウント", "x")
    assert not screen.wrapped
    assert len(screen.screen) == 3


def test_of_many_targets_those_with_most_left_are_shown_and_the_rest_is_counted(terminal: Callable[[int], Terminal]) -> None:
    screen = terminal(80)
    names = tuple(f"account-{i:02}" for i in range(60))
    told(screen, *names, upto=1)(Progress("account-07", 1, 900, 5, 0))
    assert len(screen.screen) == progress.LINES
    assert any(line.startswith("account-07  1 of 900") for line in screen.screen)
    assert screen.screen[-1] == "and 51 more targets"


def test_a_name_that_wants_to_move_the_cursor_cannot(terminal: Callable[[int], Terminal]) -> None:
    screen = terminal(80)
    told(screen, "a\x1b[2Jb\r\nc", "x")
    assert len(screen.screen) == 2
    assert "\\x1b" in screen.screen[0]


def test_a_log_gets_whole_lines_without_control_characters() -> None:
    log = io.StringIO()
    shown = meter(log, "prod", "isms")
    shown(Progress("prod", 1, 10, 1_000, 0))
    shown(Progress("isms", 2, 2, 20, 1))
    shown.end()
    assert log.getvalue().splitlines() == [
        "prod: 1 of 10 reads, 1,000 facets; isms: connecting",
        "prod: 1 of 10 reads, 1,000 facets; isms: 2 of 2 reads, 20 facets, 1 not read",
    ]


def test_a_terminal_that_can_do_nothing_is_a_log(terminal: Callable[[int], Terminal], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    screen = terminal(80)
    meter(screen, "prod")(Progress("prod", 1, 10, 5, 0))
    assert screen.screen == ["prod: 1 of 10 reads, 5 facets", ""]


def test_quiet_shows_nothing(terminal: Callable[[int], Terminal]) -> None:
    screen = terminal(80)
    shown = meter(screen, "prod", quiet=True)
    shown(Progress("prod", 1, 10, 5, 0))
    shown.end()
    assert screen.screen == [""]
