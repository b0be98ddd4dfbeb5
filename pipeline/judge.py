"""Put each chosen check to each resource of its type, from stored states and this run's snapshots.

- Where the listing of a type is not complete, each check on it gives one `unknown` for the scope itself.
- A pass on facts that should carry a time and carry none, or one that lies ahead, is `unknown`.
- The age of a pass is that of its own oldest facts, and of the newest of each kind of record that it looked up.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from datetime import time as midnight

from checks.check import Check
from evidence_store.records import (
    Finding,
    Json,
    Lookup,
    Presence,
    Resource,
    Scope,
    Status,
    Unread,
    UnreadFactError,
    Verdict,
    Why,
    format_time,
)
from pipeline.facts import Facets, Facts, Seen, States
from pipeline.plan import Origin, Sources


@dataclass(frozen=True, slots=True)
class Judgement:
    """A finding, and the oldest time that its facts speak of."""

    finding: Finding
    effective: datetime | None


class Look:
    """The inventory of one question: look-ups as far as the check looks (ISMS records: all of them), each one recorded."""

    def __init__(self, world: "World", check: Check, resource: Resource, at: datetime) -> None:
        self._world = world
        self._check = check
        self._resource = resource
        self._at = at
        self.made: dict[Lookup, None] = {}  # each once, in the order of asking
        # Type -> the newest time of what was looked up: a register keeps its history. What is planned is no evidence of today.
        self.newest: dict[str, datetime] = {}

    def get(self, type_: str, uid: str) -> Resource | None:
        self.made[Lookup(type_, uid=uid)] = None
        found = next((i.by_uid[uid] for i in self._world.indexes(self._check, type_, self._resource) if uid in i.by_uid), None)
        return None if found is None else self._give(type_, found)

    def where(self, type_: str, **facts: Json) -> Iterator[Resource]:
        self.made[Lookup(type_, facts=tuple(sorted(facts.items())))] = None
        indexes = self._world.indexes(self._check, type_, self._resource)
        if undeclared := sorted(facts.keys() - self._check.looks_up[type_]):  # another check's may be there, and may not
            raise LookupError(f"{self._check.id} did not declare that it looks up {', '.join(undeclared)} of {type_}")
        matching = {found.uid: found for index in indexes for found in index.matching(facts)}  # two targets may know one thing
        return iter([self._give(type_, found) for found in matching.values()])

    def _give(self, type_: str, found: "_Found") -> Resource:
        for time in found.times:
            self.newest[type_] = max(time, self.newest.get(type_, time), key=lambda t: (not _ahead(t, self._at), t))
        names = self._check.looks_up[type_]
        return Resource(type_, found.uid, found.scope, {name: found.facts[name] for name in names})


@dataclass(frozen=True, slots=True)
class _Found:
    uid: str
    scope: Scope
    facts: Mapping[str, Json | Unread]
    times: tuple[datetime, ...]


class _Index:
    """The looked-up resources of one type, by uid and by the values of facts."""

    def __init__(self, found: Iterable[_Found]) -> None:
        self.by_uid = {f.uid: f for f in found}
        self._by_fact: dict[str, dict[Json, list[_Found]]] = {}

    def matching(self, facts: Mapping[str, Json]) -> list[_Found]:
        """Those whose facts all have these values. Raises `UnreadFactError` where one could be among the unread."""
        if not facts:
            return list(self.by_uid.values())
        first, value = next(iter(facts.items()))
        candidates = self._values(first).get(value, [])
        for found in candidates:
            for name in facts:
                if isinstance(found.facts[name], Unread):
                    raise UnreadFactError(found.facts[name])
        return [f for f in candidates if all(f.facts[n] == v for n, v in facts.items())]

    def _values(self, name: str) -> dict[Json, list[_Found]]:
        if name not in self._by_fact:
            values: dict[Json, list[_Found]] = {}
            for found in self.by_uid.values():
                fact = found.facts[name]
                if isinstance(fact, Unread):
                    raise UnreadFactError(fact)
                values.setdefault(fact if not isinstance(fact, list | dict) else repr(fact), []).append(found)
            self._by_fact[name] = values
        return self._by_fact[name]


@dataclass(frozen=True, slots=True)
class _Hidden:
    """Why a type cannot be looked up, and where it was not read."""

    reason: Unread
    place: Scope | None = None


class World:
    """Everything the judge may look at: stored states, and the snapshots that say what of them was read now."""

    def __init__(
        self, sources: Sources, states: States, seen: Mapping[tuple[Scope, str], Seen], checks: Iterable[Check]
    ) -> None:
        self.sources = sources
        self.states = states
        self.checks = tuple(checks)
        self._seen: dict[tuple[str, Scope], dict[str, Seen]] = {}
        for (scope, source), snapshot in seen.items():
            self._seen.setdefault((scope.provider, scope), {})[source] = snapshot
        self._by_account: dict[tuple[str, str], list[Scope]] = {}
        for provider, scope in sorted(self._seen):
            self._by_account.setdefault((provider, scope.account), []).append(scope)
        self._indexes: dict[tuple[str, str, str], _Index | _Hidden] = {}

    def seen(self, scope: Scope) -> Mapping[str, Seen]:
        """This run's snapshots of a scope, by source."""
        return self._seen.get((scope.provider, scope), {})

    def scopes(self, provider: str) -> list[Scope]:
        return sorted(scope for kind, scope in self._seen if kind == provider)

    def indexes(self, check: Check, type_: str, resource: Resource) -> list[_Index]:
        """What may be looked up of a type, by account. Raises `UnreadFactError` unless each listing was read to its end."""
        if type_ not in check.looks_up:
            raise LookupError(f"{check.id} did not declare that it looks up {type_}")
        scope, provider = resource.scope, type_.partition(".")[0]
        accounts, region = ["*"], "*"
        if provider == scope.provider and check.within != "provider":
            accounts = [scope.account, *(self._above(check, resource) if check.above else ())]
            region = scope.region if check.within == "region" and scope.region != "global" else "*"
        return [self._index(type_, account, region, scope) for account in accounts]

    def _above(self, check: Check, resource: Resource) -> list[str]:
        """The accounts that a resource names as those above its own.

        The one account that a text names must have been read. A list goes up through everything that the resource stands
        in, most of which are no accounts: whether each of them was read is the check's to ask.
        """
        named, own, provider = resource.fact(check.above), resource.scope.account, resource.scope.provider
        if isinstance(named, str):
            return [named.casefold()]
        if isinstance(named, list):
            return [account for account in named if account != own and (provider, account) in self._by_account]
        raise UnreadFactError(Unread(Why.UNEXPECTED, resource.type, f"{check.above} does not tell what is above"))

    def _index(self, type_: str, account: str, region: str, asked: Scope) -> _Index:
        if (key := (account, region, type_)) not in self._indexes:  # made once: each look-up of thousands of accounts asks
            self._indexes[key] = self._indexed(type_, account, None if region == "*" else region)
        found = self._indexes[key]
        if isinstance(found, _Hidden):
            place = found.place
            beyond = place is not None and place.provider == asked.provider and place.account != asked.account
            raise UnreadFactError(_there(found.reason, place) if place is not None and beyond else found.reason)
        return found

    def _indexed(self, type_: str, account: str, region: str | None) -> "_Index | _Hidden":
        """The index of what was read of a type in an account (`*`: in all), or why it cannot be looked up."""
        provider = type_.partition(".")[0]
        listing = self.sources.listing(type_).source.name
        known = self._by_account.get((provider, account), ()) if account != "*" else self.scopes(provider)
        scopes = [s for s in known if listing in self.seen(s)]
        if region is not None:  # what other regions hold or hide is no answer to a question about this one
            scopes = [s for s in scopes if s.region in (region, "global")]
        if not scopes:
            return _Hidden(Unread(Why.NOT_COLLECTED, type_))
        for place in scopes:
            snapshot = self.seen(place)[listing]
            if snapshot.presence is not Presence.COMPLETE:
                return _Hidden(snapshot.reason or Unread(Why.NOT_COLLECTED, type_), place)
        return _Index(self._looked_up(type_, scopes))

    def _looked_up(self, type_: str, scopes: Iterable[Scope]) -> Iterator[_Found]:
        names = sorted({name for c in self.checks for name in c.looks_up.get(type_, ())})
        facts = Facts(self.sources, type_, names)
        listing = self.sources.listing(type_)
        for scope in scopes:
            seen = self.seen(scope)
            if seen[listing.source.name].empty:
                continue
            odd = _unreadable(seen[listing.source.name], type_, listing.facet.name)
            for uid, facets in self.states.resources(scope, type_, facts.facets):
                if listing.facet.name in facets:
                    odd.pop(uid, None)
                    yield _Found(uid, scope, facts.pick(seen, uid, facets), tuple(facts.effective(facets)[0]))
            for uid, unread in odd.items():
                yield _Found(uid, scope, dict.fromkeys(names, unread), ())


