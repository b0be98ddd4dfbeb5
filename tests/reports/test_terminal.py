"""Text in terminals of every width."""

import base64
import fcntl
import io
import os
import struct
import termios
from collections.abc import Callable, Iterator

import pytest

from commands import doctor
from evidence_store.records import Status
from evidence_store.verification import Opinion, Outcome, Problem, Report
from evidence_store.verification.__main__ import told, width_of
from reports import coverage_text, history_text, run_text
from reports.coverage import controls_view
from reports.history import control_history
from reports.terminal import NARROWEST, WIDTH, Column, Paper, columns
from reports.view import Definition
from tests.reports.estate import run
from tests.reports.sealing import Book, catalogue, definitions, said

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


def test_a_time_is_never_cut(terminal: Open) -> None:
    out = terminal(NARROWEST)
    layout = (Column("from", 17, whole=True), Column("title", 60), Column("until", 17, whole=True), Column("why", 30))
    Paper(out).table(layout, [("2026-11-23 17:34Z", "Use of cryptography " * 5, "2026-11-24 17:34Z", "it was")])
    assert out.widest <= NARROWEST
    assert "2026-11-23 17:34Z" in out.getvalue()
    assert "2026-11-24 17:34Z" in out.getvalue()


@pytest.mark.parametrize("width", [NARROWEST, 80, WIDTH])
def test_a_history_is_told_within_the_terminal_with_its_reasons(terminal: Open, book: Book, width: int) -> None:
    for status, reason in ((Status.FAIL, "a is plain"), (Status.PASS, "")):
        book.run([said("aws_rds_encrypted", "a", status, reason)])
    out = terminal(width)
    history_text.write_controls(control_history(book.store, "A.8.24"), out)
    assert out.widest <= width
    for time in ("2026-03-02 06:01Z", "2026-03-03 06:03Z"):
        assert out.getvalue().count(time) == 2
    assert "SoA: " in out.getvalue()


@pytest.mark.parametrize("width", [NARROWEST, 80, 200])
def test_a_verification_is_told_within_the_terminal(terminal: Open, width: int) -> None:
    problem = Problem("ev_finding 12", "x said fail (" + "a long reason " * 20 + ") at leaf 3")
    opinion = Opinion(Outcome.CONTRADICTED, "1 entry does not hold; " * 9, (problem,))
    report = Report("annexa/host/0a1b2c3d", 45, 45, "5952" * 16, opinion, opinion, opinion, opinion, {})
    out = terminal(width)
    out.write(told(report, width_of(out)))
    assert out.widest <= width
    assert base64.b64encode(bytes.fromhex("5952" * 16)).decode() in out.getvalue()
    assert told(report, width_of(io.StringIO())).count("\n") == 9


@pytest.mark.parametrize("width", [NARROWEST, 80, 200])
def test_what_the_doctor_tests_is_told_within_the_terminal_and_in_one_line_elsewhere(terminal: Open, width: int) -> None:
    symptom = doctor.Symptom("target cloud (gcp) shop global", well=False, told="reads that were denied " * 20)
    out = terminal(width)
    out.write("\n".join(doctor.lines(symptom, width_of(out))))
    assert out.widest <= width
    mark, *words = out.getvalue().split()
    assert " ".join(words) == f"{symptom.what}: {symptom.told}".strip(), "no word is broken"
    assert doctor.lines(symptom, width_of(io.StringIO())) == [f"{mark}  {symptom.what}: {symptom.told}"]


def test_a_paragraph_that_begins_far_to_the_right_still_ends(terminal: Open) -> None:
    out = terminal(NARROWEST)
    Paper(out).say("a word and another", lead=("x" * 80, ""))
    assert "another" in out.getvalue()
