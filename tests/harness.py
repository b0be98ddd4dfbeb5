"""Drive checks from a provider's answers: the real plan, the real collection, the real judge, states kept in memory.

A test builds a `Connection` to a loopback server (or to this machine), calls `look`, and asks what the checks said:

    seen = look(connection, "aws_rds_encrypted")
    assert seen.status("aws_rds_encrypted", "orders") == "fail"
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from checks.check import Check, checks
from collectors.source import Connection, Source, kinds, sources
from evidence_store.records import Finding, Json, Observation, Scope, Snapshot, Unread
from evidence_store.redaction import Redactor
from pipeline.collect import Collection, Collector
from pipeline.facts import Facets, Seen
from pipeline.judge import World, judge
from pipeline.plan import Sources

Identity = tuple[str, str, str]  # type, uid, facet
_REDACTOR = Redactor(bytes(32))


def as_stored(value: Any) -> Json:
    """What the store gives back for a value: times as text, sets never."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {str(k): as_stored(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [as_stored(v) for v in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, bytes):
        return {"$b64": value.hex()}
    raise TypeError(f"a source yielded a {type(value).__name__}: {value!r}")


class _Kept:
    """A sink that keeps observations as the store would give them back."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.facets: dict[Identity, Json] = {}
        self.stored: dict[Identity, Json] = {}  # redacted, as the judge gets them
        self.snapshot: Snapshot | None = None

    def add(self, observation: Observation, secret: tuple[str, ...] = ()) -> None:
        key = (observation.type, observation.uid, observation.facet)
        assert key not in self.facets, f"{key} was yielded twice"
        assert not isinstance(observation.facts, Unread)
        self.facets[key] = json.loads(json.dumps(as_stored(observation.facts)))
        self.stored[key] = _REDACTOR.redact(self.facets[key], secret=secret)

    def collected(self, snapshot: Snapshot) -> "_Kept":
        self.snapshot = snapshot
        return self


class _States:
    def __init__(self, kept: Iterable[_Kept]) -> None:
        self._joined: dict[tuple[Scope, str], dict[str, dict[str, Json]]] = {}
        for sink in kept:
            for (type_, uid, facet), facts in sink.stored.items():
                self._joined.setdefault((sink.scope, type_), {}).setdefault(uid, {})[facet] = facts

    def resources(self, scope: Scope, type_: str, facets: frozenset[str]) -> Iterator[tuple[str, Facets]]:
        for uid, found in sorted(self._joined.get((scope, type_), {}).items()):
            yield uid, {name: found[name] for name in facets & found.keys()}


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at one or more targets gave."""

    collections: tuple[Collection[_Kept], ...]
    findings: tuple[Finding, ...]
    planned: tuple[Source, ...]

    @property
    def snapshots(self) -> dict[str, list[Snapshot]]:
        """By source name."""
        found: dict[str, list[Snapshot]] = {}
        for collection in self.collections:
            for snapshot in collection.snapshots:
                found.setdefault(snapshot.source, []).append(snapshot)
        return found

    def facts(self, type_: str, facet: str = "config") -> dict[str, Json]:
        """The facts of every resource of a type, by uid, before redaction."""
        return {
            uid: facts
            for collection in self.collections
            for sink in collection.kept
            for (t, uid, f), facts in sink.facets.items()
            if (t, f) == (type_, facet)
        }

    def of(self, check: str, name: str | None = None) -> list[Finding]:
        """The findings of a check; with a name, those whose uid ends with it."""
        return [f for f in self.findings if f.check == check and (name is None or f.uid.endswith(name))]

    def one(self, check: str, name: str | None = None) -> Finding:
        found = self.of(check, name)
        assert len(found) == 1, f"{check} {name}: {[(f.uid, str(f.status), f.reason) for f in found or self.of(check)]}"
        return found[0]

    def status(self, check: str, name: str | None = None) -> str:
        return str(self.one(check, name).status)

    def reason(self, check: str, name: str | None = None) -> str:
        return self.one(check, name).reason


def look(
    connections: Connection | Mapping[str, Connection],
    *ids: str,
    at: datetime | None = None,
    parameters: Mapping[str, Mapping[str, Json]] | None = None,
) -> Looked:
    """Plan for these checks, collect from the connections (by target name), and judge. `at` defaults to now."""
    chosen: list[Check] = [checks()[i] for i in ids]
    known = Sources(s for kind in kinds() for s in sources(kind))
    planned = known.needed(chosen)
    targets = connections if isinstance(connections, Mapping) else {"test": connections}
    collections: list[Collection[_Kept]] = []
    with ThreadPoolExecutor(8) as executor:
        collector: Collector[_Kept] = Collector(executor, lambda: datetime.now(UTC), lambda scope, _: _Kept(scope))
        for name, connection in targets.items():
            kind = getattr(connection, "kind", None) or connection.__module__.split(".")[1]
            collections.append(collector.collect(name, connection, [s for s in planned if s.provider == kind]))
    kept = [sink for c in collections for sink in c.kept]
    seen = {(s.scope, s.source): Seen.of(s) for c in collections for s in c.snapshots}
    world = World(known, _States(kept), seen, chosen)
    found: list[Finding] = []
    for check in chosen:
        level = known.listing(check.on).source.level
        for scope in world.scopes(check.provider):
            if (scope.region == "global") == (level == "account"):
                values = {check.id: {**check.defaults(), **(parameters or {}).get(check.id, {})}}
                for type_ in check.asked_of:
                    judged = judge(world, type_, scope, [check], values, {check.id: ""}, at or datetime.now(UTC))
                    found += [j.finding for j in judged]
    for finding in found:
        answers.setdefault(finding.check, set()).add(_answer(finding))
    return Looked(tuple(collections), tuple(found), planned)


# What checks were seen to answer in this process, driven through their sources; `tests/conftest.py` asks for all three.
answers: dict[str, set[str]] = {}


def _answer(finding: Finding) -> str:
    return "denied" if finding.status == "unknown" and "was denied" in finding.reason else str(finding.status)
