"""One daemon as a process of its own: `fleet.py URL KEY FIRINGS EVERY-MILLISECONDS DIES-AT LEASE-SECONDS`.

Everything is real but the run: instead of a scan it begins for its firing and seals. It says when it is ready and waits for
a line. It stops after as many firings as it is told, or kills itself in the middle of one.
"""

import os
import signal
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from daemon import logs
from daemon.child import Ended
from daemon.runner import Crew, Pace
from daemon.service import Daemon
from daemon.settings import Schedule
from daemon.timing import Timing
from evidence_store import keys
from evidence_store.database import Store, open_store
from evidence_store.errors import HeldError
from evidence_store.firings import Firing


class Fast(Schedule):
    """A schedule that is due more often than the configuration allows."""

    __slots__ = ()
    milliseconds = 100

    @property
    def timing(self) -> Timing:
        return Timing(self.name, timedelta(milliseconds=self.milliseconds), UTC)


class Run:
    """Begins and seals when it is waited for."""

    begun: float | None = None

    def __init__(self, store: Store, held: keys.Keys, firing: Firing, dies: bool) -> None:
        self._store, self._keys, self._firing, self._dies = store, held, firing, dies

    def wait(self, _seconds: float) -> bool:
        return True

    def ask(self) -> None:
        """It ends at once anyway."""

    def kill(self) -> None:
        """It ends at once anyway."""

    def ended(self) -> Ended:
        try:
            with self._store.writer(self._keys, origin="annexa/test", clock=_now, wait=60) as writer:
                writer.begin(f"{os.getpid()}-{self._firing.number}", {"config": {}}, firing=self._firing)
                if self._dies:
                    os.kill(os.getpid(), signal.SIGKILL)
                writer.end(coverage=[], assessments=[], outcome={"complete": True})
                writer.seal()
        except HeldError as error:
            return Ended(5, said=str(error))
        return Ended(0)


def _now() -> datetime:
    return datetime.now(UTC)


def main(url: str, key: str, firings: int, every: int, dies_at: int, lease: int) -> None:
    Fast.milliseconds = every
    logs.begin("json", debug=False)
    done = threading.Event()
    started: list[Firing] = []
    with open_store(url) as store:
        held = keys.load_or_create(Path(key))

        def start(firing: Firing, _schedule: Schedule) -> Run:
            started.append(firing)
            if firing.number >= firings:
                done.set()
            return Run(store, held, firing, dies=dies_at > 0 and firing.number >= dies_at)

        crew = Crew(store, held, "annexa/test", str(os.getpid()), start, _now)
        pace = Pace(look=0.2, lease=timedelta(seconds=lease), renew=0.1)
        daemon = Daemon(crew, [Fast("fast", every="1m")], pace, "test")
        print("ready", flush=True)  # noqa: T201 - to whoever started it
        sys.stdin.readline()
        daemon.prepare()
        daemon.start()
        ended = done.wait(500)
        daemon.stop()
        assert daemon.close()
        assert ended or any(s.number >= firings for s in store.firings.standings())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
