"""Text in terminals of every width."""

import fcntl
import io
import os
import struct
import termios
from collections.abc import Callable, Iterator

import pytest

from reports import coverage_text, run_text
from reports.coverage import controls_view
from reports.terminal import NARROWEST, WIDTH, Column, Paper, columns
from reports.view import Definition
from tests.reports.estate import run
from tests.reports.sealing import catalogue, definitions

Open = Callable[[int], "Terminal"]


class Terminal(io.StringIO):
    """What was written, to a terminal that tells its size."""

    number: int

    def fileno(self) -> int:
        return self.number

    def isatty(self) -> bool:
        return True

    @property
    def widest(self) -> int:
        return max(columns(line) for line in self.getvalue().splitlines())


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    monkeypatch.setenv("NO_COLOR", "1")
    opened: list[int] = []

    def make(width: int) -> Terminal:
        opened.extend(os.openpty())
        fcntl.ioctl(opened[-1], termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        made = Terminal()
        made.number = opened[-1]
        return made

    yield make
    for number in opened:
        os.close(number)


@pytest.mark.parametrize("width", [NARROWEST, 80, WIDTH])
def test_a_run_is_told_within_the_terminal(terminal: Open, width: int) -> None:
    out = terminal(width)
    run_text.write(run(), out)
    assert out.widest <= width


@pytest.mark.parametrize("width", [80, WIDTH])
def test_the_catalogue_is_told_within_the_terminal(terminal: Open, width: int) -> None:
    out = terminal(width)
    view = controls_view(catalogue(), [Definition.of(entry) for entry in definitions()])
    coverage_text.write_controls(view, out)
    coverage_text.write_details(view, out)
    assert out.widest <= width


def test_a_wide_terminal_and_a_file_get_lines_that_can_be_read(terminal: Open) -> None:
    wide, file = terminal(250), io.StringIO()
    run_text.write(run(), wide)
    run_text.write(run(), file)
    assert wide.getvalue() == file.getvalue()
    assert wide.widest <= WIDTH


def test_a_narrow_table_keeps_its_figures_and_shortens_its_texts(terminal: Open) -> None:
    out = terminal(NARROWEST)
    layout = (Column("control", 8), Column("title", 60), Column("pass", 6, right=True), Column("missing", 16))
    Paper(out).table(layout, [("A.8.24", "Use of cryptography " * 5, "1,234", "review")])
    assert out.widest <= NARROWEST
    assert "1,234" in out.getvalue()
    assert "review" in out.getvalue()
    assert "…" in out.getvalue()


def test_a_paragraph_that_begins_far_to_the_right_still_ends(terminal: Open) -> None:
    out = terminal(NARROWEST)
    Paper(out).say("a word and another", lead=("x" * 80, ""))
    assert "another" in out.getvalue()
