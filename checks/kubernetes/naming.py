"""What objects of a cluster are called in sentences, and which of them a parameter names."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from evidence_store.records import Resource

NAMED = 5


def name_of(resource: Resource) -> str:
    """`namespace/name`, or the name alone where there is no namespace. A name may hold colons."""
    return resource.uid.removeprefix(resource.uid_of(resource.type, ""))


def namespace_of(resource: Resource) -> str:
    """The namespace; empty for what belongs to the cluster."""
    return name_of(resource).rpartition("/")[0]


def listed(text: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns (`*` allowed) names it."""
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def some(texts: Sequence[str]) -> str:
    """The first few texts, in order, and how many more there are."""
    more = len(texts) - NAMED
    return ", ".join(texts[:NAMED]) + (f" and {more} more" if more > 0 else "")
