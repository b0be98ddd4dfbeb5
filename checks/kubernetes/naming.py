"""What objects of a cluster are called in sentences, and which of them a parameter names."""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from evidence_store.records import Resource

NAMED = 5
_SEPARATOR = re.compile(r"[^a-z0-9]+")


def name_of(resource: Resource) -> str:
    """`namespace/name`, or the name alone where there is no namespace. A name may hold colons."""
    return resource.uid.removeprefix(resource.uid_of(resource.type, ""))


def namespace_of(resource: Resource) -> str:
    """The namespace; empty for what belongs to the cluster."""
    return name_of(resource).rpartition("/")[0]


def listed(text: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns (`*` allowed) names it."""
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def mentions(names: Iterable[str], words: Iterable[str]) -> bool:
    """Whether one of the words stands in one of the names, whole: `fluent-bit` in `mirror/fluent-bit:3.2`."""
    parts = {_hyphened(word) for word in words} - {"-"}  # what has no letter is no word
    return any(part in _hyphened(name) for name in names for part in parts)


def _hyphened(name: str) -> str:
    """A name as words between hyphens: `mirror/fluent-bit:3.2` is `-mirror-fluent-bit-3-2-`."""
    return _SEPARATOR.sub("-", f"-{name.casefold()}-")


def some(texts: Sequence[str]) -> str:
    """The first few texts, in order, and how many more there are."""
    more = len(texts) - NAMED
    return ", ".join(texts[:NAMED]) + (f" and {more} more" if more > 0 else "")
