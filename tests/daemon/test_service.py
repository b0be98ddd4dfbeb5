"""The daemon as a whole: it ends within a bound, whatever its database does."""

import threading
from datetime import timedelta
from pathlib import Path

from daemon.runner import Crew, Pace
from daemon.service import Daemon

from .conftest import NIGHTLY, Place


def test_a_scheduler_whose_database_does_not_answer_does_not_hold_up_the_end(lite: Place) -> None:
    crew = Crew(lite.store, lite.keys, "annexa/test", "one", lite.start, lite.clock)
    daemon = Daemon(crew, [NIGHTLY], Pace(look=0.05, grace=timedelta(seconds=1)), "1.2.3")
    daemon.prepare()
    daemon.start()
    ended = threading.Event()
    with daemon._scheduling._clockwork._jobstores_lock:  # as while it waits for an answer

        def close() -> None:
            daemon.stop()
            assert daemon.close()
            ended.set()

        threading.Thread(target=close, daemon=True).start()
        assert ended.wait(60)


def test_the_unit_that_starts_the_daemon_can_be_enabled_for_when_the_machine_starts() -> None:
    unit = Path(__file__).parents[2] / "deploy" / "systemd" / "annexa-daemon.service"
    assert "\n[Install]\nWantedBy=multi-user.target\n" in unit.read_text()
