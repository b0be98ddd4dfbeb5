"""Verdicts in the order of the leaves that gave them, however many there are: sorted in parts on disk, and merged.

So the estate of one leaf at a time is held ready, and each only once.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from heapq import merge
from tempfile import TemporaryFile
from typing import TypeAlias

import orjson

from evidence_store.details import HASHED
from evidence_store.verification.evidence import FindingColumns

Given: TypeAlias = tuple[int, FindingColumns]  # the leaf at which a verdict is performed, and its row
_PART = 10_000  # verdicts in memory
_TYPE, _UID, _CHECK = (HASHED.index(name) + 1 for name in ("type", "uid", "check"))


def by_leaf(given: Iterable[Given]) -> Iterator[Given]:
    """By leaf, then type, resource and check."""
    parts: list[Iterator[Given]] = []
    part: list[Given] = []
    with ExitStack() as files:
        for one in given:
            part.append(one)
            if len(part) >= _PART:
                parts.append(_on_disk(part, files))
                part = []
        yield from merge(*parts, sorted(part, key=_order), key=_order)


def _order(one: Given) -> tuple[int, str, str, str]:
    leaf, row = one
    return leaf, row[_TYPE], row[_UID], row[_CHECK]


def _on_disk(part: list[Given], files: ExitStack) -> Iterator[Given]:
    file = files.enter_context(TemporaryFile())  # noqa: SIM115 - closed with the rest; nameless, ours alone
    file.writelines(orjson.dumps(one) + b"\n" for one in sorted(part, key=_order))
    file.seek(0)
    return ((leaf, tuple(row)) for leaf, row in map(orjson.loads, file))
