"""From a row or a resource to facts: the named fields, tags as a map, and an order where the provider keeps none.

A fact has the name that Resource Manager gives it, of the resource itself (`name`, `tags`, `sku`) or of its `properties`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from collectors.source import Facet
from evidence_store.records import Json, Observation, Unread, Why

_OUTSIDE = ("name", "location", "tags", "sku", "kind", "identity", "zones", "managedBy")  # what is not among the properties


def uid_of(item: Mapping[str, Any]) -> str:
    """The resource's id in lower case: the case of its letters means nothing, and some come without their first `/`."""
    found = item["id"]
    if not isinstance(found, str) or "/" not in found:
        raise TypeError("an id that is none")
    return f"/{found.strip('/').lower()}"


def observed(facet: Facet, item: Mapping[str, Any], uid: str | None = None, **more: Json) -> Iterator[Observation]:
    """One facet of a resource, its own fields and `more`, which replaces or adds. Raises what an odd item makes it raise."""
    properties = item["properties"]
    if not isinstance(properties, Mapping):
        raise TypeError("properties that are none")
    yield Observation(facet.type, uid or uid_of(item), picked(facet, item, properties) | more, facet.name)


def believed(
    facet: Facet, action: str, item: Mapping[str, Any], shape: Callable[[Any], Iterable[Observation]]
) -> Iterator[Observation]:
    """What an item is shaped to. One of a shape that nobody knows makes its resource unread, and no other."""
    try:
        found = list(shape(item))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        wrong = f"no {error.args[0]}" if isinstance(error, KeyError) else type(error).__name__
        found = [Observation(facet.type, uid_of(item), Unread(Why.UNEXPECTED, action, wrong), facet.name)]
    yield from found


def picked(facet: Facet, item: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Json]:
    """The fields that the facet names, and nothing else."""
    facts: dict[str, Json] = {}
    for name in facet.names:
        source = item if name in _OUTSIDE else properties
        if name in source:
            facts[name] = source[name]
    if "tags" in facet.names:
        facts["tags"] = dict(sorted((facts.get("tags") or {}).items()))
    if facts.get("identity"):
        facts["identity"] = only(facts["identity"], "type", "principalId", "tenantId")
    return facts


def only(item: Any, *names: str) -> dict[str, Json] | None:
    """These fields of an object, where they are present; `None` of none. Raises `TypeError` for what is no object."""
    if item is not None and not isinstance(item, Mapping):
        raise TypeError("not an object")
    return None if item is None else {name: item[name] for name in names if name in item}


def flat(item: Mapping[str, Any], *names: str) -> dict[str, Json]:
    """A child resource as one object: its name, and these of its properties."""
    return {"name": item["name"], **(only(item["properties"], *names) or {})}


def ordered(items: Iterable[Mapping[str, Any]], *keys: str) -> list[dict[str, Json]]:
    """Items in the order of the texts under these keys; what the provider does not order must not look like a change."""
    return sorted((dict(item) for item in items), key=lambda item: [str(item.get(key, "")) for key in keys])


def lowered(properties: Mapping[str, Any], names: Iterable[str]) -> dict[str, Json]:
    """These properties under these names, whatever the case in which the answer spells them."""
    found = {key.lower(): value for key, value in properties.items()}
    return {name: found[name.lower()] for name in names if name.lower() in found}
