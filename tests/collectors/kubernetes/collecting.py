"""Collect named sources from a connection: the real collection, with no check to ask for them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from collectors.source import Connection, sources
from evidence_store.records import Snapshot, Unread
from pipeline.collect import Collector
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
