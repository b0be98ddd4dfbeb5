"""Status over time at a terminal: one line for each change, oldest first."""

from collections.abc import Sequence
from itertools import groupby
from typing import TextIO

from evidence_store.records import Status
from reports.history import CheckHistory, ControlHistory, ResourceHistory
from reports.missed import Missed, told
from reports.run_text import ASSESSMENT_STYLES
from reports.terminal import Column, Paper, counted
from reports.view import to_the_minute
from reports.words import difference_words

CHANGES_SHOWN = 60
STATUS_STYLES = {Status.FAIL: "red", Status.UNKNOWN: "yellow", Status.ERROR: "yellow", Status.PASS: "green"}


def write_controls(histories: Sequence[ControlHistory], out: TextIO, *, colour: bool | None = None) -> None:
    paper = Paper(out, colour=colour)
    layout = (
        Column("from", 17, whole=True),
        Column("last run", 17, whole=True),
        Column("runs", 5, right=True),
        Column("status", 10),
        Column("pass/fail/unkn.", 15),
    )
    for history in histories:
        paper.say(history.title, lead=(f"{history.control}  ", "bold"))
        if not history.changes:
            paper.say("no sealed run assessed it", indent=2)
            continue
        _earlier(paper, len(history.changes))
        paper.table(layout, (), indent=0)
        for change in history.changes[-CHANGES_SHOWN:]:
            row = (
                to_the_minute(change.first),
                to_the_minute(change.last),
                f"{change.runs:,}",
                (change.assessment, ASSESSMENT_STYLES.get(change.assessment, "")),
                f"{change.passed:,}/{change.failed:,}/{change.unknown:,}",
            )
            paper.table(layout, [row], indent=0, titles=False)
            why = f"SoA: {difference_words(change.difference)}; {change.reason}" if change.difference else change.reason
            if why:
                paper.say(why, indent=2, hang=4, style="dim")
        _missed(paper, history.missed)
        paper.blank()


def write_check(history: CheckHistory, out: TextIO, *, colour: bool | None = None) -> None:
    paper = Paper(out, colour=colour)
    paper.say(history.title, lead=(f"{history.check}  ", "bold"))
    if not history.changes:
        paper.say("no sealed run holds an answer of this check", indent=2)
        return
    statuses = [status for status in Status if any(change.counts.get(status) for change in history.changes)]
    layout = (Column("since", 17, whole=True), *(Column(status.replace("_", " "), 14, right=True) for status in statuses))
    _earlier(paper, len(history.changes))
    paper.table(
        layout,
        (
            (to_the_minute(change.since), *(f"{change.counts.get(status, 0):,}" for status in statuses))
            for change in history.changes[-CHANGES_SHOWN:]
        ),
    )
    _missed(paper, history.missed)


def write_resource(history: ResourceHistory, out: TextIO, *, colour: bool | None = None) -> None:
    paper = Paper(out, colour=colour)
    paper.say(f"({history.type})" if history.type else "", lead=(f"{history.uid} ", "bold"))
    if not history.answers:
        paper.say("no sealed run holds an answer about it", indent=2)
        return
    layout = (Column("from", 17, whole=True), Column("until", 17, whole=True), Column("status", 14), Column("reason", 40))
    for check, grouped in groupby(history.answers, key=lambda answer: answer.check):
        answers = list(grouped)
        paper.blank()
        paper.say(f"{answers[-1].severity}, version {answers[-1].version}", lead=(f"{check}  ", "bold"))
        _earlier(paper, len(answers))
        paper.table(
            layout,
            (
                (
                    to_the_minute(answer.first),
                    to_the_minute(answer.until) if answer.until else "still",
                    (answer.status.replace("_", " "), STATUS_STYLES.get(answer.status, "")),
                    answer.reason,
                )
                for answer in answers[-CHANGES_SHOWN:]
            ),
        )
    _missed(paper, history.missed)


def _missed(paper: Paper, missed: Sequence[Missed]) -> None:
    if missed:
        paper.say(told(missed), style="yellow")


def _earlier(paper: Paper, number: int) -> None:
    if number > CHANGES_SHOWN:
        paper.say(f"{counted(number - CHANGES_SHOWN, 'earlier change')}: see --format json", indent=2)
