"""From an object to facts: fields of the type that the API says they have, or `MalformedError`.

A field that is absent is `None`: the API leaves out what is not set. A field of another type is not read as anything.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from collectors.kubernetes.reader import Reader
from collectors.source import Facet
from evidence_store.records import Json, Observation, Unread, Why

_LARGEST = 1 << 53  # beyond it a number is no longer itself in every reader of JSON


class MalformedError(Exception):
    """A field is not what its name promises."""


Facts = Callable[[Mapping[str, Any]], dict[str, Json]]


def observed(read: Reader, facets: Iterable[tuple[Facet, Facts]], item: Mapping[str, Any], call: str) -> Iterator[Observation]:
    """The facets of one object; of a malformed one, that it could not be read and which field was odd."""
    metadata = item["metadata"]
    for facet, facts_of in facets:
        uid = read.uid(facet.type, metadata["name"], metadata.get("namespace") or "")
        try:
            facts: dict[str, Json] | Unread = facts_of(item)
        except MalformedError as error:
            facts = Unread(Why.UNEXPECTED, call, str(error))
        yield Observation(facet.type, uid, facts, facet.name)


def identity(item: Mapping[str, Any], *, namespaced: bool = True) -> dict[str, Json]:
    """Name, namespace, labels and time of creation."""
    metadata = table(item, "metadata", needed=True)
    found: dict[str, Json] = {
        "name": text(metadata, "name"),
        "labels": words(metadata, "labels") or {},
        "creationTimestamp": text(metadata, "creationTimestamp"),
    }
    if namespaced:
        found["namespace"] = text(metadata, "namespace", needed=True)
    return found


def _typed(of: Mapping[str, Any], name: str, kind: type | tuple[type, ...], called: str, *, needed: bool) -> Any:
    value = of.get(name)
    if value is None and not needed:
        return None
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        raise MalformedError(f"{name} is no {called}" if value is not None else f"no {name}")
    return value


def table(of: Mapping[str, Any], name: str, *, needed: bool = False) -> dict[str, Any]:
    """A map; empty where it is absent."""
    return _typed(of, name, dict, "map", needed=needed) or {}


def whole(of: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """A map as it stands; `None` where it is absent."""
    found: dict[str, Any] | None = _typed(of, name, dict, "map", needed=False)
    return found


def words(of: Mapping[str, Any], name: str) -> dict[str, str] | None:
    """A map of texts, in order; `None` where it is absent."""
    found = whole(of, name)
    if found is None:
        return None
    if any(not isinstance(value, str) for value in found.values()):
        raise MalformedError(f"{name} is no map of texts")
    return dict(sorted(found.items()))


def rows(of: Mapping[str, Any], name: str, *, needed: bool = False) -> list[dict[str, Any]]:
    """A list of maps; empty where it is absent."""
    found = _typed(of, name, list, "list", needed=needed) or []
    if any(not isinstance(row, dict) for row in found):
        raise MalformedError(f"{name} is no list of maps")
    return list(found)


def texts(of: Mapping[str, Any], name: str) -> list[str] | None:
    """A list of texts as it stands; `None` where it is absent."""
    found = _typed(of, name, list, "list", needed=False)
    if found is not None and any(not isinstance(one, str) for one in found):
        raise MalformedError(f"{name} is no list of texts")
    return None if found is None else list(found)


def text(of: Mapping[str, Any], name: str, *, needed: bool = False) -> str | None:
    found: str | None = _typed(of, name, str, "text", needed=needed)
    return found


def truth(of: Mapping[str, Any], name: str) -> bool | None:
    found: bool | None = _typed(of, name, bool, "truth value", needed=False)
    return found


def selector(of: Mapping[str, Any], name: str) -> dict[str, Json] | None:
    """A label selector as it stands; `None` where it is absent."""
    found = whole(of, name)
    if found is None:
        return None
    terms = [
        {"key": text(term, "key", needed=True), "operator": text(term, "operator"), "values": texts(term, "values")}
        for term in rows(found, "matchExpressions")
    ]
    labels = words(found, "matchLabels")
    expressions = [{field: value for field, value in term.items() if value is not None} for term in terms]
    return {**({"matchLabels": labels} if labels else {}), **({"matchExpressions": expressions} if expressions else {})}


def number(of: Mapping[str, Any], name: str) -> int | None:
    found: int | None = _typed(of, name, int, "whole number", needed=False)
    if found is not None and abs(found) > _LARGEST:
        raise MalformedError(f"{name} is out of range")
    return found


def names(of: Mapping[str, Any], field: str) -> list[str]:
    """The names in a list of references, in order."""
    return sorted(text(row, "name") or "" for row in rows(of, field))


def only(of: Mapping[str, Any], *fields: str) -> dict[str, Json]:
    """These fields, where they are present."""
    return {field: of[field] for field in fields if of.get(field) is not None}
