"""The gate of a run: what fails it, and what a baseline admits.

- It fails when a finding as bad as asked for, or worse, has failed, no exception that counts covers it, and no baseline
  knows it.
- A baseline is an earlier JSON report. It knows what failed there openly: the same check about the same resource, at this
  severity or a worse one. A new version of the check, or another wording, changes nothing.
- What was under an exception in the baseline is not known: the exception admits it, for as long as it counts. Once an
  exception has run out, what it covered fails again, whatever the baseline.
- What is unknown neither fails nor passes the gate. What could not be read, or not be judged for a bug of ours, makes the run
  incomplete; facts that were read and do not allow an answer are counted, and no more.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from evidence_store.records import Json, Severity, Status
from reports.run_json import SCHEMA
from reports.view import Gate, Reported, RunView, Standing, Stream

Key: TypeAlias = tuple[str, str]  # check, resource
_HOW = "write one with `scanner run --format json --output FILE`"


class BaselineError(ValueError):
    """A baseline that cannot be used: which file, what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Before:
    """A finding as the baseline has it."""

    status: Status
    severity: Severity
    excepted: bool
    target: str | None

    @property
    def is_open(self) -> bool:
        return self.status is Status.FAIL and not self.excepted


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was already known when an earlier report was written: its findings that failed or were unknown."""

    run: str  # empty where the report does not say
    findings: Mapping[Key, Before]

    def standing(self, found: Reported) -> Standing | None:
        """How a finding stands to it; `None` for what passed or does not apply."""
        if found.status in (Status.PASS, Status.NOT_APPLICABLE):
            return None
        before = self.findings.get((found.check, found.uid))
        if before is None:
            return Standing.NEW
        same = before.status is found.status and before.excepted == (found.exception is not None)
        worse = found.status is Status.FAIL and found.severity.rank > before.severity.rank
        return Standing.UNCHANGED if same and not worse and not found.lapsed else Standing.UPDATED


def read_baseline(path: str) -> Baseline:
    """The baseline in a file. Raises `BaselineError`."""
    try:
        report = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BaselineError(f"--baseline {path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise BaselineError(f"--baseline {path}: not a JSON report; {_HOW}") from None
    if isinstance(report, dict) and "runs" in report:
        raise BaselineError(f"--baseline {path}: a SARIF report; a baseline is a JSON report: {_HOW}")
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        schema = report.get("schema") if isinstance(report, dict) else None
        raise BaselineError(f"--baseline {path}: schema {schema!r}; expected {SCHEMA}: {_HOW}")
    try:
        return Baseline(report.get("run", {}).get("id") or "", dict(_known(report["findings"])))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BaselineError(f"--baseline {path}: not a whole JSON report ({error}); {_HOW}") from None


def _known(findings: Json) -> Iterator[tuple[Key, Before]]:
    for entry in findings:
        status = Status(entry["status"])
        if status not in (Status.PASS, Status.NOT_APPLICABLE):
            resource = entry["resource"]
            before = Before(status, Severity(entry["severity"]), bool(entry.get("exception")), resource.get("target"))
            yield (str(entry["check"]), str(resource["id"])), before


def held(view: RunView, fail_on: Severity | None, baseline: Baseline | None) -> RunView:
    """The view with the gate's verdict, and its findings as they stand to the baseline. Reads the findings once."""
    if fail_on is None and baseline is None:
        return view
    if baseline is not None:
        view = replace(view, findings=_marked(view.findings, baseline))
    failing, known = Counter[Severity](), 0
    still = set[Key]()
    for found in view.findings:
        known += found.is_open and not found.is_new
        if fail_on and found.is_new and found.severity.rank >= fail_on.rank:
            failing[found.severity] += 1
        if baseline is not None and found.status not in (Status.PASS, Status.NOT_APPLICABLE):
            still.add((found.check, found.uid))
    gone = _gone(view, baseline, still) if baseline else 0
    return replace(view, gate=Gate(fail_on, failing, known, gone, baseline.run if baseline else None))


def _marked(findings: Iterable[Reported], baseline: Baseline) -> Stream:
    return Stream(lambda: (replace(found, standing=baseline.standing(found)) for found in findings))


def _gone(view: RunView, baseline: Baseline, still: set[Key]) -> int:
    """How many failures of the baseline are no longer there.

    Of a run that did not read all, nothing is said to be gone; nor of a check or a target that it did not ask.
    """
    asked = (
        (check, uid)
        for (check, uid), before in baseline.findings.items()
        if before.is_open and check in view.definitions and before.target in view.targets
    )
    return sum(key not in still for key in asked) if view.complete else 0
