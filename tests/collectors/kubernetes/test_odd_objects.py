"""Objects of which any one field is not what the API says it is: facts or a reason, never a crash, and never a guess."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from collectors.kubernetes.reader import _key
from collectors.source import Source, sources
from evidence_store import canonical
from evidence_store.records import Observation, Scope, Unread, Why
from tests.collectors.kubernetes.cluster import UID, Cluster
from tests.collectors.kubernetes.kinds import KINDS
from tests.collectors.kubernetes.scene import fill
from tests.odd import paths, replaced

ODD: tuple[Any, ...] = (None, True, 7, 1 << 60, "odd", [], ["odd"], [None], {}, {"odd": 1}, [{}], {"odd": None})
LISTS = [s for s in sources("kubernetes") if s.name.startswith("list ")]


class Fed:
    """What a source reads from, with one object in it."""

    scope = Scope("kubernetes", UID)

    def __init__(self, item: dict[str, Any]) -> None:
        self.item = item

    def pages(self, *_: Any, **__: Any) -> Iterator[dict[str, Any]]:
        if _key(self.item) is not None:  # the reader leaves the others out, and says so
            yield self.item

    def uid(self, type_: str, name: str, namespace: str = "") -> str:
        return self.scope.uid(type_, f"{namespace}/{name}")


def objects(kube: Cluster, source: Source) -> list[dict[str, Any]]:
    """The scene's objects of the kind that a source lists."""
    fill(kube)
    (call,) = source.calls
    kinds = {kind.name for kind in KINDS.values() if f"list {kind.full_name}" == call}
    return [held for (kind, *_), held in kube.objects.items() if kind in kinds]


@pytest.mark.parametrize("source", LISTS, ids=lambda source: source.name)
def test_any_field_may_be_odd(kube: Cluster, source: Source) -> None:
    facets = {(facet.type, facet.name): facet for facet in source.yields}
    held = objects(kube, source)
    assert held, f"the scene holds nothing for {source.name}"
    for item in held[:4]:
        for path in paths(item):
            for odd in ODD:
                for seen in source.read(Fed(replaced(item, path, odd))):
                    _holds(seen, facets[seen.type, seen.facet].names, path, odd)


def _holds(seen: Observation, names: tuple[str, ...], path: tuple[Any, ...], odd: Any) -> None:
    if isinstance(seen.facts, Unread):
        assert (seen.facts.why, bool(seen.facts.detail)) == (Why.UNEXPECTED, True), (path, odd)
    else:
        assert set(seen.facts) <= set(names), (path, odd)
        canonical.encode(json.loads(json.dumps(seen.facts)))
