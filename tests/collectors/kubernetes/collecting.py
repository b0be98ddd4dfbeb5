"""Collect named sources from a connection: the real collection, with no check to ask for them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from collectors.source import Connection, Place, Source, sources
from evidence_store.records import Json, Snapshot, Unread
from pipeline.collect import Collector
from tests.collectors.kubernetes.cluster import Cluster
from tests.harness import Looked, _Kept


def collect(connection: Connection, *names: str) -> Looked:
    """What these sources gave; without names, every source of the provider."""
    chosen = [s for s in sources("kubernetes") if not names or s.name in names]
    assert len(chosen) == len(names) or not names, names
    with ThreadPoolExecutor(8) as executor:
        collector: Collector[_Kept] = Collector(executor, lambda: datetime.now(UTC), lambda scope, _: _Kept(scope))
        collection = collector.collect("test", connection, chosen)
    return Looked((collection,), (), tuple(chosen))


def snapshot(connection: Connection, name: str) -> Snapshot:
    (found,) = collect(connection, name).snapshots[name]
    return found


def reason(connection: Connection, name: str) -> Unread:
    """Why a source could not be read to its end."""
    why = snapshot(connection, name).reason
    assert why is not None, f"{name} was read to its end"
    return why


def one(seen: Looked, type_: str, name: str, facet: str = "config") -> dict[str, Json]:
    (facts,) = [facts for uid, facts in seen.facts(type_, facet).items() if uid.endswith(f":{name}")]
    assert isinstance(facts, dict)
    return facts


def kept(kube: Cluster, type_: str, name: str, facet: str = "config") -> dict[str, Json]:
    """The facts of one facet of one object, by the source that yields it."""
    (yielding,) = [s for s in sources("kubernetes") if any((f.type, f.name) == (type_, facet) for f in s.yields)]
    return one(collect(kube.connect(), yielding.name), type_, name, facet)


def told(facts: dict[str, Json]) -> dict[str, Json]:
    """The facts that are there."""
    return {name: value for name, value in facts.items() if value not in (None, [], {})}


def source(name: str) -> Source:
    return next(s for s in sources("kubernetes") if s.name == name)


def place(connection: Connection) -> Place:
    (only,) = connection.places()
    return only
