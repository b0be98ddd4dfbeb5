"""Boxes with lids and bags, checks on them, and what the judge says of them."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from checks.check import Answer, Check
from collectors.source import Facet, Source
from evidence_store.records import (
    Inventory,
    Json,
    Presence,
    Resource,
    Scope,
    Severity,
    Snapshot,
    Unread,
    Why,
)
from pipeline.facts import Facets, Seen
from pipeline.judge import Judgement, World, judge
from pipeline.plan import Sources

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

    def resources(self, scope: Scope, type_: str, facets: frozenset[str]) -> Iterator[tuple[str, Facets]]:
        assert scope == HERE
        for uid, found in sorted(self._states.get(type_, {}).items()):
            yield uid, {name: found[name] for name in facets & found.keys()}


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


BOX = {"toy.box": {"box:a": {"config": {"Name": "a", "Size": 3}}}}


def has_bag(box: Resource, *, inventory: Inventory) -> Answer:
    return None if list(inventory.where("toy.bag", Box=box.fact("Name"))) else f"{box.name} has no bag"


BAGGED = check(has_bag, ("Name",), looks_up={"toy.bag": ("Box",)}, takes_inventory=True)
BAG = {"toy.bag": {"bag:1": {"config": {"Box": "a"}}}}
