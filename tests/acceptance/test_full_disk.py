"""A disk that is full before a run begins: the run ends with 6, half of nothing is left, and the next run is whole."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import RECORDS, Command

ROOT = Path(__file__).parent.parent.parent
# No file may grow beyond so many bytes: to whoever writes it, that is a disk that takes no more.
LIMITED = """
import resource, runpy, signal, sys
sys.path.insert(0, sys.argv[1])
import scanner
limit = int(sys.argv[2])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sys.exit(scanner.main(sys.argv[3:]))
"""


def limited(limit: int, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-B", "-c", LIMITED, str(ROOT), str(limit), *words], capture_output=True, text=True, check=False
    )


@pytest.fixture
def place(tmp_path: Path, command: Command) -> Path:
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)
    return tmp_path


def sealed(command: Command) -> list[dict[str, Any]]:
    return [entry for entry in command("evidence", "list", "--format", "json").json["entries"] if entry["sealed"]]


def failed(ran: "subprocess.CompletedProcess[str]") -> None:
    assert ran.returncode == 6, (ran.stdout, ran.stderr)
    assert ran.stdout == ""
    [line] = ran.stderr.splitlines()
    assert line.startswith("scanner: ")


# A few bytes, and more than the file of the lock, the first page, the header of what is kept beside the store, a key, a schema.
@pytest.mark.parametrize("limit", [0, 10, 100, 4095, 4096, 20_000, 33_000, 70_000])
def test_a_first_run_on_a_full_disk_leaves_room_for_a_whole_one(place: Path, command: Command, limit: int) -> None:
    failed(limited(limit, "run", "--quiet"))
    assert command("run", "--quiet").code == 0
    assert command("evidence", "verify").code == 0
    entries = command("evidence", "list", "--format", "json").json["entries"]
    assert [entry["kind"] for entry in entries[:2]] == ["genesis", "run_start"]
    assert {entry["sealed"] for entry in entries} == {True}
    assert not list(place.glob(".annexa*"))


@pytest.mark.parametrize("limit", [0, 100, 4096, 33_000])
def test_a_later_run_on_a_full_disk_leaves_what_was_sealed(place: Path, command: Command, limit: int) -> None:
    assert command("run", "--quiet").code == 0
    before = sealed(command)
    failed(limited(limit, "run", "--quiet"))
    verified = command("evidence", "verify")
    assert verified.code == 0
    assert sealed(command) == before
    assert command("run", "--quiet").code == 0
    assert command("evidence", "verify").code == 0
