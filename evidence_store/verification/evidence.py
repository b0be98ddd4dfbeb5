"""What verification reads: rows, in the orders that let it hold little in memory. A store and a pack both give them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from evidence_store.records import Json, Scope

Withheld = tuple[int, bytes]  # an identity's place in its stream's order, and the hash of its item
# id, stream, type, uid, facet, state, opened, closed, and what stands for type, uid, facet and state where they are withheld
IntervalRow = tuple[int, int, str, str, str, int, int, int | None, Withheld | None]
StateRow = tuple[int, bytes, bytes, bytes]  # id, digest, salt, body
FindingColumns = tuple[Any, ...]  # id, the hashed columns in their order, closed


@dataclass(frozen=True, slots=True)
class LeafRow:
    """A leaf. In a pack of selected controls, `records` stands for the detail: each record, or the hash of one withheld."""

    idx: int
    body: bytes
    detail: bytes | None
    records: tuple[Json | bytes, ...] | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """What a pack was limited to. Rows outside are left out or stand as hashes; how many is said."""

    checks: frozenset[str]
    types: frozenset[str]
    withheld: Mapping[str, int]  # rows by table


class Evidence(Protocol):
    """Rows of one moment."""

    @property
    def selection(self) -> Selection | None: ...

    def leaves(self) -> Iterator[LeafRow]:
        """By index."""
        ...

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        """(size, note), by size."""
        ...

    def streams(self) -> Iterator[tuple[int, str, str, str, str]]:
        """(id, provider, account, region, source), by id."""
        ...

    def states(self) -> Iterator[StateRow]:
        """By id."""
        ...

    def intervals(self) -> Iterator[IntervalRow]:
        """By stream, then the UTF-8 bytes of (uid, facet, type), then the leaf that opened them."""
        ...

    def findings(self) -> Iterator[FindingColumns]:
        """By the UTF-8 bytes of (check, uid, provider, account, region), then the leaf that opened them."""
        ...

    def documents(self) -> Iterator[tuple[str, str, bytes]]:
        """(digest, kind, body), by digest."""
        ...


class Look(Protocol):
    """What performing a check again may look up: resources as they were in force at a leaf."""

    def named(self, uids: Collection[str], type_: str, at: int) -> Iterable[tuple[Scope, str, dict[str, Json]]]:
        """Those of these uids that were in force."""
        ...

    def find(
        self, within: Scope | str | None, type_: str, facts: Mapping[str, Json], at: int | None = None
    ) -> Iterator[tuple[Scope, str, dict[str, Json]]]: ...
