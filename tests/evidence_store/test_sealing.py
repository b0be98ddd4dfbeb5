"""A facet that one listing names twice counts as it was named last."""

from datetime import UTC, datetime

import pytest

from evidence_store import details, sealing
from evidence_store.records import Json, Observation, Presence, Snapshot

from .conftest import IRELAND, Bench

NOW = datetime(2026, 1, 2, tzinfo=UTC)
BEFORE, CHANGED, OTHER = {"Public": False}, {"Public": True}, {"Public": None}


def sealed(bench: Bench, *facts: Json) -> sealing.Collected:
    """One bucket, named once for each of these."""
    sealer = sealing.Sealer(bench.redactor, bench.store.knowing().of(IRELAND, "s3.ListBuckets"))
    for each in facts:
        sealer.add(Observation("aws.s3.bucket", "arn:aws:s3:::a", each))
    return sealer.collected(
        Snapshot(IRELAND, "s3.ListBuckets", ("aws.s3.bucket",), Presence.COMPLETE, None, (), 0, "", 1, NOW, NOW)
    )


@pytest.mark.parametrize("facts", [[BEFORE], [CHANGED, BEFORE], [BEFORE, CHANGED, BEFORE]])
def test_facet_that_ends_as_it_was_is_unchanged(bench: Bench, facts: list[Json]) -> None:
    bench.run("one", {"arn:aws:s3:::a": BEFORE})
    found = sealed(bench, *facts)
    assert (found.changed, found.gone, found.seen, found.snapshot.count) == ((), (), 1, 1)


@pytest.mark.parametrize("facts", [[CHANGED], [BEFORE, CHANGED], [OTHER, CHANGED]])
def test_facet_that_ends_changed_replaces_what_was_in_force(bench: Bench, facts: list[Json]) -> None:
    bench.run("one", {"arn:aws:s3:::a": BEFORE})
    found = sealed(bench, *facts)
    assert [(one.uid, one.replaces) for one in found.changed] == [("arn:aws:s3:::a", 1)]
    assert (found.gone, found.seen, found.snapshot.count) == ((), 1, 1)
    assert found.hashes == details.item_hash("aws.s3.bucket", "arn:aws:s3:::a", "config", found.changed[0].digest)
