"""A second start while one runs: it says who holds the store and ends, or waits as it was told. With real processes."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import AWS, RECORDS, Command

ROOT = Path(__file__).parent.parent.parent
BOUND = 120  # seconds that a test waits at most for what takes a few
ALONE = ("--check", "rec_soa_complete")  # asks the records alone, and so waits for no account


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield "sqlite:///annexa.db"
        return
    with request.getfixturevalue("postgresql").database() as made:
        yield made


@pytest.fixture
def silent() -> Iterator[str]:
    """An endpoint that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def scan(*words: str, endpoint: str = "") -> "subprocess.Popen[str]":
    environment = {**os.environ, "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "t"}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "scanner.py"), "run", "--quiet", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def holder(store: str, silent: str, command: Command, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A run that holds the store until it is told to end, because its account never answers."""
    command("init")
    (tmp_path / "annexa.toml").write_text(f'[store]\nurl = "{store}"\n{RECORDS}{AWS}')
    assert command("run", "--quiet", *ALONE).code == 0
    running = scan(endpoint=silent)
    deadline = time.monotonic() + BOUND
    while "snapshots" not in command("evidence", "list").out.split("run_end")[-1]:
        assert time.monotonic() < deadline, "the run did not begin"
        assert running.poll() is None, running.communicate()
        time.sleep(0.1)
    yield running
    running.kill()
    running.communicate()


def test_a_second_run_ends_at_once_and_names_who_holds_the_store_where_and_since_when(
    holder: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    second = scan(*ALONE)
    out, err = second.communicate(timeout=BOUND)
    assert (second.returncode, out) == (5, "")
    [line] = err.splitlines()
    assert f"process {holder.pid} on {socket.gethostname()} since 20" in line
    assert holder.poll() is None


def test_a_second_run_waits_as_it_was_told_and_then_runs(holder: "subprocess.Popen[str]") -> None:
    second = scan(*ALONE, "--wait", f"{BOUND}")
    time.sleep(1.5)
    assert second.poll() is None
    holder.send_signal(signal.SIGTERM)
    holder.communicate(timeout=BOUND)
    assert holder.returncode == 143
    out, err = second.communicate(timeout=BOUND)
    assert (second.returncode, out, err) == (0, "", "")


def test_a_wait_has_an_end(holder: "subprocess.Popen[str]") -> None:
    second = scan(*ALONE, "--wait", "1")
    _, err = second.communicate(timeout=BOUND)
    assert second.returncode == 5
    assert f"process {holder.pid}" in err


def test_a_closed_terminal_ends_a_run_as_a_stop_does(holder: "subprocess.Popen[str]", command: Command) -> None:
    holder.send_signal(signal.SIGHUP)
    _, err = holder.communicate(timeout=BOUND)
    assert holder.returncode == 143
    assert "nothing half-written was kept" in err
    assert command("evidence", "verify").code == 0
    assert command("run", "--quiet", *ALONE).code == 0
