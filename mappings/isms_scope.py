"""The places that the ISMS scope record names, beside those that the configured targets reach.

- A place is written as `aws:123456789012`, `aws:123456789012:eu-west-1` or `host:*`.
- Where no record names a place, everything that the targets reach is in scope.
- The ISMS records themselves are always in scope; nobody names them as a place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from evidence_store.records import Json, Scope
from mappings.record_facts import RecordFacts, matches


@dataclass(frozen=True, slots=True)
class IsmsScope:
    """The places that the organisation declared to be inside its ISMS."""

    places: tuple[str, ...]
    faults: tuple[str, ...] = ()  # what of the record could not be read, so that more may be in scope than is known

    def includes(self, scope: Scope) -> bool:
        """Whether evidence of this scope is expected."""
        return not self.places or scope.provider == "records" or any(_names(place, scope) for place in self.places)

    def unconfigured(self, reached: Iterable[Scope]) -> tuple[str, ...]:
        """The places that none of the reached scopes lies in: what an assessment needs to know."""
        scopes = tuple(reached)
        return tuple(place for place in self.places if not any(_names(place, scope) for scope in scopes))


def isms_scope(resources: Iterable[Mapping[str, Json]]) -> IsmsScope:
    """The declared scope, from the facts of `records.scope`; of several records all places together."""
    places: set[str] = set()
    faults: list[str] = []
    for facts in map(RecordFacts, resources):
        places.update(facts.texts("targets"))
        faults += facts.faults
    return IsmsScope(tuple(sorted(places)), tuple(sorted(faults)))


def _names(place: str, scope: Scope) -> bool:
    return matches(place, str(scope)) or matches(f"{place}:*", str(scope))
