"""What a worker does with observations: redact, canonicalise, hash, compare, compress. It needs no database and no signing key.

- A facet whose state is unchanged carries no body: only its place in the manifest.
- The manifest's items are canonical `[type, uid, facet, digest]`, sorted by the UTF-8 bytes of (uid, facet, type).
- A facet that was asked for and not obtained keeps its last state; so does what a partial listing did not name.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from evidence_store import bodies, canonical
from evidence_store.details import Place, item_hash
from evidence_store.records import Observation, Presence, Scope, Snapshot, Unread, UnreadFacet
from evidence_store.redaction import Redactor

Key = tuple[str, str, str]  # type, uid, facet


class Known(Mapping[Key, tuple[bytes, bytes]]):
    """The states in force of one source in one scope: (type, uid, facet) -> (salt, digest). Safe in threads."""

    def __init__(self, scope: Scope, source: str, size: int) -> None:
        self.scope = scope
        self.source = source
        self.size = size  # the log's size when this was read
        self._packed: dict[tuple[str, str], dict[str, bytes]] = {}  # (type, facet) -> uid -> salt, digest, interval
        self._count = 0

    def put(self, key: Key, salt: bytes, digest: bytes, interval: int) -> None:
        type_, uid, facet = key
        self._packed.setdefault((type_, facet), {})[uid] = b"".join((salt, digest, interval.to_bytes(8)))
        self._count += 1

    def packed(self, type_: str, uid: str, facet: str) -> bytes | None:
        """Salt (16), digest (32) and interval id (8)."""
        of_type = self._packed.get((type_, facet))
        return None if of_type is None else of_type.get(uid)

    def places(self) -> Iterator[tuple[Place, bytes]]:
        for (type_, facet), uids in self._packed.items():
            for uid, packed in uids.items():
                yield (uid, facet, type_), packed

    def __getitem__(self, key: Key) -> tuple[bytes, bytes]:
        packed = self.packed(*key)
        if packed is None:
            raise KeyError(key)
        return packed[: bodies.SALT], packed[bodies.SALT : 48]

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
    salt: bytes
    digest: bytes
    body: bytes
    replaces: int | None  # the id of the interval that it ends


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


@dataclass(frozen=True, slots=True)
class _Fresh:
    salt: bytes
    digest: bytes
    body: bytes
    replaces: int | None
    hashed: bytes


class Sealer:
    """Takes one source's observations in one scope, and gives back what must be written."""

    def __init__(self, redactor: Redactor, known: Known) -> None:
        self._redactor = redactor
        self._known = known
        self._compressor = bodies.compressor()
        self._seen: dict[tuple[str, str], dict[str, bytes | _Fresh]] = {}
        self._unread: list[UnreadFacet] = []

    def add(self, observation: Observation, secret: Collection[str] = ()) -> None:
        """Redact and seal one facet. Seen twice in one listing, the later counts. Raises `canonical.CanonicalError`."""
        type_, uid, facet, facts = observation.type, observation.uid, observation.facet, observation.facts
        if isinstance(facts, Unread):
            self._unread.append(UnreadFacet(type_, uid, facet, facts))
            return
        text = self._redactor.sealed(facts, secret)
        _refuse(type_, uid, facet)
        of_type = self._seen.get((type_, facet))
        if of_type is None:
            of_type = self._seen[type_, facet] = {}
        packed = self._known.packed(type_, uid, facet)
        if packed is not None:
            digest = bodies.state_digest(packed[: bodies.SALT], text)
            if digest == packed[bodies.SALT : 48]:
                of_type[uid] = item_hash(type_, uid, facet, digest)
                return
        salt = bodies.salt()
        digest = bodies.state_digest(salt, text)
        replaces = None if packed is None else int.from_bytes(packed[48:])
        # A copy: the compressor gives a cut-down buffer, and the cuttings would stay unused between 100,000 of them.
        body = bytes(memoryview(self._compressor.compress(text)))
        of_type[uid] = _Fresh(salt, digest, body, replaces, item_hash(type_, uid, facet, digest))

    def collected(self, snapshot: Snapshot) -> Collected:
        """What this snapshot writes. Unread facets that came as observations are added to the snapshot's own."""
        snapshot = self._told(snapshot)
        missed = {(u.uid, u.facet, u.type) for u in snapshot.unread}
        items: list[tuple[Place, bytes | _Fresh, bool]] = [
            ((uid, facet, type_), sealed, False) for (type_, facet), uids in self._seen.items() for uid, sealed in uids.items()
        ]
        unseen, gone = [], []
        for place, packed in self._known.places():
            if place[0] in self._seen.get((place[2], place[1]), ()):
                continue
            if snapshot.presence is Presence.COMPLETE and place not in missed:
                gone.append(int.from_bytes(packed[48:]))
                continue
            uid, facet, type_ = place
            items.append((place, item_hash(type_, uid, facet, packed[bodies.SALT : 48]), True))
            if snapshot.presence is Presence.PARTIAL and place not in missed:
                unseen.append(place)
        items.sort(key=lambda item: item[0])
        return Collected(
            snapshot=snapshot,
            changed=tuple(
                Sealed(position, place[2], place[0], place[1], s.salt, s.digest, s.body, s.replaces)
                for position, (place, s, _) in enumerate(items)
                if isinstance(s, _Fresh)
            ),
            hashes=b"".join(s.hashed if isinstance(s, _Fresh) else s for _, s, _ in items),
            kept=tuple(position for position, item in enumerate(items) if item[2]),
            unseen=tuple(sorted(unseen)),
            gone=tuple(sorted(gone)),
            size=self._known.size,
        )

    def _told(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with its own count, the unread facets that came as observations, and no secrets in its reasons."""
        every = {(u.uid, u.facet, u.type): u for u in (*snapshot.unread, *self._unread)}
        unread = tuple(
            replace(u, unread=_safe(u.unread, self._redactor))
            for (uid, facet, type_), u in sorted(every.items())
            if uid not in self._seen.get((type_, facet), ())
        )
        count = sum(map(len, self._seen.values()))
        # What was read before a listing broke off was read: that is partial, not failed.
        broken = snapshot.presence is Presence.FAILED and count > 0
        return replace(
            snapshot,
            presence=Presence.PARTIAL if broken else snapshot.presence,
            reason=None if snapshot.reason is None else _safe(snapshot.reason, self._redactor),
            unread=unread,
            count=count,
        )


def _refuse(*texts: str) -> None:
    for text in texts:
        if not canonical.storable(text):
            raise canonical.CanonicalError(f"an identifier holds a zero byte or a lone surrogate: {text!r}")


def _safe(unread: Unread, redactor: Redactor) -> Unread:
    return Unread(unread.why, unread.action, redactor.scrub(unread.detail))
