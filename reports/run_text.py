"""The run for a person at a terminal: page one says what was found, what could not be judged, and what to do about it.

- First the outcome in one line and what the exit code means, then what could not be read and which permission is missing.
- Long lists end in "and N more"; the whole is in `--format json`.
- It claims no more than was seen: "no gap observed", never "compliant".
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from evidence_store.records import Severity, Status
from reports.hostile import one_line
from reports.sentences import counts, coverage, gate_words, outcome, remedy
from reports.summary import CheckResult, Summary, Undecided, Unseen, summarise
from reports.terminal import Column, Paper, Row, counted, listed
from reports.view import ControlLine, CoverageRow, RunView, to_the_minute

SEVERITY_STYLES = {Severity.CRITICAL: "magenta", Severity.HIGH: "red", Severity.MEDIUM: "yellow", Severity.LOW: "dim"}
ASSESSMENT_STYLES = {"gap": "red", "unknown": "yellow", "stale": "yellow", "partial": "yellow", "supported": "green"}
THEMES = {
    "organizational": "A.5 organizational",
    "people": "A.6 people",
    "physical": "A.7 physical",
    "technological": "A.8 technological",
    "clause": "clauses 4 to 10",
}
REASONS_SHOWN = 8
CHECKS_SHOWN = 12
UNDECIDED_SHOWN = 6
REASON_LIMIT = 400  # characters of one reason
_EXITS = {
    0: "everything in scope was read, or an exception covers what was not, and the gate (if any) passed",
    1: "the gate failed: there are findings at or above its severity that no exception or baseline admits",
    3: "incomplete: something in scope could not be read and no exception covers it, so nothing is claimed of it",
    4: "the evidence is contradicted",
    130: "interrupted",
    143: "interrupted",
}


def write(view: RunView, out: TextIO, *, colour: bool | None = None) -> None:
    paper = Paper(out, colour=colour)
    summary = summarise(view)
    _head(paper, view)
    _outcome(paper, view, summary)
    _targets(paper, view, summary)
    say_unseen(paper, summary.unseen)
    _worst(paper, summary, view.invalid_exceptions)
    say_undecided(paper, summary.undecided)
    _controls(paper, view.controls)
    _seal(paper, view)


def _head(paper: Paper, view: RunView) -> None:
    seconds = (view.finished - view.started).total_seconds()
    took = f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    words = f"run {view.id}, started {to_the_minute(view.started)}, took {took}"
    paper.say(words, lead=(f"Annexa {one_line(view.version)}  ", "bold"), hang=0)
    if view.planned:
        paper.say(view.planned)
    if view.unanswerable:
        kinds = listed(sorted({definition.type.partition(".")[0] for definition in view.unanswerable}), 4)
        paper.say(
            f"Not asked: {counted(len(view.unanswerable), 'check')} ({kinds}) for which no target is configured or chosen."
        )
    if view.unconfigured:
        paper.say(f"In the ISMS scope, and read by no target: {listed(view.unconfigured, 8)}.", style="yellow")


def _outcome(paper: Paper, view: RunView, summary: Summary) -> None:
    paper.title("outcome")
    paper.say(outcome(summary), indent=2, style=SEVERITY_STYLES.get(summary.worst, "") if summary.worst else "")
    paper.say(counts(summary), indent=2)
    if summary.unknown:
        paper.say(f"{counted(summary.unknown, 'answer')} unknown: not seen is not a pass.", indent=2, style="yellow")
    if view.gate:
        paper.say(gate_words(view.gate), indent=2, style="" if view.gate.passed else "red")
    paper.say(coverage(view.coverage), indent=2)
    code = view.exit_code if view.exit_code is not None else 0 if view.complete else 3
    paper.say(f"Exit {code}: {_EXITS.get(code, 'see the message on standard error')}.", indent=2)


def _targets(paper: Paper, view: RunView, summary: Summary) -> None:
    """Where there are several: how each was read, and how its answers fell."""
    if len(view.targets) < 2:
        return
    paper.title("targets")
    layout = (
        Column("target", 32),
        Column("places", 6, right=True),
        Column("pass", 8, right=True),
        Column("fail", 8, right=True),
        Column("unknown", 8, right=True),
        Column("listings read", 20),
    )
    paper.table(layout, (_target(name, view.coverage, summary.targets.get(name, {})) for name in view.targets))


def _target(name: str, rows: Sequence[CoverageRow], answers: Mapping[Status, int]) -> Row:
    own = [row for row in rows if row.target == name]
    whole = sum(row.is_whole for row in own)
    unknown = answers.get(Status.UNKNOWN, 0) + answers.get(Status.ERROR, 0)
    figures = (len({row.scope for row in own}), answers.get(Status.PASS, 0), answers.get(Status.FAIL, 0), unknown)
    read = (f"{whole:,} of {len(own):,}", "" if whole == len(own) else "yellow")
    return (name, *(f"{figure:,}" for figure in figures), read)


def say_unseen(paper: Paper, unseen: Sequence[Unseen]) -> None:
    """Each reason once: where, what it leaves unknown, what to do about it."""
    if not unseen:
        return
    paper.title(f"could not be read ({counted(len(unseen), 'reason')})")
    for reason in unseen[:REASONS_SHOWN]:
        paper.say(reason.text, indent=2, hang=4, style="yellow")
        where = listed(reason.places, 3)
        touched = (
            f"{counted(reason.findings, 'answer')} of {counted(len(reason.checks), 'check')}" if reason.checks else "no answer"
        )
        which = f" ({listed(reason.checks, 2)})" if reason.checks else ""
        paper.say(f"in {where}; leaves {touched} unknown{which}", indent=4)
        if reason.excuse:
            words = f"accepted until {reason.excuse.expires}: {reason.excuse.id}, approved by {reason.excuse.approved_by}"
            paper.say(words, indent=4)
        else:
            paper.say(f"to do: {remedy(reason)}", indent=4)
    _more(paper, len(unseen) - REASONS_SHOWN, "reason")


def _worst(paper: Paper, summary: Summary, invalid: Sequence[str]) -> None:
    failing = [result for result in summary.checks if result.open]
    if failing:
        paper.title(f"worst findings ({counted(len(failing), 'check')})")
        for result in failing[:CHECKS_SHOWN]:
            _failing(paper, result)
        _more(paper, len(failing) - CHECKS_SHOWN, "check")
    _accepted(paper, summary, invalid)


def _accepted(paper: Paper, summary: Summary, invalid: Sequence[str]) -> None:
    accepted = [result for result in summary.checks if result.excepted]
    if accepted:
        paper.title("accepted by exception")
        for result in accepted[:CHECKS_SHOWN]:
            ids = listed([f"{e.id} until {e.expires}" for e in result.excuses], 3)
            paper.say(f"{result.definition.id}: {counted(result.excepted, 'failure')}, {ids}", indent=2, hang=4)
        _more(paper, len(accepted) - CHECKS_SHOWN, "check")
    if invalid:
        paper.title(f"exceptions that do not count ({len(invalid)})")
        for text in invalid[:REASONS_SHOWN]:
            paper.say(text, indent=2, hang=4)
        _more(paper, len(invalid) - REASONS_SHOWN, "exception")


def _failing(paper: Paper, result: CheckResult) -> None:
    definition = result.definition
    judged = sum(result.counts.values())
    severity = (f"{definition.severity:<9}", SEVERITY_STYLES[definition.severity])
    known = f" ({result.known:,} known by the baseline)" if result.known else ""
    paper.say(f"{definition.title}: {result.open:,} of {judged:,}{known}", indent=2, lead=severity)
    controls = f"  ({', '.join(definition.controls)})" if definition.controls else ""
    paper.say(f"{definition.id}{controls}", indent=11, style="dim")
    for found in result.worst_open:
        since = f", since {to_the_minute(found.since)[:10]}" if found.since else ""
        lapsed = f"; {one_line(found.lapsed, REASON_LIMIT)} has run out" if found.lapsed else ""
        paper.say(f"- {one_line(found.reason, REASON_LIMIT)}{since}{lapsed}", indent=11, hang=13)
    more = result.open - len(result.worst_open)
    if more:
        paper.say(f"and {more:,} more, see --format json", indent=11)
    if definition.fix:
        paper.say(f"fix: {definition.fix}", indent=11, hang=16)


def say_undecided(paper: Paper, undecided: Sequence[Undecided]) -> None:
    """The checks that read all they asked for and still do not know."""
    if not undecided:
        return
    paper.title(f"read, and still not known ({counted(len(undecided), 'check')})")
    for entry in undecided[:UNDECIDED_SHOWN]:
        ours = f", {counted(entry.errors, 'error')} of ours: please report" if entry.errors else ""
        paper.say(f"{entry.check}: {counted(entry.findings, 'answer')}{ours}", indent=2)
        for example in entry.examples[:2]:
            paper.say(f"- {one_line(example, REASON_LIMIT)}", indent=4, hang=6)
    _more(paper, len(undecided) - UNDECIDED_SHOWN, "check")


def _controls(paper: Paper, controls: Sequence[ControlLine]) -> None:
    if not controls:
        return
    paper.title("controls")
    layout = (
        Column("control", 8),
        Column("status", 10),
        Column("title", 34),
        Column("pass", 6, right=True),
        Column("fail", 5, right=True),
        Column("unkn.", 5, right=True),
        Column("missing", 16),
    )
    paper.table(layout, ())
    for theme, heading in THEMES.items():
        of_theme = [control for control in controls if control.theme == theme]
        if of_theme:
            paper.say(f"{heading}: {_tally(of_theme)}", indent=2, hang=4, style="bold")
            paper.table(layout, _rows([control for control in of_theme if control.has_evidence]), titles=False)
    if any(control.excepted for control in controls):
        paper.say("fail: open + accepted by exception", indent=2, style="dim")
    waiting = [control for control in controls if control.has_checks and not control.has_evidence]
    without = [control for control in controls if not control.has_checks]
    _bare(paper, f"No evidence yet for {counted(len(waiting), 'control')} with checks", waiting)
    _bare(paper, f"No primary check of Annexa speaks to {counted(len(without), 'control')}", without)


def _bare(paper: Paper, why: str, controls: Sequence[ControlLine]) -> None:
    """Controls without evidence: every id, by assessment."""
    if not controls:
        return
    paper.say(f"{why}:", indent=2)
    for assessment, number in Counter(control.assessment for control in controls).most_common():
        ids = ", ".join(control.id for control in controls if control.assessment == assessment)
        paper.say(ids, indent=4, hang=6, lead=(f"{assessment} ({number}): ", ASSESSMENT_STYLES.get(assessment, "")))


def _tally(controls: Sequence[ControlLine]) -> str:
    tally = Counter(control.assessment for control in controls)
    return ", ".join(f"{number} {status}" for status, number in tally.most_common())


def _rows(controls: Sequence[ControlLine]) -> Iterator[Sequence[tuple[str, str] | str]]:
    for control in controls:
        failed = f"{control.failed - control.excepted}+{control.excepted}" if control.excepted else str(control.failed)
        status = (control.assessment, ASSESSMENT_STYLES.get(control.assessment, ""))
        figures = (str(control.passed), failed, str(control.unknown))
        yield (control.id, status, control.title, *figures, ", ".join(control.missing))


def _seal(paper: Paper, view: RunView) -> None:
    tree = view.checkpoint
    paper.title("evidence")
    paper.say(f"sealed as {tree.origin}, size {tree.size:,}, root {tree.root}", indent=2, hang=4)
    paper.say("Keep this line, or the checkpoint file: `scanner evidence verify` holds the store against it.", indent=2)


def _more(paper: Paper, number: int, what: str) -> None:
    if number > 0:
        paper.say(f"and {counted(number, f'more {what}')}, see --format json", indent=2)
