"""Verifying the log: leaves, checkpoints, and what the leaves promise of the other tables.

- Every leaf is canonical, in its place, not older than the one before, and its detail is the one that it commits to.
- Every checkpoint is signed by the key of the genesis leaf, which must be the key that was given, and fits the tree.
- A run begins only on a sealed log: so a checkpoint that was removed from the middle is missed.
- What leaves say of each source and each check goes into the logbook, for the passes over the other tables.
"""

import base64
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from evidence_store import bodies, canonical, merkle
from evidence_store.note import Checkpoint, open_checkpoint
from evidence_store.records import Json, parse_time
from evidence_store.verification.evidence import Evidence, LeafRow
from evidence_store.verification.forms import CHECKPOINT, formed
from evidence_store.verification.logbook import Bookkeeper, Logbook
from evidence_store.verification.report import Problems

# What reading a record may come to that somebody else wrote.
_BROKEN = (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError)


class LogVerifier:
    """One pass over leaves and checkpoints."""

    def __init__(self, evidence: Evidence, public: bytes, integrity: Problems, time: Problems) -> None:
        self._evidence = evidence
        self._public = public
        self._integrity = integrity
        self._time = time
        self.book = Logbook()
        self.refused: str | None = None
        self._tree = merkle.Frontier()
        self._running: str | None = None
        self._ended = False
        self._keeper = Bookkeeper(self.book, time)

    def verify(self, sizes: Iterable[int]) -> Logbook:
        """Read every leaf. `sizes`: at which the root is wanted besides those of the store's own checkpoints."""
        notes = self._notes()
        book = self.book
        book.stored = frozenset(notes)
        wanted = {*notes, *sizes}
        for row in self._evidence.leaves():
            if type(row.idx) is not int or row.idx != book.size:
                self._integrity.add(f"ev_leaf {book.size}", f"is missing: leaf {row.idx} follows leaf {book.size - 1}")
                break
            self._leaf(row, notes)
            if book.size in wanted:
                book.roots[book.size] = self._tree.root()
        if not book.size:
            self.refused = "there is no log"
        self._checkpoints(notes)
        return book

    # -- checkpoints ---------------------------------------------------------------------------------------------------

    def _notes(self) -> dict[int, str]:
        notes: dict[int, str] = {}
        for size, note in formed("ev_checkpoint", CHECKPOINT, self._evidence.checkpoints(), self._integrity):
            if size in notes:
                self._integrity.add(f"ev_checkpoint {size}", "is there twice")
            notes[size] = note
        return notes

    def _checkpoints(self, notes: Mapping[int, str]) -> None:
        book, good = self.book, 0
        for size, signed in notes.items():
            entry = f"ev_checkpoint {size}"
            try:
                checkpoint = open_checkpoint(signed, self._public, book.origin)
            except ValueError as error:  # a `NoteError`, or text that is none
                self._integrity.add(entry, f"does not hold: {error}")
                continue
            good += 1
            self._checkpoint(entry, size, checkpoint)
        if not good and self.refused is None:
            self.refused = "no checkpoint is signed by the key that was given"

    def _checkpoint(self, entry: str, size: int, checkpoint: Checkpoint) -> None:
        book = self.book
        if checkpoint.size != size:
            self._integrity.add(entry, f"is of size {checkpoint.size}")
        elif size > book.size:
            self._integrity.add(f"ev_leaf {book.size}", f"is missing: a checkpoint was signed over {size} leaves")
        elif book.roots[size] != checkpoint.root:
            self._integrity.add(entry, "the leaves do not have the root that was signed: one before was edited")
        else:
            if checkpoint.time and parse_time(checkpoint.time) != book.times[size - 1]:
                self._time.add(entry, "gives another time than its last leaf")
            if size > book.sealed:
                book.sealed, book.root = size, checkpoint.root

    # -- leaves --------------------------------------------------------------------------------------------------------

    def _leaf(self, row: LeafRow, notes: Mapping[int, str]) -> None:
        book, entry = self.book, f"ev_leaf {row.idx}"
        self._tree.append(merkle.leaf_hash(row.body if isinstance(row.body, bytes) else repr(row.body).encode()))
        book.size += 1
        book.times.append(book.times[-1] if book.times else datetime(1970, 1, 1, tzinfo=UTC))
        try:
            body = canonical.decode(row.body)
            moment = parse_time(body["time"])
            kind = body["kind"]
            if canonical.encode(body) != row.body:
                self._integrity.add(entry, "is not in canonical form")
        except _BROKEN:
            self._integrity.add(entry, "is not a record")
            return
        if moment < book.times[-1]:
            self._time.add(entry, f"is of {body['time']}, before the leaf that precedes it")
        book.times[-1] = max(moment, book.times[-1])
        if (row.idx == 0) != (kind == "genesis"):
            self._integrity.add(entry, f"is a {kind}: a log begins with genesis, and once")
        try:
            self._told(row, kind, body, notes)
        except _BROKEN as error:
            self._integrity.add(entry, f"its record is malformed: {type(error).__name__} {error}")

    def _told(self, row: LeafRow, kind: str, body: dict[str, Any], notes: Mapping[int, str]) -> None:
        detail = self._detail(row, kind, body)
        self._within_run(row.idx, kind, body, notes)
        match kind:
            case "genesis":
                self._genesis(row.idx, body)
            case "run_start":
                self._run_start(row.idx, body, sealed=row.idx <= 1 or row.idx in notes)
            case "run_end":
                self.book.ends.append(row.idx)
                self._documents(row.idx, body)
            case "run_abandoned":
                self.book.abandoned += 1
            case "runs_missed":
                self._missed(row.idx, body)
            case "snapshots" if detail is not None:
                self._keeper.snapshots(row.idx, detail)
            case "findings" if detail is not None:
                self._keeper.findings(row.idx, detail)

    def _within_run(self, index: int, kind: str, body: dict[str, Any], notes: Mapping[int, str]) -> None:
        """Runs do not overlap, what belongs to a run stands between its start and its end, and then it is sealed.

        What was missed is told between runs, sealed before and after.
        """
        ended = self._ended or (kind == "runs_missed" and index > 1)
        if ended and kind != "run_abandoned" and index not in notes:
            self._integrity.add(f"ev_checkpoint {index}", "is missing: what ended here was sealed before the log went on")
        self._ended = kind in ("run_end", "run_abandoned", "runs_missed")
        if kind == "runs_missed" and self._running is not None:
            self._integrity.add(f"ev_leaf {index}", "tells of missed runs while a run is going on")
        if kind in ("snapshots", "findings", "run_end") and body["run"] != self._running:
            self._integrity.add(f"ev_leaf {index}", f"is of a run that is not going on: {body['run']}")
        if kind == "run_start":
            self._running = body["run"]
        elif kind in ("run_end", "run_abandoned"):
            self._running = None

    def _run_start(self, index: int, body: dict[str, Any], *, sealed: bool) -> None:
        self.book.starts.append(index)
        self.book.partial = 0
        self._documents(index, body)
        if not sealed:
            self._integrity.add(f"ev_checkpoint {index}", "is missing: the run that begins there found a sealed log")

    def _missed(self, index: int, body: dict[str, Any]) -> None:
        first, last, count = parse_time(body["first"]), parse_time(body["last"]), body["count"]
        if type(count) is not int or count < 1 or first > last or (count == 1) != (first == last):
            self._integrity.add(f"ev_leaf {index}", f"tells of {count} missed runs from {body['first']} to {body['last']}")
            return
        if not isinstance(body["why"], str) or "schedule" not in body["documents"]:
            raise TypeError("it says neither why nor of which schedule")
        self.book.missed += count
        self._documents(index, body)

    def _genesis(self, index: int, body: dict[str, Any]) -> None:
        if not isinstance(body["origin"], str):
            raise TypeError("its origin is no name")
        self.book.origin = body["origin"]
        if index == 0 and body["key"] != base64.b64encode(self._public).decode():
            self.refused = "the log was begun under another key than the one given"

    def _documents(self, index: int, body: dict[str, Any]) -> None:
        for kind, digest in body["documents"].items():
            self.book.documents.setdefault(digest, (kind, index))

    def _detail(self, row: LeafRow, kind: str, body: dict[str, Any]) -> Any:
        entry, promised = f"ev_leaf {row.idx}", body.get("detail_digest")
        if row.records is not None:
            return self._shown(entry, row.records, body)
        if row.detail is None:
            if promised is not None:
                if self._evidence.selection is None:
                    self._integrity.add(entry, "its detail is missing, and no deletion is recorded")
                self.book.withheld += 1
            return None
        try:
            digest, text = bodies.open_detail(row.detail)
        except bodies.BodyError as error:
            self._integrity.add(entry, f"its detail cannot be read: {error}")
            return None
        if digest != promised:
            self._integrity.add(entry, "its detail is not the one that the leaf commits to")
            return None
        detail, root = self._keeper.read(kind, text)
        if root is not None and root != body["root"]:
            self._integrity.add(entry, "its records do not have the root that the leaf commits to")
        return detail

    def _shown(self, entry: str, records: tuple[Json | bytes, ...], body: dict[str, Any]) -> Any:
        """The heading and the records of a detail of which only some are shown."""
        self.book.withheld += sum(isinstance(r, bytes) for r in records)
        hashes = [r if isinstance(r, bytes) else merkle.leaf_hash(canonical.encode(r)) for r in records]
        if merkle.root(hashes).hex() != body["root"] or isinstance(records[0], bytes):
            self._integrity.add(entry, "the records shown are not those that the leaf commits to")
            return None
        return {**records[0], "records": records[1:]}
