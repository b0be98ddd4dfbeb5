"""What the leaves say of each source and each check, in a compact form for the passes over the other tables.

A detail is read by its bytes where these show it whole (see `apart`), else as a whole.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from evidence_store import canonical, details, merkle
from evidence_store.records import Json, Presence, Unread, parse_time
from evidence_store.verification import apart
from evidence_store.verification.report import Problems

StreamKey = tuple[str, str, str, str]  # provider, account, region, source
ScopeKey = tuple[str, str, str]
Place = details.Place


@dataclass(slots=True)
class Stretch:
    """Consecutive leaves that say the same of one source."""

    manifest: bytes
    held: bytes | None
    presence: Presence
    unread: Mapping[Place, Unread]
    unseen: frozenset[Place]
    types: tuple[str, ...]
    reason: Unread | None
    said: tuple[Json, ...] = field(repr=False)
    leaves: "array[int]" = field(default_factory=lambda: array("q"))
    effective: dict[int, datetime] = field(default_factory=dict)  # leaf -> the time that its answer speaks of, if it says


@dataclass(slots=True)
class JudgedStretch:
    """Consecutive leaves that give the same root for one check in the same scopes."""

    root: bytes
    leaves: "array[int]" = field(default_factory=lambda: array("q"))


@dataclass(slots=True)
class Logbook:
    """What the leaves say, as far as the other tables are held against it."""

    origin: str = ""
    size: int = 0
    sealed: int = 0
    root: bytes = merkle.EMPTY
    streams: dict[StreamKey, list[Stretch]] = field(default_factory=dict)  # in the order of first mention
    judged: dict[str, dict[tuple[ScopeKey, ...], list[JudgedStretch]]] = field(default_factory=dict)
    observed: dict[int, int] = field(default_factory=dict)  # leaf of findings -> leaf of what they judged
    documents: dict[str, tuple[str, int]] = field(default_factory=dict)  # digest -> kind, the leaf that names it
    times: list[datetime] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)  # the leaf that each run begins with
    abandoned: int = 0
    missed: int = 0  # runs that were due and were not made
    ends: list[int] = field(default_factory=list)  # the leaves of run ends
    partial: int = 0  # snapshots of the last run whose presence is not complete
    withheld: int = 0  # details and records that stand as digests
    stored: frozenset[int] = frozenset()  # the sizes of the store's own checkpoints
    roots: dict[int, bytes] = field(default_factory=dict)  # at the sizes that were asked for

    @property
    def runs(self) -> int:
        return len(self.starts)


Held = tuple[list[Stretch], Stretch]  # what a record told of: its source's stretches, and the one that it belongs to


class Bookkeeper:
    """Puts into the book what leaves of snapshots and findings say."""

    def __init__(self, book: Logbook, time: Problems) -> None:
        self._book = book
        self._time = time
        self._scope_sets: dict[tuple[ScopeKey, ...], tuple[ScopeKey, ...]] = {}
        self._held: dict[bytes, dict[apart.Wording, Held]] = {}  # of each target's last snapshots, by their heading
        self._counted: set[bytes] = set()  # counts of findings that were shown to be canonical

    def read(self, kind: str, text: bytes) -> tuple[Any, str | None]:
        """A detail, for `snapshots` or `findings`, and the root over its records if it has some.

        Raises `canonical.CanonicalError`.
        """
        told = self._apart(kind, text)
        if told is not None:
            return told
        detail = canonical.decode(text)
        return detail, details.detail_root(detail) if "records" in detail else None

    def _apart(self, kind: str, text: bytes) -> tuple[Any, str | None] | None:
        """A detail and the root over its records, where its bytes show both."""
        first = {"snapshots": apart.SNAPSHOT, "findings": apart.FINDING}.get(kind)
        found = None if first is None else apart.parts(text, first)
        if found is None:
            return None
        if kind == "snapshots":
            answers = apart.answers(found, self._held.get(found.told, {}))
            return None if answers is None else ((found.told, answers), found.root())
        judgements = apart.judgements(found, self._counted)
        return None if judgements is None else ({**found.heading, "records": judgements}, found.root())

    def snapshots(self, index: int, detail: Any) -> None:
        """The detail is as `read` gave it, or shows some of its records and of the others their hashes."""
        if isinstance(detail, tuple):
            self._answers(index, *detail)
            return
        for record in detail["records"]:
            if not isinstance(record, bytes):
                self._snapshot(index, record)

    def _answers(self, index: int, told: bytes, answers: list[tuple[apart.Answer, Held | None]]) -> None:
        """What sources answered: most say day after day what they said."""
        held = self._held.setdefault(told, {})
        if len(held) > 2 * len(answers):
            held.clear()
        for answer, before in answers:
            if before is not None and before[0][-1] is before[1]:
                self._again(index, answer, before[1])
                continue
            after = self._snapshot(index, apart.read(answer))
            if (wording := answer[1]) is not None:
                held[wording] = after

    def _again(self, index: int, answer: apart.Answer, stretch: Stretch) -> None:
        _, _, effective, finished, started = answer
        if stretch.presence is not Presence.COMPLETE:
            self._book.partial += 1
        began = parse_time(started.decode())
        if finished != started and parse_time(finished.decode()) < began:
            self._time.add(f"ev_leaf {index}", f"{apart.read(answer)['source']} ended before it began")
        stretch.leaves.append(index)
        if effective is not None:
            stretch.effective[index] = parse_time(effective.decode())

    def _snapshot(self, index: int, record: dict[str, Any]) -> Held:
        provider, account, region = record["scope"]
        stretches = self._book.streams.setdefault((provider, account, region, record["source"]), [])
        presence = Presence(record["presence"])
        if presence is not Presence.COMPLETE:
            self._book.partial += 1
        if not parse_time(record["started"]) <= parse_time(record["finished"]):
            self._time.add(f"ev_leaf {index}", f"{record['source']} ended before it began")
        said = (record["manifest"], record["held"], record["presence"], record["unread"], record["unseen"], record["reason"])
        if not stretches or said != stretches[-1].said:
            stretches.append(_stretch(record, presence, said))
        stretches[-1].leaves.append(index)
        if record["effective"] is not None:
            stretches[-1].effective[index] = parse_time(record["effective"])
        return stretches, stretches[-1]

    def findings(self, index: int, detail: dict[str, Any]) -> None:
        """As `snapshots`."""
        scopes = tuple(tuple(scope) for scope in detail["scopes"])
        scopes = self._scope_sets.setdefault(scopes, scopes)
        if not 0 <= detail["observed"] < index:
            raise ValueError("judges what was not yet observed")
        self._book.observed[index] = detail["observed"]
        for record in detail["records"]:
            if isinstance(record, bytes):
                continue
            check, root = record if isinstance(record, tuple) else (record["check"], bytes.fromhex(record["root"]))
            stretches = self._book.judged.setdefault(check, {}).setdefault(scopes, [])
            if not stretches or stretches[-1].root != root:
                stretches.append(JudgedStretch(root))
            stretches[-1].leaves.append(index)


def _stretch(record: Mapping[str, Json], presence: Presence, said: tuple[Json, ...]) -> Stretch:
    """What a record of one source says, before any leaf."""
    return Stretch(
        manifest=bytes.fromhex(record["manifest"]),
        held=None if record["held"] is None else bytes.fromhex(record["held"]),
        presence=presence,
        unread={(u.uid, u.facet, u.type): u.unread for u in details.unread_facets(record["unread"])},
        unseen=frozenset(details.ungrouped(record["unseen"])),
        types=tuple(record["types"]),
        reason=details.unread_of(record["reason"]),
        said=said,
    )
