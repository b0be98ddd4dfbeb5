"""What a source is, and how sources are found.

A source is one declared read in one scope. It declares the calls that it makes, the permissions that they need, and
the facets of resources that it yields; whatever it does not declare, it may not do. It catches only its provider's
named errors. What it cannot read it raises as `UnreadError`, and the runner records it.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, Protocol, TypeAlias

from evidence_store.records import Json, Observation, Scope, Unread

Level: TypeAlias = Literal["account", "region"]


class UnreadError(Exception):
    """A read did not succeed, for a reason that the provider named."""

    def __init__(self, unread: Unread) -> None:
        super().__init__(str(unread))
        self.unread = unread


class NotEnabledError(Exception):
    """The provider answered that the service is not enabled here: an answer, complete and empty."""


class UndeclaredCallError(Exception):
    """A source tried a call outside its declaration; it was refused before it left the process."""


@dataclass(frozen=True, slots=True)
class Facet:
    """The facts that one source gives of one resource: the unit of storage."""

    type: str
    facts: tuple[str, ...]  # always in the answer; one that is missing makes the facet unread, as of unexpected shape
    optional: tuple[str, ...] = ()  # `None` where the provider leaves it out
    name: str = "config"
    lists: bool = False  # this facet is the listing of its type: what it does not name is not there
    effective: str | None = None  # the fact that holds the time these facts speak of
    personal: bool = False  # holds personal data, so that it can be erased alone
    secret: tuple[str, ...] = ()  # facts in which every text is replaced by redaction, whatever it looks like

    @property
    def names(self) -> tuple[str, ...]:
        return self.facts + self.optional


@dataclass(frozen=True, slots=True)
class Parent:
    """A listed resource that a dependent source reads more about, with the facts that the source asked for."""

    uid: str
    facts: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a bulk answer, as the provider words it."""

    kind: str  # in the bulk's own words: an asset type
    account: str  # the account of the target that it belongs to
    body: Any  # what the sources of that kind get; `Unread`: the account's listing of that kind is not whole ("": of every one)


@dataclass(frozen=True, slots=True)
class Bulk:
    """One pass over a whole target that answers for many sources at once: an asset inventory, a resource graph."""

    name: str  # `cloudasset.ListAssets RESOURCE`; unique in its provider
    provider: str
    calls: tuple[str, ...]
    permissions: tuple[str, ...]
    read: Callable[[Any, tuple[str, ...]], Iterable[Item]]  # (reader of the target's first place, kinds asked for)


@dataclass(frozen=True, slots=True)
class Source:
    """One declared read in one scope."""

    name: str  # `rds.DescribeDBInstances`; unique in its provider
    provider: str
    level: Level  # asked once in each account, or once in each region of it
    yields: tuple[Facet, ...]
    calls: tuple[str, ...]  # the calls it may make: `service.Operation`, a file, a command
    permissions: tuple[str, ...]  # what those need: `rds:DescribeDBInstances`
    read: Callable[..., Iterable[Observation]]  # (reader), with a parent (reader, parent or parents), of a bulk (reader, body)
    parent: str | None = None  # the type whose resources it reads more about
    uses: tuple[str, ...] = ()  # the parent's facts that it needs
    batch: int = 1  # parents in one call of `read`; above 1 it gets a list
    not_enabled: tuple[str, ...] = ()  # the provider's codes that mean: the service is not enabled here
    bulk: Bulk | None = None  # the pass that it is read in, once for the target, whatever the number of accounts and sources
    takes: tuple[str, ...] = ()  # the kinds of that pass's items that it understands


