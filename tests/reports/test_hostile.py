"""Names from the estate do no harm in any report."""

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.hostile import cell, in_json, one_line
from reports.terminal import Column, Paper, columns, counted, cut, listed, wants_colour, wrapped
from tests.reports.estate import HOSTILE

ANY_TEXT = st.text(st.characters(codec=None), max_size=80)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_one_line_is_one_line_without_controls_or_direction_marks(text: str) -> None:
    shown = one_line(text)
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in shown)


@given(ANY_TEXT)
def test_one_line_of_anything_can_be_encoded_and_moves_nothing(text: str) -> None:
    shown = one_line(text)
    shown.encode()
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in shown)


def test_one_line_keeps_what_it_took_out_visible() -> None:
    assert one_line("a\nb\x1b[0m\u202ec") == "a\\nb\\x1b[0m\\u202ec"


def test_one_line_leaves_honest_text_alone() -> None:
    assert one_line("größe, 日本語 and naïve — fine") == "größe, 日本語 and naïve — fine"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_json_for_a_person_means_the_same_and_moves_nothing(text: str) -> None:
    shown = in_json(json.dumps([text, {"a": text}], indent=1, ensure_ascii=False))
    assert json.loads(shown) == [text, {"a": text}]
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in shown.replace("\n", ""))


@given(ANY_TEXT)
def test_no_cell_begins_as_a_formula(text: str) -> None:
    assert not cell(text).lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


def test_a_cell_keeps_plain_text_as_it_is() -> None:
    assert cell("arn:aws:s3:::orders") == "arn:aws:s3:::orders"


@given(st.text(max_size=300), st.integers(min_value=2, max_value=60))
def test_wrapping_never_exceeds_the_width_and_loses_nothing_but_blanks(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(columns(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == one_line(text).replace(" ", "")


def test_a_wide_character_takes_two_columns() -> None:
    assert columns("日本") == 4
    assert cut("日本語", 4) == "日…"


def test_colour_needs_a_terminal_and_no_objection(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert wants_colour(Terminal())
    assert not wants_colour(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_colour(Terminal())


def test_colour_can_be_forced_and_hostile_text_stays_clean_within_it() -> None:
    out = io.StringIO()
    Paper(out, colour=True).table((Column("a", 9), Column("b", 10)), [(("x\x1b[0m", "red"), "y")])
    assert "\x1b[31mx\\x1b[0m" in out.getvalue()


def test_lists_and_counts_read_as_a_person_would_say_them() -> None:
    assert listed(["a"], 3) == "a"
    assert listed(["a", "b", "c"], 3) == "a, b and c"
    assert listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert listed([], 2) == ""
    assert counted(1, "check") == "1 check"
    assert counted(1200, "check") == "1,200 checks"
