"""Several daemons on one store, killed and started again at random, over many due times: is each fired or missed, once?

Each daemon is a process. Schedule, leases and log are the real ones; a run begins for its firing and seals, and reads nothing.

    python -m benchmarks.daemon [--firings 1000] [--daemons 3] [--every 100] [--kills 20] [--seed 1] [--url URL]

It fails where a due time is in the log twice or not at all, or where the store does not verify. `--every`: milliseconds.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from evidence_store import keys, side_file
from evidence_store.database import Store, open_store
from evidence_store.verification import verify
from tests.daemon.accounting import accounted

ROOT = Path(__file__).parent.parent


class Fleet:
    """The daemons that are up."""

    def __init__(self, url: str, key: Path, size: int, firings: int, every: int) -> None:
        self._command = [sys.executable, "-m", "tests.daemon.fleet", url, str(key), str(firings), str(every), "0"]
        self._up = [self._start() for _ in range(size)]

    def _start(self) -> "subprocess.Popen[bytes]":
        nothing = subprocess.DEVNULL
        return subprocess.Popen(self._command, cwd=ROOT, stdin=nothing, stdout=nothing, stderr=nothing)

    def kill_one(self, chance: random.Random) -> None:
        """Without a word, and start another."""
        doomed = self._up.pop(chance.randrange(len(self._up)))
        doomed.kill()
        doomed.wait()
        self._up.append(self._start())

    def wait(self, seconds: float) -> list[int]:
        """The exit codes of those that are up."""
        return [daemon.wait(seconds) for daemon in self._up]


def number(store: Store) -> int:
    """How many firings were claimed."""
    return max((standing.number for standing in store.firings.standings()), default=0)


def soak(url: str, directory: Path, given: argparse.Namespace) -> None:
    """Run, kill, and account for it."""
    chance = random.Random(given.seed)
    held = keys.load_or_create(directory / "annexa.key")
    with open_store(url) as store:
        started, killed = time.monotonic(), 0
        fleet = Fleet(url, held.path, given.daemons, given.firings, given.every)
        while number(store) < given.firings * 0.9:
            time.sleep(chance.uniform(0.2, 2) * given.firings * given.every / 1000 / (given.kills + 1))
            if killed < given.kills:
                fleet.kill_one(chance)
                killed += 1
        codes = fleet.wait(600)
        seconds = time.monotonic() - started
        fired, lost = accounted(store, held, timedelta(milliseconds=given.every))
        with store.evidence() as evidence:
            report = verify(evidence, held.public, witness=side_file.notes(held.checkpoints))
        abandoned = sum(1 for _ in store.leaves("run_abandoned"))
        print(f"{len(fired) + len(lost)} due times in {seconds:.0f} s: {len(fired)} fired, {len(lost)} missed")
        print("none of them twice, none forgotten")
        print(f"{killed} of {given.daemons + killed} daemons killed, {abandoned} runs abandoned; the others ended with {codes}")
        print(f"{store.size} entries; integrity {report.integrity.outcome}, time {report.time.outcome}")
        assert not report.contradicted, report.first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--firings", type=int, default=1000)
    parser.add_argument("--daemons", type=int, default=3)
    parser.add_argument("--every", type=int, default=100)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url", help="an empty database (default: SQLite in a directory that is removed)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="annexa-daemon") as place:
        soak(given.url or f"sqlite:///{place}/annexa.db", Path(place), given)


if __name__ == "__main__":
    main()
