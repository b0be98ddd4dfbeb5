"""The gaps at a terminal: by severity and check, what has been open longest first."""

from collections.abc import Sequence
from itertools import islice
from typing import TextIO

from reports.gaps import GapsView, excuses_of
from reports.hostile import one_line
from reports.run_text import ASSESSMENT_STYLES, REASON_LIMIT, SEVERITY_STYLES, say_undecided, say_unseen
from reports.terminal import Paper, counted
from reports.view import ControlLine, Definition, Reported, to_the_minute

CHECKS_SHOWN = 40
RESOURCES_SHOWN = 8


def write(view: GapsView, out: TextIO, *, colour: bool | None = None) -> None:
    paper = Paper(out, colour=colour)
    limits = [f"controls {', '.join(control.id for control in view.controls)}"] if view.controls else []
    limits += [f"severity {view.severity} or worse"] if view.severity else []
    about = f" ({'; '.join(limits)})" if limits else ""
    paper.say(f"evidence as of {to_the_minute(view.as_of)}, run {view.run}{about}", lead=("Gaps: ", "bold"), hang=0)
    numbers = [f"{number:,} {severity}" for severity, number in view.counts().items() if number]
    numbers = [", ".join(numbers) or "no open failure observed"]
    paper.say(" · ".join([*numbers, f"{len(view.excepted):,} excepted", f"{view.unknown.unknown:,} unknown"]))
    for control in view.controls:
        _assessed(paper, control)
    groups = list(view.by_check())
    for definition, gaps in islice(groups, CHECKS_SHOWN):
        _group(paper, definition, gaps, view)
    if len(groups) > CHECKS_SHOWN:
        paper.say(f"and {counted(len(groups) - CHECKS_SHOWN, 'more check')}, see --format json")
    _excepted(paper, view)
    say_unseen(paper, view.unknown.unseen)
    say_undecided(paper, view.unknown.undecided)


def _assessed(paper: Paper, control: ControlLine) -> None:
    """Where nothing was asked, no gap is no answer."""
    unasked = "" if control.has_evidence else "; no check of it has answered yet"
    unasked = unasked if control.has_checks else "; no primary check of Annexa speaks to it"
    missing = f"; missing {', '.join(control.missing)}" if control.missing else ""
    style = ASSESSMENT_STYLES.get(control.assessment, "")
    paper.say(f"{control.assessment}{missing}{unasked}", lead=(f"{control.id}: ", style), hang=2)


def _group(paper: Paper, definition: Definition, gaps: Sequence[Reported], view: GapsView) -> None:
    severity = gaps[0].severity
    paper.blank()
    paper.say(f"{definition.title}: {len(gaps):,}", lead=(f"{severity:<9}", SEVERITY_STYLES[severity]))
    controls = f"  ({', '.join(definition.controls)})" if definition.controls else ""
    paper.say(f"{definition.id}{controls}", indent=9, style="dim")
    for gap in gaps[:RESOURCES_SHOWN]:
        owner = view.owners.of_resource(gap.uid)
        who = f"; owner: {owner}" if owner else ""
        paper.say(
            f"{one_line(gap.reason, REASON_LIMIT)} [{one_line(gap.uid, REASON_LIMIT)}]{who}",
            indent=9,
            hang=11,
            lead=(f"{to_the_minute(gap.since)[:10]}  ", "dim"),
        )
    if len(gaps) > RESOURCES_SHOWN:
        paper.say(f"and {len(gaps) - RESOURCES_SHOWN:,} more, see --format json", indent=9)
    if definition.fix:
        paper.say(f"fix: {definition.fix}", indent=9, hang=14)


def _excepted(paper: Paper, view: GapsView) -> None:
    excuses = excuses_of(view.excepted)
    if excuses:
        paper.title(f"excepted ({counted(len(view.excepted), 'failure')})")
        for excuse, number in islice(excuses.values(), CHECKS_SHOWN):
            risk = f", risk {excuse.risk}" if excuse.risk else ""
            words = f"{excuse.reason} (owner {excuse.owner}, approved by {excuse.approved_by}{risk})"
            paper.say(f"{excuse.id} until {excuse.expires}, {counted(number, 'failure')}: {words}", indent=2, hang=4)
        if len(excuses) > CHECKS_SHOWN:
            paper.say(f"and {counted(len(excuses) - CHECKS_SHOWN, 'more exception')}, see --format json", indent=2)
    if view.invalid_exceptions:
        paper.title(f"exceptions that do not count ({len(view.invalid_exceptions)})")
        for text in view.invalid_exceptions[:CHECKS_SHOWN]:
            paper.say(text, indent=2, hang=4)
        if len(view.invalid_exceptions) > CHECKS_SHOWN:
            paper.say(
                f"and {counted(len(view.invalid_exceptions) - CHECKS_SHOWN, 'more exception')}, see --format json", indent=2
            )
