"""`scanner run`: collect, judge, keep evidence, report; and the gate."""

import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from commands import version
from commands.failures import UsageError
from commands.opening import Known, known, now, origin, output_path
from commands.progress import Meter
from evidence_store import keys
from evidence_store.database import Store, open_store
from evidence_store.records import Severity
from pipeline.run import Environment, Outcome, run
from pipeline.selection import Selection, Wanted, select
from pipeline.targets import require_extras
from reports import run_csv, run_json, run_junit, run_sarif, run_text
from reports.reading import run_view
from reports.view import Reported, RunView
from scanner import DONE, GATE_FAILED, INCOMPLETE

_RENDERERS: dict[str, Callable[[RunView, TextIO], None]] = {
    "text": run_text.write,
    "json": run_json.write,
    "csv": run_csv.write,
    "sarif": run_sarif.write,
    "junit": run_junit.write,
}
Failure = tuple[str, str]  # check, resource


def command(given: Namespace) -> int:
    """Plan, run, report, and say by the exit code whether the gate passed and all was read."""
    able = known(given)
    wanted = Wanted(tuple(given.control), tuple(given.check), tuple(given.target))
    selection = select(able.configuration, wanted, able.checks, able.catalogue, able.sources)
    require_extras(selection.targets)
    baseline = _baseline(given.baseline)
    output = output_path(given.output) if given.output else None
    with open_store(able.configuration.store.url) as store:
        outcome = _run(given, able, selection, store)
        view = run_view(store, checks=[c.id for c in selection.checks])
        code = _code(outcome, view, given.fail_on, baseline)
        view = replace(view, exit_code=code)
        if output:
            with output.open("w", encoding="utf-8", newline="") as file:
                _RENDERERS[given.format](view, file)
        else:
            _print(_RENDERERS[given.format], view)
    return code


def _print(render: Callable[[RunView, TextIO], None], view: RunView) -> None:
    """On standard output. A reader that went away (`| head`) does not change what the gate says."""
    try:
        render(view, sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(given: Namespace, able: Known, selection: Selection, store: Store) -> Outcome:
    meter = Meter(quiet=given.quiet)
    started = now()
    environment = Environment(
        configuration=able.configuration,
        known=able.checks,
        catalogue=able.catalogue,
        sources=able.sources,
        store=store,
        keys=keys.load_or_create(able.configuration.store.key),
        clock=now,
        run_id=f"{started:%Y%m%dT%H%M%SZ}-{os.urandom(3).hex()}",
        origin=origin(),
        version=version(),
        progress=meter,
    )
    try:
        return run(environment, selection, wait=given.wait)
    finally:
        meter.end()


def _code(outcome: Outcome, view: RunView, fail_on: str | None, baseline: frozenset[Failure]) -> int:
    """1 before 3."""
    if fail_on and any(_fails(view.findings, Severity(fail_on), baseline)):
        return GATE_FAILED
    return DONE if outcome.complete else INCOMPLETE


def _fails(findings: Iterable[Reported], severity: Severity, baseline: frozenset[Failure]) -> Iterable[Reported]:
    return (f for f in findings if f.is_open and f.severity.rank >= severity.rank and (f.check, f.uid) not in baseline)


def _baseline(path: str | None) -> frozenset[Failure]:
    """What failed in an earlier JSON report. Raises `UsageError`.

    What was under an exception there is not admitted: it is the exception that admits it, for as long as it counts.
    """
    if path is None:
        return frozenset()
    try:
        report = json.loads(Path(path).read_text(encoding="utf-8"))
        if report["schema"] != "annexa.run/1":
            raise UsageError(f"--baseline {path}: schema {report['schema']!r}; expected annexa.run/1")
        return frozenset(
            (f["check"], f["resource"]["id"]) for f in report["findings"] if f["status"] == "fail" and not f.get("exception")
        )
    except OSError as error:
        raise UsageError(f"--baseline {path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"--baseline {path}: not a JSON report; write one with `scanner run --format json`") from None
