"""Verdicts are performed leaf by leaf, however many they are, so that each estate is held ready once."""

from datetime import datetime
from itertools import groupby
from random import Random
from typing import Any

from evidence_store.details import HASHED
from evidence_store.records import Status, Verdict
from evidence_store.rows import FindingRow
from evidence_store.verification import Moment
from evidence_store.verification.ordering import by_leaf

from .conftest import Bench


def row(number: int, uid: str) -> tuple[Any, ...]:
    return (number, *(uid if name == "uid" else f"{name} ö\u2028" for name in HASHED), None)


def test_more_than_fit_in_memory_come_out_whole_and_in_order() -> None:
    chance = Random(1)
    given = [(chance.randrange(40), row(n, f"u{chance.randrange(10_000)}")) for n in range(24_000)]
    out = list(by_leaf(given))
    assert sorted(out) == sorted(given)
    place = HASHED.index("uid") + 1
    assert [(leaf, columns[place]) for leaf, columns in out] == sorted((leaf, columns[place]) for leaf, columns in given)


def test_each_moment_is_visited_once(lite: Bench) -> None:
    uids = [f"u{n}" for n in range(12)]
    for number in range(6):
        status = {uid: Status.FAIL if (n + number) % 3 else Status.PASS for n, uid in enumerate(uids)}
        lite.run(f"r{number}", {uid: {"n": number} for uid in uids}, status)
    visited: list[int] = []

    def perform(found: FindingRow, facets: dict[str, Any] | None, moment: Moment, at: datetime) -> Verdict | None:
        assert facets is not None
        assert facets["config"] == {"n": len({*visited, moment.leaf}) - 1}
        visited.append(moment.leaf)
        return Verdict(found.status, found.reason)

    with lite.store.evidence() as evidence:
        report = lite.verify(perform=perform, look=lite.store)
        assert sum(1 for _ in evidence.findings()) <= len(visited)
    assert not report.contradicted
    assert [leaf for leaf, _ in groupby(visited)] == sorted(set(visited))
