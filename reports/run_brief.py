"""What went wrong with a run, in a few lines: for a mail of cron or the log of a service. Where all is well it says nothing."""

from collections.abc import Iterator
from typing import TextIO

from reports.hostile import one_line
from reports.sentences import gate_words, remedy
from reports.summary import Summary, Unseen, summarise
from reports.terminal import counted, listed
from reports.view import RunView

SHOWN = 5
LIMIT = 320  # characters of one line
REASON_LIMIT = 160  # of one finding


def write(view: RunView, out: TextIO) -> None:
    gate_failed = view.gate is not None and not view.gate.passed
    if view.complete and not gate_failed:
        return
    summary = summarise(view)
    failures = _failures(view, summary) if gate_failed else ()
    blind = () if view.complete else _blind(view, summary)
    out.writelines(f"scanner: {one_line(line, LIMIT)}\n" for line in (*failures, *blind))
    out.write(f"scanner: run {one_line(view.id)}; `scanner gaps` shows all\n")


def _failures(view: RunView, summary: Summary) -> Iterator[str]:
    if view.gate is None or view.gate.fail_on is None:
        return
    yield gate_words(view.gate)
    least = view.gate.fail_on.rank
    worst = [found for r in summary.checks for found in r.worst_open if found.is_new and found.severity.rank >= least]
    for found in worst[:SHOWN]:
        yield f"  {found.severity} {found.check}: {one_line(found.reason, REASON_LIMIT)}"
    more = sum(view.gate.failing.values()) - len(worst[:SHOWN])
    if more > 0:
        yield f"  and {more:,} more"


def _blind(view: RunView, summary: Summary) -> Iterator[str]:
    blind = [unseen for unseen in summary.unseen if unseen.excuse is None]
    unread = f"{counted(len(blind), 'reason')}; " if blind else ""
    yield f"Incomplete: {unread}{counted(summary.unknown, 'answer')} unknown, and nothing is claimed of them."
    for unseen in blind[:SHOWN]:
        yield f"  {_told(unseen)}"
    if len(blind) > SHOWN:
        yield f"  and {counted(len(blind) - SHOWN, 'more reason')}"
    for entry in [entry for entry in summary.undecided if entry.errors][:SHOWN]:
        yield f"  {entry.check}: {counted(entry.errors, 'error')} of ours: please report"
    if view.unconfigured:
        yield f"  in the ISMS scope, and read by no target: {listed(view.unconfigured, SHOWN)}"


def _told(unseen: Unseen) -> str:
    return f"{unseen.text} in {listed(unseen.places, 2)}; to do: {remedy(unseen)}"
