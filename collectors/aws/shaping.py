"""From a provider's answer to facts: the named fields, tags as a map, and an order where the provider keeps none."""

from collections.abc import Iterable, Mapping
from typing import Any

from collectors.source import Facet
from evidence_store.records import Json


def picked(facet: Facet, item: Mapping[str, Any], **more: Json) -> dict[str, Json]:
    """The fields of an item that the facet names, and nothing else; `more` replaces or adds."""
    facts = {name: item[name] for name in facet.names if name in item and name not in more}
    if "Tags" in facts:
        facts["Tags"] = tag_map(facts["Tags"])
    return facts | more


def tag_map(tags: Iterable[Mapping[str, str]] | Mapping[str, str]) -> dict[str, str]:
    """Tags as name and value, from a list of keys and values or from a map."""
    if isinstance(tags, Mapping):
        return dict(sorted(tags.items()))
    return dict(sorted((tag.get("Key", tag.get("key", "")), tag.get("Value", tag.get("value", ""))) for tag in tags))


def only(item: Mapping[str, Any], *names: str) -> dict[str, Json]:
    """These fields of an item, where they are present."""
    return {name: item[name] for name in names if name in item}


def ordered(items: Iterable[Mapping[str, Any]], *keys: str) -> list[dict[str, Json]]:
    """Items in the order of the texts under these keys; what the provider does not order must not look like a change."""
    return sorted((dict(item) for item in items), key=lambda item: [str(item.get(key, "")) for key in keys])
