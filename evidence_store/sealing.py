"""What a worker does with observations: redact, canonicalise, hash, compare, compress. It needs no database and no signing key.

- A facet whose state is unchanged carries no body: only its place in the manifest.
- The manifest's items are canonical `[type, uid, facet, digest]`, sorted by the UTF-8 bytes of (uid, facet, type).
- A facet that was asked for and not obtained keeps its last state; so does what a partial listing did not name.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from operator import itemgetter

from evidence_store import bodies, canonical
from evidence_store.details import Place, item_hash
from evidence_store.errors import StoreError
from evidence_store.records import Observation, Presence, Scope, Snapshot, Unread, UnreadFacet
from evidence_store.redaction import Redactor
from evidence_store.spool import Spool, Spooled

Key = tuple[str, str, str]  # type, uid, facet
_PACKED = bodies.SALT + 32 + 8  # salt, digest and interval id


class Known(Mapping[Key, tuple[bytes, bytes]]):
    """The states in force of one source in one scope: (type, uid, facet) -> (salt, digest). Safe in threads."""

    def __init__(self, scope: Scope, source: str, size: int) -> None:
        self.scope = scope
        self.source = source
        self.size = size  # the log's size when this was read
        self._numbers: dict[tuple[str, str], dict[str, int]] = {}  # (type, facet) -> uid -> place in `_packed`
        self._packed = bytearray()  # salt, digest and interval of each, one after another: there may be 100,000
        self._count = 0

    def put(self, key: Key, salt: bytes, digest: bytes, interval: int) -> None:
        type_, uid, facet = key
        self._numbers.setdefault((type_, facet), {})[uid] = self._count
        self._packed += b"".join((salt, digest, interval.to_bytes(8)))
        self._count += 1

    def number(self, type_: str, uid: str, facet: str) -> int | None:
        """The place of a state that is in force, from 0 on."""
        of_type = self._numbers.get((type_, facet))
        return None if of_type is None else of_type.get(uid)

    def salt(self, number: int) -> bytes:
        at = number * _PACKED
        return bytes(self._packed[at : at + bodies.SALT])

    def digest(self, number: int) -> bytes:
        at = number * _PACKED
        return bytes(self._packed[at + bodies.SALT : at + 48])

    def interval(self, number: int) -> int:
        at = number * _PACKED
        return int.from_bytes(self._packed[at + 48 : at + _PACKED])

    def places(self) -> Iterator[tuple[Place, int]]:
        """Every place with its number."""
        for (type_, facet), uids in self._numbers.items():
            for uid, number in uids.items():
                yield (uid, facet, type_), number

    def __getitem__(self, key: Key) -> tuple[bytes, bytes]:
        number = self.number(*key)
        if number is None:
            raise KeyError(key)
        return self.salt(number), self.digest(number)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Key]:
        return ((type_, uid, facet) for (uid, facet, type_), _ in self.places())


@dataclass(frozen=True, slots=True)
class Sealed:
    """A state that is not the one in force: new, or changed."""

    position: int  # in `Collected.hashes`
    type: str
    uid: str
    facet: str
    held: bytes | Spooled = field(repr=False)  # salt, digest and body, or where they wait
    replaces: int | None  # the id of the interval that it ends
    spool: Spool | None = field(default=None, repr=False)  # in which they wait

    @property
    def packed(self) -> bytes:
        """Salt, digest and body. Raises `StoreError` where they waited in a file that is lost."""
        return _packed(self.held, self.spool)

    @property
    def digest(self) -> bytes:
        return self.packed[bodies.SALT : 48]

    @property
    def body(self) -> bytes:
        return self.packed[48:]

    def parts(self) -> tuple[bytes, bytes, bytes]:
        """Salt, digest, body."""
        packed = self.packed
        return packed[: bodies.SALT], packed[bodies.SALT : 48], packed[48:]


@dataclass(frozen=True, slots=True)
class Collected:
    """One source's answer, ready to be written. Holds what changed, and what the manifest needs of the rest."""

    snapshot: Snapshot
    changed: tuple[Sealed, ...]
    hashes: bytes = field(repr=False)  # the items in force once this is written, 32 bytes each, in order
    kept: tuple[int, ...]  # positions of the items that were not seen and stay
    unseen: tuple[Place, ...]  # what a partial listing did not name and nobody reported as unread
    gone: tuple[int, ...]  # intervals that a complete listing ends
    size: int = 0  # the log's size when the states in force were read

    @property
    def seen(self) -> int:
        return len(self.hashes) // 32 - len(self.kept)


