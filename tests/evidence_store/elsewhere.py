"""Other processes that work on the store of a test.

They are forked from a server that Python starts for that, never from the process of the tests: gRPC may be at work there,
and a process in which it is may not be forked.
"""

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Event
from pathlib import Path

from evidence_store import keys

from .conftest import Bench, Clock

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.evidence_store.elsewhere"])


def elsewhere(work: Callable[..., None], bench: Bench, *words: object) -> ForkServerProcess:
    """Begin this work, a function of a module, in another process: it is given a bench on the same store, and the words."""
    process = _processes.Process(target=_work, args=(work, bench.url, bench.keys.path, bench.clock.now, *words), daemon=True)
    with _short_paths():
        process.start()
    return process


@contextmanager
def _short_paths() -> Iterator[None]:
    """The server listens on a socket in the directory for temporary files, and the path of a socket may not be long."""
    kept, tempfile.tempdir = tempfile.tempdir, "/tmp"
    try:
        yield
    finally:
        tempfile.tempdir = kept


def flag() -> Event:
    """What another process raises, and this one waits for."""
    return _processes.Event()


def _work(work: Callable[..., None], url: str, key: Path, now: datetime, *words: object) -> None:
    clock = Clock()
    clock.now = now
    work(Bench(url, keys.load_or_create(key), clock), *words)
