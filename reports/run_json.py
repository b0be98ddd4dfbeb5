"""`annexa.run/1`: the run as JSON, for other programs. Keys are added to, never changed.

Written as it is read from the store, one finding on a line, `pass` findings included.
"""

import json
from collections.abc import Iterable
from typing import TextIO

from evidence_store.records import Json
from reports.view import RunView, stamp

SCHEMA = "annexa.run/1"


def write(view: RunView, out: TextIO) -> None:
    run = {
        "id": view.id,
        "started": stamp(view.started),
        "finished": stamp(view.finished),
        "version": view.version,
        "complete": view.complete,
        "planned": view.planned or None,
        "unanswerable": [definition.id for definition in view.unanswerable],
        "unconfigured": list(view.unconfigured),
    }
    out.write(f'{{"schema": {json.dumps(SCHEMA)},\n"run": {json.dumps(run)},\n')
    write_list(out, "coverage", (row.document for row in view.coverage))
    out.write(",\n")
    write_list(out, "findings", (found.document() for found in view.findings))
    out.write(",\n")
    write_list(out, "controls", (control.document for control in view.controls))
    gate = view.gate.document() if view.gate else None
    out.write(f',\n"gate": {json.dumps(gate)}')
    out.write(f',\n"checkpoint": {json.dumps(view.checkpoint.document())}}}\n')


def write_list(out: TextIO, key: str, entries: Iterable[Json]) -> None:
    """A key and its list, one entry on a line, without holding the list."""
    out.write(f"{json.dumps(key)}: [")
    between = "\n "
    for entry in entries:
        out.write(between + json.dumps(entry))
        between = ",\n "
    out.write("]")
