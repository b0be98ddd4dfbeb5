"""From an asset to facts: the fields that a shape names, under the service's own names and of the kind they should be.

- Everything else is left out, so that a new field changes nothing, and what moves at every look never arrives.
- A field of another kind than its name promises makes that one resource unread.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any, TypeAlias

from collectors.gcp import assets
from collectors.gcp.kinds import believe
from collectors.gcp.permissions import permission_of
from collectors.gcp.values import OddValueError, plain
from collectors.source import Facet, Source, source
from evidence_store.records import Json, Observation, Unread, Why

Facts: TypeAlias = dict[str, Json]
Kind: TypeAlias = type[Any]
More: TypeAlias = Callable[[Facts, Any], Mapping[str, Json]]  # (the facts so far, the asset) -> what replaces or adds

CALL = "cloudasset.ListAssets RESOURCE"
_SCALARS = (str, int, float, bool)
_TRUNCATION = 1
_MESSAGE = 2  # on the wire
_EXCEPTION = re.compile(
    rb"\x08\x01(?:\x12(?:[\x00-\x7f]|[\x80-\xff]+[\x01-\x7f])[^\x00-\x08\x0e-\x1f]*)?"
)  # and a text, or none


@dataclass(frozen=True, slots=True)
class Shape:
    """What is kept of one type of asset."""

    type: str  # `gcp.compute.disk`
    asset_type: str  # `compute.googleapis.com/Disk`
    always: Mapping[str, Kind]  # fields that a resource always has, and their kind in JSON
    maybe: Mapping[str, Kind]
    added: tuple[str, ...] = ()  # facts that are worked out
    passing: Mapping[str, Kind] = field(default_factory=dict)  # fields that others are worked out from, and not kept themselves
    wanted: Mapping[str, Kind] = field(init=False, repr=False)  # all of them

    def __post_init__(self) -> None:
        object.__setattr__(self, "wanted", {**self.passing, **self.maybe, **self.always})

    def facet(self) -> Facet:
        """The listing facet. Every resource also says where it is and what it stands under."""
        maybe = (*self.maybe, *self.added, "location", "ancestors")
        optional = tuple(name for name in dict.fromkeys(maybe) if name not in self.always)
        return Facet(self.type, facts=tuple(self.always), optional=optional, lists=True)

    def observed(self, asset: Any, more: More | None = None) -> Observation:
        """The resource, or why it could not be understood."""

        def made(asset: Any) -> Facts:
            facts = self._facts(asset)
            if more is not None:
                facts |= more(facts, asset)
            return {name: value for name, value in facts.items() if name not in self.passing}

        return apart(self.type, asset, "config", made)

    def _facts(self, asset: Any) -> Facts:
        fields, wanted = fields_of(asset), self.wanted
        facts: Facts = {"ancestors": list(asset.ancestors)}
        if asset.resource.location:
            facts["location"] = asset.resource.location
        for name in fields:
            kind = wanted.get(name)
            if kind is not None and (value := plain(fields[name])) is not None:
                facts[name] = value if type(value) is kind else of_kind(name, kind, value)
                if kind is dict or kind is list:
                    believe(name, value)
        return facts


def apart(type_: str, asset: Any, facet: str, made: Callable[[Any], Facts]) -> Observation:
    """A facet of a resource, or why it could not be understood; whatever it is, other facets and resources go on."""
    try:
        facts: Facts | Unread = made(asset)
    except OddValueError as error:
        facts = odd(str(error))
    except (AttributeError, KeyError, TypeError):  # a list where an object should be, somewhere within
        facts = odd("a field of another shape than it should have")
    return Observation(type_, uid_of(asset), facts, facet)


def uid_of(asset: Any) -> str:
    """The asset's full name. Each reading of the message makes it anew; it is kept once for all facets of a resource."""
    return intern(asset.name)


def told(type_: str, asset: Any, facts: Facts, call: str, facet: str = "config") -> Observation:
    """A facet from another kind of content than a resource's fields, unless the service left out a part of it."""
    try:
        entire(asset)
    except OddValueError as error:
        return Observation(type_, uid_of(asset), Unread(Why.UNEXPECTED, permission_of(call), str(error)), facet)
    return Observation(type_, uid_of(asset), facts, facet)


def listing(shape: Shape, more: More | None = None) -> Source:
    """The source that lists a type, where one item gives one resource and nothing else."""

    @source(
        f"cloudasset.ListAssets {shape.asset_type}",
        level="account",
        bulk=assets.resources,
        takes=(shape.asset_type,),
        yields=[shape.facet()],
    )
    def read(_: Any, asset: Any) -> Iterator[Observation]:
        yield shape.observed(asset, more)

    return read


def fields_of(asset: Any) -> Any:
    """The resource's own fields. Raises `OddValueError` where there are none, or not all of them."""
    entire(asset)
    if not asset.HasField("resource") or not asset.resource.HasField("data"):
        raise OddValueError("an asset without its data")
    return asset.resource.data.fields


def entire(asset: Any) -> None:
    """Raises `OddValueError` for an asset of which the service says that it left out a part.

    It says so by an exception beside the content: TRUNCATION, with its details. Where the SDK's messages have no field for it
    yet, it is known by its form.
    """
    from google.protobuf.unknown_fields import UnknownFieldSet  # type: ignore[import-untyped,unused-ignore]  # typed by nobody

    told = [e.exception_type == _TRUNCATION for e in getattr(asset, "asset_exceptions", ())]
    told += [_EXCEPTION.fullmatch(f.data) is not None for f in UnknownFieldSet(asset) if f.wire_type == _MESSAGE]
    if any(told):
        raise OddValueError("an asset that the inventory cut short")


def of_kind(name: str, kind: Kind, value: Json) -> Json:
    """The value, if it is what its name promises; a number may come as its text. Raises `OddValueError`."""
    if value is None or (isinstance(value, kind) and (kind is not int or not isinstance(value, bool))):
        return value
    if kind is int and isinstance(value, str) and value.lstrip("-").isdecimal():
        return int(value)
    if kind is str and isinstance(value, _SCALARS) and not isinstance(value, bool):
        return str(value)
    raise OddValueError(f"{name} is not {_NAMES[kind]}")


_NAMES = {str: "a text", int: "a number", bool: "true or false", list: "a list", dict: "an object"}


def odd(what: str) -> Unread:
    return Unread(Why.UNEXPECTED, permission_of(CALL), what)


def only(item: Json, *names: str) -> Facts:
    """These fields of an object, where they are there. Raises `OddValueError` for what is no object."""
    if not isinstance(item, dict):
        raise OddValueError("an entry that is no object")
    return {name: item[name] for name in names if name in item}


def without(item: Json, *names: str) -> Facts:
    """An object without these fields: noise, and what must not be kept."""
    if not isinstance(item, dict):
        raise OddValueError("an entry that is no object")
    return {name: value for name, value in item.items() if name not in names}
