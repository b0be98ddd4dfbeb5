"""Verify a pack with nothing but this package: `python -m evidence_store.verification PACK --key PUBLICKEY`.

Exit codes: 0 nothing contradicts, 2 not a pack or not a key, 4 contradicted or not signed by that key.
"""

import argparse
import base64
import json
import os
import sys
import textwrap
from pathlib import Path
from typing import TextIO

from evidence_store.keys import KeyFileError, parse_public
from evidence_store.note import NoteError
from evidence_store.pack import Pack, PackError
from evidence_store.verification import Report, verify
from evidence_store.verification.report import printable

_HANG = 14  # columns of a verdict's name
_LEAST = 72  # columns: a digest stays whole


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evidence_store.verification", description="Verify a pack of evidence.")
    parser.add_argument("pack")
    parser.add_argument(
        "--key", required=True, help="the log's public key, from a source that you trust: base64, PEM, or a file"
    )
    parser.add_argument("--against", help="a file with the checkpoints that you kept from before")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args(arguments)
    try:
        named = Path(options.key)
        public = parse_public(named.read_text(encoding="utf-8") if named.is_file() else options.key)
        against = Path(options.against).read_text(encoding="utf-8") if options.against else None
        report = verify(Pack(options.pack), public, against=against)
    except (PackError, KeyFileError, NoteError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except UnicodeDecodeError:
        sys.stderr.write("a key or a checkpoint was named that is no text\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return 2
    machine = options.format == "json"
    sys.stdout.write(json.dumps(report.json(), indent=2) + "\n" if machine else told(report, width_of(sys.stdout)))
    return 4 if report.contradicted else 0


def width_of(out: TextIO) -> int | None:
    """How wide a line may be: as wide as a terminal, which must not break it in a word; elsewhere as long as it is."""
    try:
        return max(_LEAST, os.get_terminal_size(out.fileno()).columns) if out.isatty() else None
    except OSError:
        return None


def told(report: Report, width: int | None = None) -> str:
    """The verdicts for a person, in lines of at most `width` columns where it is given."""
    name = printable(report.origin) or "unnamed log"
    root = base64.b64encode(bytes.fromhex(report.root)).decode()  # as a run and its checkpoint tell it
    lines = _line("", f"{name}, size {report.sealed}, root {root}; {report.size} leaves", width, 2)
    for name, opinion in report.opinions.items():
        lines += _line(f"{name:<13} ", f"{opinion.outcome.value.replace('_', ' ')}: {opinion.sentence}", width)
        for problem in opinion.problems[:10]:
            lines += _line(" " * _HANG, str(problem), width, _HANG + 2)
    return "\n".join(lines) + "\n"


def _line(lead: str, text: str, width: int | None, hang: int = _HANG) -> list[str]:
    return [lead + text] if width is None else textwrap.wrap(lead + text, width, subsequent_indent=" " * hang)


if __name__ == "__main__":
    sys.exit(main())