class Connection(Protocol):
    """An open way to one target. Made by a provider's `connect`; the SDK's errors end here."""

    def places(self) -> Iterable["Place"]:
        """Every account and region that the target reaches. Raises `UnreadError` where even that cannot be read.

        Where the provider has bulk passes, they are asked through the first place.
        """
        ...

    def reader(self, place: "Place", source: Source) -> Any:
        """What the source's `read` gets first. It counts its calls in `calls` and refuses undeclared ones."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A scope of a target, and who asks there; or why nobody can."""

    scope: Scope
    principal: str = ""
    failed: Unread | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider's package tells the rest: `collectors.<kind>.PROVIDER`."""

    kind: str
    extra: str | None  # the optional extra that brings its SDK; `None`: nothing beyond the base
    modules: tuple[str, ...]  # what that extra must make importable
    settings: type[Any]  # a frozen dataclass: one field for each key of `[[target]]`, its default and its comment
    connect: Callable[[Any], Connection]  # (settings) -> Connection; imports the SDK
    policy: Callable[[Iterable[Source]], str]  # least-privilege policy for these sources, as the provider words it


_registry: dict[tuple[str, str], Source] = {}


def source(
    name: str,
    *,
    level: Level,
    yields: Iterable[Facet],
    calls: Iterable[str] | None = None,
    permissions: Iterable[str] | None = None,
    parent: str | None = None,
    uses: Iterable[str] = (),
    batch: int = 1,
    not_enabled: Iterable[str] = (),
    bulk: Bulk | None = None,
    takes: Iterable[str] = (),
) -> Callable[[Callable[..., Iterator[Observation]]], Source]:
    """Declare a source. `calls` defaults to its name or those of its bulk, `permissions` to what `permission_of` derives.

    A source of a bulk pass gets each item's body that it takes, one by one.
    """

    def declare(read: Callable[..., Iterator[Observation]]) -> Source:
        provider = read.__module__.split(".")[1]
        made = tuple(calls) if calls is not None else bulk.calls if bulk is not None else (name,)
        declared = Source(
            name=name,
            provider=provider,
            level=level,
            yields=tuple(yields),
            calls=made,
            permissions=tuple(permissions) if permissions is not None else _derived(provider, made),
            read=read,
            parent=parent,
            uses=tuple(uses),
            batch=batch,
            not_enabled=tuple(not_enabled),
            bulk=bulk,
            takes=tuple(takes),
        )
        if (bulk is None) != (not declared.takes) or (bulk is not None and (level != "account" or parent is not None)):
            raise ValueError(f"{read.__module__}: source {name!r}: `bulk` goes with `takes`, level account and no parent")
        if (provider, name) in _registry:
            raise ValueError(f"{read.__module__}: source {name!r} is declared twice in {provider}")
        _registry[provider, name] = declared
        return declared

    return declare


def bulk(
    name: str, *, calls: Iterable[str] | None = None, permissions: Iterable[str] | None = None
) -> Callable[[Callable[[Any, tuple[str, ...]], Iterator[Item]]], Bulk]:
    """Declare a bulk pass; the defaults are those of a source."""

    def declare(read: Callable[[Any, tuple[str, ...]], Iterator[Item]]) -> Bulk:
        provider = read.__module__.split(".")[1]
        made = tuple(calls) if calls is not None else (name,)
        return Bulk(name, provider, made, tuple(permissions) if permissions is not None else _derived(provider, made), read)

    return declare


def _derived(provider: str, calls: tuple[str, ...]) -> tuple[str, ...]:
    module = importlib.import_module(f"collectors.{provider}.permissions")
    return tuple(dict.fromkeys(module.permission_of(call) for call in calls))


def kinds() -> tuple[str, ...]:
    """The kinds of target that this installation knows: the packages beside this module."""
    import collectors

    return tuple(sorted(found.name for found in pkgutil.iter_modules(collectors.__path__) if found.ispkg))


def provider(kind: str) -> Provider:
    """The provider of a kind. Raises `KeyError` for an unknown kind; an import error is a bug and shows."""
    if kind not in kinds():
        raise KeyError(kind)
    package: ModuleType = importlib.import_module(f"collectors.{kind}")
    found: Provider = package.PROVIDER
    return found


def sources(kind: str) -> tuple[Source, ...]:
    """Every source of a provider, by name. Imports each module of its package; a failure is not skipped."""
    package = importlib.import_module(f"collectors.{kind}")
    for found in pkgutil.iter_modules(package.__path__, f"collectors.{kind}."):
        importlib.import_module(found.name)
    return tuple(s for (p, _), s in sorted(_registry.items()) if p == kind)
