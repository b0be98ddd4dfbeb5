"""A provider of boxes and lamps, made to answer as a test says, and a sink that remembers."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from collectors.source import Bulk, Facet, Item, Place, Source, UnreadError
from evidence_store.records import Observation, Scope, Snapshot, Unread, Why
from pipeline.collect import Collection, Collector

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HERE = Scope("toy", "acct")
THERE = Scope("toy", "acct", "north")
DENIED = Unread(Why.DENIED, "toy:ListBoxes")
BOX = Facet("toy.box", ("Name",), lists=True)
LID = Facet("toy.box", ("Lid",), name="lid")


class Reader:
    calls = 1
    effective = None


@dataclass
class Toy:
    """A target with the places it is told to have."""

    found: tuple[Place, ...] = (Place(HERE, "me"),)
    refused: Unread | None = None

    def places(self) -> Iterable[Place]:
        if self.refused:
            raise UnreadError(self.refused)
        return self.found

    def reader(self, place: Place, source: Source) -> Reader:
        return Reader()

    def close(self) -> None:
        pass


@dataclass
class Bag:
    """A sink that remembers."""

    scope: Scope
    seen: list[Observation] = field(default_factory=list)
    snapshot: Snapshot | None = None

    def add(self, observation: Observation, secret: tuple[str, ...] = ()) -> None:
        self.seen.append(observation)

    def collected(self, snapshot: Snapshot) -> "Bag":
        self.snapshot = snapshot
        return self


def source(name: str, read: Callable[..., Iterable[Observation]], *facets: Facet, **more: Any) -> Source:
    return Source(name, "toy", more.pop("level", "account"), facets or (BOX,), (name,), (f"toy:{name}",), read, **more)


def box(name: str) -> Observation:
    return Observation("toy.box", f"box:{name}", {"Name": name})


def collect(*sources: Source, toy: Toy | None = None, **more: Any) -> Collection[Bag]:
    with ThreadPoolExecutor(4) as executor:
        collector: Collector[Bag] = Collector(executor, lambda: NOW, lambda scope, _: Bag(scope), **more)
        return collector.collect("toy", toy or Toy(), sources)


def snapshot(collection: Collection[Bag], name: str) -> Snapshot:
    return next(s for s in collection.snapshots if s.source == name)


def boxes(*names: str, then: Exception | None = None) -> Callable[[Reader], Iterator[Observation]]:
    def read(reader: Reader) -> Iterator[Observation]:
        for name in names:
            yield box(name)
        if then:
            raise then

    return read


ROOT, ONE, TWO = (Scope("toy", account) for account in ("root", "one", "two"))
ESTATE = Toy((Place(ROOT, "me"), Place(ONE, "me"), Place(TWO, "me")))
LAMP = Facet("toy.lamp", ("Name",), lists=True)


def inventory(*items: Item, then: Exception | None = None, asked: list[tuple[str, ...]] | None = None) -> Bulk:
    def read(reader: Reader, kinds: tuple[str, ...]) -> Iterator[Item]:
        if asked is not None:
            asked.append(kinds)
        yield from items
        if then:
            raise then

    return Bulk("inventory", "toy", ("inventory",), ("toy:inventory",), read)


def taking(bulk: Bulk, kind: str, facet: Facet = BOX) -> Source:
    def shape(reader: Reader, body: dict[str, str]) -> Iterator[Observation]:
        yield Observation(facet.type, f"{kind}:{body['Name']}", body)

    return source(f"List {kind}", shape, facet, bulk=bulk, takes=(kind,))


def by_place(collection: Collection[Bag], name: str) -> dict[str, Snapshot]:
    return {s.scope.account: s for s in collection.snapshots if s.source == name}
