"""A daemon in a process of its own, and whoever waits for what it says."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
HANG = 120  # seconds that a test waits at most for what takes one


class Running:
    """A daemon in a process of its own."""

    def __init__(self, directory: Path, number: int, **environment: str) -> None:
        self._log = directory / f"daemon{number}.log"
        command = [sys.executable, str(ROOT / "scanner.py"), "daemon", "--config", str(directory / "annexa.toml")]
        with self._log.open("wb") as err:
            self.process = subprocess.Popen(command, cwd=directory, env={**os.environ, **environment}, stderr=err)

    def events(self) -> list[dict[str, Any]]:
        """Every line of the log that is whole."""
        return [json.loads(line) for line in self._log.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def wait_for(self, event: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = []

        def there() -> bool:
            found[:] = [e for e in self.events() if e["event"] == event]
            return bool(found)

        until(there, self._log.read_text)
        return found[0]

    def ask(self, path: str) -> tuple[int, str]:
        url = f"http://{self.wait_for('daemon.listening')['address']}{path}"
        try:
            with urllib.request.urlopen(url, timeout=HANG) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(HANG)


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    made: list[Running] = []

    def run(**environment: str) -> Running:
        made.append(Running(tmp_path, len(made), **environment))
        return made[-1]

    yield run
    for running in made:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()


@pytest.fixture
def silent() -> Iterator[dict[str, str]]:
    """An environment in which AWS takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        yield {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "t"}


def until(true: Callable[[], bool], told: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + HANG
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert true(), told()


def children(tmp_path: Path) -> list[int]:
    """Runs that daemons of this test started and that still live."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if b"commands.firing" in words and str(tmp_path).encode() in words:
            found.append(int(process.name))
    return found