class Sealer:
    """Takes one source's observations in one scope, and gives back what must be written.

    Of what is as it was, one byte is kept.
    """

    def __init__(self, redactor: Redactor, known: Known, spool: Spool | None = None) -> None:
        """New states wait in the spool, if one is given: of a first run there may be 100,000."""
        self._redactor = redactor
        self._known = known
        self._spool = spool
        self._same = bytearray(len(known))  # by the number of a known state: 1 where it was seen as it was
        self._fresh: dict[tuple[str, str], dict[str, bytes | Spooled]] = {}  # (type, facet) -> uid -> salt, digest, body
        self._unread: list[UnreadFacet] = []

    def add(self, observation: Observation, secret: Collection[str] = ()) -> None:
        """Redact and seal one facet. Seen twice in one listing, the later counts. Raises `canonical.CanonicalError`."""
        type_, uid, facet, facts = observation.type, observation.uid, observation.facet, observation.facts
        if isinstance(facts, Unread):
            self._unread.append(UnreadFacet(type_, uid, facet, facts))
            return
        text = self._redactor.sealed(facts, secret)
        number = self._known.number(type_, uid, facet)
        if number is not None:
            digest = self._known.digest(number)
            if bodies.state_digest(self._known.salt(number), text) == digest:
                self._same[number] = 1
                if fresh := self._fresh.get((type_, facet)):
                    fresh.pop(uid, None)
                return
            self._same[number] = 0
        _refuse(type_, uid, facet)
        salt = bodies.salt()
        sealed = b"".join((salt, bodies.state_digest(salt, text), bodies.compress(text)))
        self._fresh.setdefault((type_, facet), {})[uid] = sealed if self._spool is None else self._spool.put(sealed)

    def collected(self, snapshot: Snapshot) -> Collected:
        """What this snapshot writes. Unread facets that came as observations are added to the snapshot's own."""
        snapshot = self._told(snapshot)
        missed = {(u.uid, u.facet, u.type) for u in snapshot.unread}
        items: list[tuple[Place, int | bytes | Spooled]] = [  # a number for a known state, the packed state for a fresh one
            ((uid, facet, type_), sealed) for (type_, facet), uids in self._fresh.items() for uid, sealed in uids.items()
        ]
        unseen, gone = [], []
        for place, number in self._known.places():
            uid, facet, type_ = place
            if not self._same[number]:
                if uid in self._fresh.get((type_, facet), ()):
                    continue
                if snapshot.presence is Presence.COMPLETE and place not in missed:
                    gone.append(self._known.interval(number))
                    continue
                if snapshot.presence is Presence.PARTIAL and place not in missed:
                    unseen.append(place)
            items.append((place, number))
        items.sort(key=itemgetter(0))
        changed, hashes, kept = [], bytearray(), []
        for position, ((uid, facet, type_), found) in enumerate(items):
            if isinstance(found, bytes | Spooled):
                digest = _packed(found, self._spool)[bodies.SALT : 48]
                before = self._known.number(type_, uid, facet)
                replaces = None if before is None else self._known.interval(before)
                changed.append(Sealed(position, type_, uid, facet, found, replaces, self._spool))
            else:
                digest = self._known.digest(found)
                if not self._same[found]:
                    kept.append(position)
            hashes += item_hash(type_, uid, facet, digest)
        return Collected(
            snapshot=snapshot,
            changed=tuple(changed),
            hashes=bytes(hashes),
            kept=tuple(kept),
            unseen=tuple(sorted(unseen)),
            gone=tuple(sorted(gone)),
            size=self._known.size,
        )

    def _seen(self, type_: str, uid: str, facet: str) -> bool:
        number = self._known.number(type_, uid, facet)
        return (number is not None and bool(self._same[number])) or uid in self._fresh.get((type_, facet), ())

    def _told(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with its own count, the unread facets that came as observations, and no secrets in its reasons."""
        every = {(u.uid, u.facet, u.type): u for u in (*snapshot.unread, *self._unread)}
        unread = tuple(
            replace(u, unread=_safe(u.unread, self._redactor))
            for (uid, facet, type_), u in sorted(every.items())
            if not self._seen(type_, uid, facet)
        )
        count = self._same.count(1) + sum(map(len, self._fresh.values()))
        # What was read before a listing broke off was read: that is partial, not failed.
        broken = snapshot.presence is Presence.FAILED and count > 0
        return replace(
            snapshot,
            presence=Presence.PARTIAL if broken else snapshot.presence,
            reason=None if snapshot.reason is None else _safe(snapshot.reason, self._redactor),
            unread=unread,
            count=count,
        )


def _packed(held: bytes | Spooled, spool: Spool | None) -> bytes:
    if isinstance(held, bytes):
        return held
    if spool is None:
        raise StoreError("a state waits in a file that nobody knows")
    return spool.get(held)


def _refuse(*texts: str) -> None:
    for text in texts:
        if not canonical.storable(text):
            raise canonical.CanonicalError(f"an identifier holds a zero byte or a lone surrogate: {text!r}")


def _safe(unread: Unread, redactor: Redactor) -> Unread:
    return Unread(unread.why, unread.action, redactor.scrub(unread.detail))
