"""The real collector on the machine that runs the tests, as root and as an ordinary user."""

import json
import os
import shutil
import subprocess
import sys
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


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can become somebody else")
def test_ordinary_user_is_told_what_was_denied_and_passes_nothing_by_it(tmp_path: Path) -> None:
    """The tree is copied, because an ordinary user need not be able to reach it."""
    copy = tmp_path / "annexa"
    for package in ("checks", "collectors", "evidence_store", "pipeline", "tests"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    user = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
    ran = subprocess.run(
        [*user, sys.executable, "-B", "-c", _SCAN, str(copy)], capture_output=True, text=True, cwd="/", timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = [tuple(finding) for finding in json.loads(ran.stdout.splitlines()[-1])]
    assert "error" not in {status for _, status, _ in found}
    passwords = {(status, reason) for check, status, reason in found if check == "host_no_empty_password"}
    assert passwords == {("unknown", "read /etc/shadow was denied")}
    assert ("host_uid0_unique", "pass", "") in found
