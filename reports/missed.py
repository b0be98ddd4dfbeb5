"""Runs that were due and missed, for whoever reads a status over time: it lasted between two runs, and nobody looked."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from evidence_store.database import Store
from evidence_store.records import Json, parse_time
from mappings.catalogue import Catalogue, UnknownControlError


@dataclass(frozen=True, slots=True)
class Missed:
    """Due times of one schedule that came to no sealed run, for one reason."""

    schedule: str
    count: int
    first: datetime
    last: datetime
    why: str
    checks: frozenset[str] | None  # that would have been asked; `None`: all of them


def missed_runs(store: Store, catalogue: Catalogue) -> tuple[Missed, ...]:
    """All that stands sealed in the log, in the order in which it was told."""
    checkpoint = store.checkpoint()
    until = checkpoint.size if checkpoint else 0
    found = []
    for leaf in store.leaves("runs_missed", until=until):
        f = leaf.fields
        schedule = store.document(f["documents"]["schedule"])
        span = parse_time(f["first"]), parse_time(f["last"])
        found.append(Missed(schedule["name"], f["count"], *span, f["why"], _asked(schedule, catalogue)))
    return tuple(found)


def of_checks(missed: Iterable[Missed], checks: Collection[str]) -> tuple[Missed, ...]:
    """Those that would have asked one of these checks."""
    return tuple(one for one in missed if one.checks is None or not one.checks.isdisjoint(checks))


def told(missed: Collection[Missed]) -> str:
    """In one sentence; nothing where none was missed."""
    if not missed:
        return ""
    by_reason: Counter[str] = Counter()
    for one in missed:
        by_reason[one.why] += one.count
    reasons = ", ".join(f"{count:,} {why}" for why, count in sorted(by_reason.items()))
    first, last = min(one.first for one in missed), max(one.last for one in missed)
    if (total := by_reason.total()) == 1:
        return f"1 run that was due at {first:%Y-%m-%d %H:%MZ} was missed ({reasons})"
    return f"{total:,} runs that were due from {first:%Y-%m-%d %H:%MZ} to {last:%Y-%m-%d %H:%MZ} were missed ({reasons})"


def _asked(schedule: Json, catalogue: Catalogue) -> frozenset[str] | None:
    if not schedule["controls"] and not schedule["checks"]:
        return None
    try:
        selected = catalogue.select(schedule["controls"]) if schedule["controls"] else ()
    except UnknownControlError:
        return None  # of a mapping that is no more; better told once too often
    return frozenset(selected) | frozenset(schedule["checks"])
