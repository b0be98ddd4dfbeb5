"""What a run came to, in sentences that every report for people shares."""

from collections import Counter
from collections.abc import Sequence

from evidence_store.records import Severity, Status, Why
from reports.summary import Summary, Unseen
from reports.terminal import counted
from reports.view import CoverageRow, Gate

_REMEDIES = {
    Why.DENIED: "grant {action}",
    Why.THROTTLED: "ask for a higher request limit for {action}, or scan at another hour",
    Why.UNREACHABLE: "make the place reachable from here",
    Why.CREDENTIALS: "give valid credentials for the target",
    Why.UNSUPPORTED: "this place cannot answer it: read it another way, or record an exception for the blind spot",
    Why.UNEXPECTED: "the answer was not understood; run again with --debug and report it",
    Why.TIMEOUT: "run again; if it stays, report it",
    Why.VANISHED: "run again: it was deleted while being read",
    Why.NOT_COLLECTED: "configure a target that reads it",
}


def outcome(summary: Summary) -> str:
    """The run in one line."""
    total = sum(summary.counts.values())
    if not total:
        return "Nothing was judged: no selected check found a resource or a place to ask about."
    if summary.open:
        worst = [
            f"{number:,} {severity}" for severity in reversed(Severity) if (number := summary.open_by_severity.get(severity))
        ]
        return f"{counted(summary.open, 'gap')} observed in {counted(total, 'answer')}: {', '.join(worst)}."
    if summary.unknown:
        return f"No gap observed in what could be judged; {summary.unknown:,} of {counted(total, 'answer')} could not be."
    return f"No gap observed in {counted(total, 'answer')}."


def gate_words(gate: Gate) -> str:
    """What the gate came to, in one line."""
    known = f"{counted(gate.known, 'failure')} known by the baseline"
    gone = f"; {gate.gone:,} of its failures are gone: write it anew" if gate.gone else ""
    if gate.fail_on is None:
        return f"Held against the baseline: {known}{gone}."
    admitted = f"; {known}{gone}" if gate.baseline is not None else ""
    asked = f"({gate.fail_on} or worse)" if gate.fail_on is not Severity.CRITICAL else "(critical)"
    if gate.passed:
        return f"Gate {asked} passed{admitted}."
    worst_first = [f"{number:,} {s}" for s in reversed(Severity) if (number := gate.failing.get(s))]
    total = sum(gate.failing.values())
    return f"Gate {asked} failed by {counted(total, 'finding')}: {', '.join(worst_first)}{admitted}."


def counts(summary: Summary) -> str:
    parts = [
        (summary.counts.get(Status.PASS, 0), "pass"),
        (summary.open, "fail"),
        (summary.excepted, "fail under an exception"),
        (summary.counts.get(Status.UNKNOWN, 0), "unknown"),
        (summary.counts.get(Status.ERROR, 0), "error of ours"),
        (summary.counts.get(Status.NOT_APPLICABLE, 0), "not applicable"),
    ]
    always = {"pass", "fail", "unknown"}
    return " · ".join(f"{number:,} {word}" for number, word in parts if number or word in always)


def coverage(rows: Sequence[CoverageRow]) -> str:
    """How much of what was planned was read."""
    presence = Counter(row.presence for row in rows)
    places = len({row.scope for row in rows})
    parts = [f"{presence[name]:,} {name}" for name in ("complete", "partial", "failed") if presence[name]]
    unread = sum(row.unread for row in rows)
    more = f"; {counted(unread, 'part')} of resources unread" if unread else ""
    return f"{counted(len(rows), 'listing')} in {counted(places, 'place')}: {', '.join(parts) or 'none planned'}{more}."


def remedy(unseen: Unseen) -> str:
    """What to do so that it can be read."""
    if unseen.why is Why.UNEXPECTED and unseen.action.startswith("read "):
        return "mend the file where it says; `scanner doctor` names every fault"
    return _REMEDIES[unseen.why].format(action=unseen.action)
