"""Sentences that name several things, few enough to read, and names as the platform compares them."""

from collections.abc import Iterable, Sequence

from evidence_store.records import Resource

NAMED = 5


def some(texts: Sequence[str]) -> str:
    """The first few texts, in order, and how many more there are."""
    more = len(texts) - NAMED
    return ", ".join(texts[:NAMED]) + (f" and {more} more" if more > 0 else "")


def are(texts: Sequence[str]) -> str:
    """The first few texts, and the verb that goes with so many."""
    return f"{some(texts)} {'is' if len(texts) == 1 else 'are'}"


def said(resource: Resource, fact: str, default: str = "") -> str:
    """A fact that is one of the platform's words, without case: `Enabled` and `enabled` are one."""
    return str(resource.fact(fact) or default).casefold()


def last(arm_id: str) -> str:
    """The last part of an id, without case: the name or GUID of what it stands for."""
    return arm_id.rstrip("/").rpartition("/")[2].casefold()


def lowered(texts: Iterable[str]) -> frozenset[str]:
    """Names and ids as they are compared: without case."""
    return frozenset(text.casefold() for text in texts)


def subscription(resource: Resource) -> str:
    """What people call a subscription, and its id."""
    return f"subscription {resource.fact('displayName')} ({resource.name})"
