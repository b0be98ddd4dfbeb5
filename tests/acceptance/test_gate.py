"""The gate: what fails it, what a baseline and an exception admit, and that its answer always arrives."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.conftest import RECORDS, Command

ROOT = Path(__file__).parent.parent.parent
CHECK = "rec_soa_complete"
GATE = ("run", "--check", CHECK, "--quiet", "--fail-on", "critical")


@pytest.fixture
def records(tmp_path: Path, command: Command) -> Path:
    """Fresh records, which decide on no control: a critical finding."""
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)
    return tmp_path


def except_it(records: Path, last_day: int) -> None:
    """Approve the failure until so many days from today."""
    today = datetime.now(UTC).date()
    (records / "isms" / "exceptions.toml").write_text(
        f"""[[exception]]
        id = "EX-1"
        check = "{CHECK}"
        resources = ["*"]
        reason = "the statement is being written"
        owner = "ann"
        approved_by = "bob"
        starts = {today - timedelta(days=30)}
        expires = {today + timedelta(days=last_day)}
        risk = "R-1"
        """
    )


def test_a_finding_as_bad_as_named_fails_the_gate(records: Path, command: Command) -> None:
    assert command(*GATE).code == 1


def test_a_baseline_admits_what_is_known(records: Path, command: Command) -> None:
    command("run", "--check", CHECK, "--quiet", "--format", "json", "--output", "known.json")
    assert command(*GATE, "--baseline", "known.json").code == 0


def test_an_exception_admits_a_failure_until_its_last_day(records: Path, command: Command) -> None:
    except_it(records, last_day=0)
    assert command(*GATE).code == 0
    except_it(records, last_day=-1)
    assert command(*GATE).code == 1


def test_an_expired_exception_fails_again_whatever_the_baseline(records: Path, command: Command) -> None:
    except_it(records, last_day=1)
    command("run", "--check", CHECK, "--quiet", "--format", "json", "--output", "known.json")
    assert json.loads((records / "known.json").read_text())["findings"][0]["exception"]["id"] == "EX-1"
    except_it(records, last_day=-1)
    assert command(*GATE, "--baseline", "known.json").code == 1


def test_a_reader_that_went_away_does_not_open_the_gate(records: Path) -> None:
    gate = [sys.executable, str(ROOT / "scanner.py"), *GATE, "--format", "json"]
    run = subprocess.Popen(gate, cwd=records, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.stdout is not None
    run.stdout.close()
    _, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (1, b"")
