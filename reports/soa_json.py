"""`annexa.soa/1`: the Statement of Applicability as JSON."""

import json
from typing import TextIO

from evidence_store.records import Json
from reports.run_json import write_list
from reports.soa import SoaRow, SoaView
from reports.summary import undecided_document, unseen_document
from reports.view import stamp

SCHEMA = "annexa.soa/1"


def write(view: SoaView, out: TextIO) -> None:
    head = {
        "run": view.run,
        "as_of": stamp(view.as_of),
        "generated": stamp(view.generated),
        "version": view.version,
        "approval": view.approval or None,
        "scope": {
            "statement": view.scope.statement or None,
            "version": view.scope.version or None,
            "sites": list(view.scope.sites),
            "exclusions": list(view.scope.exclusions),
            "approved_by": view.scope.approved_by or None,
            "approved_on": view.scope.approved_on or None,
        },
        "applicability": view.applicability(),
        "counts": view.counts(),
        "unknown_answers": view.summary.unknown,
        "invalid_exceptions": list(view.invalid_exceptions),
        "checkpoint": view.checkpoint.document(),
    }
    out.write(f'{{"schema": {json.dumps(SCHEMA)},\n{json.dumps(head)[1:-1]},\n')
    write_list(out, "differences", (_difference(row) for row in view.differences))
    out.write(",\n")
    write_list(out, "controls", (row_document(row) for row in view.rows))
    out.write(",\n")
    write_list(out, "clauses", (row_document(row) for row in view.clauses))
    out.write(",\n")
    write_list(out, "unread", map(unseen_document, view.summary.unseen))
    out.write(",\n")
    write_list(out, "undecided", map(undecided_document, view.summary.undecided))
    out.write("}\n")


def _difference(row: SoaRow) -> Json:
    return {"control": row.line.id, "difference": str(row.difference), "reason": row.difference_reason}


def row_document(row: SoaRow) -> Json:
    """One control: the declaration (`soa`, `null` where the statement does not mention it) and the assessment."""
    entry = row.entry
    declared = entry and {
        "applicable": entry.applicable,
        "justification": entry.reason or None,
        "responsibility": str(entry.responsibility),
        "implementation": str(entry.status) if entry.status else None,
        "owner": entry.owner or None,
        "risks": list(entry.risks),
        "due": row.due or None,
        "approved_by": entry.approved_by or None,
        "approved_on": row.approved_on or None,
        "faults": list(entry.faults),
    }
    assessed = {key: value for key, value in row.line.document.items() if key not in ("id", "applicable", "responsibility")}
    return {
        "id": row.line.id,
        "title": row.line.title,
        "theme": row.line.theme,
        "soa": declared,
        **assessed,
        "coverage": row.coverage,
        "evidence_from": row.strength or None,
    }
