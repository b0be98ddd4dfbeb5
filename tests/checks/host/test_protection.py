"""Checks on malware protection, file integrity and backup."""

import json
from pathlib import Path
from typing import Any

import pytest

from collectors.host.machine import Ran
from collectors.host.target import HostTarget
from collectors.records import PROVIDER as RECORDS
from tests.collectors.host.recorded import AT, host, long_ago
from tests.harness import Looked, look

MALWARE, INTEGRITY, BACKUP = "host_malware_agent", "host_file_integrity", "host_backup_recent"
UNITS = "systemctl list-units --all --plain --full --no-legend --no-pager --type=service,socket,timer"
MDATP = "mdatp health --output json"
DAILY = "/var/lib/clamav/daily.cld"
AIDE, LOG = "/var/lib/aide/aide.db.gz", "/var/log/aide/aide.log"


def running(*units: str, **changes: Any) -> Looked:
    said = "".join(f"{unit} loaded active running a unit\n" for unit in units)
    commands = {UNITS: Ran(0, said), **changes.pop("commands", {})}
    return look(host(commands=commands, **changes), MALWARE, at=AT)


def signatures(days: float) -> dict[str, str]:
    return {DAILY: f"ClamAV-VDB:{long_ago(days):%d %b %Y %H-%M} +0000:27823:2076123:90:x:y:builder:1\n"}


@pytest.mark.parametrize("unit", ["clamd@scan.service", "clamav-daemon.service"])
def test_clamav_is_judged_by_its_daemon_and_the_age_of_its_signatures(unit: str) -> None:
    assert running(unit, files=signatures(1)).status(MALWARE) == "pass"
    assert running(unit, files=signatures(5)).status(MALWARE) == "fail"
    assert running(unit, files={DAILY: None}).reason(MALWARE) == "redhat9 runs ClamAV without signatures"
    assert running("ssh.service", files=signatures(1)).reason(MALWARE) == "redhat9 runs no malware protection"


@pytest.mark.parametrize(
    ("health", "status"),
    [
        ({"healthy": True, "realTimeProtectionEnabled": {"value": True}, "definitionsStatus": {"$type": "upToDate"}}, "pass"),
        ({"healthy": True, "realTimeProtectionEnabled": True, "definitionsStatus": "up_to_date"}, "pass"),
        ({"healthy": False, "realTimeProtectionEnabled": {"value": True}, "definitionsStatus": {"$type": "upToDate"}}, "fail"),
        ({"healthy": True, "realTimeProtectionEnabled": {"value": False}, "definitionsStatus": {"$type": "upToDate"}}, "fail"),
        ({"healthy": True, "realTimeProtectionEnabled": {"value": True}, "definitionsStatus": {"$type": "outOfDate"}}, "fail"),
    ],
)
def test_defender_is_judged_by_its_own_report(health: object, status: str) -> None:
    seen = running("mdatp.service", commands={MDATP: Ran(0, json.dumps(health))}, files={DAILY: None})
    assert seen.status(MALWARE) == status


def test_agent_without_signatures_is_enough_if_it_runs() -> None:
    assert running("falcon-sensor.service", files={DAILY: None}).status(MALWARE) == "pass"


@pytest.mark.parametrize("denied", [UNITS, DAILY, MDATP])
def test_protection_is_unknown_where_a_part_of_it_may_not_be_read(denied: str) -> None:
    seen = look(host(denied=[denied]), MALWARE, at=AT)
    assert seen.status(MALWARE) == "unknown"
    assert f"{denied} was denied" in seen.reason(MALWARE)


def integrity(**changes: Any) -> Looked:
    return look(host(**changes), INTEGRITY, at=AT)


def test_integrity_is_judged_by_baseline_and_last_comparison() -> None:
    assert integrity().status(INTEGRITY) == "pass"
    assert integrity(times={LOG: long_ago(9)}).status(INTEGRITY) == "fail"
    assert "never compared" in integrity(files={LOG: None}).reason(INTEGRITY)
    assert integrity(files={AIDE: None}).reason(INTEGRITY) == "redhat9 has no baseline of a file-integrity tool"
    stamp = "/var/lib/systemd/timers/stamp-dailyaidecheck.timer"
    assert integrity(files={stamp: ""}, times={LOG: long_ago(9)}).status(INTEGRITY) == "pass"


