"""Sentences that name several things, few enough to read."""

from collections.abc import Sequence

NAMED = 5


def some(texts: Sequence[str]) -> str:
    """The first few texts, in order, and how many more there are."""
    more = len(texts) - NAMED
    return ", ".join(texts[:NAMED]) + (f" and {more} more" if more > 0 else "")
