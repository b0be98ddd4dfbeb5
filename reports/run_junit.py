"""The run as JUnit XML, so that a build server shows it: a suite for each check, a case for each resource.

- A failure is `failure`. What is unknown is `error`: a build must not show as good what nobody could look at.
- An excepted failure is `skipped` with the exception's words; so is one that the baseline knows, and what does not apply.
- Written suite by suite; the findings come in the order of their checks. Each is asked for twice: the counts of a suite
  stand before its cases.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from typing import TextIO
from xml.sax.saxutils import quoteattr

from junitparser import Error, Failure, Skipped, TestCase

from evidence_store.records import Status
from reports.hostile import one_line
from reports.view import Reported, RunView, stamp

REASON_LIMIT = 4_000


def write(view: RunView, out: TextIO) -> None:
    suites = _counts(view.findings)
    total = sum((counts for counts in suites.values()), Counter[str]())
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(f"<testsuites {_attributes('annexa', total)}>\n")
    for check, findings in groupby(view.findings, key=lambda found: found.check):
        counts = suites.pop(check, None)
        if counts is None:
            raise ValueError(f"findings are not in the order of their checks: {check} came twice")
        when = quoteattr((stamp(view.started) or "").removesuffix("Z")[:19])
        out.write(f"<testsuite {_attributes(check, counts)} timestamp={when}>\n")
        out.writelines(f"{_xml(_case(found, view))}\n" for found in findings)
        out.write("</testsuite>\n")
    out.write("</testsuites>\n")


def _counts(findings: Iterable[Reported]) -> dict[str, Counter[str]]:
    """By check, how many cases of each kind its suite has."""
    suites: dict[str, Counter[str]] = {}
    for found in findings:
        counts = suites.setdefault(found.check, Counter())
        counts["tests"] += 1
        counts[_kind(found)] += 1
    return suites


def _kind(found: Reported) -> str:
    match found.status:
        case Status.PASS:
            return "passed"
        case Status.FAIL:
            return "failures" if found.is_new else "skipped"
        case Status.NOT_APPLICABLE:
            return "skipped"
    return "errors"


def _attributes(name: str, counts: Counter[str]) -> str:
    numbers = " ".join(f'{key}="{counts[key]}"' for key in ("tests", "failures", "errors", "skipped"))
    return f'name={quoteattr(one_line(name))} {numbers} time="0"'


def _case(found: Reported, view: RunView) -> TestCase:
    case = TestCase(name=one_line(found.uid, REASON_LIMIT), classname=one_line(found.check), time=0)
    message = one_line(found.reason, REASON_LIMIT)
    match _kind(found):
        case "failures":
            case.result = [_described(Failure(message, str(found.severity)), found, view)]
        case "errors":
            case.result = [_described(Error(f"not known: {message}", str(found.status)), found, view)]
        case "skipped" if found.exception:
            excuse = found.exception
            words = f"accepted until {excuse.expires} by {excuse.approved_by} ({excuse.id}): {found.reason}"
            case.result = [Skipped(one_line(words, REASON_LIMIT), "exception")]
        case "skipped" if found.status is Status.FAIL:
            case.result = [Skipped(one_line(f"known by the baseline: {found.reason}", REASON_LIMIT), "baseline")]
        case "skipped":
            case.result = [Skipped(message, "not_applicable")]
    return case


def _xml(case: TestCase) -> str:
    written: bytes = case.tostring()  # type: ignore[no-untyped-call]  # junitparser types this one method not
    return written.decode()


def _described(result: Failure | Error, found: Reported, view: RunView) -> Failure | Error:
    """What to know of the case beyond its message: where, since when, for which controls, and the remedy."""
    definition = view.definitions.get(found.check)
    lines = [
        found.reason,
        f"resource: {found.uid} ({found.type}) in {found.scope}",
        f"controls: {', '.join(found.controls) or 'none'}",
        f"since: {stamp(found.since) or 'not known'}",
    ]
    if found.lapsed:
        lines.append(f"exception: {found.lapsed} has run out")
    if definition and definition.fix and found.status is Status.FAIL:
        lines.append(f"fix: {definition.fix}")
    result.text = "\n".join(one_line(line, REASON_LIMIT) for line in lines)
    return result
