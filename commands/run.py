"""`scanner run`: collect, judge, keep evidence, report; and the gate."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from commands import version
from commands.failures import UsageError
from commands.opening import Known, known, now, origin, output_path
from commands.progress import Meter
from configuration import Configuration
from evidence_store import keys
from evidence_store.database import Store, open_store
from evidence_store.records import Severity
from pipeline.run import Environment, Outcome, run
from pipeline.selection import Selection, Wanted, select
from pipeline.targets import require_extras
from reports import run_brief, run_csv, run_json, run_junit, run_markdown, run_sarif, run_text
from reports.gate import Baseline, BaselineError, held, read_baseline
from reports.reading import run_view
from reports.view import RunView
from scanner import DONE, FORMATS, GATE_FAILED, INCOMPLETE

Write = Callable[[RunView, TextIO], None]
WRITERS: Mapping[str, Write] = {
    "text": run_text.write,
    "json": run_json.write,
    "csv": run_csv.write,
    "sarif": run_sarif.write,
    "junit": run_junit.write,
    "markdown": run_markdown.write,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the reports go."""

    printed: str | None  # the format of what goes to standard output
    files: tuple[tuple[str, Path], ...]  # format and file


def command(given: Namespace) -> int:
    """Plan, run, report, and say by the exit code whether the gate passed and all was read."""
    able = known(given)
    wanted = Wanted(tuple(given.control), tuple(given.check), tuple(given.target))
    selection = select(able.configuration, wanted, able.checks, able.catalogue, able.sources)
    require_extras(selection.targets)
    asked, baseline = _asked(given, able.configuration), _baseline(given.baseline)
    with open_store(able.configuration.store.url) as store:
        outcome = _run(given, able, selection, store)
        view = run_view(store, run_id=outcome.run)  # who waited for the store may have sealed another one by now
        view = held(view, Severity(given.fail_on) if given.fail_on else None, baseline)
        code = _code(outcome, view)
        _report(replace(view, exit_code=code), asked)
    return code


def _asked(given: Namespace, loaded: Configuration) -> Asked:
    """What is to be written where, all of it checked before anything is scanned. Raises `UsageError`."""
    files = [_named(text, loaded) for text in given.report]
    if given.output:
        files.append((given.format or "text", output_path(given.output, loaded)))
    paths = [path.resolve() for _, path in files if path.is_file() or not path.exists()]
    if twice := sorted({str(path) for path in paths if paths.count(path) > 1}):
        raise UsageError(f"two reports go to {twice[0]}; give each a file of its own")
    quiet = given.output or (given.quiet and given.format is None)
    return Asked(None if quiet else given.format or "text", tuple(files))


def _named(text: str, loaded: Configuration) -> tuple[str, Path]:
    """`--report FORMAT=FILE`."""
    format_, separator, file = text.partition("=")
    if not separator or not file or format_ not in FORMATS:
        raise UsageError(f"--report {text}: write FORMAT=FILE with one of {', '.join(FORMATS)}, as sarif=annexa.sarif")
    return format_, output_path(file, loaded, "--report")


def _report(view: RunView, asked: Asked) -> None:
    """Write every report, even where one of them cannot be. Raises `UsageError` for those that could not."""
    failed: list[str] = []
    for format_, path in asked.files:
        try:
            with path.open("w", encoding="utf-8", newline="") as file:
                WRITERS[format_](view, file)
        except OSError as error:
            failed.append(f"{path}: {error.strerror}")
    if asked.printed:
        WRITERS[asked.printed](view, sys.stdout)
    else:
        run_brief.write(view, sys.stderr)
    if failed:
        raise UsageError(f"the run is sealed, and a report of it could not be written: {'; '.join(failed)}")


def _run(given: Namespace, able: Known, selection: Selection, store: Store) -> Outcome:
    meter = Meter(targets=[target.name for target in selection.targets], quiet=given.quiet or given.debug)
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


def _code(outcome: Outcome, view: RunView) -> int:
    """1 before 3."""
    if view.gate and not view.gate.passed:
        return GATE_FAILED
    return DONE if outcome.complete else INCOMPLETE


def _baseline(path: str | None) -> Baseline | None:
    try:
        return read_baseline(path) if path else None
    except BaselineError as error:
        raise UsageError(str(error)) from None
