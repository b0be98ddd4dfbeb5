"""The run as Markdown, for a pull request or the summary page of a job: the verdict first, and never more than fits there.

- The verdict of the gate and whether all was read stand in the heading; then figures, the worst findings, what to do.
- Its size is bounded whatever the estate's: a page of GitHub takes 1 MiB. Lists end in "and N more".
- Names and reasons come from the estate: none of them becomes a link, a mention, a tag or a heading.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TextIO

from evidence_store.records import Severity
from reports.hostile import code, markdown, prose
from reports.sentences import counts, coverage, gate_words, outcome, remedy
from reports.summary import CheckResult, Summary, Undecided, Unseen, summarise
from reports.terminal import counted
from reports.view import ControlLine, Reported, RunView, to_the_minute
from reports.words import CLAIM

CHECKS_SHOWN = 20
REASONS_SHOWN = 10
NAMES_SHOWN = 3
REASON_LIMIT, NAME_LIMIT = 300, 200  # characters
ASSESSMENTS = ("gap", "unknown", "stale", "partial", "accepted", "inherited", "supported")


def write(view: RunView, out: TextIO) -> None:
    summary = summarise(view)
    for part in (
        _verdict(view, summary),
        _figures(view, summary),
        _worst(summary.checks),
        _unseen(summary.unseen),
        _undecided(summary.undecided),
        _accepted(summary.checks, view.invalid_exceptions),
        _controls(view.controls),
        _evidence(view),
    ):
        out.writelines(f"{line}\n" for line in part)


def _verdict(view: RunView, summary: Summary) -> Iterator[str]:
    if view.gate and view.gate.fail_on:
        said = "gate passed" if view.gate.passed else "gate failed"
    elif summary.open:
        said = f"{counted(summary.open, 'gap')} observed"
    else:
        said = "no gap observed" if any(summary.counts.values()) else "nothing was judged"
    yield f"## Annexa: {said}{'' if view.complete else ', incomplete'}"
    yield ""
    yield markdown(outcome(summary))
    yield ""
    if view.gate:
        yield f"**{gate_words(view.gate)}**"
        yield ""
    if not view.complete:
        blind = [unseen for unseen in summary.unseen if unseen.excuse is None]
        why = f": {counted(len(blind), 'reason')}, listed below" if blind else ""
        yield f"**Incomplete:** something in scope could not be read, so nothing is claimed of it{why}."
        yield ""
    if view.unconfigured:
        yield f"In the ISMS scope, and read by no target: {_names(view.unconfigured)}."
        yield ""


def _figures(view: RunView, summary: Summary) -> Iterator[str]:
    columns = {"failing": summary.open_by_severity, "accepted by exception": summary.excepted_by_severity}
    if view.gate and view.gate.baseline is not None:
        new = {s: number - summary.known_by_severity.get(s, 0) for s, number in summary.open_by_severity.items()}
        columns = {"new": new, "known by the baseline": summary.known_by_severity, **columns}
        del columns["failing"]
    yield f"| severity | {' | '.join(columns)} |"
    yield f"| --- |{' ---: |' * len(columns)}"
    for severity in reversed(Severity):
        yield f"| {severity} | {' | '.join(f'{numbers.get(severity, 0):,}' for numbers in columns.values())} |"
    yield ""
    yield counts(summary)
    yield ""
    unknown = f" {counted(summary.unknown, 'answer')} unknown: not seen is not a pass." if summary.unknown else ""
    yield f"{markdown(coverage(view.coverage))}{unknown}"
    yield ""


def _worst(checks: Sequence[CheckResult]) -> Iterator[str]:
    failing = [result for result in checks if result.open]
    if not failing:
        return
    yield f"### Worst findings ({counted(len(failing), 'check')})"
    yield ""
    for result in failing[:CHECKS_SHOWN]:
        definition = result.definition
        known = f" ({result.known:,} known by the baseline)" if result.known else ""
        figures = f"{result.open:,} of {sum(result.counts.values()):,}{known}"
        about = ", ".join([code(definition.id, NAME_LIMIT), *definition.controls])
        yield f"**{definition.severity}** · {prose(definition.title[:REASON_LIMIT])}: {figures} ({about})"
        yield ""
        yield from map(_finding, result.worst_open)
        if result.open > len(result.worst_open):
            yield f"- and {result.open - len(result.worst_open):,} more"
        yield ""
        if definition.fix:
            yield f"Fix: {prose(definition.fix[: 2 * REASON_LIMIT])}"
            yield ""
    yield from _more(len(failing) - CHECKS_SHOWN, "check")
    yield ""


def _finding(found: Reported) -> str:
    notes = [code(found.uid, NAME_LIMIT)]
    if found.since:
        notes.append(f"since {to_the_minute(found.since)[:10]}")
    if not found.is_new:
        notes.append("known")
    if found.lapsed:
        notes.append(f"{code(found.lapsed, NAME_LIMIT)} has run out")
    return f"- {markdown(found.reason, REASON_LIMIT)} ({', '.join(notes)})"


def _unseen(unseen: Sequence[Unseen]) -> Iterator[str]:
    if not unseen:
        return
    yield f"### Could not be read ({counted(len(unseen), 'reason')})"
    yield ""
    for reason in unseen[:REASONS_SHOWN]:
        touched = f"{counted(reason.findings, 'answer')} of {counted(len(reason.checks), 'check')}"
        leaves = f"leaves {touched} unknown" if reason.checks else "no answer depends on it"
        excuse = reason.excuse
        todo = (
            f"accepted until {markdown(excuse.expires, NAME_LIMIT)} by {code(excuse.id, NAME_LIMIT)}"
            if excuse
            else f"to do: {markdown(remedy(reason), REASON_LIMIT)}"
        )
        yield f"- {markdown(reason.text, REASON_LIMIT)}, in {_names(reason.places)}; {leaves}; {todo}"
    yield from _more(len(unseen) - REASONS_SHOWN, "reason", "- ")
    yield ""


def _undecided(undecided: Sequence[Undecided]) -> Iterator[str]:
    if not undecided:
        return
    yield f"### Read, and still not known ({counted(len(undecided), 'check')})"
    yield ""
    for entry in undecided[:REASONS_SHOWN]:
        ours = f", {counted(entry.errors, 'error')} of ours: please report" if entry.errors else ""
        example = markdown(entry.examples[0], REASON_LIMIT) if entry.examples else ""
        yield f"- {code(entry.check)}: {counted(entry.findings, 'answer')}{ours}. {example}".rstrip()
    yield from _more(len(undecided) - REASONS_SHOWN, "check", "- ")
    yield ""


def _accepted(checks: Sequence[CheckResult], invalid: Sequence[str]) -> Iterator[str]:
    accepted = [result for result in checks if result.excepted]
    if accepted:
        yield f"### Accepted by exception ({counted(len(accepted), 'check')})"
        yield ""
        for result in accepted[:REASONS_SHOWN]:
            until = [f"{code(e.id, NAME_LIMIT)} until {markdown(e.expires, NAME_LIMIT)}" for e in result.excuses[:NAMES_SHOWN]]
            yield f"- {code(result.definition.id)}: {counted(result.excepted, 'failure')}, {', '.join(until)}"
        yield from _more(len(accepted) - REASONS_SHOWN, "check", "- ")
        yield ""
    if invalid:
        yield f"### Exceptions that do not count ({len(invalid)})"
        yield ""
        yield from (f"- {markdown(text, REASON_LIMIT)}" for text in invalid[:REASONS_SHOWN])
        yield from _more(len(invalid) - REASONS_SHOWN, "exception", "- ")
        yield ""


def _controls(controls: Sequence[ControlLine]) -> Iterator[str]:
    judged = [control for control in controls if control.has_evidence]
    if not judged:
        return
    yield "### Controls with evidence"
    yield ""
    tally = Counter(control.assessment for control in judged)
    for assessment in [a for a in ASSESSMENTS if tally[a]]:
        ids = ", ".join(control.id for control in judged if control.assessment == assessment)
        yield f"- **{assessment}** ({tally[assessment]}): {ids}"
    if without := len(controls) - len(judged):
        yield f"- {counted(without, 'control')} without evidence"
    yield ""


def _evidence(view: RunView) -> Iterator[str]:
    tree = view.checkpoint
    yield "### Evidence"
    yield ""
    ended = to_the_minute(view.finished)
    yield f"Run {code(view.id)} of Annexa {markdown(view.version)}, ended {ended}. {markdown(view.planned)}."
    yield ""
    yield f"Sealed as {code(tree.origin)}, size {tree.size:,}, root {code(tree.root)}."
    yield ""
    yield CLAIM


def _names(names: Sequence[str]) -> str:
    """`a`, `b` and 12 more."""
    shown = ", ".join(code(name, NAME_LIMIT) for name in names[:NAMES_SHOWN])
    return f"{shown} and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else shown


def _more(number: int, what: str, lead: str = "") -> Iterator[str]:
    if number > 0:
        yield f"{lead}and {counted(number, f'more {what}')}: see the JSON report"
