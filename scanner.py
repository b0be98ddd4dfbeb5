"""The door: the command line. It parses, calls, prints and returns a code; it decides nothing.

Nothing heavy is imported here: `scanner --help` must not pay for a database or a cloud. Each command is a module of
`commands`, imported when it is asked for.
"""

import argparse
import os
import sys

TYPE_CHECKING = False  # known to type checkers; importing `typing` would cost a sixth of `--help`
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

INTERRUPTED = (130, 143)
DONE, GATE_FAILED, USAGE, INCOMPLETE, CONTRADICTED, HELD, STORE_FAILED, BUG = 0, 1, 2, 3, 4, 5, 6, 70

SEVERITIES = ("low", "medium", "high", "critical")
FORMATS = ("text", "json", "csv", "sarif", "junit", "markdown")

DESCRIPTION = """\
Annexa reads cloud accounts, clusters, hosts and ISMS records, judges what it
saw against ISO/IEC 27001:2022, and keeps evidence that an auditor can verify
without trusting it. It only reads."""

RUN_DETAIL = """\
Without --control or --check, every check of every configured target is run.
The report goes to standard output, progress to standard error. --report writes
further reports of the same run, each to a file.

In a pipeline:
  scanner run --fail-on high --report sarif=annexa.sarif
exits 1 if a finding of high or worse fails, and 3 if something could not be
read. A baseline admits what is known: keep a JSON report with
  scanner run --format json --output known.json
and name it with --baseline. What fails there does not fail the gate, unless it
has got worse since, or an exception for it has run out."""

DAEMON_DETAIL = """\
What is run and when stands in the configuration as [[schedule]]; without any,
everything is run daily at 03:00 UTC. It serves /healthz, /readyz and /metrics
on 127.0.0.1:9464 ([daemon] listen), and logs to standard error. SIGTERM or
Ctrl-C ends it with 0; the run under way is ended and made again by the next
start. SIGHUP has it read its schedules again."""

EPILOG = """\
first steps
  scanner run                  scan this machine, with a store in this directory
  scanner init                 write annexa.toml and a starter of ISMS records
  scanner run --control A.8.8  only the reads that one control needs
  scanner soa                  the Statement of Applicability, and how it stands
  scanner evidence verify      recompute every hash, signature and verdict

exit codes
  0 done, and the gate passed        4 the evidence is contradicted
  1 the gate failed                  5 another run holds the store
  2 usage or configuration           6 the store or its disk failed
  3 incomplete: something in scope   70 a bug of ours
    could not be read                130, 143 interrupted
"""


def parser(wanted: "Sequence[str] | None" = None) -> argparse.ArgumentParser:
    """The command line. Only the commands that stand among `wanted` get their arguments; without it, all do."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config", metavar="FILE", help="default: $ANNEXA_CONFIG, else annexa.toml here, else this host")
    shared.add_argument("--debug", action="store_true", help="log every read, and show the traceback of a bug")
    top = argparse.ArgumentParser(
        prog="scanner", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("-V", "--version", action="store_true", help="print the version and exit")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, (summary, detail, arguments) in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}." + (f"\n\n{detail}" if detail else ""),
            parents=[shared],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if wanted is None or name in wanted:
            arguments(command)
    return top


def _init(init: argparse.ArgumentParser) -> None:
    init.add_argument("directory", nargs="?", default=".", help="where to write annexa.toml and isms/ (default: here)")


def _run(run: argparse.ArgumentParser) -> None:
    _selection(run)
    run.add_argument("--target", action="append", default=[], metavar="NAME", help="only this target (repeatable)")
    run.add_argument("--format", choices=FORMATS, help=f"of the report: {', '.join(FORMATS)} (default: text)", metavar="FORMAT")
    run.add_argument("--output", metavar="FILE", help="write the report there instead of standard output")
    run.add_argument("--report", action="append", default=[], metavar="FORMAT=FILE", help="write this too (repeatable)")
    run.add_argument("--fail-on", choices=SEVERITIES, metavar="SEVERITY", help="exit 1 if a finding this bad fails, unexcepted")
    run.add_argument("--baseline", metavar="FILE", help="JSON report of an earlier run; its failures do not fail the gate")
    run.add_argument("--wait", type=_seconds, default=0, metavar="SECONDS", help="wait for another run to end (else refuse)")
    run.add_argument("--quiet", action="store_true", help="for cron: no progress, and no report unless --format asks for one")


def _seconds(text: str) -> float:
    """Raises `ArgumentTypeError`."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not seconds >= 0:  # so that what is no number at all (nan) is refused, too
        raise argparse.ArgumentTypeError(f"{text!r}: expected seconds, 0 or more")
    return seconds


