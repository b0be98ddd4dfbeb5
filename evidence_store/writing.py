"""The one writer of a store: a run's leaves, their rows, and the checkpoint that seals them.

- Rows and the leaf that answers for them are committed in one transaction.
- What lies after the last checkpoint when a run begins was left by one that died: it is recorded as abandoned and sealed.
- A log never signs a smaller or divergent tree: before the first leaf, the last checkpoint, the file beside the key and
  the leaves themselves must agree.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa

from evidence_store import details, firings, log, note, schema
from evidence_store.connection import Database
from evidence_store.errors import RolledBackError, StoreError
from evidence_store.estate_writing import EstateWriter, Ids, load_ids, refuse_contradictions
from evidence_store.finding_sink import FindingSink, Judged
from evidence_store.firings import Firing, Pending
from evidence_store.keys import Keys
from evidence_store.leaf_matter import documents_written, judged_by, missed_leaf
from evidence_store.lock import Lock
from evidence_store.note import Checkpoint
from evidence_store.records import Json, Scope, format_time
from evidence_store.redaction import Redactor
from evidence_store.sealing import Collected
from evidence_store.side_file import SideFile

T = TypeVar("T")
FORM = 1  # of leaves and tables
_MOST_ROWS = 1 << 48
Crash = Callable[[str], None]


def nothing(_point: str) -> None:
    """What happens at the points where a test kills the process."""


@dataclass(frozen=True, slots=True)
class Run:
    id: str
    leaf: int
    started: datetime


class Writer:
    """Appends to a store. Made by `Store.writer`, which holds the lock for it."""

    def __init__(
        self, database: Database, lock: Lock, keys: Keys, origin: str, clock: Callable[[], datetime], crash: Crash = nothing
    ) -> None:
        note.check_name(origin)
        self._database = database
        self._lock = lock
        self._keys = keys
        self.origin = origin
        self._clock = clock
        self._crash = crash
        self._log: log.Log | None = None
        self._ids = Ids(1, 1, 1, 1)
        self._sealed = 0
        self._run: Run | None = None
        self._ended = False  # a run has ended and is not sealed yet
        self._firing: Firing | None = None  # what the run is for; done when the run is sealed
        self._complete = False
        self._written: dict[tuple[Scope, str], int] = {}
        self._observed: dict[str, int] = {}
        self._busy = False
        self._side = SideFile(keys.checkpoints, keys.public)

    # -- a run ---------------------------------------------------------------------------------------------------------

    def begin(
        self,
        run_id: str,
        documents: Mapping[str, Json],
        about: Mapping[str, Json] | None = None,
        firing: Firing | None = None,
    ) -> Run:
        """Start a run, for a firing if one is given. `about` stands in the leaf for ever: no names.

        Raises `RolledBackError`, and `HeldError` where the firing is another's or done.
        """
        self._ready()
        if self._run is not None:
            raise StoreError(f"run {self._run.id} is going on")
        self._recover()
        self.record_missed()
        if firing is not None:
            documents = {**documents, "schedule": firing.definition}
            about = {**(about or {}), "due": format_time(firing.due)}

        def start(connection: sa.Connection, grown: log.Log, _ids: Ids) -> int:
            if firing is not None:
                firings.begin(connection, firing)
            self._genesis(connection, grown)
            # Where these two change, facts that held a secret look new: a new baseline, not a change of the estate.
            redactor = {"version": Redactor.version, "key": self._keys.redaction_id}
            fields: dict[str, Json] = {"documents": documents_written(connection, documents), "about": dict(about or {})}
            fields["redactor"] = redactor
            return grown.append(connection, "run_start", self._clock(), run_id, fields)

        leaf = self._commit(start)
        self._run = Run(run_id, leaf, self._tip().time)
        self._written, self._observed, self._firing = {}, {}, firing
        return self._run

    def record_missed(self) -> int:
        """Tell the log, sealed, which runs were due and missed; how many entries it took. Between runs only."""
        self._ready()
        with self._database.reading() as connection:
            waiting = firings.waiting(connection)
        if waiting and self._run is None:
            self._recover()
        for one in waiting:

            def write(connection: sa.Connection, grown: log.Log, _ids: Ids, one: Pending = one) -> int:
                self._genesis(connection, grown)
                firings.recorded(connection, one)
                return missed_leaf(connection, grown, self._clock(), one)

            self._commit(write)
            self.seal()
        return len(waiting)

    def _genesis(self, connection: sa.Connection, grown: log.Log) -> None:
        if grown.size == 0:
            fields: dict[str, Json] = {"origin": self.origin, "key": self._keys.public_text, "form": FORM}
            grown.append(connection, "genesis", self._clock(), "", fields)

    def snapshots(self, target: str, collected: Sequence[Collected]) -> int:
        """Write what was collected of one target; the index of its leaf. Raises `StaleError`."""
        run = self._running()
        refuse_contradictions(collected)

        def write(connection: sa.Connection, grown: log.Log, ids: Ids) -> int:
            estate = EstateWriter(connection, grown.size, ids)
            self._crash("before_rows")
            records = [
                estate.write(one, run.leaf, self._written.get((one.snapshot.scope, one.snapshot.source)))
                for one in sorted(collected, key=lambda c: (c.snapshot.scope, c.snapshot.source))
            ]
            self._crash("after_rows")
            detail = {"target": target, "records": records}
            fields = {
                "records": len(records),
                "root": details.detail_root(detail),
                "facets": sum(one.snapshot.count for one in collected),
                "unread": sum(len(one.snapshot.unread) for one in collected),
                "opened": estate.opened,
                "closed": estate.closed,
            }
            return self._leaf(connection, grown, "snapshots", fields, detail)

        leaf = self._commit(write)
        self._written.update({(one.snapshot.scope, one.snapshot.source): leaf for one in collected})
        self._observed[target] = leaf
        return leaf

    @contextmanager
    def findings(self, target: str, scopes: Iterable[Scope], judged: Judged) -> Iterator[FindingSink]:
        """A sink for the verdicts about one target; all of it is written when the block ends, or nothing.

        Within the block the store is read as it stands; nothing else may be written.
        """
        run = self._running()
        tip = self._tip()
        self._busy = True
        try:
            with self._database.writing() as connection:
                self._lock.check(connection)
                grown, ids = tip.copy(), self._ids.copy()
                sink = FindingSink(connection, grown.size, ids, scopes, judged)
                yield sink
                records = sink.finish()
                observed = self._observed.get(target, grown.size - 1)
                detail = {"target": target, "observed": observed, **sink.heading(), "records": records}
                fields = {
                    "records": len(records),
                    "root": details.detail_root(detail),
                    "counts": sink.counts,
                    "opened": sink.opened,
                    "closed": sink.closed,
                }
                self._leaf(connection, grown, "findings", fields, detail, run)
                self._crash("before_commit")
        finally:
            self._busy = False
        self._log, self._ids = grown, ids
        self._crash("after_commit")

    def end(
        self,
        *,
        coverage: Sequence[Json],
        assessments: Sequence[Json],
        documents: Mapping[str, Json] | None = None,
        outcome: Mapping[str, Json] | None = None,
    ) -> int:
        """End the run: what was covered, what was concluded, and who was last judged when. `outcome`: no names."""
        self._running()

        def write(connection: sa.Connection, grown: log.Log, _ids: Ids) -> int:
            fields = {
                "documents": documents_written(connection, documents or {}),
                "coverage": {"count": len(coverage), "root": details.records_root(coverage)},
                "assessments": {"count": len(assessments), "root": details.records_root(assessments)},
                "outcome": dict(outcome or {}),
            }
            detail = {
                "coverage": list(coverage),
                "assessments": list(assessments),
                "judged": judged_by(connection, grown),
            }
            return self._leaf(connection, grown, "run_end", fields, detail)

        leaf = self._commit(write)
        self._run, self._ended = None, True
        self._complete = bool((outcome or {}).get("complete"))
        return leaf

    def settle(self) -> None:
        """Seal what a run left that died, and record nothing else. Between runs only."""
        self._ready()
        if self._run is not None:
            raise StoreError(f"run {self._run.id} is going on")
        self._recover()

    def record(self, kind: str, fields: Mapping[str, Json], detail: Json = None) -> int:
        """A leaf of another kind: an export, parameters that changed, an attestation. `fields` hold no names."""
        self._ready()
        if self._run is None:
            self._recover()

        def write(connection: sa.Connection, grown: log.Log, _ids: Ids) -> int:
            self._genesis(connection, grown)
            return self._leaf(connection, grown, kind, dict(fields), detail)

        return self._commit(write)

    def seal(self) -> Checkpoint:
        """Sign the log as it stands; committed, then appended to the file beside the key."""
        self._ready()
        firing = self._firing if self._ended else None
        tip, self._ended = self._tip(), False
        if tip.size == 0:
            raise StoreError("an empty log cannot be sealed")
        self._crash("before_checkpoint")
        checkpoint = Checkpoint(self.origin, tip.size, tip.tree.root(), format_time(tip.time))
        if tip.size > self._sealed:
            signed = note.sign(checkpoint.body, self.origin, self._keys.signer)
            self._crash("after_sign")

            def write(connection: sa.Connection) -> None:
                self._lock.check(connection)
                connection.execute(schema.checkpoint.insert().values(size=tip.size, note=signed))
                if firing is not None:
                    firings.finish(connection, firing, complete=self._complete, at=tip.time)

            self._database.retrying(write)
            self._sealed, self._firing = tip.size, None if firing else self._firing
        self._crash("before_side_file")
        self._heal()
        self._crash("after_side_file")
        return checkpoint

    # -- before the first leaf ----------------------------------------------------------------------------------------

    def _ready(self) -> None:
        """Read the log and hold it against what was signed. Raises `RolledBackError`."""
        if self._busy:
            raise StoreError("findings are being written: end their block first")
        if self._log is not None:
            return
        witness = self._side.last()
        with self._database.reading() as connection:
            newest = connection.execute(sa.select(schema.checkpoint).order_by(schema.checkpoint.c.size.desc()).limit(1)).first()
            self._sealed = newest.size if newest else 0
            grown, root_then = log.load(connection, self._sealed)
            if grown.size:
                self._adopt(connection)
            if newest:
                self._hold_against(newest.note, root_then)
            if witness is not None:
                self._hold_against_witness(connection, witness)
            self._ids = _plausible(load_ids(connection))
        self._log = grown

    def _adopt(self, connection: sa.Connection) -> None:
        """The store's own name is the one it began with; its key must be ours."""
        first = log.read_body(connection.execute(sa.select(schema.leaf.c.body).where(schema.leaf.c.idx == 0)).scalar_one(), 0)
        if first["kind"] != "genesis" or first.get("key") != self._keys.public_text:
            raise StoreError(f"{self._database.name}: was begun with another key than {self._keys.path}; name that key")
        self.origin = first["origin"]

    def _hold_against(self, signed: str, root_then: bytes) -> None:
        try:
            last = note.open_checkpoint(signed, self._keys.public, self.origin)
        except (ValueError, AttributeError, TypeError) as error:  # a `NoteError`, or no text at all
            raise RolledBackError(f"ev_checkpoint: the last checkpoint does not hold: {error}") from None
        if last.size != self._sealed or last.root != root_then:
            raise RolledBackError(f"ev_leaf: the log no longer has the root that was signed at size {self._sealed}")

    def _hold_against_witness(self, connection: sa.Connection, witness: Checkpoint) -> None:
        where = f"{self._side.path} holds a checkpoint of size {witness.size}"
        if witness.size > self._sealed:
            raise RolledBackError(
                f"{where}, and the store's last is of size {self._sealed}: the store was rolled back; "
                "restore it from its backup, or name a key of its own for a new log"
            )
        kept = connection.execute(sa.select(schema.checkpoint.c.note).where(schema.checkpoint.c.size == witness.size)).scalar()
        if _root_of(kept) != witness.root:
            raise RolledBackError(f"{where}, and the store has none like it: the store was replaced or edited")

    def _recover(self) -> None:
        """Seal what a run left that died, and say so."""
        if self._ended:
            raise StoreError("the run has ended: seal it before anything else is written")
        tip = self._tip()
        if tip.size > self._sealed:
            left, run = tip.size - self._sealed, tip.started or ""

            def write(connection: sa.Connection, grown: log.Log, _ids: Ids) -> int:
                return grown.append(connection, "run_abandoned", self._clock(), run, {"leaves": left})

            self._commit(write)
            self.seal()
        else:
            self._heal()

    def _heal(self) -> None:
        """Append to the side file what the store has signed and the file lacks."""
        witness = self._side.last()
        reached = witness.size if witness else 0
        if reached >= self._sealed:
            return
        c = schema.checkpoint.c
        with self._database.reading() as connection:
            missing = connection.execute(sa.select(c.note).where(c.size > reached).order_by(c.size)).scalars().all()
        self._side.append(missing)

    # -- transactions -------------------------------------------------------------------------------------------------

    def _tip(self) -> log.Log:
        assert self._log is not None, "the log is read before it is written"
        return self._log

    def _running(self) -> Run:
        self._ready()
        if self._run is None:
            raise StoreError("no run has begun")
        return self._run

    def _commit(self, write: Callable[[sa.Connection, log.Log, Ids], int]) -> int:
        """One transaction. What it appended becomes the tip when it is committed, not before."""

        def work(connection: sa.Connection) -> tuple[int, log.Log, Ids]:
            self._lock.check(connection)
            grown, ids = self._tip().copy(), self._ids.copy()
            leaf = write(connection, grown, ids)
            self._crash("before_commit")
            return leaf, grown, ids

        leaf, self._log, self._ids = self._database.retrying(work)
        self._crash("after_commit")
        return leaf

    def _leaf(
        self,
        connection: sa.Connection,
        grown: log.Log,
        kind: str,
        fields: dict[str, Json],
        detail: Json,
        run: Run | None = None,
    ) -> int:
        self._crash("before_leaf")
        of = run or self._run
        leaf = grown.append(connection, kind, self._clock(), of.id if of else "", fields, detail)
        self._crash("after_leaf")
        return leaf


def _plausible(ids: Ids) -> Ids:
    """Ids are counted on; one that leaves no room was put there by somebody else. Raises `StoreError`."""
    if max(ids.stream, ids.state, ids.interval, ids.finding) > _MOST_ROWS:
        raise StoreError("a row has an id that no run gave it; run `scanner evidence verify`")
    return ids


def _root_of(kept: object) -> bytes | None:
    try:
        return note.read_checkpoint(str(kept).split("\n\n", maxsplit=1)[0] + "\n").root
    except note.NoteError:
        return None
