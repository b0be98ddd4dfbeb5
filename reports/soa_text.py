"""The Statement of Applicability at a terminal: differences first, then every control on one line."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TextIO

from reports.run_text import ASSESSMENT_STYLES, THEMES
from reports.sentences import remedy
from reports.soa import SoaRow, SoaView
from reports.terminal import Column, Paper, Row, counted, listed
from reports.view import to_the_minute
from reports.words import CLAIM, DIFFERENCES, difference_words

REASONS_SHOWN = 8
SENTENCES_SHOWN = 6
EXCEPTIONS_SHOWN = 12
_APPLIES = {"applicable": "yes", "not applicable": "no", "not decided": "?", "not stated": "-"}


def write(view: SoaView, out: TextIO, *, colour: bool | None = None) -> None:
    paper = Paper(out, colour=colour)
    _cover(paper, view)
    _differences(paper, view)
    _controls(paper, view.rows)
    _clauses(paper, view.clauses)
    _unknowns(paper, view)
    paper.blank()
    paper.say(CLAIM, style="dim")


def _cover(paper: Paper, view: SoaView) -> None:
    paper.say("Statement of Applicability, ISO/IEC 27001:2022", style="bold")
    scope = view.scope
    approved = f"{scope.approved_by}, {scope.approved_on}" if scope.approved_by else "not approved"
    rows = [
        ("scope", scope.statement or "no scope statement was recorded"),
        ("scope approved", approved if scope.statement else ""),
        ("version", view.version),
        ("approval", view.approval),
        ("evidence as of", f"{to_the_minute(view.as_of)} (run {view.run})"),
        ("checkpoint", f"{view.checkpoint.origin}, size {view.checkpoint.size:,}, root {view.checkpoint.root}"),
        ("declared", ", ".join(f"{number} {name}" for name, number in view.applicability().items())),
        ("assessed", ", ".join(f"{number} {status}" for status, number in view.counts().items() if number)),
        ("unknown answers", f"{view.summary.unknown:,}"),
    ]
    paper.pairs([(label, text) for label, text in rows if text], indent=0, width=18)


def _differences(paper: Paper, view: SoaView) -> None:
    paper.title(f"differences between statement and assessment ({len(view.differences)})")
    if not view.differences:
        read = any(row.entry for row in view.rows)
        paper.say(
            "none that the evidence shows" if read else "no statement was read in this run, so nothing was compared", indent=2
        )
    for difference, grouped in groupby(view.differences, key=lambda row: row.difference):
        rows = list(grouped)
        words = f"{difference_words(str(difference))} ({len(rows)})  "
        paper.say(DIFFERENCES[str(difference)], indent=2, hang=4, lead=(words, "bold"))
        if len(rows) > SENTENCES_SHOWN:
            paper.say(", ".join(row.line.id for row in rows), indent=4)
            paper.say(f"such as: {rows[0].difference_reason}", indent=4)
        for row in rows if len(rows) <= SENTENCES_SHOWN else ():
            paper.say(f"- {row.difference_reason}{_because(row)}", indent=4, hang=6)
    if view.invalid_exceptions:
        paper.title(f"exceptions that do not count ({len(view.invalid_exceptions)})")
        for text in view.invalid_exceptions[:EXCEPTIONS_SHOWN]:
            paper.say(text, indent=2, hang=4)
        if len(view.invalid_exceptions) > EXCEPTIONS_SHOWN:
            paper.say(f"and {len(view.invalid_exceptions) - EXCEPTIONS_SHOWN} more, see --format json", indent=2)


def _because(row: SoaRow) -> str:
    return f": {row.line.reasons[0]}" if row.line.reasons else ""


def _controls(paper: Paper, rows: Sequence[SoaRow]) -> None:
    layout = (
        Column("control", 7),
        Column("applies", 9),
        Column("declared", 15),
        Column("assessed", 9),
        Column("title", 25),
        Column("oldest", 10),
        Column("missing", 11),
    )
    paper.title("controls of annex a")
    paper.table(layout, (), indent=1)
    for theme, heading in THEMES.items():
        of_theme = [row for row in rows if row.line.theme == theme]
        if of_theme:
            paper.say(heading, indent=1, style="bold")
            paper.table(layout, _lines(of_theme), indent=1, titles=False)


def _lines(rows: Sequence[SoaRow]) -> Iterator[Row]:
    for row in rows:
        applies = _APPLIES[row.applicability] if row.responsibility in ("", "own") else row.responsibility
        status = (row.line.assessment, ASSESSMENT_STYLES.get(row.line.assessment, ""))
        oldest = (row.line.oldest_evidence or "-")[:10]
        yield (row.line.id, applies, row.declared, status, row.line.title, oldest, ", ".join(row.line.missing))


def _clauses(paper: Paper, rows: Sequence[SoaRow]) -> None:
    if not rows:
        return
    layout = (Column("clause", 7), Column("assessed", 10), Column("title", 49), Column("oldest", 10), Column("missing", 16))
    paper.title("clauses 4 to 10")
    paper.table(
        layout,
        (
            (
                row.line.id,
                (row.line.assessment, ASSESSMENT_STYLES.get(row.line.assessment, "")),
                row.line.title,
                (row.line.oldest_evidence or "-")[:10],
                ", ".join(row.line.missing),
            )
            for row in rows
        ),
        indent=1,
    )


def _unknowns(paper: Paper, view: SoaView) -> None:
    unseen = view.summary.unseen
    if not unseen and not view.summary.undecided:
        return
    paper.title(f"unknown ({counted(view.summary.unknown, 'answer')})")
    for reason in unseen[:REASONS_SHOWN]:
        paper.say(f"{reason.text}: {listed(reason.places, 3)}", indent=2, hang=4)
        paper.say(f"{counted(reason.findings, 'answer')}; to do: {remedy(reason)}", indent=4)
    if len(unseen) > REASONS_SHOWN:
        paper.say(f"and {counted(len(unseen) - REASONS_SHOWN, 'more reason')}, see --format json", indent=2)
    for each in view.summary.undecided[:REASONS_SHOWN]:
        paper.say(f"{each.check}: {counted(each.findings, 'answer')}, such as: {each.examples[0]}", indent=2, hang=4)
    if len(view.summary.undecided) > REASONS_SHOWN:
        paper.say(f"and {counted(len(view.summary.undecided) - REASONS_SHOWN, 'more check')}, see --format json", indent=2)
