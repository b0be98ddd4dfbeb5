"""`scanner daemon`: run what the schedules say, until it is told to stop.

From its first line on, everything it says is a line of its log, SIGTERM and SIGINT end it with 0, and SIGHUP has it read its
configuration again.
"""

import logging
import os
import signal
import socket
import stat
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

from commands import firing, version
from commands.failures import UsageError, failure
from commands.opening import Known, known, origin
from commands.reloading import Reloading
from commands.schedules import possible
from configuration import ConfigurationError
from daemon import logs
from daemon.runner import Crew, Pace
from daemon.service import Daemon
from daemon.settings import DaemonSettings
from daemon.web import Endpoints, ListenError
from evidence_store import keys
from evidence_store.database import Store, open_store
from evidence_store.errors import StoreError
from pipeline.run import StoreFailedError
from scanner import DONE

_LEAST_TOKEN = 16  # characters
_NOTHING = 0  # no signal has this number


def command(given: Namespace) -> int:
    """Check everything, then start; 0 when it was told to stop and has."""
    with logs.begun(given.log_format, debug=given.debug), _told_to_stop() as ear:
        try:
            return _checked(given, ear)
        except Exception as error:  # noqa: BLE001 - the edge of the program
            sentence, code = failure(error, debug=given.debug)
            logs.say("daemon.failed", level=logging.ERROR, error=sentence)
            return code


def _checked(given: Namespace, ear: "_Ear") -> int:
    """Raises what `failure` knows; `StoreFailedError` where the store cannot be opened: a service manager tries again then."""
    read = partial(known, given)
    able = read()
    for schedule in able.configuration.schedules:
        possible(able, schedule)
    token = _token(able.configuration.daemon.token_file)
    try:
        return _run(able, token, ear, read)
    except StoreError as error:
        raise StoreFailedError(str(error)) from error


def _run(able: Known, token: str | None, ear: "_Ear", read: Callable[[], Known]) -> int:
    settings = able.configuration.daemon
    with open_store(able.configuration.store.url) as store:
        daemon = Daemon(crew_of(able, store), able.configuration.schedules, _pace(settings), version())
        with _listening(settings, daemon, token) as serve:
            daemon.prepare()
            reloading = Reloading(daemon, able.configuration, read)
            ear.hear_for(daemon, reloading)
            daemon.start()
            serve()
            logs.say("daemon.started")
            reloading.start()
            _ready()
            daemon.wait()
            reloading.close()
            logs.say("daemon.stopping")
            ended = daemon.close()
    logs.say("daemon.stopped", error=None if ended else "what was under way did not end in time")
    return DONE


def _ready() -> None:
    """Tell the service manager that waits for it, if one does (sd_notify(3)): until then it sends no SIGHUP."""
    address = os.environ.pop("NOTIFY_SOCKET", "")  # not for the runs that are started
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.sendto(b"READY=1", f"\0{address[1:]}" if address.startswith("@") else address)
    except OSError as error:
        logs.say("daemon.unheard", level=logging.WARNING, error=f"the service manager cannot be told: {error.strerror}")


def crew_of(able: Known, store: Store) -> Crew:
    """What the work is done with."""
    return Crew(
        store=store,
        keys=keys.load_or_create(able.configuration.store.key),
        origin=origin(),
        holder=f"{socket.gethostname()}/{os.getpid()}/{os.urandom(4).hex()}",
        start=partial(firing.start, able.configuration),
        clock=store.firings.clock,
    )


def _pace(settings: DaemonSettings) -> Pace:
    return Pace(grace=max(settings.patience, timedelta(seconds=1)))


def _token(path: str | None) -> str | None:
    """What a client must send. Raises `ConfigurationError`."""
    if path is None:
        return None
    try:
        token = Path(path).read_text(encoding="ascii").strip()
        mode = stat.S_IMODE(Path(path).stat().st_mode)
    except OSError as error:
        raise ConfigurationError(f"[daemon]: token_file {path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        token, mode = "", 0
    if mode & 0o077:
        raise ConfigurationError(f"[daemon]: token_file {path}: others may read it (mode {mode:04o}); run: chmod 600 {path}")
    if len(token) < _LEAST_TOKEN or not token.isprintable() or " " in token:
        raise ConfigurationError(
            f"[daemon]: token_file {path}: expected one line of at least {_LEAST_TOKEN} characters without spaces"
        )
    return token


@contextmanager
def _listening(settings: DaemonSettings, daemon: Daemon, token: str | None) -> Iterator[Callable[[], None]]:
    """The address, for as long as the block lasts, and what begins to answer. Raises `UsageError` where it is taken."""
    if not settings.listen:
        yield lambda: None
        return
    host, port = settings.address
    try:
        endpoints = Endpoints(host, int(port), daemon.pages(), token)
    except ListenError as error:
        raise UsageError(str(error)) from None

    def serve() -> None:
        endpoints.start()
        logs.say("daemon.listening", address=f"{host}:{endpoints.port}")

    try:
        yield serve
    finally:
        endpoints.stop()


class _Ear:
    """Who is told to stop, or to read again. Until the daemon has begun, there is nothing to tidy up."""

    def __init__(self) -> None:
        self._daemon: Daemon | None = None
        self._reloading: Reloading | None = None
        self._changed = False
        self._beginning = threading.Lock()
        self._terminals = [number for number in (0, 1, 2) if os.isatty(number)]

    def hear_for(self, daemon: Daemon, reloading: Reloading) -> None:
        """From now on there is somebody to tell."""
        with self._beginning:
            self._daemon, self._reloading = daemon, reloading
            if self._changed:
                reloading.ask()

    def stop(self) -> None:
        if self._daemon is not None:
            self._daemon.stop()
            return
        logs.say("daemon.stopped")
        os._exit(DONE)  # at any point: a database that does not answer must not hold it up

    def hang_up(self) -> None:
        """Read the configuration again; but where the terminal that it was started at is gone, stop."""
        if not all(os.isatty(number) for number in self._terminals):
            self.stop()
            return
        with self._beginning:
            self._changed = True  # what was read when it was started may be older
            if self._reloading is not None:
                self._reloading.ask()


@contextmanager
def _told_to_stop() -> Iterator[_Ear]:
    """SIGTERM and SIGINT end the daemon; a second one kills the run that is under way. SIGHUP has it read again.

    The handler writes to a pipe and a thread acts: a handler that took a lock could wait for the code that it interrupted.
    """
    ear, (reading, writing) = _Ear(), os.pipe()

    def listen() -> None:
        while (number := os.read(reading, 1)[0]) != _NOTHING:
            if number == signal.SIGHUP:
                ear.hang_up()
            else:
                ear.stop()

    def handler(number: int, _frame: object) -> None:
        os.write(writing, bytes([number]))

    heard = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
    # What `nohup` started is meant to outlive its terminal.
    before = {n: signal.signal(n, handler) for n in heard if signal.getsignal(n) is not signal.SIG_IGN}
    listener = threading.Thread(target=listen, name="signals", daemon=True)
    listener.start()
    try:
        yield ear
    finally:
        for number, handled in before.items():
            signal.signal(number, handled)
        os.write(writing, bytes([_NOTHING]))
        listener.join()
        os.close(reading)
        os.close(writing)
