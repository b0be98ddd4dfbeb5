"""What became of each due time, from the log alone."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from evidence_store.database import Store
from evidence_store.keys import Keys
from evidence_store.records import parse_time

Times = Counter[datetime]


def accounted(store: Store, keys: Keys, every: timedelta) -> tuple[Times, Times]:
    """The due times that came to a sealed run, and those that were missed.

    Raises `AssertionError` unless each from the first to the last is one of the two, once.
    """
    with store.writer(keys, origin="annexa/test", clock=lambda: datetime.now(UTC), wait=30) as writer:
        writer.record_missed()
    fired = Counter(parse_time(run.about["due"]) for run in store.runs())
    lost = _missed(store, every)
    together = fired + lost
    assert set(together.values()) == {1}, [due for due, times in together.items() if times != 1]
    assert len(together) == (max(together) - min(together)) // every + 1
    return fired, lost


def _missed(store: Store, every: timedelta) -> Times:
    told: Times = Counter()
    for leaf in store.leaves("runs_missed"):
        due, last = parse_time(leaf.fields["first"]), parse_time(leaf.fields["last"])
        times = 0
        while due <= last:
            told[due] += 1
            due += every
            times += 1
        assert times == leaf.fields["count"]
    return told
