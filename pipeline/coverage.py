"""What a run read of each type in each place, and why not more: the rows that its end records."""

from collections import Counter
from collections.abc import Mapping

from evidence_store.records import Json, Presence, Scope, Snapshot
from evidence_store.sealing import Collected
from pipeline.collect import Collection


def coverage(collections: Mapping[str, Collection[Collected]], unreachable: Mapping[str, Scope]) -> list[dict[str, Json]]:
    """By target, place, source and type. `unreachable`: what stands for a target that could not be reached."""
    rows = [
        {
            "target": name,
            "account": s.scope.account,
            "region": s.scope.region,
            "source": s.source,
            "type": type_,
            "presence": str(s.presence),
            "resources": collection.counts.get((s.scope, s.source, type_), 0),
            "unread": sum(u.type == type_ for u in s.unread),
            "reason": _why(s, type_),
        }
        for name, collection in collections.items()
        for s in collection.snapshots
        for type_ in s.types
    ]
    rows += [
        {
            "target": name,
            "account": unreachable[name].account,
            "region": "global",
            "source": "connect",
            "type": unreachable[name].provider,
            "presence": str(Presence.FAILED),
            "resources": 0,
            "unread": 0,
            "reason": str(collection.failed),
        }
        for name, collection in collections.items()
        if collection.failed is not None
    ]
    return sorted(rows, key=lambda row: (row["target"], row["account"], row["region"], row["source"], row["type"]))


def _why(snapshot: Snapshot, type_: str) -> str | None:
    """Why not all was read of a type: why its listing is not complete, or else the commonest reason of its unread facets."""
    if snapshot.reason is not None:
        return str(snapshot.reason)
    reasons = Counter(str(facet.unread) for facet in snapshot.unread if facet.type == type_)
    return min(reasons, key=lambda reason: (-reasons[reason], reason), default=None)
