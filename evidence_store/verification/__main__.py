"""Verify a pack with nothing but this package: `python -m evidence_store.verification PACK --key PUBLICKEY`.

Exit codes: 0 nothing contradicts, 2 not a pack or not a key, 4 contradicted or not signed by that key.
"""

import argparse
import json
import sys
from pathlib import Path

from evidence_store.keys import KeyFileError, parse_public
from evidence_store.pack import Pack, PackError
from evidence_store.verification import Report, verify


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evidence_store.verification", description="Verify a pack of evidence.")
    parser.add_argument("pack")
    parser.add_argument(
        "--key", required=True, help="the log's public key, from a source that you trust: base64, PEM, or a file"
    )
    parser.add_argument("--against", help="a file with a checkpoint that you kept from before")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args(arguments)
    try:
        named = Path(options.key)
        public = parse_public(named.read_text() if named.is_file() else options.key)
        against = Path(options.against).read_text() if options.against else None
        report = verify(Pack(options.pack), public, against=against)
    except (PackError, KeyFileError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return 2
    sys.stdout.write(json.dumps(report.json(), indent=2) + "\n" if options.format == "json" else told(report))
    return 4 if report.contradicted else 0


def told(report: Report) -> str:
    """The verdicts for a person."""
    lines = [f"{report.origin or 'unnamed log'}: {report.size} leaves, root {report.root} at {report.sealed}"]
    for name, opinion in report.opinions.items():
        lines.append(f"{name:<13} {opinion.outcome.value.replace('_', ' ')}: {opinion.sentence}")
        lines.extend(f"              {problem}" for problem in opinion.problems[:10])
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
