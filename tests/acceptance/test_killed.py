"""`kill -9` at any point: what was sealed verifies, and the next run is whole."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.conftest import RECORDS, Command

ROOT = Path(__file__).parent.parent.parent

# (point, how often it is passed before the kill)
POINTS = [
    ("fetched", 1),
    ("fetched", 20),
    ("before_rows", 1),
    ("after_rows", 1),
    ("before_leaf", 1),
    ("after_leaf", 1),
    ("before_commit", 1),
    ("after_commit", 1),
    ("after_commit", 2),
    ("before_commit", 3),
    ("after_commit", 3),
    ("before_checkpoint", 1),
    ("after_sign", 1),
    ("before_side_file", 1),
    ("after_side_file", 1),
]


def scan_until(tmp_path: Path, point: str, times: int = 1) -> int:
    """Scan in a child that is killed there; its exit status."""
    child = [sys.executable, "-m", "tests.acceptance.killed", str(tmp_path), point, str(times)]
    return subprocess.run(child, cwd=ROOT, capture_output=True, check=False).returncode


def whole(command: Command) -> None:
    """The store verifies, and a run completes and verifies."""
    assert command("evidence", "verify").code == 0
    assert command("run").code == 0
    verified = command("evidence", "verify", "--format", "json")
    assert verified.code == 0, verified.out
    assert verified.json["size"] == verified.json["sealed"]
    assert verified.json["verdicts"]["conclusion"]["outcome"] == "holds"


@pytest.fixture
def records(tmp_path: Path, command: Command) -> None:
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)


@pytest.mark.parametrize(("point", "times"), POINTS, ids=str)
def test_a_kill_in_a_later_run_loses_nothing_sealed(
    records: None, command: Command, tmp_path: Path, point: str, times: int
) -> None:
    assert command("run").code == 0
    sealed = command("evidence", "verify", "--format", "json").json["sealed"]
    (tmp_path / "isms" / "roster.toml").touch()
    assert scan_until(tmp_path, point, times) == -signal.SIGKILL
    verified = command("evidence", "verify", "--format", "json")
    assert verified.code == 0, verified.out
    assert verified.json["sealed"] >= sealed
    whole(command)


@pytest.mark.parametrize(
    ("point", "times"), [("after_rows", 1), ("after_commit", 1), ("before_checkpoint", 1), ("after_sign", 1)]
)
def test_a_kill_in_the_first_run_leaves_a_store_that_a_run_makes_whole(
    records: None, command: Command, tmp_path: Path, point: str, times: int
) -> None:
    assert scan_until(tmp_path, point, times) == -signal.SIGKILL
    assert command("run").code == 0
    assert command("evidence", "verify").code == 0


def test_a_kill_during_the_report_leaves_a_sealed_run(records: None, command: Command, tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, str(ROOT / "scanner.py"), "run", "--quiet", "--format", "json"], cwd=tmp_path, stdout=subprocess.PIPE
    )
    assert child.stdout
    assert child.stdout.read(10) == b'{"schema":'
    child.kill()
    child.wait()
    verified = command("evidence", "verify", "--format", "json")
    assert verified.json["size"] == verified.json["sealed"] > 0
    whole(command)


def test_an_abandoned_run_is_recorded_and_sealed_by_the_next(records: None, command: Command, tmp_path: Path) -> None:
    assert command("run").code == 0
    assert scan_until(tmp_path, "before_checkpoint") == -signal.SIGKILL
    told = command("evidence", "list")
    assert "not sealed yet" in told.out
    assert command("run").code == 0
    entries = command("evidence", "list", "--format", "json").json["entries"]
    assert [e["kind"] for e in entries].count("run_abandoned") == 1
    assert all(e["sealed"] for e in entries)


def test_a_second_run_is_refused_while_one_holds_the_store(records: None, command: Command, tmp_path: Path) -> None:
    script = (
        "import sys, time; from evidence_store import keys; from evidence_store.database import open_store\n"
        "from datetime import datetime, UTC\n"
        "with open_store('sqlite:///annexa.db') as s, "
        "s.writer(keys.load_or_create('annexa.key'), origin='annexa/t', clock=lambda: datetime.now(UTC)):\n"
        "    print('held', flush=True); time.sleep(600)\n"
    )
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    holder = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, env=environment, stdout=subprocess.PIPE)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        refused = command("run")
        assert refused.code == 5
        assert str(holder.pid) in refused.err
    finally:
        holder.kill()
        holder.wait()
    assert command("run").code == 0
