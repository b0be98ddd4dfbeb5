"""What every check declares, held against the sources that are to answer it."""

import re
from dataclasses import replace
from typing import Any

import pytest

from checks.check import Answer, Check, check, checks, code_digest, spelled
from collectors.source import kinds, sources
from evidence_store.records import Inventory, Resource
from pipeline.plan import Sources

KNOWN = Sources(s for kind in kinds() for s in sources(kind))


@pytest.mark.parametrize("check", checks().values(), ids=lambda c: c.id)
def test_every_type_that_a_check_is_put_to_is_listed_at_one_level_and_has_what_it_needs(check: Check) -> None:
    levels = {KNOWN.listing(type_).source.level for type_ in check.asked_of}
    assert len(levels) == 1
    assert {type_.split(".")[0] for type_ in check.asked_of} == {check.provider}
    for type_ in check.asked_of:
        for fact in check.needs:
            assert KNOWN.fact(type_, fact).facet.type == type_


def test_the_digest_of_code_spells_its_constants_out() -> None:
    long = "x" * 300
    assert spelled(re.compile(long + "a")) != spelled(re.compile(long + "b"))
    assert spelled({"k": frozenset({"b", "a"})}) == spelled({"k": frozenset({"a", "b"})})
    assert spelled((1, "1")) != spelled(("1", 1))


@pytest.mark.parametrize("more", [{"above": "owner"}, {"above": "ancestors", "within": "provider"}])
def test_a_check_looks_above_by_a_fact_that_it_needs_and_in_no_other_way(more: dict[str, Any]) -> None:
    def toy_looks_above(place: Resource, *, inventory: Inventory) -> Answer:
        """A title."""

    with pytest.raises(ValueError, match="toy_looks_above: `above` names one of the facts that it needs"):
        check(
            on="toy.box",
            severity="low",
            version=1,
            needs=("ancestors",),
            looks_up={"toy.bag": ("Box",)},
            fix="f",
            **more,
        )(toy_looks_above)
    assert "toy_looks_above" not in checks()


def test_how_far_a_check_looks_is_part_of_what_it_asks() -> None:
    one = next(c for c in checks().values() if c.above)
    assert code_digest(replace(one, above="")) != code_digest(one)
