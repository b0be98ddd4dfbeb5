"""Sentences that name several things, few enough to read; names that a list of patterns holds."""

import re
from collections.abc import Iterable, Sequence

from evidence_store.records import Resource

NAMED = 5


def some(texts: Sequence[str]) -> str:
    """The first few texts, in order, and how many more there are."""
    more = len(texts) - NAMED
    return ", ".join(texts[:NAMED]) + (f" and {more} more" if more > 0 else "")


def listed(text: str, patterns: Iterable[str]) -> bool:
    """Whether a list names a text, by itself or by a pattern with `*`."""
    return any(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) for pattern in patterns)


def last(url: str) -> str:
    """The last part of a URL or resource name."""
    return url.rstrip("/").rsplit("/", 1)[-1]


def placed(resource: Resource) -> str:
    """A resource whose name is known in its project only, with the project: `shop/web`."""
    return f"{resource.scope.account}/{resource.name}"
