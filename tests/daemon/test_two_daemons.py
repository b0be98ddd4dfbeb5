"""Two daemons on one store: over a hundred due times each is fired once or recorded as missed once, whoever dies."""

import json
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from evidence_store.records import parse_time

from .conftest import Place

ROOT = Path(__file__).parent.parent.parent
FIRINGS, EVERY = 100, 50


def daemon(place: Place, url: str, *, dies_at: int = 0, firings: int = FIRINGS) -> "subprocess.Popen[str]":
    key = str(place.keys.path)
    child = [sys.executable, "-m", "tests.daemon.fleet", url, key, str(firings), str(EVERY), str(dies_at)]
    return subprocess.Popen(child, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def sealed(place: Place) -> Counter[datetime]:
    """How many sealed runs there were for each due time."""
    runs = list(place.store.runs())
    return Counter(parse_time(run.about["due"]) for run in runs)


def missed(place: Place) -> Counter[datetime]:
    told: Counter[datetime] = Counter()
    for leaf in place.store.leaves("runs_missed"):
        due, last = parse_time(leaf.fields["first"]), parse_time(leaf.fields["last"])
        times = 0
        while due <= last:
            told[due] += 1
            due += timedelta(milliseconds=EVERY)
            times += 1
        assert times == leaf.fields["count"]
    return told


def accounted(place: Place) -> tuple[Counter[datetime], Counter[datetime]]:
    """Every due time from the first to the last was fired or missed, and none of them twice."""
    with place.store.writer(place.keys, origin="annexa/test", clock=lambda: datetime.now(UTC)) as writer:
        assert writer.record_missed() >= 0
    fired, lost = sealed(place), missed(place)
    together = fired + lost
    assert set(together.values()) == {1}, [due for due, times in together.items() if times != 1]
    span = max(together) - min(together)
    assert len(together) == span // timedelta(milliseconds=EVERY) + 1
    return fired, lost


def test_none_of_a_hundred_firings_is_made_twice_or_forgotten(place: Place, url: str) -> None:
    both = [daemon(place, url), daemon(place, url)]
    logs = [child.communicate(timeout=200)[1] for child in both]
    assert [child.returncode for child in both] == [0, 0], logs
    fired, _ = accounted(place)
    assert len(fired) >= FIRINGS - 1
    shares = [sum(json.loads(line)["event"] == "run.started" for line in log.splitlines()) for log in logs]
    assert sum(shares) == len(fired)
    assert min(shares) > 0, "both took part"


def test_a_holder_killed_in_the_middle_of_a_firing_is_taken_over_once(place: Place, url: str) -> None:
    doomed = daemon(place, url, dies_at=10, firings=40)
    other = daemon(place, url, firings=40)
    doomed.communicate(timeout=200)
    assert doomed.returncode == -signal.SIGKILL
    log = other.communicate(timeout=200)[1]
    assert other.returncode == 0, log
    fired, lost = accounted(place)
    (abandoned,) = place.store.leaves("run_abandoned")
    (begun,) = [leaf for leaf in place.store.leaves("run_start") if leaf.run == abandoned.run]
    due = parse_time(begun.fields["about"]["due"])
    assert fired[due] + lost[due] == 1
    assert len(fired) >= 30
