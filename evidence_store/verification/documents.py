"""Verifying documents: each is named by a leaf, and has the digest by which it is named."""

import hashlib

from evidence_store import bodies, canonical
from evidence_store.verification.evidence import Evidence
from evidence_store.verification.forms import DOCUMENT, formed
from evidence_store.verification.logbook import Logbook
from evidence_store.verification.report import Problems


def verify(evidence: Evidence, book: Logbook, integrity: Problems) -> int:
    """How many were read."""
    missing = dict(book.documents)
    count = 0
    for digest, kind, body in formed("ev_document", DOCUMENT, evidence.documents(), integrity):
        count += 1
        entry = f"ev_document {digest}"
        named = missing.pop(digest, None)
        if named is None:
            integrity.add(entry, "is named by no leaf")
        elif named[0] != kind:
            integrity.add(entry, f"is a {kind}, and leaf {named[1]} names it as {named[0]}")
        try:
            text = bodies.unpack(body)
            if hashlib.sha256(text).hexdigest() != digest:
                integrity.add(entry, "is not what its digest says")
            elif canonical.decode(text)["kind"] != kind:
                integrity.add(entry, f"is not a {kind}")
        except (ValueError, TypeError, KeyError):
            integrity.add(entry, "cannot be read")
    if evidence.selection is None:
        for digest, (kind, leaf) in missing.items():
            integrity.add(f"ev_document {digest}", f"is missing; leaf {leaf} names it as {kind}")
    return count
