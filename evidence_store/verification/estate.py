"""Verifying states, streams and intervals: each row is answered for by a leaf, and each manifest is recomputed.

- A state's body has the digest that the manifests hold, and belongs to one facet of one resource.
- An interval opens and closes at snapshots of its own source and scope; it never overlaps another of its identity.
- At each snapshot, the intervals in force have the root that the leaf commits to. A source whose intervals and record are
  unchanged is not hashed again; a change costs what it touches.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any

import zstandard

from evidence_store import bodies, merkle
from evidence_store.details import Place, item_hash
from evidence_store.records import Presence
from evidence_store.verification.evidence import Evidence, IntervalRow
from evidence_store.verification.forms import INTERVAL, STATE, STREAM, formed
from evidence_store.verification.logbook import Logbook, Stretch
from evidence_store.verification.report import Problems

_Event = tuple[int, bool, int, bytes]  # leaf, opens, rank, hash: what closes at a leaf sorts before what opens there
# Ids are contiguous: a leap by more than there can be rows is told by the gap that it leaves, not by memory.
MOST_MISSING = 50_000_000


class EstateVerifier:
    """Passes over states, streams and intervals, in this order. Keeps 41 bytes for each state and 9 for each interval."""

    def __init__(self, evidence: Evidence, book: Logbook, integrity: Problems) -> None:
        self._evidence = evidence
        self._book = book
        self._integrity = integrity
        self._whole = evidence.selection is None
        self._digests = bytearray()  # by state id; states of a whole store are contiguous
        self._sparse: dict[int, bytes] = {}  # of a pack that holds some
        self._owner = array("q")  # by state id: the identity that refers to it, 0 for none
        self._owners: dict[int, int] = {}
        self._opened = array("q")  # by interval id: the leaf that opened it, -1 for none
        self._identity = 0
        self.counted = {"ev_state": 0, "ev_stream": 0, "ev_interval": 0}

    def verify(self) -> None:
        self._states()
        keys = self._streams()
        self._intervals(keys)
        self._orphans()

    # -- states --------------------------------------------------------------------------------------------------------

    def _states(self) -> None:
        unpack = zstandard.ZstdDecompressor()
        add, digests, whole, expected = self._integrity.add, self._digests, self._whole, 1
        for identity, digest, salt, body in formed("ev_state", STATE, self._evidence.states(), self._integrity):
            self.counted["ev_state"] += 1
            if whole and identity != expected:
                add(f"ev_state {expected}", f"is missing: state {identity} follows state {expected - 1}")
                if not 0 < identity - expected < MOST_MISSING:
                    continue
                digests.extend(bytes(32 * (identity - expected)))
            expected = identity + 1
            try:
                if sha256(salt + bodies.unpack(body, unpack)).digest() != digest or len(salt) != bodies.SALT:
                    add(f"ev_state {identity}", "its body is not the one that its digest commits to")
            except bodies.BodyError as error:
                add(f"ev_state {identity}", f"cannot be read: {error}")
            if whole:
                digests.extend(digest if len(digest) == 32 else bytes(32))
            else:
                self._sparse[identity] = digest
        self._owner.frombytes(bytes(len(digests) // 32 * 8))

    def _digest(self, state: int) -> bytes | None:
        if not self._whole:
            return self._sparse.get(state)
        return bytes(self._digests[32 * state - 32 : 32 * state]) if 0 < state <= len(self._owner) else None

    def _own(self, state: int, identity: int) -> bool:
        """Whether a state is this identity's, and nobody else's."""
        if self._whole:
            before, self._owner[state - 1] = self._owner[state - 1], identity
        else:
            before, self._owners[state] = self._owners.get(state, 0), identity
        return before in (0, identity)

    def _orphans(self) -> None:
        if self._whole:
            for place, owner in enumerate(self._owner):
                if not owner:
                    self._integrity.add(f"ev_state {place + 1}", "belongs to no interval")
            last = 0
            for place, opened in enumerate(self._opened):
                if opened < 0:
                    self._integrity.add(f"ev_interval {place + 1}", "is missing")
                elif opened < last:
                    self._integrity.add(f"ev_interval {place + 1}", f"opens at leaf {opened}, and an earlier row at {last}")
                last = max(last, opened)
        else:
            for state in self._sparse.keys() - self._owners.keys():
                self._integrity.add(f"ev_state {state}", "belongs to no interval")

    # -- streams -------------------------------------------------------------------------------------------------------

    def _streams(self) -> dict[int, list[Stretch]]:
        """What the leaves say of each stream, by its id: the order of its first mention."""
        promised = list(self._book.streams.items())
        found: dict[int, list[Stretch]] = {}
        for identity, *key in formed("ev_stream", STREAM, self._evidence.streams(), self._integrity):
            self.counted["ev_stream"] += 1
            entry = f"ev_stream {identity}"
            if not self._whole:
                self._chosen(entry, identity, tuple(key), found)
            elif not 0 < identity <= len(promised):
                self._integrity.add(entry, "is named by no snapshot")
            elif identity in found:
                self._integrity.add(entry, "is there twice")
            elif tuple(key) != promised[identity - 1][0]:
                self._integrity.add(entry, "is not the source and scope that snapshots name in this place")
            else:
                found[identity] = promised[identity - 1][1]
        known = {id(stretches) for stretches in found.values()}
        for place, (promise, stretches) in enumerate(promised, 1):
            if id(stretches) not in known and not self._outside(stretches):
                self._integrity.add(f"ev_stream {place}", f"is missing or changed; snapshots name {promise[3]} of {promise[1]}")
        return found

    def _chosen(self, entry: str, identity: int, key: tuple[str, ...], found: dict[int, list[Stretch]]) -> None:
        """A pack shows some streams, so that their order says nothing; the name must."""
        named = next((stretches for promised, stretches in self._book.streams.items() if promised == key), None)
        if named is None or identity in found:
            self._integrity.add(entry, "is named by no snapshot")
        else:
            found[identity] = named

    # -- intervals -----------------------------------------------------------------------------------------------------

    def _intervals(self, streams: dict[int, list[Stretch]]) -> None:
        unread = dict(streams)
        rows_in_form = formed("ev_interval", INTERVAL, self._evidence.intervals(), self._integrity)
        for stream, rows in groupby(rows_in_form, key=itemgetter(1)):
            stretches = streams.get(stream)
            if stretches is None:
                first = next(iter(rows))
                self._integrity.add(f"ev_interval {first[0]}", f"belongs to stream {stream}, which is not there")
                self.counted["ev_interval"] += 1 + sum(1 for _ in rows)
                continue
            del unread[stream]
            self._stream(stream, rows, stretches)
        for stream, stretches in unread.items():
            if not self._outside(stretches):
                self._timeline(stream, [], {}, stretches, withheld=False)

    def _outside(self, stretches: Sequence[Stretch]) -> bool:
        """Whether a pack left out a source because it yields nothing that was selected."""
        selection = self._evidence.selection
        return selection is not None and not any(set(s.types) & selection.types for s in stretches)

    def _stream(self, stream: int, rows: Iterable[IntervalRow], stretches: Sequence[Stretch]) -> None:
        leaves = array("q", (leaf for stretch in stretches for leaf in stretch.leaves))
        events: list[_Event] = []
        named = {place for stretch in stretches for place in (*stretch.unread, *stretch.unseen)}
        ranks: dict[Place | int, int] = {}  # of the places that the leaves name: each other one was seen
        rank, previous, withheld = -1, None, False
        for row in rows:
            self.counted["ev_interval"] += 1
            withheld = withheld or row[8] is not None
            try:
                same = previous is not None and _identity(row) == _identity(previous)
                if not same:
                    rank += 1
                    self._identity += 1
                    if (place := _identity(row)) in named:
                        ranks[place] = rank
                hashed = self._interval(row, previous if same else None, leaves)
            except (TypeError, ValueError, OverflowError) as error:
                self._integrity.add(f"ev_interval {row[0]}", f"is malformed: {error}")
                continue
            previous = row
            if hashed is not None:
                events.append((row[6], True, rank, hashed))
                if row[7] is not None:
                    events.append((row[7], False, rank, hashed))
        self._timeline(stream, events, ranks, stretches, withheld=withheld)

    def _interval(self, row: IntervalRow, previous: IntervalRow | None, leaves: Sequence[int]) -> bytes | None:
        """The hash of a row's item, once the row is in order by itself and beside the one before it."""
        identity, _, type_, uid, facet, state, opened, closed, withheld = row
        add, entry = self._integrity.add, f"ev_interval {identity}"
        if not _among(leaves, opened):
            add(entry, f"opens at leaf {opened}, which holds no snapshot of its source")
        if closed is not None and (not _among(leaves, closed) or closed <= opened):
            add(entry, f"closes at leaf {closed}, which holds no later snapshot of its source")
        if previous is not None:
            if previous[7] is None or previous[7] > opened:
                add(entry, f"overlaps with row {previous[0]} of the same facet")
            elif previous[7] == opened and previous[5] == state and withheld is None:
                add(entry, f"follows row {previous[0]} with the same state: one interval was split")
        if self._whole:
            self._mark(identity, opened)
        if withheld is not None:
            return withheld[1]
        digest = self._digest(state)
        if digest is None:
            add(f"ev_state {state}", f"is missing; row {identity} of ev_interval refers to it")
            return None
        if not self._own(state, self._identity):
            add(entry, f"refers to state {state}, which belongs to another facet")
        return item_hash(type_, uid, facet, digest)

    def _mark(self, identity: int, opened: int) -> None:
        missing = identity - len(self._opened)
        if identity < 1 or missing > MOST_MISSING:
            raise ValueError(f"row {identity} follows row {len(self._opened)}")
        if missing > 0:
            self._opened.extend([-1] * missing)
        self._opened[identity - 1] = opened

    def _timeline(
        self, stream: int, events: list[_Event], ranks: Mapping[Any, int], stretches: Sequence[Stretch], *, withheld: bool
    ) -> None:
        """Let the intervals come and go, and compare with what each snapshot says."""
        events.sort(key=itemgetter(0, 1))
        ledger, place = merkle.Ledger(), 0
        for stretch in stretches:
            leaf, fresh = stretch.leaves[0], True
            while fresh or (place < len(events) and events[place][0] <= stretch.leaves[-1]):
                leaf = leaf if fresh else stretch.leaves[bisect_left(stretch.leaves, events[place][0])]
                fresh = False
                upto = bisect_right(events, leaf, lo=place, key=itemgetter(0))
                merkle.apply(ledger, events[place:upto])
                place = upto
                if not _agrees(ledger, stretch, ranks, withheld=withheld):
                    self._integrity.add(
                        f"ev_interval of stream {stream}",
                        f"the rows in force at leaf {leaf} do not have the root that it commits to: one was changed, "
                        f"added or removed (types {', '.join(stretch.types)})",
                    )
                    return


def _identity(row: IntervalRow) -> tuple[str, str, str] | int:
    return (row[3], row[4], row[2]) if row[8] is None else row[8][0]


def _among(leaves: Sequence[int], leaf: int) -> bool:
    at = bisect_left(leaves, leaf)
    return at < len(leaves) and leaves[at] == leaf


def _agrees(ledger: merkle.Ledger, stretch: Stretch, ranks: Mapping[Any, int], *, withheld: bool) -> bool:
    if stretch.presence is Presence.FAILED:
        held = ledger.root() if len(ledger) else None
        return stretch.manifest == merkle.EMPTY and stretch.held == held
    if withheld and stretch.held is not None:  # which of the withheld were not seen is not known; all in force are
        return stretch.held == ledger.root()
    kept = [
        rank
        for place in (*stretch.unread, *stretch.unseen)
        if (rank := ranks.get(place)) is not None and ledger.get(rank) is not None
    ]
    if not kept:
        return stretch.manifest == ledger.root() and stretch.held is None
    return stretch.held == ledger.root() and stretch.manifest == ledger.without(kept)
