"""Trying reads without a run: each as far as its first answer, each refusal named once."""

from collections.abc import Iterator

from collectors.source import Item, NotEnabledError, Place, UnreadError
from evidence_store.records import Observation, Scope, Unread, Why
from pipeline.probe import Probed, probe
from tests.pipeline.toy import (
    DENIED,
    ESTATE,
    HERE,
    LID,
    ROOT,
    THERE,
    Reader,
    Toy,
    box,
    boxes,
    inventory,
    source,
    taking,
)

ELSEWHERE = Scope("toy", "acct", "south")


def probed(*sources_: object, toy: Toy | None = None) -> list[Probed]:
    toy = toy or Toy()
    return list(probe(toy, toy.found, sources_))  # type: ignore[arg-type]  # all are sources


def test_what_answers_is_counted() -> None:
    assert probed(source("List", boxes("a")), source("Empty", boxes())) == [Probed(HERE, 2, 2, ())]


def test_a_refusal_is_named_once_however_many_reads_it_hits() -> None:
    denied = [source(name, boxes(then=UnreadError(DENIED))) for name in ("One", "Two")]
    assert probed(*denied, source("List", boxes("a"))) == [Probed(HERE, 3, 1, (DENIED,))]


def test_only_the_first_answer_is_asked_for() -> None:
    pulled: list[str] = []

    def read(reader: Reader) -> Iterator[Observation]:
        for name in ("a", "b"):
            pulled.append(name)
            yield box(name)

    probed(source("List", read))
    assert pulled == ["a"]


def test_a_region_is_tried_once_for_an_account() -> None:
    asked: list[str] = []

    def read(reader: Reader) -> Iterator[Observation]:
        asked.append("asked")
        yield box("a")

    toy = Toy((Place(HERE, "me"), Place(THERE, "me"), Place(ELSEWHERE, "me")))
    assert probed(source("List", read, level="region"), source("All", boxes("b")), toy=toy) == [Probed(HERE, 2, 2, ())]
    assert asked == ["asked"]


def test_a_bulk_pass_is_tried_once_for_the_target() -> None:
    asked: list[tuple[str, ...]] = []
    bulk = inventory(Item("box", "one", {"Name": "a"}), asked=asked)
    found = probed(taking(bulk, "box"), taking(bulk, "lamp"), toy=ESTATE)
    assert asked == [("box", "lamp")]
    assert [(p.scope, p.tried) for p in found] == [(ROOT, 1)]


def test_a_bulk_pass_that_is_refused_is_named() -> None:
    assert probed(taking(inventory(then=UnreadError(DENIED)), "box"))[0].missing == (DENIED,)
    assert probed(taking(inventory(Item("box", "acct", DENIED)), "box"))[0].missing == (DENIED,)


def test_a_bulk_pass_that_is_not_enabled_says_nothing_of_what_it_would_list() -> None:
    (found,) = probed(taking(inventory(then=NotEnabledError("the API is off")), "box"))
    assert (found.answered, [unread.why for unread in found.missing]) == (0, [Why.UNSUPPORTED])
    assert found.missing[0].detail == "the API is off"


def test_everything_that_a_bulk_pass_says_is_missing_before_its_first_item_is_named() -> None:
    other = Unread(Why.DENIED, "toy:ListLamps")
    bulk = inventory(
        Item("box", "one", DENIED), Item("lamp", "one", other), Item("box", "one", {"Name": "a"}), then=KeyError("x")
    )
    (found,) = probed(taking(bulk, "box"), taking(bulk, "lamp"), toy=ESTATE)
    assert (found.answered, found.missing) == (0, (DENIED, other))


def test_a_thing_that_was_found_and_could_not_be_read_is_no_answer() -> None:
    def read(reader: Reader) -> Iterator[Observation]:
        yield Observation("toy.box", "box:shut", DENIED)
        yield box("a")

    (found,) = probed(source("List", read))
    assert (found.answered, found.missing) == (0, (DENIED,))


def test_what_is_not_enabled_is_an_answer_and_what_is_not_understood_is_none() -> None:
    (found,) = probed(source("Off", boxes(then=NotEnabledError())), source("Odd", boxes(then=KeyError("x"))))
    assert (found.tried, found.answered, found.missing) == (2, 1, (Unread(Why.UNEXPECTED, "Odd", "KeyError 'x'"),)), (
        "in a run's words"
    )


def test_what_depends_on_a_listing_is_left_to_a_run() -> None:
    assert probed(source("Lids", boxes(), LID, parent="toy.box")) == []
