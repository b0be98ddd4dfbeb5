"""A store on both databases, a clock that a test turns, and runs that really take the store but need no process."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daemon.child import Ended
from daemon.runner import Crew, Pace
from daemon.settings import Schedule
from daemon.watch import Watch
from evidence_store import keys
from evidence_store.database import open_store
from evidence_store.errors import HeldError
from evidence_store.firings import Firing, Standing
from tests.evidence_store.conftest import url

__all__ = ["url"]

MONDAY = datetime(2026, 6, 1, 2, 30, tzinfo=UTC)
DAY = timedelta(days=1)
NIGHTLY = Schedule("nightly", cron="0 3 * * *")


class Hand:
    """A clock that stands until a test turns it."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Counted:
    """The tally, as a list."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.missed_count = 0

    def ended(self, schedule: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.outcomes.append(outcome)

    def missed(self, schedule: str, count: int) -> None:
        self.missed_count += count


class Sealing:
    """A run in a thread of this process: it begins for its firing and seals, or does what it is told instead."""

    def __init__(self, place: "Place", firing: Firing, code: int | None, until: threading.Event | None) -> None:
        self.begun: float | None = None
        self.asked = self.killed = False
        self._over, self._let = threading.Event(), until or threading.Event()
        self._code = code
        if until is None:
            self._let.set()
        self._ended = Ended(1)
        threading.Thread(target=self._run, args=(place, firing), daemon=True).start()

    def _run(self, place: "Place", firing: Firing) -> None:
        self._let.wait(300)
        if self.asked or self.killed:
            self._ended = Ended(-9 if self.killed else 143)
        elif self._code is not None:
            self._ended = Ended(self._code, said="it went wrong")
        else:
            self._ended = place.seal(firing)
        self._over.set()

    def wait(self, seconds: float) -> bool:
        return self._over.wait(seconds)

    def ask(self) -> None:
        self.asked = True
        self._let.set()

    def kill(self) -> None:
        self.killed = True
        self._let.set()

    def ended(self) -> Ended:
        return self._ended


class Place:
    """A store, the daemons that work on it, and what they were told to run."""

    def __init__(self, url: str, directory: Path) -> None:
        self.keys = keys.load_or_create(directory / "annexa.key")
        self.url = url
        self.store = open_store(url)
        self.clock = Hand()
        self.tally = Counted()
        self.started: list[Firing] = []
        self.works: list[Sealing] = []
        self.codes: list[int | None] = []  # how the next runs end; a run seals where nothing is said
        self.until: threading.Event | None = None
        self.refuses: OSError | None = None
        self.on_start: Callable[[Firing], object] = lambda _: None

    def start(self, firing: Firing, _schedule: Schedule) -> Sealing:
        if self.refuses:
            raise self.refuses
        self.started.append(firing)
        self.on_start(firing)
        self.works.append(Sealing(self, firing, self.codes.pop(0) if self.codes else None, self.until))
        return self.works[-1]

    def seal(self, firing: Firing) -> Ended:
        try:
            with self.store.writer(self.keys, origin="annexa/test", clock=self.clock) as writer:
                writer.begin(f"run-{firing.number}", {"config": {}}, firing=firing)
                writer.end(coverage=[], assessments=[], outcome={"complete": True})
                writer.seal()
        except HeldError as error:
            return Ended(5, said=str(error))
        return Ended(0, f"run-{firing.number}")

    def watch(self, *schedules: Schedule, name: str = "one", pace: Pace | None = None) -> Watch:
        crew = Crew(self.store, self.keys, "annexa/test", name, self.start, self.clock)
        return Watch(crew, schedules or (NIGHTLY,), pace or Pace(renew=0.05), self.tally)

    def look(self, *schedules: Schedule, **options: object) -> Watch:
        """One daemon starts, looks once, and is gone."""
        watch = self.watch(*schedules, **options)  # type: ignore[arg-type]  # handed on
        watch.register()
        watch.look()
        return watch

    def standing(self, name: str = "nightly") -> Standing:
        return next(s for s in self.store.firings.standings() if s.name == name)

    def missed(self) -> list[tuple[int, str]]:
        return [(leaf.fields["count"], leaf.fields["why"]) for leaf in self.store.leaves("runs_missed")]

    def due_of_runs(self) -> list[str]:
        return [leaf.fields["about"]["due"] for leaf in self.store.leaves("run_start")]


@pytest.fixture
def place(url: str, tmp_path: Path) -> Iterator[Place]:
    made = Place(url, tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Place]:
    """On SQLite alone, for what does not depend on the database."""
    made = Place(f"sqlite:///{tmp_path}/annexa.db", tmp_path)
    yield made
    made.store.close()
