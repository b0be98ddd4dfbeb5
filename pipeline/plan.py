"""Which sources the chosen checks need, and nothing else.

- Each type is listed by exactly one source, and each fact of a type comes from exactly one facet.
- A check needs the listing of its type, the facets that hold its facts, the same for what it looks up, and the
  listings that those sources depend on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.check import Check
from collectors.source import Facet, Source


class DeclarationError(Exception):
    """Sources and checks contradict each other: our bug, found by a test before a user can meet it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a fact comes from."""

    source: Source
    facet: Facet


class Sources:
    """Every source of every known provider, by what it yields."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self.all = tuple(sources)
        self._listing: dict[str, Origin] = {}
        self._facts: dict[tuple[str, str], Origin] = {}
        self._facets: dict[tuple[str, str], Origin] = {}
        for source in self.all:
            for facet in source.yields:
                self._add(Origin(source, facet))
        for source in self.all:
            if source.parent is not None:
                for fact in source.uses:
                    if self.fact(source.parent, fact).source is not self.listing(source.parent).source:
                        raise DeclarationError(
                            f"{source.name} uses {fact}, which the listing of {source.parent} does not carry"
                        )

    def _add(self, origin: Origin) -> None:
        facet = origin.facet
        if facet.lists and self._listing.setdefault(facet.type, origin) is not origin:
            raise DeclarationError(
                f"{facet.type} is listed by {self._listing[facet.type].source.name} and {origin.source.name}"
            )
        for fact in facet.names:
            if self._facts.setdefault((facet.type, fact), origin) is not origin:
                raise DeclarationError(f"{facet.type}.{fact} comes from two facets")

    def listing(self, type_: str) -> Origin:
        """The source that lists a type. Raises `DeclarationError` where there is none."""
        try:
            return self._listing[type_]
        except KeyError:
            raise DeclarationError(f"no source lists {type_}") from None

    def fact(self, type_: str, fact: str) -> Origin:
        """The facet that holds a fact. Raises `DeclarationError` where there is none."""
        try:
            return self._facts[type_, fact]
        except KeyError:
            raise DeclarationError(f"no source yields the fact {fact!r} of {type_}") from None

    def needed(self, checks: Iterable[Check]) -> tuple[Source, ...]:
        """The sources that these checks need, parents before their dependents."""
        found: dict[str, Source] = {}

        def need(source: Source) -> None:
            key = f"{source.provider}/{source.name}"
            if key in found:
                return
            if source.parent is not None:
                need(self.listing(source.parent).source)
            found[key] = source

        for check in checks:
            for type_, facts in _asked(check):
                need(self.listing(type_).source)
                for fact in facts:
                    need(self.fact(type_, fact).source)
        return tuple(found.values())


def _asked(check: Check) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from ((type_, check.needs) for type_ in check.asked_of)
    yield from check.looks_up.items()
