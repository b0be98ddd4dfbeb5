"""One run, from the lock to the seal.

- Targets are collected side by side; each is written, with its leaf, as soon as it has ended. Judging begins when all
  have been collected, because a check may look at another target's records.
- A target that cannot be reached gives an `unknown` for each of its checks, under a scope of its own that is closed
  again by the first run that reaches it.
- The run is complete when everything planned was read and judged, or an exception covers the blind spot. A check that failed
  on what it was given has judged nothing.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime

from checks.check import Check
from collectors.source import Source, UnreadError
from configuration import Configuration, Target
from evidence_store import canonical
from evidence_store.database import Store
from evidence_store.errors import DamagedError, StoreError
from evidence_store.finding_sink import FindingSink
from evidence_store.firings import Firing
from evidence_store.keys import Keys
from evidence_store.records import Finding, Json, Presence, Scope, Snapshot, Status, Unread, Why
from evidence_store.redaction import Redactor
from evidence_store.sealing import Collected, Sealer
from evidence_store.spool import Spool
from evidence_store.writing import Writer, nothing
from mappings.catalogue import Catalogue
from mappings.evidence import Judged
from pipeline.assess import Conclusion, conclude, earlier_places
from pipeline.basis import basis
from pipeline.collect import Collection, Collector, Progress, trail
from pipeline.coverage import coverage
from pipeline.facts import Facets, Seen
from pipeline.judge import World, judge
from pipeline.memory import give_back, pass_over_imports, share_heaps
from pipeline.plan import Sources
from pipeline.selection import Selection, unreachable
from pipeline.shares import Shares
from pipeline.targets import connect

log = logging.getLogger(__name__)


class StoreFailedError(Exception):
    """The store failed after the run had begun; what was sealed before still verifies."""


@dataclass(frozen=True, slots=True)
class Blind:
    """Something planned that could not be read, or not be judged for a bug of ours, and no exception covers it."""

    scope: Scope
    unread: Unread


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    run: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Environment:
    """What a run is given: everything that it does not decide."""

    configuration: Configuration
    known: Mapping[str, Check]
    catalogue: Catalogue
    sources: Sources
    store: Store
    keys: Keys
    clock: Callable[[], datetime]
    run_id: str
    origin: str  # the name of a log that begins with this run; one that exists keeps its own
    version: str
    progress: Callable[[Progress], None] = lambda _: None
    crash: Callable[[str], None] = nothing
    firing: Firing | None = None  # the due time of a schedule that this run is for

    def parameters(self, check: Check) -> dict[str, Json]:
        """The parameters in force for a check."""
        return {**check.defaults(), **self.configuration.parameters.get(check.id, {})}


@dataclass(slots=True)
class _Gathered:
    """What the targets gave, while the run goes on."""

    collections: dict[str, Collection[Collected]] = field(default_factory=dict)
    owners: dict[Scope, str] = field(default_factory=dict)
    seen: dict[tuple[Scope, str], Seen] = field(default_factory=dict)  # by scope and source

    def snapshots(self) -> Iterator[tuple[str, Snapshot]]:
        for name, collection in self.collections.items():
            for snapshot in collection.snapshots:
                yield name, snapshot

    def written(self, collection: Collection[Collected]) -> None:
        """Keep what the judge needs of what is in the store now, and let go of the states."""
        for c in collection.kept:
            unseen = ((type_, uid, facet) for uid, facet, type_ in c.unseen)
            self.seen[c.snapshot.scope, c.snapshot.source] = Seen.of(c.snapshot, unseen)
        collection.kept.clear()


def run(environment: Environment, selection: Selection, *, wait: float = 0) -> Outcome:
    """Do one run. Raises `HeldError`, `RolledBackError`, `StoreError` before it begins; `StoreFailedError` after.

    `DamagedError` comes at any time: a part of the store is missed when it is looked for.
    """
    share_heaps()
    pass_over_imports()
    with environment.store.writer(
        environment.keys, origin=environment.origin, wait=wait, clock=environment.clock, crash=environment.crash
    ) as writer:
        documents, about = basis(environment, selection), {"version": environment.version}
        writer.begin(environment.run_id, documents=documents, about=about, firing=environment.firing)
        try:
            return _Run(environment, selection, writer).go()
        except DamagedError:
            raise
        except StoreError as error:
            raise StoreFailedError(f"the store failed during the run: {error}; the last checkpoint still stands") from error


class _Run:
    def __init__(self, environment: Environment, selection: Selection, writer: Writer) -> None:
        self._environment = environment
        self._selection = selection
        self._writer = writer
        self._gathered = _Gathered()
        self._reading = threading.Lock()
        self._knowing = environment.store.knowing()
        self._redactor = Redactor(environment.keys.redaction)
        self._spool = Spool()
        self._shares = Shares(selection.targets)
        self._observed: dict[str, datetime] = {}  # target -> when its last answer was in
        self._judged: dict[tuple[str, Scope], Judged] = {}
        self._erred: dict[Blind, None] = {}
        self._elsewhere: set[Scope] = set()  # where targets reached that this run does not read

    def go(self) -> Outcome:
        with self._spool:
            self._collect()
        give_back()
        self._judge()
        conclusion = conclude(self._environment, self._places(), self._judged, self._unread_types())
        blind = self._blind(conclusion)
        calls = sum(s.calls for _, s in self._gathered.snapshots())
        outcome = {"complete": not blind, "blind": len(blind), "calls": calls}
        self._writer.end(
            coverage=coverage(self._gathered.collections, {t.name: unreachable(t) for t in self._selection.targets}),
            assessments=[a.document() for a in conclusion.assessments],
            documents=conclusion.documents,
            outcome=outcome,
        )
        self._writer.seal()
        return Outcome(self._environment.run_id, not blind)

    # -- collect -------------------------------------------------------------------------------------------------------

    def _collect(self) -> None:
        environment = self._environment
        workers = ThreadPoolExecutor(environment.configuration.run.workers, "read")
        targets = ThreadPoolExecutor(max(1, len(self._selection.targets)), "target")
        try:
            collector: Collector[Collected] = Collector(
                workers,
                environment.clock,
                self._sealer,
                share=self._shares.of,
                progress=environment.progress,
                unit_seconds=environment.configuration.run.source_seconds,
            )
            futures = {targets.submit(self._read, collector, target): target for target in self._selection.targets}
            for future in as_completed(futures):
                self._write(futures[future], future)
        finally:
            targets.shutdown(wait=False, cancel_futures=True)
            workers.shutdown(wait=False, cancel_futures=True)

    def _sealer(self, scope: Scope, source: Source) -> Sealer:
        """What is known is read by one thread at a time: each would need a connection, with a cache of its own."""
        with self._reading:
            return Sealer(self._redactor, self._knowing.of(scope, source.name), self._spool)

    def _read(self, collector: Collector[Collected], target: Target) -> Collection[Collected]:
        """Read one target, in a thread of its own."""
        try:
            return self._connected(collector, target)
        finally:
            self._shares.declare(target.name)  # whatever became of it, nobody waits for it

    def _connected(self, collector: Collector[Collected], target: Target) -> Collection[Collected]:
        try:
            connection = connect(target)
        except UnreadError as error:
            return Collection(target.name, failed=error.unread)
        except Exception as error:  # noqa: BLE001 - the edge: a provider's surprise fails its target, not the run
            log.debug("%s: %s", target.name, trail(error))
            return Collection(target.name, failed=Unread(Why.UNEXPECTED, target.name, type(error).__name__))
        try:
            return collector.collect(target.name, connection, self._sources(target))
        finally:
            connection.close()

    def _sources(self, target: Target) -> Sequence[Source]:
        return self._selection.sources.get(target.kind, ())

    def _write(self, target: Target, future: Future[Collection[Collected]]) -> None:
        collection = future.result()
        self._gathered.collections[target.name] = collection
        self._gathered.owners.update((place.scope, target.name) for place in collection.read)
        if collection.failed is not None:
            collection.kept.extend(self._not_seen(target, collection.failed))
        give_back()
        leaf = self._writer.snapshots(target.name, collection.kept)
        self._gathered.written(collection)
        self._observed[target.name] = self._environment.store.time_of(leaf)

    def _not_seen(self, target: Target, why: Unread) -> Iterator[Collected]:
        """What stands in the place of a target that could not be reached: whoever looks something up there has not seen it."""
        now, scope = self._environment.clock(), unreachable(target)
        for source in self._sources(target):
            types = tuple(dict.fromkeys(facet.type for facet in source.yields))
            failed = Snapshot(
                scope=scope,
                source=source.name,
                types=types,
                presence=Presence.FAILED,
                reason=why,
                unread=(),
                count=0,
                principal="",
                calls=0,
                started=now,
                finished=now,
            )
            yield self._sealer(scope, source).collected(failed)

    # -- judge ---------------------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        world = World(self._environment.sources, _Stored(self._environment.store), self._gathered.seen, self._selection.checks)
        reached = earlier_places(self._environment)
        self._elsewhere = {s for name, scopes in reached.items() if name not in self._gathered.collections for s in scopes}
        for target in self._selection.judged:
            checks = self._selection.of(target)
            if not checks:
                continue
            parameters = {c.id: self._environment.parameters(c) for c in checks}
            digests = {c.id: canonical.digest(parameters[c.id]) for c in checks}
            judged = {c.id: (c.version, digests[c.id]) for c in checks}
            scopes = [*self._owned(target), *self._placeholders(target)]
            with self._writer.findings(target.name, scopes, judged) as sink:
                for finding in self._not_reached(target, checks, digests):
                    self._add(sink, finding, None, target)
                for type_, of_type in _by_type(checks).items():
                    for scope in self._asked(target, type_):
                        at = self._observed[target.name]
                        for check in of_type:  # one that is put to two types keeps the oldest evidence of both
                            self._judged.setdefault((check.id, scope), Judged(at, None))
                        for judgement in judge(world, type_, scope, of_type, parameters, digests, at):
                            self._add(sink, judgement.finding, judgement.effective, target)

    def _add(self, sink: FindingSink, finding: Finding, effective: datetime | None, target: Target) -> None:
        sink.add(finding, effective)
        if finding.status is Status.ERROR:
            self._erred[Blind(finding.scope, Unread(Why.UNEXPECTED, finding.check, "an error of ours"))] = None
        key = (finding.check, finding.scope)
        before = self._judged.get(key)
        oldest = min((t for t in (effective, before.oldest if before else None) if t is not None), default=None)
        self._judged[key] = Judged(self._observed[target.name], oldest)

    def _asked(self, target: Target, type_: str) -> list[Scope]:
        """The scopes of a target in which a type is listed."""
        level = self._environment.sources.listing(type_).source.level
        return [scope for scope in self._owned(target) if (scope.region == "global") == (level == "account")]

    def _owned(self, target: Target) -> list[Scope]:
        return sorted({place.scope for place in self._gathered.collections[target.name].read})

    def _placeholders(self, target: Target) -> list[Scope]:
        """Scopes that stood for places not known in an earlier run: judged again, so that what they said is closed.

        What stands for places that another target does not know, in this run or in its last, is not this one's to close.
        """
        owned = self._owned(target)
        every = {Scope(target.kind, scope.account, "all") for scope in owned} - self._gathered.owners.keys() - self._elsewhere
        return sorted({unreachable(target), *every} - set(owned))

    def _not_reached(self, target: Target, checks: Sequence[Check], digests: Mapping[str, str]) -> Iterator[Finding]:
        failed = self._gathered.collections[target.name].failed
        if failed is None:
            return
        scope = unreachable(target)
        for check in checks:
            yield Finding(
                check=check.id,
                version=check.version,
                parameters=digests[check.id],
                severity=check.severity,
                scope=scope,
                type=check.on,
                uid=str(scope),
                status=Status.UNKNOWN,
                reason=str(failed),
            )

    # -- conclude ------------------------------------------------------------------------------------------------------

    def _unread_types(self) -> set[str]:
        """The types whose listing was not complete, or that nobody could ask for."""
        asked = {f.type: s.name for of_kind in self._selection.sources.values() for s in of_kind for f in s.yields if f.lists}
        complete = {s.source for _, s in self._gathered.snapshots() if s.presence is Presence.COMPLETE}
        partly = {s.source for _, s in self._gathered.snapshots() if s.presence is not Presence.COMPLETE}
        failed = (name for name, collection in self._gathered.collections.items() if collection.failed is not None)
        partly |= {source.name for name in failed for source in self._sources(self._target(name))}
        return {type_ for type_, source in asked.items() if source not in complete or source in partly}

    def _places(self) -> dict[str, tuple[Scope, ...]]:
        """Where each target was found to reach in this run."""
        return {
            name: tuple(p.scope for p in c.places) if c.failed is None else (unreachable(self._target(name)),)
            for name, c in self._gathered.collections.items()
        }

    def _target(self, name: str) -> Target:
        return next(t for t in self._selection.targets if t.name == name)

    def _blind(self, conclusion: Conclusion) -> list[Blind]:
        found: dict[Blind, None] = {**self._erred}
        for name, collection in self._gathered.collections.items():
            if collection.failed is not None:
                found[Blind(unreachable(self._target(name)), collection.failed)] = None
        for _, snapshot in self._gathered.snapshots():
            reasons = [snapshot.reason] if snapshot.reason else []
            for unread in dict.fromkeys(reasons + [u.unread for u in snapshot.unread]):
                found[Blind(snapshot.scope, unread)] = None
        for place in conclusion.unconfigured:
            kind, account, region = (*place.split(":", 2), "global", "global")[:3]
            if kind in {c.provider for c in self._selection.checks} or not self._selection.wanted.narrow:
                found[Blind(Scope(kind, account, region), Unread(Why.NOT_COLLECTED, place))] = None
        return [b for b in found if not conclusion.covers_blind_spot(b.scope, b.unread.action)]


class _Stored:
    """The store's states, as the judge asks for them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def resources(self, scope: Scope, type_: str, facets: frozenset[str]) -> Iterator[tuple[str, Facets]]:
        for _, uid, found in self._store.resources(scope, type_, sorted(facets)):
            yield uid, found


def _by_type(checks: Sequence[Check]) -> dict[str, list[Check]]:
    grouped: dict[str, list[Check]] = {}
    for check in checks:
        for type_ in check.asked_of:
            grouped.setdefault(type_, []).append(check)
    return grouped
