"""What leaves are made of besides rows: documents, the carried table of who was judged when, and runs that were missed."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
import zstandard

from evidence_store import canonical, log, schema
from evidence_store.firings import Pending
from evidence_store.records import Json, format_time


def missed_leaf(connection: sa.Connection, grown: log.Log, now: datetime, pending: Pending) -> int:
    """Say that runs were due and missed. The schedule's name stands in a document: leaves hold no names."""
    missed, documents = pending.missed, documents_written(connection, {"schedule": pending.definition})
    times = {"first": format_time(missed.first), "last": format_time(missed.last)}
    fields: dict[str, Json] = {"count": missed.count, **times, "why": missed.why.value, "documents": documents}
    return grown.append(connection, "runs_missed", now, "", fields)


def documents_written(connection: sa.Connection, documents: Mapping[str, Json]) -> dict[str, str]:
    """Store what is new of them; their digests by kind."""
    digests: dict[str, str] = {}
    for kind, content in sorted(documents.items()):
        text = canonical.encode({"kind": kind, "content": content})
        digest = hashlib.sha256(text).hexdigest()
        digests[kind] = digest
        d = schema.document
        if connection.execute(sa.select(d.c.digest).where(d.c.digest == digest)).first() is None:
            body = zstandard.ZstdCompressor(level=9).compress(text)
            connection.execute(d.insert().values(digest=digest, kind=kind, body=body))
    return digests


def judged_by(connection: sa.Connection, grown: log.Log) -> Json:
    """Who was last judged when: [[scope, {check: [leaf, oldest time of the evidence]}], ...], carried from run to run."""
    leaf = schema.leaf.c
    known: dict[tuple[str, ...], dict[str, Json]] = {}
    wanted = [*([] if grown.ended is None else [grown.ended]), *grown.judged]
    for index in wanted:
        packed = connection.execute(sa.select(leaf.detail).where(leaf.idx == index)).scalar()
        detail = log.read_detail(packed, index)
        if index == grown.ended:
            known = {tuple(scope): dict(checks) for scope, checks in detail["judged"]}
            continue
        for place, scope in enumerate(detail["scopes"]):
            of_scope = known.setdefault(tuple(scope), {})
            for record in detail["records"]:
                of_scope[record["check"]] = [index, record["effective"][place]]
    return [[list(scope), checks] for scope, checks in sorted(known.items())]
