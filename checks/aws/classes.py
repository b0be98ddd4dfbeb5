"""How a resource is classed: by a tag, whose key and values are compared without regard to case, hyphens and blanks."""

import re

from evidence_store.records import Resource


def class_of(resource: Resource, tag: str) -> str | None:
    """The value of a tag, plain; `None` where the resource does not carry it, or carries it empty."""
    for key, value in (resource.fact("Tags") or {}).items():
        if plain(key) == plain(tag) and plain(value):
            return plain(value)
    return None


def plain(text: str) -> str:
    """A key or value without case, hyphens, underscores and blanks: `Data-Class` and `data_class` are one."""
    return re.sub(r"[\s_-]+", "", text).casefold()


def named(value: str, values: tuple[str, ...]) -> bool:
    """Whether a plain value is one of these."""
    return value in {plain(text) for text in values}
