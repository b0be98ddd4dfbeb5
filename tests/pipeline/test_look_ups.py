"""What a check may look up, of which accounts, and what is said where that was not seen."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from checks.check import Answer, Check
from collectors.source import Facet, Source
from evidence_store.records import (
    Inventory,
    Json,
    Presence,
    Resource,
    Scope,
    Snapshot,
    Status,
    Unread,
    UnreadFacet,
    Why,
)
from pipeline.facts import Facets, Seen
from pipeline.judge import World, judge
from pipeline.plan import Sources
from tests.pipeline.boxes import (
    AT,
    BAG,
    BAGGED,
    BOX,
    HERE,
    LID,
    LIST,
    SCAN,
    SOURCES,
    States,
    ask,
    check,
    has_bag,
    only,
    snapshot,
)


def test_a_look_up_finds_and_is_recorded() -> None:
    (found,) = ask(BAGGED, {**BOX, **BAG}, snapshot("List"), snapshot("Bags"))
    assert found.finding.status is Status.PASS
    assert [(lookup.type, lookup.facts) for lookup in found.finding.lookups] == [("toy.bag", (("Box", "a"),))]


def test_a_look_up_that_is_made_again_is_recorded_once_and_where_it_was_first_made() -> None:
    def looks_again(box: Resource, *, inventory: Inventory) -> Answer:
        for uid in ("bag:2", "bag:1", "bag:2"):
            inventory.get("toy.bag", uid)
        return None

    one = check(looks_again, ("Name",), looks_up={"toy.bag": ("Box",)}, takes_inventory=True)
    (found,) = ask(one, {**BOX, **BAG}, snapshot("List"), snapshot("Bags"))
    assert [lookup.uid for lookup in found.finding.lookups] == ["bag:2", "bag:1"]


def test_absence_is_only_said_of_a_complete_listing() -> None:
    assert only(ask(BAGGED, BOX, snapshot("List"), snapshot("Bags")))[:2] == ("fail", "a has no bag")
    partial = ask(BAGGED, BOX, snapshot("List"), snapshot("Bags", Presence.PARTIAL))
    assert only(partial)[:2] == ("unknown", "toy:ListBoxes was denied")
    assert only(ask(BAGGED, BOX))[:2] == ("unknown", "toy.bag was never collected")


def test_what_was_listed_and_could_not_be_read_may_be_what_a_look_up_asks_for() -> None:
    odd = UnreadFacet("toy.bag", "bag:2", "config", Unread(Why.UNEXPECTED, "Bags", "no Box"))
    found = only(ask(BAGGED, {**BOX, **BAG}, snapshot("List"), snapshot("Bags", unread=(odd,))))
    assert found[:2] == ("unknown", "Bags gave an answer of unexpected shape (no Box)")
    gone = replace(odd, unread=Unread(Why.VANISHED, "Bags"))
    assert only(ask(BAGGED, {**BOX, **BAG}, snapshot("List"), snapshot("Bags", unread=(gone,))))[0] == "pass"


def test_a_look_up_by_a_fact_that_only_another_check_declared_is_a_bug_whatever_else_runs() -> None:
    def by_colour(box: Resource, *, inventory: Inventory) -> Answer:
        return None if list(inventory.where("toy.bag", Colour="red")) else "none is red"

    bags = Source("Bags", "toy", "account", (Facet("toy.bag", ("Box", "Colour"), lists=True),), (), (), lambda r: [])
    one = check(by_colour, ("Name",), looks_up={"toy.bag": ("Box",)}, takes_inventory=True)
    other = check(has_bag, ("Name",), looks_up={"toy.bag": ("Box", "Colour")}, takes_inventory=True)
    states: dict[str, Any] = {**BOX, "toy.bag": {"bag:1": {"config": {"Box": "a", "Colour": "red"}}}}
    seen = {(s.scope, s.source): Seen.of(s) for s in (snapshot("List"), snapshot("Bags"))}
    for beside in ([one], [one, other]):
        world = World(Sources([LIST, LID, SCAN, bags]), States(states), seen, beside)
        status, reason, _ = only(list(judge(world, "toy.box", HERE, [one], {one.id: {}}, {one.id: ""}, AT)))
        assert (status, "by_colour did not declare that it looks up Colour of toy.bag" in reason) == ("error", True)


ABOVE = Scope("toy", "org")


class EveryState:
    """States of several accounts."""

    def __init__(self, states: Mapping[Scope, Any]) -> None:
        self._states = states

    def resources(self, scope: Scope, type_: str, facets: frozenset[str]) -> Iterator[tuple[str, Facets]]:
        for uid, found in sorted(self._states.get(scope, {}).get(type_, {}).items()):
            yield uid, {name: found[name] for name in facets & found.keys()}


@pytest.mark.parametrize(("within", "status"), [("account", "fail"), ("provider", "pass")])
def test_what_lies_above_the_account_is_seen_by_a_check_that_looks_there(within: str, status: str) -> None:
    one = check(has_bag, ("Name",), looks_up={"toy.bag": ("Box",)}, takes_inventory=True, within=within)
    states = {HERE: BOX, ABOVE: {"toy.bag": {"bag:1": {"config": {"Box": "a"}}}}}
    looks = [snapshot("List"), snapshot("Bags"), replace(snapshot("Bags"), scope=ABOVE)]
    world = World(SOURCES, EveryState(states), {(s.scope, s.source): Seen.of(s) for s in looks}, [one])
    assert only(list(judge(world, "toy.box", HERE, [one], {one.id: {}}, {one.id: ""}, AT)))[0] == status


def test_a_look_above_the_account_is_not_seen_where_any_account_was_not_read_to_its_end() -> None:
    one = check(has_bag, ("Name",), looks_up={"toy.bag": ("Box",)}, takes_inventory=True, within="provider")
    looks = [snapshot("List"), snapshot("Bags"), replace(snapshot("Bags", Presence.FAILED), scope=ABOVE)]
    world = World(SOURCES, EveryState({HERE: BOX}), {(s.scope, s.source): Seen.of(s) for s in looks}, [one])
    status, reason, _ = only(list(judge(world, "toy.box", HERE, [one], {one.id: {}}, {one.id: ""}, AT)))
    assert (status, reason) == ("unknown", f"toy:ListBoxes was denied (in {ABOVE.account})")


BESIDE = Scope("toy", "beside")
UNDER = {HERE: {"toy.box": {"box:a": {"config": {"Name": "a", "Size": ["acct", "folder", "org"]}}}}}


def under(one: Check, states: Mapping[Scope, Any], *looks: Snapshot) -> tuple[str, str]:
    world = World(SOURCES, EveryState(states), {(s.scope, s.source): Seen.of(s) for s in looks}, [one])
    return only(list(judge(world, "toy.box", HERE, [one], {one.id: {}}, {one.id: ""}, AT)))[:2]


@pytest.mark.parametrize("named", [["acct", "folder", "org"], "org", "ORG"])
def test_a_check_that_looks_above_sees_its_own_account_and_those_that_the_resource_names(named: Json) -> None:
    one = check(has_bag, ("Name", "Size"), looks_up={"toy.bag": ("Box",)}, takes_inventory=True, above="Size")
    here = {"toy.box": {"box:a": {"config": {"Name": "a", "Size": named}}}}
    looks = [snapshot("List"), snapshot("Bags"), *(replace(snapshot("Bags"), scope=place) for place in (ABOVE, BESIDE))]
    for place, status in ((HERE, "pass"), (ABOVE, "pass"), (BESIDE, "fail")):
        states = {HERE: here, place: {**(here if place == HERE else {}), **BAG}}
        assert under(one, states, *looks)[0] == status


def test_what_one_account_hides_is_no_matter_to_a_check_that_looks_above_another() -> None:
    one = check(has_bag, ("Name", "Size"), looks_up={"toy.bag": ("Box",)}, takes_inventory=True, above="Size")
    looks = [snapshot("List"), snapshot("Bags"), replace(snapshot("Bags"), scope=ABOVE)]
    hidden = replace(snapshot("Bags", Presence.FAILED), scope=BESIDE)
    assert under(one, UNDER, *looks, hidden) == ("fail", "a has no bag")
    for place in (HERE, ABOVE):
        read = [look for look in looks if (look.scope, look.source) != (place, "Bags")]
        unread = replace(snapshot("Bags", Presence.PARTIAL), scope=place)
        there = " (in org)" if place == ABOVE else ""
        assert under(one, UNDER, *read, unread) == ("unknown", f"toy:ListBoxes was denied{there}")


def test_one_odd_thing_in_another_account_is_no_matter_to_a_check_that_looks_above() -> None:
    one = check(has_bag, ("Name", "Size"), looks_up={"toy.bag": ("Box",)}, takes_inventory=True, above="Size")
    odd = UnreadFacet("toy.bag", "bag:9", "config", Unread(Why.UNEXPECTED, "Bags", "no Box"))
    looks = [snapshot("List"), snapshot("Bags"), replace(snapshot("Bags"), scope=ABOVE)]
    assert under(one, UNDER, *looks, replace(snapshot("Bags", unread=(odd,)), scope=BESIDE))[0] == "fail"
    assert under(one, UNDER, *looks[:2], replace(snapshot("Bags", unread=(odd,)), scope=ABOVE))[0] == "unknown"


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ("org", "toy.bag was never collected"),  # named, and no target reaches it
        (None, "toy.box gave an answer of unexpected shape (Size does not tell what is above)"),
        (7, "toy.box gave an answer of unexpected shape (Size does not tell what is above)"),
    ],
)
def test_an_account_above_that_nobody_told_or_read_is_not_taken_for_an_empty_one(named: Json, reason: str) -> None:
    one = check(has_bag, ("Name", "Size"), looks_up={"toy.bag": ("Box",)}, takes_inventory=True, above="Size")
    here = {HERE: {"toy.box": {"box:a": {"config": {"Name": "a", "Size": named}}}, **BAG}}
    assert under(one, here, snapshot("List"), snapshot("Bags")) == ("unknown", reason)


def test_a_thing_that_two_accounts_above_tell_of_is_one_thing() -> None:
    def bags(box: Resource, *, inventory: Inventory) -> Answer:
        return f"{len(list(inventory.where('toy.bag')))} bags"

    one = check(bags, ("Name", "Size"), looks_up={"toy.bag": ("Box",)}, takes_inventory=True, above="Size")
    folder = Scope("toy", "folder")
    looks = [snapshot("List"), snapshot("Bags"), *(replace(snapshot("Bags"), scope=place) for place in (ABOVE, folder))]
    assert under(one, {**UNDER, ABOVE: BAG, folder: BAG}, *looks) == ("fail", "1 bags")
