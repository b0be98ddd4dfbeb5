"""Perform stored verdicts again, with the installed checks, on stored states: what verification concludes with.

It is the judge itself, put to the estate as it stood. It gives no verdict where it cannot: for a check that is not
installed in the version that spoke then, for parameters that no document of the evidence names, and for a target that
could not be reached, of which nothing was stored.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from checks.check import Check
from evidence_store import canonical
from evidence_store.records import Json, Scope, Status, Unread, Verdict
from evidence_store.rows import FindingRow
from evidence_store.verification import Moment
from pipeline.facts import Facets, Facts, Seen
from pipeline.judge import World, ask, not_listed, unlisted_uid
from pipeline.plan import Sources

Parameters = Mapping[tuple[str, str], Mapping[str, Json]]  # (check, digest) -> values


def parameters_of(documents: Iterable[Json]) -> Parameters:
    """Every set of parameters that the evidence names, from its documents of kind `checks`."""
    return {
        (entry["id"], canonical.digest(entry["parameters"])): entry["parameters"]
        for document in documents
        for entry in document["checks"]
    }


class Performer:
    """Callable as verification's `perform`."""

    def __init__(self, checks: Mapping[str, Check], sources: Sources, parameters: Parameters) -> None:
        self._checks = checks
        self._sources = sources
        self._parameters = parameters
        self._leaf = -1
        self._world_at: World | None = None
        self._unlisted: dict[tuple[str, str, Scope], Mapping[str, Unread]] = {}
        self._facts: dict[tuple[str, str], Facts] = {}

    def __call__(self, row: FindingRow, facets: Facets | None, moment: Moment, at: datetime) -> Verdict | None:
        """The verdict that the stored facts give; `None` where it cannot be performed here."""
        check = self._checks.get(row.check)
        parameters = self._parameters.get((row.check, row.parameters))
        if check is None or check.version != row.version or parameters is None or row.type not in check.asked_of:
            return None
        world, listing = self._world(moment), self._sources.listing(row.type)
        seen = world.seen(row.scope).get(listing.source.name)
        if seen is None:
            return None
        missed = self._missed(world, seen, check, row.type, row.scope).get(row.uid)
        if missed is not None:
            return Verdict(Status.UNKNOWN, str(missed))
        if facets is None or seen.lacks(row.type, row.uid, listing.facet.name):
            return None
        facts = self._facts.setdefault((check.id, row.type), Facts(self._sources, row.type, check.needs))
        return ask(world, check, facts, row.scope, row.uid, facets, parameters, at)

    def _missed(self, world: World, seen: Seen, check: Check, type_: str, scope: Scope) -> Mapping[str, Unread]:
        """What the listing of a type in a scope did not read, by the uid that a finding of this check gives it."""
        key = (check.id, type_, scope)
        if key not in self._unlisted:
            unlisted = not_listed(seen, world.sources.listing(type_), scope)
            self._unlisted[key] = {unlisted_uid(check, type_, scope, uid): unread for uid, unread in unlisted}
        return self._unlisted[key]

    def _world(self, moment: Moment) -> World:
        """The estate as it stood at a leaf; verdicts come leaf by leaf, so that one is held at a time."""
        if self._world_at is None or self._leaf != moment.leaf:
            self._unlisted.clear()
            seen = {
                (looked.scope, looked.source): Seen(
                    looked.presence,
                    looked.reason,
                    {(type_, uid, facet): unread for (uid, facet, type_), unread in looked.unread.items()},
                    frozenset((type_, uid, facet) for uid, facet, type_ in looked.unseen),
                    looked.effective,
                )
                for looked in moment.looks()
            }
            self._leaf, self._world_at = moment.leaf, World(self._sources, _Stood(moment), seen, self._checks.values())
        return self._world_at


class _Stood:
    """The states in force at a leaf, as the judge asks for them."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment

    def resources(self, scope: Scope, type_: str, _facets: frozenset[str]) -> Iterator[tuple[str, Facets]]:
        for _, uid, found in self._moment.find(scope, type_, {}):
            yield uid, found
