"""The vocabulary that every room shares: what was seen, what was not, and what was concluded.

- A fact is a value, `None` (the provider says: not configured), or unread. Reading an unread fact raises
  `UnreadFactError`; nothing stands in for it.
- A resource is the join of its facets at one time. It knows which facts were declared to it and refuses the rest.
- Records are frozen. This module imports nothing of Annexa and nothing beyond the standard library.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

# What a provider's answer may hold once it is read back from the store: no floats (a `Decimal` stands for
# `{"$num": ...}`), times as RFC 3339 strings, bytes as `{"$b64": ...}`, secrets as `{"$redacted": kind, "mac": ...}`.
Json: TypeAlias = Any


class Presence(StrEnum):
    """Whether the listing of a type in a scope was read to its last page."""

    COMPLETE = "complete"
    PARTIAL = "partial"  # something was read, and something was not
    FAILED = "failed"  # nothing was read


class Why(StrEnum):
    """Why something was not read."""

    DENIED = "denied"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    CREDENTIALS = "credentials"  # none, expired, or refused
    UNSUPPORTED = "unsupported"  # this place cannot answer: no such command, file format, API version
    UNEXPECTED = "unexpected"  # an answer of a shape that we do not know
    TIMEOUT = "timeout"
    VANISHED = "vanished"  # listed, and gone before it was read
    NOT_COLLECTED = "not_collected"  # nobody has asked yet


class Severity(StrEnum):
    """How bad a failed check is; ordered by `rank`."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Status(StrEnum):
    """The answer of a check. An `error` is our bug and counts as unknown."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """One place: an account and a region, namespace or `global`.

    `account` is the AWS account, project, subscription, cluster, host (its machine-id) or records directory.
    """

    provider: str
    account: str
    region: str = "global"

    def __str__(self) -> str:
        return f"{self.provider}:{self.account}:{self.region}"

    def uid(self, type_: str, native_id: str) -> str:
        """The uid of a resource that has no globally unique name of its own."""
        return f"{self.provider}:{self.account}:{self.region}:{type_}:{native_id}"


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that was asked for and not obtained."""

    why: Why
    action: str  # the permission or read that failed, as its administrator knows it: `rds:DescribeDBInstances`
    detail: str = ""  # the provider's own code or message, without identifiers that change from call to call

    def __str__(self) -> str:
        match self.why:
            case Why.DENIED:
                text = f"{self.action} was denied"
            case Why.NOT_COLLECTED:
                text = f"{self.action} was never collected"
            case Why.UNEXPECTED:
                text = f"{self.action} gave an answer of unexpected shape"
            case Why.CREDENTIALS:
                text = f"{self.action} had no valid credentials"
            case Why.VANISHED:
                text = f"{self.action} found the resource gone"
            case Why.TIMEOUT:
                text = f"{self.action} did not end in time"
            case _:
                text = f"{self.action} was {self.why}"
        return f"{text} ({self.detail})" if self.detail else text


@dataclass(frozen=True, slots=True)
class Observation:
    """One facet of one resource, as a source yields it."""

    type: str
    uid: str
    facts: Mapping[str, Json] | Unread
    facet: str = "config"


@dataclass(frozen=True, slots=True)
class UnreadFacet:
    """A facet that was asked for in a snapshot and not obtained; its last state stays."""

    type: str
    uid: str
    facet: str
    unread: Unread


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One source's answer in one scope in one run."""

    scope: Scope
    source: str
    types: tuple[str, ...]  # the types that the source yields
    presence: Presence
    reason: Unread | None  # why presence is not complete
    unread: tuple[UnreadFacet, ...]
    count: int  # facets read
    principal: str  # who asked: an ARN, a user name; never a credential
    calls: int  # requests that left the process, retries included
    started: datetime
    finished: datetime
    effective: datetime | None = None  # the time that the whole answer speaks of, where it is not the time of reading