def _unreadable(seen: Seen, type_: str, facet: str) -> dict[str, Unread]:
    """What was listed and could not be read: it is there, and it may be what a look-up asks for. What vanished is not."""
    found = {uid: unread for (of, uid, name), unread in seen.unread.items() if (of, name) == (type_, facet)}
    return {uid: unread for uid, unread in found.items() if unread.why is not Why.VANISHED}


def _there(unread: Unread, place: Scope) -> Unread:
    """Of an account other than the one that is asked about: which one."""
    return replace(unread, detail=f"in {place.account}" + (f": {unread.detail}" if unread.detail else ""))


def judge(
    world: World,
    type_: str,
    scope: Scope,
    checks: Sequence[Check],
    parameters: Mapping[str, Mapping[str, Json]],
    digests: Mapping[str, str],
    at: datetime,
) -> Iterator[Judgement]:
    """Every answer of these checks, all on one type, in one scope; resource by resource, in the order of uids."""
    listing = world.sources.listing(type_)
    known = world.seen(scope).get(listing.source.name)

    def finding(check: Check, uid: str, verdict: Verdict) -> Judgement:
        return Judgement(
            Finding(
                check=check.id,
                version=check.version,
                parameters=digests[check.id],
                severity=check.severity,
                scope=scope,
                type=type_,
                uid=uid,
                status=verdict.status,
                reason=verdict.reason,
                lookups=verdict.lookups,
            ),
            verdict.effective,
        )

    for uid, unread in not_listed(known, listing, scope):
        for check in checks:
            yield finding(check, unlisted_uid(check, type_, scope, uid), Verdict(Status.UNKNOWN, str(unread)))
    if known is None or known.presence is Presence.FAILED or known.empty:
        return
    facts = {check.id: Facts(world.sources, type_, check.needs) for check in checks}
    needed = frozenset().union(*(of_check.facets for of_check in facts.values()))
    for uid, facets in world.states.resources(scope, type_, needed):
        if listing.facet.name not in facets or known.lacks(type_, uid, listing.facet.name):
            continue
        for check in checks:
            yield finding(check, uid, ask(world, check, facts[check.id], scope, uid, facets, parameters[check.id], at))


