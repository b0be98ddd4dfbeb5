"""Tags that say whose a resource is and how sensitive."""

import re

from evidence_store.records import Resource


def tag_of(resource: Resource, tag: str) -> str | None:
    """The value of a tag; `None` where the resource does not carry it, or carries it empty."""
    for key, value in (resource.fact("tags") or {}).items():
        if plain(key) == plain(tag) and plain(value):
            return str(value)
    return None


def plain(text: str) -> str:
    """A key or value without case, hyphens, underscores and blanks: `Data-Class` and `data_class` are one."""
    return re.sub(r"[\s_-]+", "", text).casefold()
