"""SIGHUP tells a daemon to read its configuration again; the schedules of a good one take the place of those in force.

- A reload is whole or not at all: what is wrong with a file, or changed in it and in force only after a restart, is said in
  the log, and everything stays as it was.
- It happens in a thread of its own: a database that does not answer keeps nobody from ending the daemon.
- A store that fails meanwhile is tried again until it answers, or until the daemon is told to read once more.
"""

import logging
import threading
from collections.abc import Callable

from commands.failures import failure
from commands.opening import Known
from commands.schedules import possible
from configuration import Configuration, ConfigurationError
from daemon.logs import bug, say
from daemon.service import Daemon
from daemon.settings import differing
from evidence_store.errors import StoreError

_PAUSE = 5.0  # seconds, until a store that failed is tried again


class Reloading:
    """Whoever reads the configuration again. `read` raises what `failure` knows."""

    def __init__(self, daemon: Daemon, in_force: Configuration, read: Callable[[], Known]) -> None:
        self._daemon, self._in_force, self._read = daemon, in_force, read
        self._asked, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="reload", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask(self) -> None:
        """Read it again, now or as soon as the daemon has started."""
        self._asked.set()

    def close(self) -> None:
        """Read no more. What waits for a store that does not answer is not waited for."""
        self._closing.set()
        self._asked.set()

    def _work(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            if self._closing.is_set():  # looked at after `clear`, so that no word to close is lost
                return
            try:
                self._reload()
            except Exception as error:  # noqa: BLE001 - the thread must go on: nobody else would read what is written next
                bug(error)

    def _reload(self) -> None:
        wanted = self._wanted()
        told = ""
        while wanted is not None:
            try:
                self._daemon.replace(wanted.schedules)
            except StoreError as error:
                if self._closing.is_set():
                    return
                if str(error) != told:
                    told = str(error)
                    say("reload.failed", level=logging.ERROR, error=f"{told}; it is tried again")
                if self._asked.wait(_PAUSE):
                    return
            else:
                return

    def _wanted(self) -> Configuration | None:
        """What stands in the file now; `None` where it cannot be put in force, which is said."""
        try:
            able = self._read()
            for schedule in able.configuration.schedules:
                possible(able, schedule)
            _require_no_restart(self._in_force, able.configuration)
        except Exception as error:  # noqa: BLE001 - the edge: whatever is wrong with what was written, the daemon goes on
            say("reload.failed", level=logging.ERROR, error=failure(error, debug=False)[0])
            return None
        return able.configuration


def _require_no_restart(before: Configuration, after: Configuration) -> None:
    """Raises `ConfigurationError` with the keys that were changed, and never their values: a URL may hold a password."""
    changed = [f"{key} in [store]" for key in differing(before.store, after.store)]
    changed += [f"{key} in [daemon]" for key in differing(before.daemon, after.daemon)]
    if changed:
        raise ConfigurationError(f"{after.file}: needs a restart: {', '.join(changed)}; nothing of the file was put in force")
