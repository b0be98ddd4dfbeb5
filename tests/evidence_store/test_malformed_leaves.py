"""A leaf that somebody wrote by hand, with whatever in its fields: it is said not to hold, and nothing breaks."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import zstandard

from evidence_store import canonical, details, side_file, verification
from evidence_store.bodies import SALT, open_detail
from evidence_store.records import Json
from evidence_store.verification import Evidence, LeafRow

from .conftest import Bench, fill

ODD: tuple[Json, ...] = (None, True, -1, 2**60, "", "x", [], [[]], [None], {}, {"x": {"x": None}})
KINDS = ("genesis", "run_start", "snapshots", "findings", "run_end", "run_abandoned", "runs_missed", "export")


@dataclass(frozen=True)
class Rows:
    """A store's rows in memory, with other leaves."""

    rows: Evidence
    changed: list[LeafRow]

    def leaves(self) -> Iterator[LeafRow]:
        return iter(self.changed)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rows, name)


def variants(value: Json, depth: int) -> Iterator[Json]:
    """The value with one of its parts left out or replaced."""
    parts = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    for key, inner in parts:
        others = [*ODD, *(variants(inner, depth - 1) if depth else ())]
        if isinstance(value, dict):
            yield {k: v for k, v in value.items() if k != key}
            yield from ({**value, key: other} for other in others)
        else:
            yield from ([*value[:key], other, *value[key + 1 :]] for other in others)


def with_detail(body: Json, detail: Json) -> tuple[bytes, bytes]:
    """The leaf as it would be if it committed to this detail."""
    salted = bytes(SALT) + canonical.encode(detail)
    body = {**body, "detail_digest": hashlib.sha256(salted).hexdigest()}
    if isinstance(detail, dict) and isinstance(detail.get("records"), list):
        body["root"] = details.detail_root(detail)
    return canonical.encode(body), zstandard.ZstdCompressor().compress(salted)


@pytest.mark.parametrize("kind", KINDS)
def test_a_leaf_with_odd_fields_is_contradicted(lite: Bench, kind: str) -> None:
    fill(lite)
    with lite.store.evidence() as evidence:
        leaves = list(evidence.leaves())
        place = next(n for n, leaf in enumerate(leaves) if canonical.decode(leaf.body)["kind"] == kind)
        leaf, body = leaves[place], canonical.decode(leaves[place].body)
        changed = [replace(leaf, body=canonical.encode(other)) for other in (*ODD, *variants(body, 2))]
        if leaf.detail is not None:
            detail = canonical.decode(open_detail(leaf.detail)[1])
            for other in (*ODD, *variants(detail, 2)):
                text, packed = with_detail(body, other)
                changed.append(replace(leaf, body=text, detail=packed))
        for one in changed:
            rows = Rows(evidence, [*leaves[:place], one, *leaves[place + 1 :]])
            report = verification.verify(rows, lite.keys.public, witness=side_file.notes(lite.keys.checkpoints))
            assert report.contradicted or one.body == leaf.body, one
