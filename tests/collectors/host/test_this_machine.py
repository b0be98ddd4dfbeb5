"""The real collector on the machine that runs the tests, as root and as an ordinary user."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from collectors.host import connect
from collectors.host.target import HostTarget
from tests.collectors.host.test_reader import ALL
from tests.harness import look

ROOT = Path(__file__).parents[3]
_SCAN = """
import json, sys
sys.path.insert(0, sys.argv[1])
from tests.collectors.host.test_this_machine import scan
print(json.dumps(scan()))
"""


def scan() -> list[tuple[str, str, str]]:
    """Every finding of this machine: check, status, reason."""
    seen = look(connect(HostTarget("here")), *ALL)
    return sorted((finding.check, str(finding.status), finding.reason) for finding in seen.findings)


@cache
def first_scan() -> list[tuple[str, str, str]]:
    return scan()


def test_scan_of_this_machine_answers_every_check_without_a_bug() -> None:
    found = first_scan()
    assert "error" not in {status for _, status, _ in found}
    listed = {"host_certificate_expiry", "host_no_private_keys_exposed", "host_listening_services", "host_repos_signed"}
    assert set(ALL) - {check for check, _, _ in found} <= listed  # one finding for each thing: there may be none
    assert ("host_uid0_unique", "pass", "") in found


def test_two_scans_say_the_same() -> None:
    moving = {"host_listening_services", "host_time_sync"}
    assert [f for f in first_scan() if f[0] not in moving] == [f for f in scan() if f[0] not in moving]


@pytest.fixture
def copy() -> Iterator[Path]:
    """What the scan needs, where an ordinary user can reach it."""
    with tempfile.TemporaryDirectory(prefix="annexa-", dir="/tmp") as folder:  # who runs the tests may have one of their own
        Path(folder).chmod(0o755)
        for package in ("checks", "collectors", "evidence_store", "pipeline", "tests/collectors/host"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / package, Path(folder, package), ignore=ignored)
        shutil.copy(ROOT / "tests" / "harness.py", Path(folder, "tests"))
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can become somebody else")
def test_ordinary_user_is_told_what_was_denied_and_passes_nothing_by_it(copy: Path) -> None:
    user = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
    command = (*user, sys.executable, "-B", "-c", _SCAN, str(copy))
    ran = subprocess.run(command, capture_output=True, text=True, cwd="/", timeout=300, check=False)
    if "Permission denied" in ran.stderr and "Traceback" not in ran.stderr:
        pytest.skip("an ordinary user cannot reach this interpreter")
    assert ran.returncode == 0, ran.stderr
    found = [tuple(finding) for finding in json.loads(ran.stdout.splitlines()[-1])]
    assert "error" not in {status for _, status, _ in found}
    passwords = {(status, reason) for check, status, reason in found if check == "host_no_empty_password"}
    assert passwords == {("unknown", "read /etc/shadow was denied")}
    assert ("host_uid0_unique", "pass", "") in found
