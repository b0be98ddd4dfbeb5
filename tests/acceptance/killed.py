"""A child process that scans ISMS records and is killed at a named point: `killed.py DIRECTORY POINT TIMES`."""

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import configuration
import mappings
from checks.check import checks
from collectors.source import kinds, sources
from evidence_store import keys
from evidence_store.database import open_store
from pipeline.collect import Progress
from pipeline.plan import Sources
from pipeline.run import Environment, run
from pipeline.selection import Wanted, select


class Killer:
    """Ends the process without a word, the n-th time that a point is reached."""

    def __init__(self, point: str, times: int) -> None:
        self._point = point
        self._left = times

    def __call__(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def fetched(self, progress: Progress) -> None:
        self("fetched")


def main(directory: Path, point: str, times: int) -> None:
    every = checks()
    loaded = configuration.load(directory / "annexa.toml", every)
    known = Sources(s for kind in kinds() for s in sources(kind))
    catalogue = mappings.load(every)
    killer = Killer(point, times)
    with open_store(loaded.store.url) as store:
        environment = Environment(
            configuration=loaded,
            known=every,
            catalogue=catalogue,
            sources=known,
            store=store,
            keys=keys.load_or_create(loaded.store.key),
            clock=lambda: datetime.now(UTC),
            run_id=f"run-{os.getpid()}",
            origin="annexa/test",
            version="test",
            progress=killer.fetched,
            crash=killer,
        )
        run(environment, select(loaded, Wanted(), every, catalogue, known))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
