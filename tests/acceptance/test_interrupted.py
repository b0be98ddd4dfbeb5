"""Whoever presses Ctrl-C, or stops the service, gets the terminal back at once and a store that verifies."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import RECORDS, Command

ROOT = Path(__file__).parent.parent.parent
BOUND = 120  # seconds that a test waits at most for what takes a few


@pytest.fixture
def silent() -> Iterator[str]:
    """An endpoint that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_ends_soon_and_harms_nothing(
    silent: str, command: Command, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)
    assert command("run").code == 0
    waiting = tmp_path / "waiting.toml"
    waiting.write_text(RECORDS + '[[target]]\nname = "prod"\nkind = "aws"\nregions = ["eu-west-1"]\n')
    environment = {**os.environ, "AWS_ENDPOINT_URL": silent, "AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "t"}
    child = subprocess.Popen(
        [sys.executable, str(ROOT / "scanner.py"), "run", "--config", str(waiting)],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + BOUND
    while "snapshots" not in command("evidence", "list").out.split("run_end")[-1] and time.monotonic() < deadline:
        time.sleep(0.2)
    child.send_signal(number)
    _, err = child.communicate(timeout=BOUND)
    assert child.returncode == code
    assert "Traceback" not in err
    assert command("evidence", "verify").code == 0
    assert command("run").code == 0
    assert command("evidence", "verify").code == 0


STOPPED_WHILE_IT_JUDGES = """
import dataclasses, os, signal, sys
import scanner
from checks import check

def question(resource, **_):
    os.kill(os.getpid(), signal.SIGTERM)

known = check.checks()["rec_soa_complete"]
check._registry[known.id] = dataclasses.replace(known, question=question)
sys.exit(scanner.main(["run", "--check", known.id]))
"""


def test_a_stop_while_a_check_is_asked_is_no_answer_of_the_check(command: Command, tmp_path: Path) -> None:
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)
    assert command("run").code == 0
    run = subprocess.run(
        [sys.executable, "-c", STOPPED_WHILE_IT_JUDGES],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (143, "")
    assert "terminated; nothing half-written was kept" in run.stderr
    assert not any(f["status"] == "error" for f in command("run", "--format", "json", "--quiet").json["findings"])
    assert command("evidence", "verify").code == 0
