"""Collection: what was read, what was not, and why; one failure never touches another."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from collectors.source import Facet, NotEnabledError, Parent, Place, Source, UnreadError
from evidence_store.records import Observation, Presence, Scope, Unread, Why
from pipeline.collect import Collector
from tests.pipeline.toy import (
    BOX,
    DENIED,
    HERE,
    LID,
    NOW,
    THERE,
    Bag,
    Reader,
    Toy,
    box,
    boxes,
    collect,
    snapshot,
    source,
)


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

    with ThreadPoolExecutor(4) as executor:
        collector: Collector[Bag] = Collector(executor, lambda: NOW, lambda scope, _: Bag(scope))
        first, second = (collector.collect(name, Toy(), [source("List", read)]) for name in ("first", "second"))
    assert (len(first.snapshots), len(second.snapshots)) == (1, 0)