class UnreadFactError(Exception):
    """A check read a fact that was not read. The judge turns it into `unknown`."""

    def __init__(self, unread: Unread) -> None:
        super().__init__(str(unread))
        self.unread = unread


class UndeclaredFactError(Exception):
    """A check read a fact that it did not declare: our bug, shown as `error`."""


class MalformedFactError(UnreadFactError):
    """A fact is there and is not what its name promises (a time that does not parse)."""


def parse_time(text: str) -> datetime:
    """An RFC 3339 time, or a date (its midnight, UTC), as an aware UTC time. Raises `ValueError`."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def format_time(moment: datetime) -> str:
    """RFC 3339, UTC, `Z`, with microseconds only where there are some. Raises `ValueError` for a naive time."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be recorded")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Resource:
    """One observed thing, with the facts that a check declared, at one time."""

    type: str
    uid: str
    scope: Scope
    facts: Mapping[str, Json | Unread]

    def fact(self, name: str) -> Json:
        """The value, or `None` where the provider says: not configured. Raises `UnreadFactError`, `UndeclaredFactError`."""
        try:
            value = self.facts[name]
        except KeyError:
            raise UndeclaredFactError(f"{self.type} has no declared fact {name!r}") from None
        if isinstance(value, Unread):
            raise UnreadFactError(value)
        return value

    def time(self, name: str) -> datetime | None:
        """A fact that is a time, aware and in UTC. Raises `MalformedFactError` where it is not one."""
        value = self.fact(name)
        if value is None:
            return None
        try:
            return parse_time(value)
        except (TypeError, ValueError):
            raise MalformedFactError(Unread(Why.UNEXPECTED, self.type, f"{name} is not a time: {value!r}")) from None

    @property
    def name(self) -> str:
        """The short name that a person knows: the last part of the uid."""
        return self.uid.rsplit(":", 1)[-1].rsplit("/", 1)[-1] or self.uid

    def uid_of(self, type_: str, native_id: str) -> str:
        """The uid of another resource in this resource's scope, by its native id."""
        return self.scope.uid(type_, native_id)


class Inventory(Protocol):
    """What a check may look up: resources of the types it declared, in the same account (records: all accounts), or only
    in the same region and the account's global scope where the check says `within="region"`, or in every account of the
    provider that the run read where it says `within="provider"`. Where it says `above="<fact>"` they reach its own account and
    the accounts that this fact names: what is laid down above and inherited, whatever other accounts hold or hide.

    Every look-up is recorded in the finding's read set. A look-up of a type whose presence is not complete
    raises `UnreadFactError`; so "there is none" is only ever said of a listing that was read to its end.
    """

    def get(self, type_: str, uid: str) -> Resource | None: ...

    def where(self, type_: str, **facts: Json) -> Iterable[Resource]: ...


@dataclass(frozen=True, slots=True)
class Lookup:
    """One look-up that a check made: `get` by uid, or `where` by facts. Enough to make it again on stored states."""

    type: str
    uid: str | None = None
    facts: tuple[tuple[str, Json], ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of one check about one resource, or, with the type `scope`, about a scope that could not be read."""

    check: str
    version: int
    parameters: str  # SHA-256 of the canonical parameters, hex
    severity: Severity
    scope: Scope
    type: str
    uid: str
    status: Status
    reason: str  # one sentence; empty for a pass
    lookups: tuple[Lookup, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check concluded, before it is tied to a time: the value that performing it again must give."""

    status: Status
    reason: str
    lookups: tuple[Lookup, ...] = ()
    effective: datetime | None = field(default=None, compare=False)  # the oldest time that the facts speak of


def worst(severities: Iterable[Severity]) -> Severity | None:
    """The worst of some severities; `None` of none."""
    return max(severities, key=lambda s: s.rank, default=None)


def sorted_by_utf8(texts: Iterable[str]) -> Iterator[str]:
    """Texts in the order of their UTF-8 bytes, whatever the locale or the database's collation."""
    return iter(sorted(texts, key=lambda text: text.encode()))