def unlisted_uid(check: Check, type_: str, scope: Scope, uid: str) -> str:
    """The scope's own uid where it stands for a type that was not listed; one for each type that a check is put to."""
    return scope.uid(type_, "*") if uid == str(scope) and type_ != check.on else uid


def not_listed(known: Seen | None, listing: Origin, scope: Scope) -> Iterator[tuple[str, Unread]]:
    """The scope itself where its listing is not complete, and each resource that was listed and could not be read."""
    if known is None:
        yield str(scope), Unread(Why.NOT_COLLECTED, listing.source.name)
        return
    if known.presence is not Presence.COMPLETE:
        yield str(scope), known.reason or Unread(Why.NOT_COLLECTED, listing.source.name)
    for (type_, uid, facet), unread in known.unread.items():
        if (type_, facet) == (listing.facet.type, listing.facet.name):
            yield uid, unread


def ask(
    world: World,
    check: Check,
    facts: Facts,
    scope: Scope,
    uid: str,
    facets: Facets,
    parameters: Mapping[str, Json],
    at: datetime,
) -> Verdict:
    """Put one check to one resource, and hold its answer against the times that the facts speak of."""
    resource = Resource(facts.type, uid, scope, facts.pick(world.seen(scope), uid, facets))
    look = Look(world, check, resource, at)
    verdict = check.perform(resource, look, at, parameters)
    if "\0" in verdict.reason:  # a name may hold one, and PostgreSQL keeps none in a text
        verdict = replace(verdict, reason=verdict.reason.replace("\0", "\\0"))
    if verdict.status is not Status.PASS:
        return replace(verdict, lookups=tuple(look.made))
    times, untimed = facts.effective(facets)
    times += facts.reported(world.seen(scope))
    ahead = [time for time in times if _ahead(time, at)]
    if untimed:
        verdict = Verdict(Status.UNKNOWN, f"{resource.name} says nothing of the time of its facts ({untimed} is missing)")
    elif ahead:
        verdict = Verdict(Status.UNKNOWN, f"{resource.name} speaks of a time that lies ahead: {format_time(max(ahead))}")
    oldest = min([*times, *look.newest.values()], default=None)
    return replace(verdict, lookups=tuple(look.made), effective=None if ahead else oldest)


def _ahead(time: datetime, at: datetime) -> bool:
    """Whether a time lies ahead. A date is no time: somewhere it is tomorrow already."""
    return time > at + (timedelta(hours=14) if time.time() == midnight() else timedelta())
