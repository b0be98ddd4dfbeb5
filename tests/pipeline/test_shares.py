"""A scope that several targets reach is read by one of them, the same in every run, and by one that is let in if there is."""

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest

from collectors.source import Place
from configuration import Target
from evidence_store.records import Scope, Unread, Why
from pipeline.shares import Shares

HERE, THERE = Scope("toy", "here"), Scope("toy", "there")
SHUT = Unread(Why.DENIED, "toy:Enter")
NAMES = ("first", "second", "other")
ALL = [Target(name, "toy" if name != "other" else "game", None) for name in NAMES]


def shared(places: dict[str, tuple[Place, ...]], order: tuple[str, ...]) -> dict[str, list[Scope]]:
    """What each target is to read, when they come to ask in this order."""
    shares = Shares(ALL)
    with ThreadPoolExecutor(len(order)) as threads:
        asked = {name: threads.submit(shares.of, name, places.get(name, ())) for name in order}
        return {name: [place.scope for place in future.result(timeout=60)] for name, future in asked.items()}


@pytest.mark.parametrize("order", list(permutations(NAMES)), ids="-".join)
def test_the_first_in_the_configuration_reads_what_both_reach_whoever_comes_first(order: tuple[str, ...]) -> None:
    places = {"first": (Place(HERE),), "second": (Place(THERE), Place(HERE))}
    assert shared(places, order) == {"first": [HERE], "second": [THERE], "other": []}


@pytest.mark.parametrize("order", list(permutations(NAMES)), ids="-".join)
def test_who_is_let_in_reads_before_who_is_not(order: tuple[str, ...]) -> None:
    places = {"first": (Place(HERE, failed=SHUT), Place(THERE, failed=SHUT)), "second": (Place(HERE),)}
    assert shared(places, order) == {"first": [THERE], "second": [HERE], "other": []}


def test_where_nobody_is_let_in_one_says_so() -> None:
    shut = (Place(HERE, failed=SHUT),)
    assert shared({"first": shut, "second": shut}, NAMES) == {"first": [HERE], "second": [], "other": []}


def test_a_target_of_another_kind_and_one_that_could_not_be_reached_are_not_waited_for() -> None:
    shares = Shares(ALL)
    shares.declare("second")
    assert shares.of("first", (Place(HERE),)) == (Place(HERE),)


def test_only_the_first_word_of_a_target_counts() -> None:
    shares = Shares(ALL)
    shares.declare("second", (Place(THERE),))
    shares.declare("second")
    assert shares.of("first", (Place(HERE), Place(THERE, failed=SHUT))) == (Place(HERE),)
