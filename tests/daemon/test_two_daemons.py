"""Two daemons on one store: over a hundred due times each is fired once or recorded as missed once, whoever dies."""

import json
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from evidence_store.records import parse_time
from tests.daemon.accounting import accounted

from .conftest import Place

ROOT = Path(__file__).parent.parent.parent
FIRINGS, EVERY = 100, 50


def daemon(place: Place, url: str, *, dies_at: int = 0, firings: int = FIRINGS, lease: int = 60) -> "subprocess.Popen[str]":
    key = str(place.keys.path)
    child = [sys.executable, "-m", "tests.daemon.fleet", url, key, str(firings), str(EVERY), str(dies_at), str(lease)]
    pipe = subprocess.PIPE
    return subprocess.Popen(child, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def go(*daemons: "subprocess.Popen[str]") -> None:
    """Let them begin together, however long each took to come up."""
    for one in daemons:
        assert one.stdout
        assert one.stdout.readline() == "ready\n"
    for one in daemons:
        assert one.stdin
        one.stdin.write("go\n")
        one.stdin.flush()


def test_none_of_a_hundred_firings_is_made_twice_or_forgotten(place: Place, url: str) -> None:
    both = [daemon(place, url), daemon(place, url)]
    go(*both)
    logs = [child.communicate(timeout=600)[1] for child in both]
    assert [child.returncode for child in both] == [0, 0], logs
    fired, _ = accounted(place.store, place.keys, timedelta(milliseconds=EVERY))
    assert len(fired) >= FIRINGS - 1
    shares = [sum(json.loads(line)["event"] == "run.started" for line in log.splitlines()) for log in logs]
    assert sum(shares) == len(fired)
    assert min(shares) > 0, "both took part"


def test_a_holder_killed_in_the_middle_of_a_firing_is_taken_over_once(place: Place, url: str) -> None:
    doomed = daemon(place, url, dies_at=10, firings=40, lease=2)
    other = daemon(place, url, firings=40, lease=2)
    go(doomed, other)
    doomed.communicate(timeout=600)
    assert doomed.returncode == -signal.SIGKILL
    log = other.communicate(timeout=600)[1]
    assert other.returncode == 0, log
    fired, lost = accounted(place.store, place.keys, timedelta(milliseconds=EVERY))
    (abandoned,) = place.store.leaves("run_abandoned")
    (begun,) = [leaf for leaf in place.store.leaves("run_start") if leaf.run == abandoned.run]
    due = parse_time(begun.fields["about"]["due"])
    assert fired[due] + lost[due] == 1
    assert len(fired) >= 30
