"""Bulk passes: one answer for many sources and accounts, and what of it is whole."""

from collections.abc import Iterator

from collectors.source import Bulk, Item, NotEnabledError, Parent, Place, Source, UnreadError
from evidence_store.records import Observation, Presence, Unread, Why
from tests.pipeline.toy import (
    BOX,
    DENIED,
    ESTATE,
    LAMP,
    LID,
    ONE,
    ROOT,
    Reader,
    Toy,
    boxes,
    by_place,
    collect,
    inventory,
    source,
    taking,
)


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
