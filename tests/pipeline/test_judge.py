"""The judge: what was not seen never becomes a pass, and the same states give the same sentences."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from checks.check import Answer, Check, NotApplicable, Parameter, Unknown
from collectors.source import Facet, Source
from evidence_store.records import (
    Inventory,
    Json,
    Presence,
    Resource,
    Scope,
    Severity,
    Snapshot,
    Status,
    Unread,
    UnreadFacet,
    Why,
    parse_time,
)
from pipeline.facts import Seen
from pipeline.judge import Judgement, World, judge
from pipeline.plan import DeclarationError, Sources

AT = datetime(2026, 3, 1, tzinfo=UTC)
HERE = Scope("toy", "acct")
DENIED = Unread(Why.DENIED, "toy:ListBoxes")

LIST = Source("List", "toy", "account", (Facet("toy.box", ("Name",), ("Size",), lists=True),), (), (), lambda r: [])
LID = Source("Lid", "toy", "account", (Facet("toy.box", ("Lid",), name="lid"),), (), (), lambda r, p: [], parent="toy.box")
SCAN = Source(
    "Scan", "toy", "account", (Facet("toy.box", ("Missing", "End"), name="scan", effective="End"),), (), (), lambda r: []
)
BAGS = Source("Bags", "toy", "account", (Facet("toy.bag", ("Box",), lists=True),), (), (), lambda r: [])
SOURCES = Sources([LIST, LID, SCAN, BAGS])


def check(question: Callable[..., Answer], needs: tuple[str, ...] = (), **more: Any) -> Check:
    return Check(
        id=question.__name__,
        version=1,
        on="toy.box",
        severity=Severity.HIGH,
        needs=needs,
        looks_up=more.pop("looks_up", {}),
        title="t",
        rationale="",
        fix="f",
        parameters=more.pop("parameters", ()),
        question=question,
        takes_time=more.pop("takes_time", False),
        takes_inventory=more.pop("takes_inventory", False),
        within=more.pop("within", "account"),
        above=more.pop("above", ""),
    )


class States:
    def __init__(self, states: Mapping[str, Mapping[str, Mapping[str, Mapping[str, Json]]]]) -> None:
        self._states = states

    def resources(self, scope: Scope, type_: str) -> Iterator[tuple[str, Mapping[str, Mapping[str, Json]]]]:
        assert scope == HERE
        yield from sorted(self._states.get(type_, {}).items())


def snapshot(source: str, presence: Presence = Presence.COMPLETE, **more: Any) -> Snapshot:
    reason = None if presence is Presence.COMPLETE else DENIED
    return Snapshot(HERE, source, (), presence, reason, more.get("unread", ()), 1, "me", 1, AT, AT)


def ask(
    one: Check,
    states: Mapping[str, Any],
    *snapshots: Snapshot,
    unseen: tuple[tuple[str, str, str], ...] = (),
    at: datetime = AT,
) -> list[Judgement]:
    seen = {(s.scope, s.source): Seen.of(s, unseen) for s in snapshots or (snapshot("List"),)}
    world = World(SOURCES, States(states), seen, [one])
    return list(judge(world, "toy.box", HERE, [one], {one.id: one.defaults()}, {one.id: "digest"}, at))


def only(found: list[Judgement]) -> tuple[str, str, str]:
    (judgement,) = found
    return str(judgement.finding.status), judgement.finding.reason, judgement.finding.uid


def is_big(box: Resource) -> Answer:
    return f"{box.name} is {box.fact('Size')}" if box.fact("Size") else None


def lid_is_on(box: Resource) -> Answer:
    return None if box.fact("Lid") else f"{box.name} has no lid"


BOX = {"toy.box": {"box:a": {"config": {"Name": "a", "Size": 3}}}}


def test_a_fact_gives_the_answer() -> None:
    assert only(ask(check(is_big, ("Size",)), BOX)) == ("fail", "a is 3", "box:a")


def test_no_state_is_looked_for_where_a_listing_was_read_to_its_end_and_is_empty() -> None:
    asked: list[str] = []

    class Watched(States):
        def resources(self, scope: Scope, type_: str) -> Iterator[tuple[str, Mapping[str, Mapping[str, Json]]]]:
            asked.append(type_)
            return super().resources(scope, type_)

    one = check(has_bag, ("Name",), looks_up={"toy.bag": ("Box",)}, takes_inventory=True)
    looks = [snapshot("List"), replace(snapshot("Bags"), count=0)]
    world = World(SOURCES, Watched(BOX), {(s.scope, s.source): Seen.of(s) for s in looks}, [one])
    found = list(judge(world, "toy.box", HERE, [one], {one.id: {}}, {one.id: ""}, AT))
    assert only(found)[:2] == ("fail", "a has no bag")
    assert asked == ["toy.box"]
    assert not Seen.of(replace(looks[1], unread=(UnreadFacet("toy.bag", "bag:1", "config", DENIED),))).empty


def test_a_denied_listing_is_one_unknown_for_the_scope_whatever_is_stored() -> None:
    found = ask(check(is_big, ("Size",)), BOX, snapshot("List", Presence.FAILED))
    assert only(found) == ("unknown", "toy:ListBoxes was denied", "toy:acct:global")


def test_a_listing_that_nobody_asked_is_unknown() -> None:
    found = ask(check(is_big, ("Size",)), BOX, snapshot("Lid"))
    assert only(found) == ("unknown", "List was never collected", "toy:acct:global")


def test_a_partial_listing_judges_what_was_seen_and_is_unknown_for_the_rest() -> None:
    states = {"toy.box": {**BOX["toy.box"], "box:b": {"config": {"Name": "b", "Size": None}}}}
    found = ask(check(is_big, ("Size",)), states, snapshot("List", Presence.PARTIAL), unseen=(("toy.box", "box:b", "config"),))
    assert [(str(j.finding.status), j.finding.uid) for j in found] == [("unknown", "toy:acct:global"), ("fail", "box:a")]


def test_a_denied_facet_makes_its_own_resource_unknown() -> None:
    denied = UnreadFacet("toy.box", "box:a", "lid", Unread(Why.DENIED, "toy:GetLid"))
    states = {"toy.box": {"box:a": {"config": {"Name": "a"}, "lid": {"Lid": True}}}}
    found = ask(check(lid_is_on, ("Lid",)), states, snapshot("List"), snapshot("Lid", unread=(denied,)))
    assert only(found) == ("unknown", "toy:GetLid was denied", "box:a")


def test_a_source_read_to_its_end_with_nothing_for_the_resource_says_none() -> None:
    assert only(ask(check(lid_is_on, ("Lid",)), BOX, snapshot("List"), snapshot("Lid"))) == ("fail", "a has no lid", "box:a")


def test_a_facet_that_nobody_asked_is_unknown_even_where_an_old_state_is_stored() -> None:
    states = {"toy.box": {"box:a": {"config": {"Name": "a"}, "lid": {"Lid": True}}}}
    assert only(ask(check(lid_is_on, ("Lid",)), states))[:2] == ("unknown", "Lid was never collected")


def test_a_facet_of_a_failed_source_is_unknown_with_its_reason() -> None:
    found = ask(check(lid_is_on, ("Lid",)), BOX, snapshot("List"), snapshot("Lid", Presence.FAILED))
    assert only(found)[:2] == ("unknown", "toy:ListBoxes was denied")


def test_a_resource_whose_listing_facet_was_odd_is_unknown_by_name() -> None:
    odd = UnreadFacet("toy.box", "box:z", "config", Unread(Why.UNEXPECTED, "List", "no Name"))
    found = ask(check(is_big, ("Size",)), {}, snapshot("List", unread=(odd,)))
    assert only(found) == ("unknown", "List gave an answer of unexpected shape (no Name)", "box:z")


def test_fact_never_declared_is_a_bug_not_a_pass() -> None:
    status, reason, _ = only(ask(check(is_big), BOX))
    assert status == "error"
    assert "no declared fact 'Size'" in reason


def test_a_crash_in_a_check_is_an_error_not_a_pass() -> None:
    def crashes(box: Resource) -> Answer:
        raise ValueError("boom")

    assert only(ask(check(crashes), BOX))[0] == "error"


def test_a_check_may_say_unknown_or_not_applicable() -> None:
    def unclassified(box: Resource) -> Answer:
        return Unknown("a has no owner")

    def other(box: Resource) -> Answer:
        return NotApplicable("a is empty")

    assert only(ask(check(unclassified), BOX))[:2] == ("unknown", "a has no owner")
    assert only(ask(check(other), BOX))[:2] == ("not_applicable", "a is empty")


SCANNED = ("List", "Scan")


def missing(box: Resource) -> Answer:
    return f"{box.name} misses {box.fact('Missing')}" if box.fact("Missing") else None


@pytest.mark.parametrize(
    ("end", "status"),
    [("2026-02-27T00:00:00Z", "pass"), (None, "unknown"), ("soon", "unknown"), ("2026-03-02T00:00:00Z", "unknown")],
)
def test_a_pass_needs_the_time_that_its_facts_speak_of(end: str | None, status: str) -> None:
    states = {"toy.box": {"box:a": {"config": {"Name": "a"}, "scan": {"Missing": 0, "End": end}}}}
    found = ask(check(missing, ("Missing",)), states, *(snapshot(s) for s in SCANNED))
    assert only(found)[0] == status


def test_a_fail_stands_without_a_time() -> None:
    states = {"toy.box": {"box:a": {"config": {"Name": "a"}, "scan": {"Missing": 2, "End": None}}}}
    assert only(ask(check(missing, ("Missing",)), states, *(snapshot(s) for s in SCANNED)))[0] == "fail"


def test_the_oldest_time_of_the_facts_is_told() -> None:
    states = {"toy.box": {"box:a": {"config": {"Name": "a"}, "scan": {"Missing": 0, "End": "2026-02-27T00:00:00Z"}}}}
    (found,) = ask(check(missing, ("Missing",)), states, *(snapshot(s) for s in SCANNED))
    assert found.effective == datetime(2026, 2, 27, tzinfo=UTC)


def test_the_time_that_a_whole_report_speaks_of_is_the_age_of_a_pass() -> None:
    made = datetime(2026, 2, 20, tzinfo=UTC)
    listed = Snapshot(HERE, "List", (), Presence.COMPLETE, None, (), 1, "me", 1, AT, AT, made)
    (found,) = ask(check(is_big, ("Size",)), {"toy.box": {"box:a": {"config": {"Name": "a"}}}}, listed)
    assert (found.finding.status, found.effective) == (Status.PASS, made)


@pytest.mark.parametrize(("days", "newest"), [((10, 20), "2026-02-20"), ((10, 310), "2026-02-10"), ((310, 320), "2026-12-17")])
def test_the_newest_record_of_a_register_is_the_age_of_what_it_shows(days: tuple[int, int], newest: str) -> None:
    """What is planned is no evidence of today; where nothing else is there, the age says that it lies ahead."""
    bags = Source(
        "Bags", "toy", "account", (Facet("toy.bag", ("Box", "On"), lists=True, effective="On"),), (), (), lambda r: []
    )
    dates = {day: date(2026, 1, 31) + timedelta(days=day) for day in days}
    dated = {f"bag:{day}": {"config": {"Box": "a", "On": on.isoformat()}} for day, on in dates.items()}
    states: dict[str, Any] = {**BOX, "toy.bag": dated}
    seen = {(s.scope, s.source): Seen.of(s) for s in (snapshot("List"), snapshot("Bags"))}
    world = World(Sources([LIST, LID, SCAN, bags]), States(states), seen, [BAGGED])
    (found,) = judge(world, "toy.box", HERE, [BAGGED], {"has_bag": {}}, {"has_bag": ""}, AT)
    assert found.effective == parse_time(newest)


def has_bag(box: Resource, *, inventory: Inventory) -> Answer:
    return None if list(inventory.where("toy.bag", Box=box.fact("Name"))) else f"{box.name} has no bag"


BAGGED = check(has_bag, ("Name",), looks_up={"toy.bag": ("Box",)}, takes_inventory=True)
BAG = {"toy.bag": {"bag:1": {"config": {"Box": "a"}}}}


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

    def resources(self, scope: Scope, type_: str) -> Iterator[tuple[str, Mapping[str, Mapping[str, Json]]]]:
        yield from sorted(self._states.get(scope, {}).get(type_, {}).items())


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


def test_the_same_states_one_day_later_give_the_same_sentence() -> None:
    def old(box: Resource, *, at: datetime, limit: int = 1) -> Answer:
        return f"{box.name} is older than {limit} days" if at > AT.replace(day=1) else None

    one = check(old, takes_time=True, parameters=(Parameter("limit", 1, "days"),))
    later = AT.replace(day=5)
    assert only(ask(one, BOX, at=later)) == only(ask(one, BOX, at=later.replace(day=6)))


def test_one_type_has_one_listing_and_one_origin_for_each_fact() -> None:
    with pytest.raises(DeclarationError, match="is listed by"):
        Sources([LIST, Source("Again", "toy", "account", LIST.yields, (), (), lambda r: [])])
    with pytest.raises(DeclarationError, match="comes from two facets"):
        Sources([LIST, Source("Again", "toy", "account", (Facet("toy.box", ("Name",), name="x"),), (), (), lambda r: [])])
    with pytest.raises(DeclarationError, match="no source yields the fact 'Colour'"):
        SOURCES.needed([check(is_big, ("Colour",))])


def test_only_the_sources_that_a_check_needs_are_planned() -> None:
    assert [s.name for s in SOURCES.needed([check(is_big, ("Size",))])] == ["List"]
    assert [s.name for s in SOURCES.needed([check(lid_is_on, ("Lid",))])] == ["List", "Lid"]
    assert [s.name for s in SOURCES.needed([BAGGED])] == ["List", "Bags"]