def _selection(command: argparse.ArgumentParser) -> None:
    command.add_argument("--control", action="append", default=[], metavar="ID", help="only this control, as A.8.8; repeatable")
    command.add_argument("--check", action="append", default=[], metavar="ID", help="only this check (repeatable)")


def _doctor(doctor: argparse.ArgumentParser) -> None:
    doctor.add_argument("--format", choices=("text", "json"), default="text")


def _daemon(daemon: argparse.ArgumentParser) -> None:
    daemon.add_argument("--log-format", choices=("text", "json"), help="default: text at a terminal, else json")


def _soa(soa: argparse.ArgumentParser) -> None:
    soa.add_argument("--at", metavar="TIME", help="as recorded by the last run sealed by then (RFC 3339, or a date)")
    soa.add_argument("--format", choices=("text", "json", "xlsx"), default="text")
    soa.add_argument("--output", metavar="FILE", help="write it there (needed for xlsx)")


def _gaps(gaps: argparse.ArgumentParser) -> None:
    gaps.add_argument("--at", metavar="TIME", help="as recorded by the last run sealed by then")
    gaps.add_argument("--control", action="append", default=[], metavar="ID", help="only this control (repeatable)")
    gaps.add_argument("--severity", choices=SEVERITIES, help="this bad or worse")
    gaps.add_argument("--format", choices=("text", "json"), default="text")


def _history(history: argparse.ArgumentParser) -> None:
    what = history.add_mutually_exclusive_group(required=True)
    what.add_argument("--control", metavar="ID", help="how it was assessed, from run to run")
    what.add_argument("--check", metavar="ID", help="how many passed and failed, each time that changed")
    what.add_argument("--resource", metavar="UID", help="each verdict on it, from when until when")
    history.add_argument("--format", choices=("text", "json"), default="text")


def _evidence(evidence: argparse.ArgumentParser) -> None:
    kinds = evidence.add_subparsers(dest="action", metavar="ACTION", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help="configuration")
    shared.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show the traceback of a bug")

    listing = kinds.add_parser(
        "list",
        help="the log: runs, and what each recorded",
        parents=[shared],
        description="The log, entry by entry: runs, and what each recorded.",
    )
    listing.add_argument("--at", metavar="TIME", help="only up to this time")
    listing.add_argument("--format", choices=("text", "json"), default="text")

    show = kinds.add_parser(
        "show",
        help="one resource, or one entry of the log, as stored",
        parents=[shared],
        description="What is stored of one resource, or one entry of the log. `scanner gaps` shows uids, `list` the numbers.",
    )
    show.add_argument("what", metavar="UID|NUMBER", help="a resource's uid, or the number of a log entry")
    show.add_argument("--at", metavar="TIME", help="the resource as it stood then")
    show.add_argument("--format", choices=("text", "json"), default="text")

    verify = kinds.add_parser(
        "verify",
        help="recompute every hash, signature and verdict",
        parents=[shared],
        description="Recompute every hash, signature and verdict. Exit 0 if all holds, 4 if not.",
    )
    verify.add_argument("pack", nargs="?", metavar="PACK", help="an exported pack (default: the configured store)")
    verify.add_argument("--public-key", metavar="FILE|KEY", help="the key to trust (default: the configured key's public half)")
    verify.add_argument("--against", metavar="FILE", help="checkpoints that you kept: the log must extend them")
    verify.add_argument("--no-perform", action="store_true", help="do not perform the checks again")
    verify.add_argument("--format", choices=("text", "json"), default="text")

    export = kinds.add_parser(
        "export",
        help="write a pack that anyone can verify offline",
        parents=[shared],
        description="Write a pack that anyone can verify offline, with the public key that is printed. With --control the "
        "rest is withheld: hashes stand in its place, and the whole can still be verified.",
    )
    export.add_argument("-o", "--output", required=True, metavar="PACK", help="the file to write")
    export.add_argument(
        "--control", action="append", default=[], metavar="ID", help="only this control's evidence (repeatable)"
    )