def test_tripwire_counts_by_its_reports() -> None:
    files = {AIDE: None, "/var/lib/tripwire/web.twd": "", "/var/lib/tripwire/report/web-1.twr": ""}
    assert integrity(files=files).status(INTEGRITY) == "pass"


def test_comparison_of_the_future_is_unknown() -> None:
    assert integrity(times={LOG: long_ago(-2)}).status(INTEGRITY) == "unknown"


def test_integrity_is_unknown_where_the_log_folder_is_closed() -> None:
    seen = integrity(denied=["/var/log/aide"])
    assert (seen.status(INTEGRITY), seen.reason(INTEGRITY)) == ("unknown", f"stat {LOG} was denied")


RESTIC = "restic --repo /srv/backup --password-file /etc/restic.pass --no-lock --no-cache snapshots --json --latest 1"


def backup(isms: Path, ran: Ran | Exception | None, *tests: str, named: bool = True) -> Looked:
    (isms / "scope.toml").write_text('id = "example"\nstatement = "everything"\n')
    (isms / "restore_tests.toml").write_text("".join(f"[[restore_test]]\n{test}\n" for test in tests))
    records = RECORDS.connect(RECORDS.settings(name="isms", path=str(isms)))
    target = HostTarget("web", backup_repository="/srv/backup" if named else "", backup_password_file="/etc/restic.pass")
    return look({"web": host(commands={RESTIC: ran}, target=target), "isms": records}, BACKUP, at=AT)


def snapshot(hours: float, name: str = "redhat9") -> Ran:
    time = f"{long_ago(hours / 24):%Y-%m-%dT%H:%M:%S}.224385724Z"
    return Ran(0, json.dumps([{"time": time, "hostname": name, "paths": ["/"], "id": "0"}]))


TESTED = 'system = "redhat9"\ndate = 2026-06-01\nresult = "passed"\n'


@pytest.mark.parametrize(
    ("ran", "tests", "status"),
    [
        (snapshot(20), (TESTED,), "pass"),
        (snapshot(30), (TESTED,), "fail"),
        (snapshot(20, "other"), (TESTED,), "fail"),
        (snapshot(20), (), "fail"),
        (snapshot(20), (TESTED.replace("passed", "failed"),), "fail"),
        (snapshot(20), (TESTED.replace("2026", "2025"),), "fail"),
        (snapshot(20), (TESTED.replace("redhat9", "5a1b9a3c2f3e4d7c8b6a5f4e3d2c1b0a"),), "pass"),
    ],
)
def test_backup_is_judged_by_its_age_and_by_a_restore(tmp_path: Path, ran: Ran, tests: tuple[str, ...], status: str) -> None:
    assert backup(tmp_path, ran, *tests).status(BACKUP) == status


def test_backup_is_unknown_where_no_repository_is_named(tmp_path: Path) -> None:
    seen = backup(tmp_path, None, TESTED, named=False)
    assert seen.status(BACKUP) == "unknown"
    assert "backup_repository" in seen.reason(BACKUP)


@pytest.mark.parametrize(
    ("ran", "words"),
    [
        (Ran(1, "", "Resolving password failed: Readfile: open /etc/restic.pass: permission denied\n"), "was denied"),
        (Ran(1, "", "Fatal: wrong password or no key found\n"), "was denied"),
        (PermissionError(), "was denied"),
        (Ran(1, "", "Fatal: unable to open repository at /srv/backup: no such file or directory\n"), "was unreachable"),
        (None, "no such command"),
    ],
)
def test_backup_is_unknown_where_the_repository_is_closed(tmp_path: Path, ran: Ran | Exception | None, words: str) -> None:
    seen = backup(tmp_path, ran, TESTED)
    assert seen.status(BACKUP) == "unknown"
    assert words in seen.reason(BACKUP)
    assert "restic" in seen.reason(BACKUP)
