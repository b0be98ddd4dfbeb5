"""`annexa.gaps/1`: what fails, what is excepted and what is unknown, as JSON."""

import json
from typing import TextIO

from evidence_store.records import Json
from reports.gaps import GapsView
from reports.run_json import write_list
from reports.summary import undecided_document, unseen_document
from reports.view import Reported, stamp

SCHEMA = "annexa.gaps/1"


def write(view: GapsView, out: TextIO) -> None:
    head = {
        "run": view.run,
        "as_of": stamp(view.as_of),
        "controls": [control.id for control in view.controls],
        "assessments": {control.id: control.assessment for control in view.controls},
        "severity": str(view.severity) if view.severity else None,
        "open": {str(severity): number for severity, number in view.counts().items()},
        "excepted": len(view.excepted),
        "unknown": view.unknown.unknown,
        "invalid_exceptions": list(view.invalid_exceptions),
        "checkpoint": view.checkpoint.document(),
    }
    out.write(f'{{"schema": {json.dumps(SCHEMA)},\n{json.dumps(head)[1:-1]},\n')
    write_list(out, "gaps", (_document(gap, view) for gap in view.open))
    out.write(",\n")
    write_list(out, "excepted_findings", (_document(gap, view) for gap in view.excepted))
    out.write(",\n")
    write_list(out, "unread", map(unseen_document, view.unknown.unseen))
    out.write(",\n")
    write_list(out, "undecided", map(undecided_document, view.unknown.undecided))
    out.write("}\n")


def _document(gap: Reported, view: GapsView) -> Json:
    definition = view.definitions.get(gap.check)
    return {
        **gap.document(),
        "title": definition.title if definition else None,
        "fix": definition.fix if definition else None,
        "owner": view.owners.of_resource(gap.uid) or None,
    }