def _checks(checks: argparse.ArgumentParser) -> None:
    checks.add_argument("--control", action="append", default=[], metavar="ID", help="only this control's checks (repeatable)")
    checks.add_argument("--format", choices=("text", "json"), default="text")


def _controls(controls: argparse.ArgumentParser) -> None:
    controls.add_argument("--by", choices=("theme", "property"), default="theme", help="group by theme or by CIA property")
    controls.add_argument("--control", action="append", default=[], metavar="ID", help="only this control, in detail")
    controls.add_argument("--format", choices=("text", "json"), default="text")


def _permissions(permissions: argparse.ArgumentParser) -> None:
    permissions.add_argument("provider", metavar="PROVIDER", help="aws, azure, gcp, host, kubernetes, records")
    _selection(permissions)


# name -> summary, detail, what adds its arguments
COMMANDS: "dict[str, tuple[str, str, Callable[[argparse.ArgumentParser], None]]]" = {
    "init": ("write a configuration and a starter set of ISMS records", "Existing files are never overwritten.", _init),
    "run": (
        "collect, judge, keep evidence, report",
        RUN_DETAIL,
        _run,
    ),
    "soa": ("the Statement of Applicability with the assessment beside it", "", _soa),
    "gaps": ("what fails, what is unknown, and since when", "", _gaps),
    "history": ("status over time of a control, a check or a resource", "", _history),
    "evidence": ("list, show, verify and export evidence", "", _evidence),
    "checks": ("the checks, and the controls that they are evidence for", "", _checks),
    "controls": ("the controls, and how each is covered", "", _controls),
    "permissions": ("the least privilege that a kind of target needs", "", _permissions),
    "daemon": ("run what the schedules say, again and again", DAEMON_DETAIL, _daemon),
    "doctor": ("test credentials, reach, store, clock, schedules, records", "", _doctor),
}


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Run one command. Returns its exit code."""
    given_words = sys.argv[1:] if arguments is None else list(arguments)
    top = parser(given_words)
    given = top.parse_args(given_words)
    if given.version:
        from commands import version

        sys.stdout.write(f"annexa {version()}\n")
        return DONE
    if given.command is None:
        top.print_help()
        return USAGE
    from commands.failures import guarded

    return guarded(given)


def entry() -> "NoReturn":
    """The installed command."""
    from commands.outlets import open_outlets

    out = open_outlets()
    try:
        code = main()
    except SystemExit as answered:  # argparse: help that was asked for, or words that it does not know
        code = USAGE if answered.code else DONE
    finally:
        sys.stdout.flush()
    if out.failed is not None and not isinstance(out.failed, BrokenPipeError):  # a reader that went away is no error
        sys.stderr.write(f"scanner: standard output cannot be written: {out.failed.strerror}\n")
        code = code or USAGE
    if code in INTERRUPTED:
        sys.stderr.flush()
        os._exit(code)  # threads that wait for an answer must not hold up whoever pressed Ctrl-C
    sys.exit(code)


if __name__ == "__main__":
    entry()
