"""Ask each planned source once in each scope, side by side, and record what came back and what did not.

- One unit of work is one source in one scope. A failure of one unit never touches another.
- A dependent source runs when the listing of its parent has ended, in shards, so that one long listing keeps all
  threads busy. No thread waits for another.
- Only this module catches broadly: what a source raises beyond its named errors becomes an answer of unexpected shape.
- A bulk pass is read once for a target; each of its items goes to the sources that take its kind, in the account that it
  belongs to. An account that no place of the target stands for came after the places were listed: it waits for the next run.
- Two targets that reach one scope read it once; who does is `share`'s to say.
- A target that names no place at all has failed: nothing was seen of it.
"""

import logging
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from collectors.source import Bulk, Connection, Facet, Item, NotEnabledError, Parent, Place, Source, UnreadError
from evidence_store.records import Observation, Presence, Scope, Snapshot, Unread, UnreadFacet, Why

log = logging.getLogger(__name__)

Kept = TypeVar("Kept", covariant=True)

SHARD = 16  # parents that one thread reads about before it takes new work


class Sink(Protocol[Kept]):
    """Where a unit's observations go. Called by one thread at a time."""

    def add(self, observation: Observation, secret: tuple[str, ...] = ()) -> None: ...

    def collected(self, snapshot: Snapshot) -> Kept: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one target is."""

    target: str
    done: int  # units ended
    known: int  # units planned so far
    facets: int  # facets read
    failed: int  # units whose presence is not complete


@dataclass(slots=True)
class _Unit:
    """One source in one scope, while it is being read. Guarded by its lock."""

    source: Source
    place: Place
    reader: Any  # `None`: the pass that it is part of counts its calls elsewhere
    yields: Mapping[tuple[str, str], tuple[Facet, frozenset[str] | None]]  # with the facts that dependents ask of a listing
    sink: Any = None  # made when reading begins: it holds what the store knows, and many units wait for their turn
    started: datetime | None = None
    deadline: float = 0.0
    pending: int = 1  # tasks that have not ended
    counts: dict[str, int] = field(default_factory=dict)  # type -> facets read
    reason: Unread | None = None
    unread: list[UnreadFacet] = field(default_factory=list)
    parents: dict[str, list[Parent]] = field(default_factory=dict)  # type -> listed, for dependents
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(slots=True)
class Collection(Generic[Kept]):
    """What one target gave: its snapshots, and why places of it could not be read at all."""

    target: str
    places: tuple[Place, ...] = ()
    read: tuple[Place, ...] = ()  # those of them that this target reads, and no other
    failed: Unread | None = None  # the target as a whole could not be reached
    kept: list[Kept] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    counts: dict[tuple[Scope, str, str], int] = field(default_factory=dict)  # (scope, source, type) -> facets read


class Collector(Generic[Kept]):
    """Reads one target. Threads come from the executor, time from the clock, sinks from the caller."""

    def __init__(
        self,
        executor: Executor,
        clock: Callable[[], datetime],
        sink: Callable[[Scope, Source], Sink[Kept]],
        *,
        share: Callable[[str, Sequence[Place]], Sequence[Place]] = lambda _target, places: places,
        progress: Callable[[Progress], None] = lambda _: None,
        unit_seconds: float = 1800,
    ) -> None:
        self._executor = executor
        self._clock = clock
        self._sink = sink
        self._claimed: set[tuple[Scope, str]] = set()
        self._claim_lock = threading.Lock()
        self._share = share
        self._progress = progress
        self._unit_seconds = unit_seconds

    def collect(self, target: str, connection: Connection, sources: Sequence[Source]) -> Collection[Kept]:
        """Read every source in every place of the target. Returns when all has ended; never raises for a failed read."""
        collection: Collection[Kept] = Collection(target)
        try:
            collection.places = tuple(connection.places())
        except UnreadError as error:
            collection.failed = error.unread
            return collection
        except Exception as error:  # noqa: BLE001 - the edge: a provider's surprise fails its target, not the run
            log.debug("%s: places could not be listed: %s", target, trail(error))
            collection.failed = Unread(Why.UNEXPECTED, target, type(error).__name__)
            return collection
        if not collection.places:
            collection.failed = Unread(Why.UNEXPECTED, target, "it names no place to read")
            return collection
        collection.read = tuple(self._share(target, collection.places))
        _Reading(self, collection, connection, sources).run()
        return collection

    def claim(self, scope: Scope, source: Source) -> bool:
        """Whether this scope of this source is still to be read in this run."""
        with self._claim_lock:
            if (scope, source.name) in self._claimed:
                return False
            self._claimed.add((scope, source.name))
            return True


class _Reading(Generic[Kept]):
    """The reading of one target: which units run, which wait for a parent, what has ended."""

    def __init__(
        self, collector: Collector[Kept], collection: Collection[Kept], connection: Connection, sources: Sequence[Source]
    ) -> None:
        self._of = collector
        self._collection = collection
        self._connection = connection
        self._sources = sources
        self._ended: queue.SimpleQueue[tuple[Sequence[_Unit], Future[None]]] = queue.SimpleQueue()
        self._running = 0
        self._done = self._known = self._facets = self._failed = 0

    def run(self) -> None:
        passes: dict[str, list[_Unit]] = {}
        first = self._collection.places[0]  # bulk passes are asked through it, whoever reads what lies there
        for place in self._collection.read:
            level = "account" if place.scope.region == "global" else "region"
            for source in self._sources:
                if source.level == level and source.parent is None and self._of.claim(place.scope, source):
                    refused = place.failed or (first.failed if source.bulk is not None else None)
                    if refused is not None:
                        self._refuse(source, place, refused)
                    elif source.bulk is not None:
                        units = passes.setdefault(source.bulk.name, [])
                        units.append(self._unit(source, place, None if units else self._bulk_reader(source)))
                    else:
                        unit = self._unit(source, place, self._connection.reader(place, source))
                        self._submit([unit], self._list, unit)
        for units in passes.values():
            self._submit(units, self._pass, units)
        while self._running:
            ended, future = self._ended.get()
            self._running -= 1
            future.result()  # a bug in this module shows; sources' errors are already recorded
            for unit in ended:
                unit.pending -= 1
                if unit.pending == 0:
                    self._end(unit)

    def _bulk_reader(self, source: Source) -> Any:
        return self._connection.reader(self._collection.places[0], source)

    def _unit(self, source: Source, place: Place, reader: Any) -> _Unit:
        self._known += 1
        yields = {(f.type, f.name): (f, self._uses(f.type) if f.lists else None) for f in source.yields}
        return _Unit(source, place, reader, yields)

    def _begin(self, unit: _Unit) -> None:
        """The first thread to read for a unit opens its sink and starts its time."""
        with unit.lock:
            if unit.started is None:
                self._open(unit)
                unit.started = self._of._clock()
                unit.deadline = time.monotonic() + self._of._unit_seconds

    def _open(self, unit: _Unit) -> None:
        if unit.sink is None:
            unit.sink = self._of._sink(unit.place.scope, unit.source)

    def _submit(self, units: Sequence[_Unit], work: Callable[..., None], *arguments: Any) -> None:
        self._running += 1
        future = self._of._executor.submit(work, *arguments)
        future.add_done_callback(lambda ended: self._ended.put((units, ended)))

    def _list(self, unit: _Unit) -> None:
        """Read a listing to its last page."""
        self._begin(unit)
        reason = self._guarded(unit, lambda: unit.source.read(unit.reader))
        if reason is not None:
            unit.reason = reason

    def _pass(self, units: Sequence[_Unit]) -> None:
        """Read one bulk answer to its last item for all the sources and accounts that wait for it."""
        bulk, reader = units[0].source.bulk, units[0].reader
        assert bulk is not None
        started, deadline = self._of._clock(), time.monotonic() + self._of._unit_seconds
        waiting: dict[tuple[str, str], list[_Unit]] = {}
        for unit in units:
            unit.started = started
            for kind in unit.source.takes:
                waiting.setdefault((unit.place.scope.account, kind), []).append(unit)
        kinds = tuple(sorted({kind for _, kind in waiting}))
        reason = self._translated(bulk.name, lambda: self._routed(bulk, reader, kinds, units, waiting, deadline), in_bulk=True)
        for unit in units:
            unit.reason = unit.reason or reason

    def _routed(
        self,
        bulk: Bulk,
        reader: Any,
        kinds: tuple[str, ...],
        units: Sequence[_Unit],
        waiting: Mapping[tuple[str, str], Sequence[_Unit]],
        deadline: float,
    ) -> Unread | None:
        for item in bulk.read(reader, kinds):
            if time.monotonic() > deadline:
                return Unread(Why.TIMEOUT, bulk.name, f"no end after {self._of._unit_seconds:.0f} s")
            if isinstance(item.body, Unread):
                whole = item.account and item.kind  # thousands of accounts may each lack many kinds
                for unit in waiting.get((item.account, item.kind), ()) if whole else units:
                    if item.account in ("", unit.place.scope.account) and (not item.kind or item.kind in unit.source.takes):
                        unit.reason = unit.reason or item.body
                continue
            for unit in waiting.get((item.account, item.kind), ()):
                self._open(unit)
                wrong = self._translated(unit.source.name, partial(self._shaped, unit, reader, item), in_bulk=True)
                unit.reason = unit.reason or wrong
        return None

    def _shaped(self, unit: _Unit, reader: Any, item: Item) -> None:
        for observation in unit.source.read(reader, item.body):
            self._keep(unit, observation)

    def _dependent(self, unit: _Unit, parents: Sequence[Parent]) -> None:
        """Read more about some parents. What fails for one of them is recorded for that one."""
        self._begin(unit)
        size = unit.source.batch
        for start in range(0, len(parents), size):
            batch = parents[start : start + size]
            argument: Any = list(batch) if size > 1 else batch[0]
            reason = self._guarded(unit, lambda argument=argument: unit.source.read(unit.reader, argument))  # type: ignore[misc]  # mypy cannot type a lambda's default
            if reason is not None:
                self._mark(unit, batch, reason)

    def _mark(self, unit: _Unit, parents: Iterable[Parent], reason: Unread) -> None:
        with unit.lock:
            for facet in unit.source.yields:
                if facet.type == unit.source.parent:
                    unit.unread.extend(UnreadFacet(facet.type, parent.uid, facet.name, reason) for parent in parents)
                else:
                    unit.reason = unit.reason or reason

    def _guarded(self, unit: _Unit, read: Callable[[], Iterable[Observation]]) -> Unread | None:
        """Pull every observation. Returns why it ended early, if it did."""

        def pull() -> Unread | None:
            for observation in read():
                if time.monotonic() > unit.deadline:
                    return Unread(Why.TIMEOUT, unit.source.name, f"no end after {self._of._unit_seconds:.0f} s")
                self._keep(unit, observation)
            return None

        return self._translated(unit.source.name, pull)

    def _translated(self, name: str, read: Callable[[], Unread | None], *, in_bulk: bool = False) -> Unread | None:
        """What a read came to: its own word, or that of the error that ended it.

        A service that is not enabled has nothing; an inventory that is not enabled says nothing of what it would list.
        """
        try:
            return read()
        except UnreadError as error:
            return error.unread
        except NotEnabledError as error:
            return Unread(Why.UNSUPPORTED, name, str(error)) if in_bulk else None
        except Exception as error:  # noqa: BLE001 - the edge: an answer that the source does not understand is a result
            log.debug("%s of %s: %s", name, self._collection.target, trail(error))
            return Unread(Why.UNEXPECTED, name, shape(error))

    def _keep(self, unit: _Unit, observation: Observation) -> None:
        facet, uses = unit.yields[observation.type, observation.facet]
        facts = observation.facts
        if not isinstance(facts, Unread):
            missing = [name for name in facet.facts if name not in facts]
            if missing:
                facts = Unread(Why.UNEXPECTED, unit.source.name, f"no {', '.join(missing)}")
        with unit.lock:
            if isinstance(facts, Unread):
                unit.unread.append(UnreadFacet(facet.type, observation.uid, facet.name, facts))
                return
            unit.counts[facet.type] = unit.counts.get(facet.type, 0) + 1
            unit.sink.add(observation, facet.secret)
            if uses is not None:
                parent = Parent(observation.uid, {name: facts.get(name) for name in uses})
                unit.parents.setdefault(facet.type, []).append(parent)

    def _uses(self, type_: str) -> frozenset[str] | None:
        """The facts of a type that dependents ask for; `None` where nothing depends on it."""
        dependents = [s for s in self._sources if s.parent == type_]
        return frozenset(name for s in dependents for name in s.uses) if dependents else None

    def _end(self, unit: _Unit) -> None:
        """All of a unit has been read: record its snapshot and start what waited for it."""
        self._open(unit)  # a bulk pass may have had nothing for it
        self._record(unit.source, unit.place, unit.reason, unit.sink, unit)
        unit.sink = None  # what it holds has been given; thousands of units may end together
        for source in self._sources:
            if source.parent is None or source.parent not in {f.type for f in unit.source.yields if f.lists}:
                continue
            if not self._of.claim(unit.place.scope, source):
                continue
            parents = unit.parents.get(source.parent, [])
            if unit.reason is not None and not parents:
                self._refuse(source, unit.place, unit.reason)
                continue
            child = self._unit(source, unit.place, self._connection.reader(unit.place, source))
            child.reason = unit.reason
            shard = SHARD if source.batch == 1 else source.batch
            shards = [parents[i : i + shard] for i in range(0, len(parents), shard)] or [[]]
            child.pending = len(shards)
            for part in shards:
                self._submit([child], self._dependent, child, part)

    def _refuse(self, source: Source, place: Place, reason: Unread) -> None:
        """Record a unit that could not even be asked, and what depends on it."""
        self._known += 1
        self._record(source, place, reason, self._of._sink(place.scope, source), None)
        for dependent in self._sources:
            if dependent.parent in {f.type for f in source.yields if f.lists} and self._of.claim(place.scope, dependent):
                self._refuse(dependent, place, reason)

    def _record(self, source: Source, place: Place, reason: Unread | None, sink: Any, unit: _Unit | None) -> None:
        now = self._of._clock()
        counts = unit.counts if unit else {}
        count = sum(counts.values())
        presence = Presence.COMPLETE if reason is None else Presence.PARTIAL if count else Presence.FAILED
        snapshot = Snapshot(
            scope=place.scope,
            source=source.name,
            types=tuple(dict.fromkeys(f.type for f in source.yields)),
            presence=presence,
            reason=reason,
            unread=tuple(sorted(unit.unread, key=lambda u: (u.uid, u.facet))) if unit else (),
            count=count,
            principal=place.principal,
            calls=unit.reader.calls if unit and unit.reader is not None else 0,
            started=unit.started or now if unit else now,
            finished=now,
            effective=getattr(unit.reader, "effective", None) if unit else None,
        )
        self._collection.kept.append(sink.collected(snapshot))
        self._collection.snapshots.append(snapshot)
        self._collection.counts.update({(place.scope, source.name, type_): n for type_, n in counts.items()})
        self._done += 1
        self._facets += count
        self._failed += presence is not Presence.COMPLETE
        self._of._progress(Progress(self._collection.target, self._done, self._known, self._facets, self._failed))


def shape(error: Exception) -> str:
    """What was odd about an answer, without its contents: they may be secret."""
    missing = f" {error.args[0]!r}" if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str) else ""
    return f"{type(error).__name__}{missing}"


def trail(error: Exception) -> str:
    """Where an error came from, for a log: its type and lines of code, without its message, which may hold an answer."""
    lines = [f"{Path(f.filename).name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)[-8:]]
    return f"{type(error).__name__} at {' > '.join(lines)}"
