"""The judge: what was not seen never becomes a pass, and the same states give the same sentences."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from checks.check import Answer, NotApplicable, Parameter, Unknown
from collectors.source import Facet, Source
from evidence_store.records import (
    Presence,
    Resource,
    Scope,
    Snapshot,
    Status,
    Unread,
    UnreadFacet,
    Why,
    parse_time,
)
from pipeline.facts import Facets, Seen
from pipeline.judge import World, judge
from pipeline.plan import DeclarationError, Sources
from tests.pipeline.boxes import (
    AT,
    BAGGED,
    BOX,
    DENIED,
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


def is_big(box: Resource) -> Answer:
    return f"{box.name} is {box.fact('Size')}" if box.fact("Size") else None


def lid_is_on(box: Resource) -> Answer:
    return None if box.fact("Lid") else f"{box.name} has no lid"


def test_a_fact_gives_the_answer() -> None:
    assert only(ask(check(is_big, ("Size",)), BOX)) == ("fail", "a is 3", "box:a")


def test_no_state_is_looked_for_where_a_listing_was_read_to_its_end_and_is_empty() -> None:
    asked: list[str] = []

    class Watched(States):
        def resources(self, scope: Scope, type_: str, facets: frozenset[str]) -> Iterator[tuple[str, Facets]]:
            asked.append(type_)
            return super().resources(scope, type_, facets)

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
