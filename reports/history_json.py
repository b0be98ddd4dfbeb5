"""`annexa.history/1`: status over time as JSON. One schema for controls, checks and resources; `of` says which."""

import json
from collections.abc import Sequence
from typing import TextIO

from evidence_store.records import Json
from reports.history import CheckHistory, ControlHistory, ResourceHistory
from reports.missed import Missed
from reports.view import stamp

SCHEMA = "annexa.history/1"


def write_controls(histories: Sequence[ControlHistory], out: TextIO) -> None:
    _write(out, "control", [_control(history) for history in histories])


def write_check(history: CheckHistory, out: TextIO) -> None:
    changes = [
        {"since": stamp(change.since), **{str(status): number for status, number in change.counts.items()}}
        for change in history.changes
    ]
    subject = {"id": history.check, "title": history.title or None, "changes": changes, "missed": _missed(history.missed)}
    _write(out, "check", [subject])


def write_resource(history: ResourceHistory, out: TextIO) -> None:
    answers = [
        {
            "check": answer.check,
            "version": answer.version,
            "severity": str(answer.severity),
            "status": str(answer.status),
            "reason": answer.reason or None,
            "from": stamp(answer.first),
            "until": stamp(answer.until),
            "since": stamp(answer.since),
        }
        for answer in history.answers
    ]
    subject = {"id": history.uid, "type": history.type or None, "changes": answers, "missed": _missed(history.missed)}
    _write(out, "resource", [subject])


def _control(history: ControlHistory) -> Json:
    return {
        "id": history.control,
        "title": history.title,
        "changes": [
            {
                "from": stamp(change.first),
                "last": stamp(change.last),
                "runs": change.runs,
                "assessment": change.assessment,
                "missing": list(change.missing),
                "pass": change.passed,
                "fail": change.failed,
                "unknown": change.unknown,
                "excepted": change.excepted,
                "reason": change.reason or None,
                "difference": change.difference,
            }
            for change in history.changes
        ],
        "missed": _missed(history.missed),
    }


def _missed(missed: Sequence[Missed]) -> Json:
    return [
        {"schedule": m.schedule, "count": m.count, "first": stamp(m.first), "last": stamp(m.last), "why": m.why} for m in missed
    ]


def _write(out: TextIO, of: str, subjects: list[Json]) -> None:
    json.dump({"schema": SCHEMA, "of": of, "subjects": subjects}, out, indent=1)
    out.write("\n")
