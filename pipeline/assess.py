"""Assess every control from the store as it stands when the run ends.

The assessment is a function of the store, not of the run: what this run did not ask keeps its latest verdict, and what
was never asked of a configured target is expected all the same.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from configuration import Target
from evidence_store.records import Json, Scope, Severity, Status
from mappings import soa, suppliers
from mappings.assessment import Assessment, assess
from mappings.evidence import Evidence, Judged, Tally
from mappings.exceptions import Exceptions
from mappings.isms_scope import IsmsScope, isms_scope
from pipeline.selection import unreachable

if TYPE_CHECKING:
    from pipeline.run import Environment

Places = Mapping[str, tuple[Scope, ...]]  # target -> the scopes that it was found to reach


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a run concludes about the controls."""

    at: datetime
    assessments: tuple[Assessment, ...]
    exceptions: Exceptions
    unconfigured: tuple[str, ...]  # places of the ISMS scope that no target reads: `aws:123456789012`
    documents: Mapping[str, Json]  # the records that it went by, kept with the run

    def covers_blind_spot(self, scope: Scope, action: str) -> bool:
        return self.exceptions.covers_blind_spot(scope, action, self.at) is not None


def conclude(
    environment: "Environment", places: Places, judged_now: Mapping[tuple[str, Scope], Judged], unread: Collection[str]
) -> Conclusion:
    """Read what stands in the store, and assess. `unread`: types whose listing was not complete in this run."""
    at = environment.clock()
    known_places = {**earlier_places(environment), **places}
    records = _Records(environment, known_places)
    exceptions = Exceptions(records.of("records.exception"))
    statement = records.of("records.soa") if records.exist and "records.soa" not in unread else None
    inside = isms_scope(records.of("records.scope"))
    expected = _expected(environment, known_places, inside)
    unconfigured = inside.unconfigured(scope for scopes in known_places.values() for scope in scopes)
    unreadable = (
        *(f"scope record: {fault}" for fault in inside.faults),
        *(["scope record: not read"] if "records.scope" in unread else []),
    )
    evidence = Evidence(
        at=at,
        tallies=tuple(_tallies(environment, expected, exceptions, at)),
        judged={**_judged_before(environment), **judged_now},
        expected=expected,
        unconfigured=(*unconfigured, *unreadable),
        soa=None if statement is None else soa.entries(statement),
        assurances=suppliers.assurances(records.of("records.supplier_assurance")),
        gap_from=environment.configuration.run.gap_from,
    )
    documents: dict[str, Json] = {} if statement is None else {"soa": statement}  # what was not read, nothing went by
    documents |= {
        "exceptions": records.of("records.exception"),
        "unconfigured": list(unconfigured),
        "places": {name: [[s.provider, s.account, s.region] for s in scopes] for name, scopes in known_places.items()},
    }
    return Conclusion(at, assess(environment.catalogue, evidence), exceptions, unconfigured, documents)


class _Records:
    """The ISMS records in the store, whoever read them."""

    def __init__(self, environment: "Environment", places: Places) -> None:
        self._store = environment.store
        names = {t.name for t in environment.configuration.targets if t.kind == "records"}
        self._scopes = sorted({scope for name in names for scope in places.get(name, ())})

    @property
    def exist(self) -> bool:
        """Whether a records target is configured."""
        return bool(self._scopes)

    def of(self, type_: str) -> list[Json]:
        """The facts of every record of a type, in the order of their uids."""
        return [
            {name: value for facet in facets.values() for name, value in facet.items()}
            for scope in self._scopes
            for _, _, facets in self._store.resources(scope, type_)
        ]


def earlier_places(environment: "Environment") -> dict[str, tuple[Scope, ...]]:
    """Where configured targets reached when they were last read."""
    last = environment.store.run_at()
    kept = environment.store.document(last.documents["places"]) if last and "places" in last.documents else {}
    return {t.name: _last_places(t, kept) for t in environment.configuration.targets}


def _last_places(target: Target, kept: Mapping[str, Json]) -> tuple[Scope, ...]:
    return tuple(Scope(*scope) for scope in kept.get(target.name, ())) or (unreachable(target),)


def _judged_before(environment: "Environment") -> dict[tuple[str, Scope], Judged]:
    store = environment.store
    return {key: Judged(store.time_of(leaf), oldest) for key, (leaf, oldest) in store.judged().items()}


def _expected(environment: "Environment", places: Places, inside: IsmsScope) -> dict[str, frozenset[Scope]]:
    """Check -> the scopes of configured targets that it should have been asked in."""
    found: dict[str, frozenset[Scope]] = {}
    for check in environment.known.values():
        level = environment.sources.listing(check.on).source.level
        found[check.id] = frozenset(
            scope
            for target in environment.configuration.targets
            if target.kind == check.provider
            for scope in places[target.name]
            if inside.includes(scope) and (scope == unreachable(target) or (scope.region == "global") == (level == "account"))
        )
    return found


def _tallies(
    environment: "Environment", expected: Mapping[str, frozenset[Scope]], exceptions: Exceptions, at: datetime
) -> Iterator[Tally]:
    """The latest findings of what is expected, counted; a place that is no longer configured no longer counts."""
    excepted: dict[tuple[str, Scope, Severity], int] = {}
    excepting = {e.check for e in exceptions.all}
    if excepting:
        for row in environment.store.findings(checks=excepting, statuses={Status.FAIL}):
            if exceptions.covers(row.check, row.uid, at):
                key = (row.check, row.scope, row.severity)
                excepted[key] = excepted.get(key, 0) + 1
    for count in environment.store.finding_counts():
        if count.scope in expected.get(count.check, frozenset()):
            key = (count.check, count.scope, count.severity)
            without = excepted.get(key, 0) if count.status is Status.FAIL else 0
            yield Tally(count.check, count.scope, count.severity, count.status, count.count, without)
