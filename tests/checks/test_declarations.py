"""What every check declares, held against the sources that are to answer it."""

import re

import pytest

from checks.check import Check, checks, spelled
from collectors.source import kinds, sources
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
