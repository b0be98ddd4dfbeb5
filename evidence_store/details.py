"""How snapshots and findings are told in the detail of a leaf. What is written here is what verification reads.

What repeats is grouped: a reason with the facets that it kept from being read, identities by type and facet.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from evidence_store import canonical, merkle
from evidence_store.records import (
    Json,
    Lookup,
    Presence,
    Scope,
    Snapshot,
    Status,
    Unread,
    UnreadFacet,
    Why,
    format_time,
    parse_time,
)

Place = tuple[str, str, str]  # uid, facet, type: the order of manifests
Grouped = list[list[Json]]  # [[type, facet, [uid, ...]], ...]
# Every column of a finding but the id and the end, in the order in which it is hashed.
HASHED = ("check", "version", "parameters", "severity", "provider", "account", "region", "type", "uid", "status", "reason",
          "lookups", "since", "opened")  # fmt: skip
# These two neither fix a gap nor reset its age.
SOFT = frozenset({Status.UNKNOWN.value, Status.ERROR.value})


def item_hash(type_: str, uid: str, facet: str, digest: bytes) -> bytes:
    """The leaf hash of a manifest's item. Texts alone: orjson is canonical for them."""
    return merkle.leaf_hash(orjson.dumps([type_, uid, facet, digest.hex()]))


def finding_hash(columns: Sequence[Any]) -> bytes:
    """The leaf hash of a finding's columns, in the order of `HASHED`. Texts and small integers: orjson is canonical."""
    return merkle.leaf_hash(orjson.dumps(columns))


def lookups_of(text: str) -> tuple[Lookup, ...]:
    """Raises `ValueError`, `TypeError` for what is not the canonical text of look-ups."""
    return tuple(
        Lookup(type_, uid, tuple((name, value) for name, value in facts))
        for type_, uid, facts in canonical.decode(text.encode())
    )


def lookups_text(lookups: Iterable[Lookup]) -> str:
    return canonical.encode([[one.type, one.uid, [list(pair) for pair in one.facts]] for one in lookups]).decode()


def scope_of(value: Json) -> Scope:
    return Scope(*value)


def scope_list(scope: Scope) -> list[str]:
    return [scope.provider, scope.account, scope.region]


def grouped(places: Iterable[Place]) -> Grouped:
    groups: dict[tuple[str, str], list[str]] = {}
    for uid, facet, type_ in places:
        groups.setdefault((type_, facet), []).append(uid)
    return [[type_, facet, sorted(uids)] for (type_, facet), uids in sorted(groups.items())]


def ungrouped(groups: Grouped) -> list[Place]:
    return [(uid, facet, type_) for type_, facet, uids in groups for uid in uids]


def unread_list(unread: Unread | None) -> Json:
    return None if unread is None else [unread.why.value, unread.action, unread.detail]


def unread_of(value: Json) -> Unread | None:
    return None if value is None else Unread(Why(value[0]), value[1], value[2])


def unread_groups(unread: Iterable[UnreadFacet]) -> Json:
    reasons: dict[Unread, list[Place]] = {}
    for u in unread:
        reasons.setdefault(u.unread, []).append((u.uid, u.facet, u.type))
    told = [[*unread_list(reason), grouped(places)] for reason, places in reasons.items()]
    return sorted(told, key=lambda group: [str(part) for part in group[:3]])


def unread_facets(groups: Json) -> tuple[UnreadFacet, ...]:
    return tuple(
        UnreadFacet(type_, uid, facet, Unread(Why(why), action, text))
        for why, action, text, places in groups
        for uid, facet, type_ in ungrouped(places)
    )


def snapshot_record(
    snapshot: Snapshot, manifest: bytes, held: bytes | None, unseen: Iterable[Place], opened: int, closed: int
) -> dict[str, Json]:
    """One record of a `snapshots` leaf. `held` is the root over all that is in force, where not all of it was seen."""
    return {
        "scope": scope_list(snapshot.scope),
        "source": snapshot.source,
        "types": list(snapshot.types),
        "presence": snapshot.presence.value,
        "reason": unread_list(snapshot.reason),
        "unread": unread_groups(snapshot.unread),
        "unseen": grouped(unseen),
        "count": snapshot.count,
        "calls": snapshot.calls,
        "principal": snapshot.principal,
        "started": format_time(snapshot.started),
        "finished": format_time(snapshot.finished),
        "effective": None if snapshot.effective is None else format_time(snapshot.effective),
        "manifest": manifest.hex(),
        "held": None if held is None else held.hex(),
        "opened": opened,
        "closed": closed,
    }


def snapshot_of(record: Mapping[str, Json]) -> Snapshot:
    return Snapshot(
        scope=scope_of(record["scope"]),
        source=record["source"],
        types=tuple(record["types"]),
        presence=Presence(record["presence"]),
        reason=unread_of(record["reason"]),
        unread=unread_facets(record["unread"]),
        count=record["count"],
        principal=record["principal"],
        calls=record["calls"],
        started=parse_time(record["started"]),
        finished=parse_time(record["finished"]),
        effective=None if record["effective"] is None else parse_time(record["effective"]),
    )


def detail_root(detail: Mapping[str, Json]) -> str:
    """The root that stands in a leaf over the heading and the records of its detail, so that each can be shown alone."""
    heading = {key: value for key, value in detail.items() if key != "records"}
    return records_root([heading, *detail["records"]])


def records_root(records: Iterable[Json]) -> str:
    return merkle.root(merkle.leaf_hash(canonical.encode(record)) for record in records).hex()
