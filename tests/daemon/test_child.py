"""A run as a process: what is kept of what it says, and how it ends."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from daemon.child import Child

ROOT = Path(__file__).parent.parent.parent


def child(*command: str) -> Child:
    return Child(command, {"PATH": os.environ["PATH"]})


def test_its_first_line_is_the_run_and_of_its_errors_the_last_is_kept() -> None:
    fills = "i=0; while [ $i -lt 3000 ]; do echo a line that fills the pipe $i >&2; i=$((i+1)); done"
    run = child("sh", "-c", f"echo run-1; {fills}; echo 'it \033[31mfailed' >&2; exit 3")
    assert run.wait(60)
    ended = run.ended()
    assert (ended.code, ended.run, ended.said) == (3, "run-1", "it ?[31mfailed")
    assert run.begun is not None


def test_one_that_says_nothing_says_nothing() -> None:
    run = child("true")
    assert run.wait(60)
    assert (run.ended().code, run.ended().run, run.ended().said, run.begun) == (0, None, "", None)


def test_it_is_asked_and_then_killed_with_all_that_it_started(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    run = child("sh", "-c", f"trap '' TERM; sleep 600 & echo $! > {marker}; echo begun; wait; wait; sleep 600")
    while run.begun is None:
        assert not run.wait(0.05)
    run.ask()
    assert not run.wait(0.3)
    run.kill()
    assert run.wait(60)
    assert run.ended().code == -signal.SIGKILL
    grandchild = int(marker.read_text())
    deadline = time.monotonic() + 60
    while _lives(grandchild) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _lives(grandchild)
    run.ask()
    run.kill()


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_does_not_hear_what_is_meant_for_the_terminal() -> None:
    run = child(sys.executable, "-c", "import os; print(os.getsid(0), flush=True)")
    assert run.wait(60)
    assert run.ended().run != str(os.getsid(0))


def test_its_standard_input_ends_with_the_daemon() -> None:
    run = child("sh", "-c", "echo begun; cat; echo the lifeline ended >&2")
    assert not run.wait(0.3)
    assert run._process.stdin is not None
    run._process.stdin.close()
    assert run.wait(60)
    assert run.ended().said == "the lifeline ended"


def test_a_program_that_a_run_starts_finds_nothing_to_read() -> None:
    script = "import subprocess; from commands import firing; firing._taken_away(); subprocess.run(['cat']); print('read')"
    run = Child((sys.executable, "-c", script), {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)})
    assert run.wait(60)
    assert run.ended().run == "read"


def test_what_is_left_running_with_the_pipes_does_not_hold_up_its_end(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    run = child("sh", "-c", f"sleep 600 & echo $! > {marker}; echo done >&2")
    assert run.wait(60)
    started = time.monotonic()
    run.ended()
    assert time.monotonic() - started < 60
    os.kill(int(marker.read_text()), signal.SIGKILL)


def test_what_cannot_be_started_is_an_error() -> None:
    with pytest.raises(OSError, match="No such file"):
        child("/nonexistent/program")
