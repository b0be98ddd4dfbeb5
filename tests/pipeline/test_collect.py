"""Collection: what was read, what was not, and why; one failure never touches another."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from collectors.source import Bulk, Facet, Item, NotEnabledError, Parent, Place, Source, UnreadError
from evidence_store.records import Observation, Presence, Scope, Snapshot, Unread, Why
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


def test_a_listing_read_to_its_end_is_complete() -> None:
    found = snapshot(collect(source("List", boxes("a", "b"))), "List")
    assert (found.presence, found.count, found.reason, found.principal, found.calls) == (Presence.COMPLETE, 2, None, "me", 1)


def test_what_the_store_knows_of_a_source_is_asked_when_its_turn_comes_and_not_before() -> None:
    happened: list[str] = []

    def read(name: str) -> Callable[[Reader], Iterator[Observation]]:
        def listed(reader: Reader) -> Iterator[Observation]:
            happened.append(f"read {name}")
            yield box(name)

        return listed

    def sink(scope: Scope, of: Source) -> Bag:
        happened.append(f"open {of.name}")
        return Bag(scope)

    sources = [source(name, read(name), Facet(f"toy.{name}", ("Name",)), BOX) for name in ("a", "b")]
    with ThreadPoolExecutor(1) as executor:
        Collector(executor, lambda: NOW, sink).collect("toy", Toy(), sources)
    assert happened == ["open a", "read a", "open b", "read b"]


def test_a_denied_listing_has_failed_and_says_what_was_denied() -> None:
    found = snapshot(collect(source("List", boxes(then=UnreadError(DENIED)))), "List")
    assert (found.presence, found.reason) == (Presence.FAILED, DENIED)


def test_a_listing_that_breaks_off_is_partial() -> None:
    found = snapshot(collect(source("List", boxes("a", then=UnreadError(DENIED)))), "List")
    assert (found.presence, found.count, found.reason) == (Presence.PARTIAL, 1, DENIED)


def test_a_service_that_is_not_enabled_is_complete_and_empty() -> None:
    found = snapshot(collect(source("List", boxes(then=NotEnabledError()))), "List")
    assert (found.presence, found.count) == (Presence.COMPLETE, 0)


def test_an_answer_that_the_source_does_not_understand_is_of_unexpected_shape() -> None:
    found = snapshot(collect(source("List", boxes("a", then=KeyError("Boxes")))), "List")
    assert found.presence is Presence.PARTIAL
    assert found.reason == Unread(Why.UNEXPECTED, "List", "KeyError 'Boxes'")


def test_the_contents_of_an_odd_answer_are_not_told() -> None:
    found = snapshot(collect(source("List", boxes(then=ValueError("hunter2")))), "List")
    assert "hunter2" not in str(found.reason)


def test_a_missing_declared_fact_makes_that_facet_unread_and_no_other() -> None:
    def read(reader: Reader) -> Iterator[Observation]:
        yield Observation("toy.box", "box:a", {})
        yield box("b")

    found = snapshot(collect(source("List", read)), "List")
    assert (found.presence, found.count) == (Presence.COMPLETE, 1)
    assert [(u.uid, u.unread.why, u.unread.detail) for u in found.unread] == [("box:a", Why.UNEXPECTED, "no Name")]


def test_one_failing_source_does_not_touch_another() -> None:
    other = Facet("toy.bag", ("Name",), lists=True)
    collection = collect(
        source("List", boxes(then=RuntimeError())),
        source("Bags", lambda r: [Observation("toy.bag", "bag:x", {"Name": "x"})], other),
    )
    assert snapshot(collection, "Bags").presence is Presence.COMPLETE


def lid(reader: Reader, parent: Parent) -> Iterator[Observation]:
    if parent.facts["Name"] == "b":
        raise UnreadError(Unread(Why.DENIED, "toy:GetLid"))
    yield Observation("toy.box", parent.uid, {"Lid": True}, "lid")


def test_a_dependent_source_reads_every_parent_and_marks_the_one_that_was_denied() -> None:
    names = [f"n{i}" for i in range(40)] + ["b"]
    collection = collect(source("List", boxes(*names)), source("Lid", lid, LID, parent="toy.box", uses=("Name",)))
    found = snapshot(collection, "Lid")
    assert (found.presence, found.count) == (Presence.COMPLETE, 40)
    assert [(u.uid, u.facet, str(u.unread)) for u in found.unread] == [("box:b", "lid", "toy:GetLid was denied")]


def test_a_dependent_of_a_denied_listing_names_the_listing() -> None:
    collection = collect(
        source("List", boxes(then=UnreadError(DENIED))), source("Lid", lid, LID, parent="toy.box", uses=("Name",))
    )
    found = snapshot(collection, "Lid")
    assert (found.presence, found.reason, found.calls) == (Presence.FAILED, DENIED, 0)


def test_a_dependent_of_a_partial_listing_is_partial() -> None:
    collection = collect(
        source("List", boxes("a", then=UnreadError(DENIED))), source("Lid", lid, LID, parent="toy.box", uses=("Name",))
    )
    assert snapshot(collection, "Lid").presence is Presence.PARTIAL


def test_children_of_a_parent_that_was_denied_are_not_a_complete_listing() -> None:
    toys = Facet("toy.toy", ("Name",), lists=True)

    def read(reader: Reader, parent: Parent) -> Iterator[Observation]:
        if parent.uid == "box:b":
            raise UnreadError(Unread(Why.DENIED, "toy:ListToys"))
        yield Observation("toy.toy", f"toy:{parent.uid}", {"Name": "t"})

    collection = collect(source("List", boxes("a", "b")), source("Toys", read, toys, parent="toy.box"))
    found = snapshot(collection, "Toys")
    assert (found.presence, found.count, str(found.reason)) == (Presence.PARTIAL, 1, "toy:ListToys was denied")


def test_no_parents_means_a_complete_and_empty_dependent() -> None:
    collection = collect(source("List", boxes()), source("Lid", lid, LID, parent="toy.box", uses=("Name",)))
    assert snapshot(collection, "Lid").presence is Presence.COMPLETE


def test_a_batch_gets_a_list_of_parents() -> None:
    sizes: list[int] = []

    def read(reader: Reader, parents: list[Parent]) -> Iterator[Observation]:
        sizes.append(len(parents))
        return iter(())

    collect(source("List", boxes(*"abcde")), source("Lid", read, LID, parent="toy.box", batch=2))
    assert sorted(sizes) == [1, 2, 2]


def test_a_source_without_end_is_cut_off() -> None:
    def read(reader: Reader) -> Iterator[Observation]:
        number = 0
        while True:
            number += 1
            yield box(str(number))

    found = snapshot(collect(source("List", read), unit_seconds=0.05), "List")
    assert found.reason is not None
    assert (found.presence, found.reason.why) == (Presence.PARTIAL, Why.TIMEOUT)


def test_a_place_that_cannot_be_entered_fails_each_source_and_its_dependents() -> None:
    reason = Unread(Why.DENIED, "sts:AssumeRole")
    toy = Toy((Place(HERE, failed=reason), Place(Scope("toy", "other"), "me")))
    collection = collect(source("List", boxes("a")), source("Lid", lid, LID, parent="toy.box", uses=("Name",)), toy=toy)
    presence = {(s.scope.account, s.source): s.presence for s in collection.snapshots}
    assert presence == {
        ("acct", "List"): Presence.FAILED,
        ("acct", "Lid"): Presence.FAILED,
        ("other", "List"): Presence.COMPLETE,
        ("other", "Lid"): Presence.COMPLETE,
    }


def test_a_target_that_cannot_be_reached_has_failed() -> None:
    collection = collect(source("List", boxes("a")), toy=Toy(refused=Unread(Why.CREDENTIALS, "toy:WhoAmI")))
    assert (collection.places, collection.snapshots) == ((), [])
    assert str(collection.failed) == "toy:WhoAmI had no valid credentials"


def test_a_target_that_names_no_place_has_failed() -> None:
    collection = collect(source("List", boxes("a")), toy=Toy(()))
    assert str(collection.failed) == "toy gave an answer of unexpected shape (it names no place to read)"


def test_a_place_that_is_another_targets_to_read_is_reached_and_not_asked() -> None:
    other = Place(Scope("toy", "other"), "me")
    collection = collect(source("List", boxes("a")), toy=Toy((other, Place(HERE, "me"))), share=lambda _, places: places[1:])
    assert ([s.scope for s in collection.snapshots], collection.places[0]) == ([HERE], other)
    assert [place.scope for place in collection.read] == [HERE]


def test_sources_are_asked_at_their_level_only() -> None:
    toy = Toy((Place(HERE, "me"), Place(THERE, "me")))
    regional = Facet("toy.bag", ("Name",), lists=True)
    collection = collect(source("List", boxes("a")), source("Bags", lambda r: [], regional, level="region"), toy=toy)
    assert {(s.source, s.scope.region) for s in collection.snapshots} == {("List", "global"), ("Bags", "north")}


def test_two_targets_that_reach_one_scope_read_it_once() -> None:
    asked = threading.Semaphore(1)

    def read(reader: Reader) -> Iterator[Observation]:
        assert asked.acquire(blocking=False), "asked twice"
        yield box("a")

    claimed: set[tuple[Scope, str]] = set()
    first = collect(source("List", read), claimed=claimed)
    second = collect(source("List", read), claimed=claimed)
    assert (len(first.snapshots), len(second.snapshots)) == (1, 0)


# -- bulk passes -------------------------------------------------------------------------------------------------------

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


def test_a_bulk_pass_is_read_once_for_all_its_sources_and_accounts() -> None:
    asked: list[tuple[str, ...]] = []
    bulk = inventory(Item("box", "one", {"Name": "a"}), Item("lamp", "two", {"Name": "b"}), asked=asked)
    found = collect(taking(bulk, "box"), taking(bulk, "lamp", LAMP), toy=ESTATE)
    assert asked == [("box", "lamp")]
    assert {(s.source, s.scope.account): s.count for s in found.snapshots if s.count} == {
        ("List box", "one"): 1,
        ("List lamp", "two"): 1,
    }
    assert {s.presence for s in found.snapshots} == {Presence.COMPLETE}
    assert len(found.snapshots) == 6
    assert sum(s.calls for s in found.snapshots) == Reader.calls


def test_a_bulk_pass_asks_only_for_the_kinds_that_the_run_needs() -> None:
    asked: list[tuple[str, ...]] = []
    bulk = inventory(Item("lamp", "one", {"Name": "b"}), asked=asked)
    found = collect(taking(bulk, "box"), toy=ESTATE)
    assert asked == [("box",)]
    assert {s.count for s in found.snapshots} == {0}


def test_a_bulk_pass_that_breaks_off_leaves_no_account_complete() -> None:
    bulk = inventory(Item("box", "one", {"Name": "a"}), then=UnreadError(DENIED))
    found = by_place(collect(taking(bulk, "box"), toy=ESTATE), "List box")
    assert {account: s.presence for account, s in found.items()} == {
        "root": Presence.FAILED,
        "one": Presence.PARTIAL,
        "two": Presence.FAILED,
    }
    assert {s.reason for s in found.values()} == {DENIED}


def test_a_malformed_item_breaks_its_kind_in_its_account_and_nothing_else() -> None:
    bulk = inventory(
        Item("box", "one", {}),
        Item("box", "one", {"Name": "a"}),
        Item("box", "two", {"Name": "b"}),
        Item("lamp", "one", {"Name": "c"}),
    )
    found = collect(taking(bulk, "box"), taking(bulk, "lamp", LAMP), toy=ESTATE)
    boxes_of, lamps = by_place(found, "List box"), by_place(found, "List lamp")
    assert (boxes_of["one"].presence, boxes_of["one"].count) == (Presence.PARTIAL, 1)
    assert boxes_of["one"].reason == Unread(Why.UNEXPECTED, "List box", "KeyError 'Name'")
    assert {boxes_of["two"].presence, lamps["one"].presence} == {Presence.COMPLETE}


def test_an_item_that_nobody_can_place_breaks_what_it_may_belong_to() -> None:
    odd = Unread(Why.UNEXPECTED, "inventory", "an item without a kind")
    found = collect(*(taking(inventory(Item("", "one", odd)), kind) for kind in ("box", "lamp")), toy=ESTATE)
    assert {(s.source, s.scope.account) for s in found.snapshots if s.reason == odd} == {
        ("List box", "one"),
        ("List lamp", "one"),
    }
    nowhere = collect(taking(inventory(Item("box", "", odd)), "box"), toy=ESTATE)
    assert [s.reason for s in nowhere.snapshots] == [odd] * 3


def test_an_account_that_came_after_the_places_were_listed_waits_for_the_next_run() -> None:
    bulk = inventory(Item("box", "newcomer", {"Name": "a"}), Item("box", "one", {"Name": "b"}))
    found = by_place(collect(taking(bulk, "box"), toy=ESTATE), "List box")
    assert {account: s.count for account, s in found.items()} == {"root": 0, "one": 1, "two": 0}
    assert {s.presence for s in found.values()} == {Presence.COMPLETE}


def test_dependents_of_a_bulk_listing_get_the_parents_of_their_own_account() -> None:
    got: list[tuple[str, str]] = []

    def lids(reader: Reader, parent: Parent) -> Iterator[Observation]:
        got.append((parent.uid, parent.facts["Name"]))
        yield Observation("toy.box", parent.uid, {"Lid": "shut"}, "lid")

    bulk = inventory(Item("box", "one", {"Name": "a"}), Item("box", "two", {"Name": "b"}))
    below = source("Lids", lids, LID, parent="toy.box", uses=("Name",))
    found = by_place(collect(taking(bulk, "box"), below, toy=ESTATE), "Lids")
    assert sorted(got) == [("box:a", "a"), ("box:b", "b")]
    assert {account: s.count for account, s in found.items()} == {"root": 0, "one": 1, "two": 1}


def test_a_failed_place_is_refused_and_the_bulk_pass_goes_on_for_the_others() -> None:
    toy = Toy((Place(ROOT, "me"), Place(ONE, "me", DENIED)))
    found = by_place(collect(taking(inventory(Item("box", "one", {"Name": "a"})), "box"), toy=toy), "List box")
    assert (found["one"].presence, found["one"].reason, found["root"].presence) == (Presence.FAILED, DENIED, Presence.COMPLETE)


def test_a_bulk_pass_whose_first_place_cannot_be_entered_is_not_asked_and_nothing_of_it_is_complete() -> None:
    asked: list[tuple[str, ...]] = []
    toy = Toy((Place(ROOT, failed=DENIED), Place(ONE, "me")))
    found = collect(taking(inventory(asked=asked), "box"), source("Lids", boxes("a"), LAMP), toy=toy)
    said = {(s.scope.account, s.source): (s.presence, s.reason) for s in found.snapshots}
    assert said["one", "List box"] == said["root", "List box"] == (Presence.FAILED, DENIED)
    assert asked == []


def test_a_bulk_pass_is_asked_through_the_first_place_though_another_target_reads_it() -> None:
    through: list[str] = []

    class Asked(Toy):
        def reader(self, place: Place, source: Source) -> Reader:
            through.append(place.scope.account)
            return Reader()

    bulk = inventory(Item("box", "one", {"Name": "a"}))
    found = collect(taking(bulk, "box"), toy=Asked(ESTATE.found), share=lambda _, places: places[1:2])
    assert {a: s.count for a, s in by_place(found, "List box").items()} == {"one": 1}
    assert through == ["root"]


def test_an_inventory_that_is_not_enabled_says_nothing_of_what_it_would_hold() -> None:
    bulk = inventory(Item("box", "one", {"Name": "a"}), then=NotEnabledError("toy:inventory: NotRegistered"))
    found = by_place(collect(taking(bulk, "box"), toy=ESTATE), "List box")
    assert {account: s.presence for account, s in found.items()} == {
        "root": Presence.FAILED, "one": Presence.PARTIAL, "two": Presence.FAILED,
    }  # fmt: skip
    assert str(found["two"].reason) == "inventory was unsupported (toy:inventory: NotRegistered)"


def test_an_item_cannot_say_that_its_service_is_not_enabled() -> None:
    def shape(reader: Reader, body: dict[str, str]) -> Iterator[Observation]:
        raise NotEnabledError("no boxes here")
        yield

    taken = source("List box", shape, BOX, bulk=inventory(Item("box", "one", {"Name": "a"})), takes=("box",))
    found = by_place(collect(taken, toy=ESTATE), "List box")
    assert (found["one"].presence, found["two"].presence) == (Presence.FAILED, Presence.COMPLETE)


def test_a_bulk_pass_that_never_ends_is_ended() -> None:
    def forever(reader: Reader, kinds: tuple[str, ...]) -> Iterator[Item]:
        while True:
            yield Item("box", "newcomer", {"Name": "a"})

    endless = Bulk("inventory", "toy", ("inventory",), ("toy:inventory",), forever)
    found = collect(taking(endless, "box"), toy=ESTATE, unit_seconds=0.05)
    assert {s.reason.why for s in found.snapshots if s.reason} == {Why.TIMEOUT}
