"""One run for the daemon, in a process of its own. Not for people: `scanner run` is.

It begins only while the firing is its own, says the run's id when it has the store, and ends with the exit codes of
`scanner run`. When the daemon is gone its standard input ends, and it goes too: another daemon may make the run then.
"""

import json
import os
import sys
import threading
from argparse import Namespace
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from commands import version
from commands.opening import known, now, origin
from configuration import Configuration, ConfigurationError
from daemon.child import Child
from daemon.settings import Schedule
from evidence_store import keys
from evidence_store.connection import Database
from evidence_store.database import open_store
from evidence_store.firings import Firing
from evidence_store.records import format_time, parse_time
from pipeline.collect import Progress
from pipeline.run import Environment, run
from pipeline.selection import Wanted, select
from pipeline.targets import require_extras
from scanner import DONE, INCOMPLETE

ROOT = Path(__file__).parent.parent
GONE = 143  # as if it had been terminated: nobody is left to read it


def start(configured: Configuration, firing: Firing, schedule: Schedule) -> Child:
    """Make the run of a firing. Raises `OSError`."""
    config = configured.file
    given = {
        "config": None if config is None else str(config.absolute()),
        "place": _place(configured),
        "definition": firing.definition,
        "due": format_time(firing.due),
        "number": firing.number,
        "wait": schedule.waits.total_seconds(),
    }
    # Not from the working directory: what lies there must not stand in for a module.
    command = [sys.executable, "-P", "-m", "commands.firing", json.dumps(given)]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return Child(command, {**os.environ, "PYTHONPATH": path})


def command(given: Namespace) -> int:
    """Make the run."""
    threading.Thread(target=_lifeline, args=(_taken_away(),), name="lifeline", daemon=True).start()
    able = known(given)
    if _place(able.configuration) != given.place:  # what was written since is in force only after a restart
        file = able.configuration.file or "the built-in default"
        raise ConfigurationError(f"{file}: names another store or key than when the daemon was started; restart the daemon")
    chosen = given.firing.definition
    wanted = Wanted(tuple(chosen["controls"]), tuple(chosen["checks"]), tuple(chosen["targets"]))
    selection = select(able.configuration, wanted, able.checks, able.catalogue, able.sources)
    require_extras(selection.targets)
    started = now()
    run_id = f"{started:%Y%m%dT%H%M%SZ}-{os.urandom(3).hex()}"
    with open_store(able.configuration.store.url) as store:
        environment = Environment(
            configuration=able.configuration,
            known=able.checks,
            catalogue=able.catalogue,
            sources=able.sources,
            store=store,
            keys=keys.load_or_create(able.configuration.store.key),
            clock=now,
            run_id=run_id,
            origin=origin(),
            version=version(),
            progress=_once(run_id),
            firing=given.firing,
        )
        outcome = run(environment, selection, wait=given.wait)
    return DONE if outcome.complete else INCOMPLETE


def _place(configured: Configuration) -> list[str]:
    """The store and the key, without a password: others see what a process is started with."""
    with closing(Database(configured.store.url)) as database:
        store = str(database.path.resolve()) if database.sqlite else database.name
    return [store, str(Path(configured.store.key).resolve())]


def _once(run_id: str) -> Callable[[Progress], None]:
    """Say the run's id at the first read."""
    said = threading.Event()

    def progress(_progress: Progress) -> None:
        if not said.is_set():
            said.set()
            sys.stdout.write(run_id + "\n")
            sys.stdout.flush()

    return progress


def _taken_away() -> int:
    """The lifeline, away from standard input: a program that the run starts and that reads there would never come to an end."""
    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return lifeline


def _lifeline(line: int) -> None:
    """Go when the daemon is gone. At any point: what is sealed is safe, and the rest is made again."""
    while os.read(line, 1):
        pass
    os._exit(GONE)


def given_by(text: str) -> Namespace:
    """What the daemon handed over."""
    given = json.loads(text)
    due: datetime = parse_time(given["due"])
    firing = Firing(given["definition"]["name"], given["definition"], due, given["number"])
    return Namespace(
        command="firing", config=given["config"], place=given["place"], debug=False, firing=firing, wait=given["wait"]
    )


if __name__ == "__main__":
    from commands.failures import guarded

    code = guarded(given_by(sys.argv[1]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads that wait for an answer must not hold up what comes next
