"""The findings of a run as CSV (RFC 4180), one on a row, for spreadsheets: no cell of it is ever computed."""

import csv
from typing import TextIO

from reports.hostile import cell
from reports.view import RunView, stamp

COLUMNS = (
    "check",
    "title",
    "severity",
    "status",
    "reason",
    "target",
    "provider",
    "account",
    "region",
    "type",
    "resource",
    "controls",
    "since",
    "exception",
    "exception_expires",
    "baseline",
)


def write(view: RunView, out: TextIO) -> None:
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for found in view.findings:
        definition = view.definitions.get(found.check)
        texts = (
            found.check,
            definition.title if definition else "",
            found.severity,
            found.status,
            found.reason,
            found.target,
            found.scope.provider,
            found.scope.account,
            found.scope.region,
            found.type,
            found.uid,
            " ".join(found.controls),
            stamp(found.since) or "",
            found.exception.id if found.exception else "",
            found.exception.expires if found.exception else "",
            found.standing or "",
        )
        rows.writerow([cell(text) for text in texts])
