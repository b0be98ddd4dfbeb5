"""The run as SARIF 2.1.0 (OASIS), for code scanning views and gates.

- Results: what failed (`fail`, the level from the severity), what failed under an exception (`fail`, suppressed as accepted),
  and what could not be judged (`open`, §3.27.9: not enough information to decide). What passed is not a result.
- What could not be read is a notification of the invocation (§3.20.21), once for each reason.
- A fingerprint is of the check and the resource: it is the same in every run (§3.27.17).
- Controls are a taxonomy; rules point to them (§3.19.24).
- A resource is a logical location. Viewers that know only files get a relative URI made of its type and uid.
- GitHub refuses a run of more than 25,000 results: beyond that the least telling are left out, and a notification says so.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TextIO
from urllib.parse import quote

from evidence_store.records import Json, Severity, Status
from reports.run_json import write_list
from reports.summary import Summary, Unseen, summarise
from reports.view import Definition, Reported, RunView, stamp

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
TAXONOMY = "ISO/IEC 27001:2022"
LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
# GitHub orders alerts by this property of a rule; the numbers lie within the bands that it documents.
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
# What GitHub takes of one run, and of one rule.
RESULTS, TAGS = 25_000, 20
_SEMANTIC = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")


def write(view: RunView, out: TextIO) -> None:
    summary = summarise(view)
    room = _Room(summary)
    rules = {check: index for index, check in enumerate(view.definitions)}
    invocation = _invocation(view, summary, room.left_out)
    head = {"tool": {"driver": _driver(view)}, "taxonomies": [_taxonomy(view)], "invocations": [invocation]}
    head |= {"automationDetails": {"id": _automation(view)}, "columnKind": "unicodeCodePoints"}
    out.write(f'{{"$schema": {json.dumps(SCHEMA)}, "version": "2.1.0", "runs": [{json.dumps(head)[:-1]},\n')
    write_list(out, "results", _results(view, rules, room))
    out.write("}]}\n")


class _Room:
    """How many results of each rank there is room for: new failures first, the worst of them foremost."""

    def __init__(self, summary: Summary) -> None:
        worst_first = list(reversed(Severity))
        ranks = [summary.open_by_severity.get(s, 0) - summary.known_by_severity.get(s, 0) for s in worst_first]
        ranks += [summary.known_by_severity.get(s, 0) for s in worst_first]
        ranks += [summary.unknown, summary.excepted]
        self.left_out = max(0, sum(ranks) - RESULTS)
        self._room: Counter[int] = Counter()
        left = RESULTS
        for rank, number in enumerate(ranks):
            self._room[rank] = min(number, left)
            left -= self._room[rank]

    def take(self, found: Reported) -> bool:
        """Whether this result is written."""
        rank = self._rank(found)
        self._room[rank] -= 1
        return self._room[rank] >= 0

    @staticmethod
    def _rank(found: Reported) -> int:
        if found.status is not Status.FAIL:
            return 8
        if found.exception:
            return 9
        return len(Severity) - 1 - found.severity.rank + (0 if found.is_new else len(Severity))


def _driver(view: RunView) -> Json:
    version = {"version": view.version} if view.version else {}
    return {
        "name": "Annexa",
        **version,
        **({"semanticVersion": view.version} if _SEMANTIC.fullmatch(view.version) else {}),
        "rules": [_rule(definition) for definition in view.definitions.values()],
        "notifications": [
            {"id": "unread", "shortDescription": {"text": "Something in scope could not be read"}},
            {"id": "left-out", "shortDescription": {"text": "There were more results than a viewer takes"}},
        ],
        "supportedTaxonomies": [{"name": TAXONOMY}],
    }


def _rule(definition: Definition) -> Json:
    parameters = [f"Parameter `{name}`: {value}" for name, value in sorted(definition.parameters.items())]
    fix = f"What to do: {definition.fix}" if definition.fix else ""
    text = "\n\n".join(part for part in (definition.rationale or definition.title, fix, *parameters) if part)
    return {
        "id": definition.id,
        "name": "".join(part.capitalize() for part in definition.id.split("_")),
        "shortDescription": {"text": _message(definition.title)},
        "fullDescription": {"text": _message(definition.rationale or definition.title)},
        "help": {"text": _message(text), "markdown": text},
        "defaultConfiguration": {"level": LEVELS[definition.severity]},
        "relationships": [
            {"target": {"id": control, "toolComponent": {"name": TAXONOMY}}, "kinds": ["relevant"]}
            for control in definition.controls
        ],
        "properties": {
            "tags": ["security", *definition.controls][:TAGS],
            "security-severity": _SCORES[definition.severity],
            "severity": str(definition.severity),
            "checkVersion": definition.version,
            "resourceType": definition.type,
        },
    }


def _taxonomy(view: RunView) -> Json:
    """The controls that the rules name: ids and short titles."""
    titles = {control.id: control.title for control in view.controls}
    named = dict.fromkeys(control for definition in view.definitions.values() for control in definition.controls)
    return {
        "name": TAXONOMY,
        "organization": "ISO/IEC",
        "shortDescription": {"text": "Controls of Annex A and requirements of the clauses, by id"},
        "taxa": [
            {"id": control, **({"shortDescription": {"text": titles[control]}} if titles.get(control) else {})}
            for control in named
        ],
    }


def _automation(view: RunView) -> str:
    """A category that is the same from run to run (§3.17.3), so that a viewer sees what is new.

    A run that was narrowed is another category: what it did not ask is not fixed.
    """
    parts = ["annexa", quote("+".join(view.targets), safe="+")]
    if view.narrowed:
        names = "+".join(view.narrowed)
        parts.append(quote(names, safe="+") if len(names) <= 100 else hashlib.sha256(names.encode()).hexdigest()[:16])
    return "/".join(part for part in parts if part) + "/"


def _invocation(view: RunView, summary: Summary, left_out: int) -> Json:
    notifications = [_notification(unseen) for unseen in summary.unseen]
    if left_out:
        words = f"{left_out:,} results are left out, because a viewer takes {RESULTS:,} of a run; the JSON report has them all"
        notifications.append({"descriptor": {"id": "left-out"}, "level": "warning", "message": {"text": words}})
    return {
        "executionSuccessful": view.complete,
        "startTimeUtc": stamp(view.started),
        "endTimeUtc": stamp(view.finished),
        **({"exitCode": view.exit_code} if view.exit_code is not None else {}),
        "toolExecutionNotifications": notifications,
        "properties": {
            "runId": view.id,
            "checkpoint": view.checkpoint.document(),
            "gate": view.gate.document() if view.gate else None,
        },
    }


def _notification(unseen: Unseen) -> Json:
    return {
        "descriptor": {"id": "unread"},
        "level": "warning" if unseen.excuse else "error",
        "message": {"text": _message(f"{unseen.text}; {unseen.findings} findings are unknown for it")},
        "properties": {
            "action": unseen.action,
            "why": str(unseen.why),
            "places": list(unseen.places),
            "checks": list(unseen.checks),
            "exception": unseen.excuse.id if unseen.excuse else None,
        },
    }


def _results(view: RunView, rules: Mapping[str, int], room: _Room) -> Iterator[Json]:
    for found in view.findings:
        if found.status in (Status.FAIL, Status.UNKNOWN, Status.ERROR) and room.take(found):
            yield _result(found, rules)


def _result(found: Reported, rules: Mapping[str, int]) -> Json:
    failed = found.status is Status.FAIL
    result: dict[str, Json] = {
        "ruleId": found.check,
        "kind": "fail" if failed else "open",
        "level": LEVELS[found.severity] if failed else "none",
        "message": {"text": _message(found.reason if failed else f"Not known: {found.reason}")},
        "locations": [_location(found)],
        "partialFingerprints": {"annexaFinding/v1": fingerprint(found)},
        "properties": {
            "status": str(found.status),
            "severity": str(found.severity),
            "since": stamp(found.since),
            "target": found.target or None,
            "account": found.scope.account,
            "region": found.scope.region,
            "controls": list(found.controls),
            "lapsedException": found.lapsed or None,
        },
    }
    if found.check in rules:
        result["ruleIndex"] = rules[found.check]
    if found.standing:
        result["baselineState"] = str(found.standing)
    if failed and found.exception:
        excuse = found.exception
        words = f"{excuse.id}: {excuse.reason} (approved by {excuse.approved_by}, expires {excuse.expires})"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": words}]
    return result


def _location(found: Reported) -> Json:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": f"{quote(found.type, safe='')}/{quote(found.uid, safe='')}"},
            "region": {"startLine": 1},
        },
        "logicalLocations": [{"fullyQualifiedName": found.uid, "kind": "resource"}],
    }


def fingerprint(found: Reported) -> str:
    """What tells this finding from every other, in every run."""
    return hashlib.sha256(f"{found.check}\n{found.uid}".encode()).hexdigest()


def _message(text: str) -> str:
    """Plain text of a message: nothing in it becomes a link (§3.11.6) or a placeholder (§3.11.5)."""
    return text.replace("[", "\\[").replace("]", "\\]") if "](" in text else text
