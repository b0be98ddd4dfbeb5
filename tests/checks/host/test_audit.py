"""Checks on the kernel's audit, driven from what auditctl says."""

from typing import Any

import pytest

from collectors.host.machine import Ran
from tests.collectors.host.recorded import AT, host, said
from tests.harness import Looked, look

RULES, DAEMON = "host_audit_rules", "host_auditd_running"


def rules(*, without: str = "", also: str = "", **changes: Any) -> Looked:
    lines = [line for line in said("redhat9", "auditctl-l").out.splitlines() if not without or without not in line]
    return look(host(commands={"auditctl -l": Ran(0, "\n".join([*lines, also]))}, **changes), RULES, at=AT)


def test_rules_recorded_from_the_kernel_cover_all_that_is_asked() -> None:
    assert rules().status(RULES) == "pass"
    recorded = host(commands={"auditctl -l": said("debian12", "auditctl-rules")})
    assert look(recorded, RULES, at=AT).status(RULES) == "pass"


def test_no_rules_fail_and_all_that_is_missing_is_named() -> None:
    seen = look(host("debian12"), RULES, at=AT)
    assert seen.status(RULES) == "fail"
    for missing in ("/etc/shadow", "commands run as root by others", "settimeofday (b64)", "init_module (b32)"):
        assert missing in seen.reason(RULES)


@pytest.mark.parametrize(
    ("without", "missing"),
    [
        ("/etc/shadow", "/etc/shadow"),
        ("privileged", "commands run as root by others"),
        ("arch=b32 -S stime", "adjtimex (b32), clock_settime (b32), settimeofday (b32)"),
        ("modules", "delete_module (b64)"),
    ],
)
def test_each_missing_rule_fails(without: str, missing: str) -> None:
    seen = rules(without=without)
    assert seen.status(RULES) == "fail"
    assert missing in seen.reason(RULES)


@pytest.mark.parametrize(
    ("also", "status"),
    [
        ("-w /etc/ -p wa -k etc", "pass"),
        ("-w /etc/shadow -p r -k identity", "fail"),
        ("-a always,exit -S all -F path=/etc/shadow -F perm=wa -F key=identity", "pass"),
        ("-a always,exit -F arch=b64 -S all -F path=/etc/shadow -F perm=wa -F auid=1000", "fail"),
    ],
)
def test_file_is_covered_by_any_rule_that_records_its_change(also: str, status: str) -> None:
    assert rules(without="/etc/shadow", also=also).status(RULES) == status


def test_rule_that_suppresses_everything_fails() -> None:
    assert "never,task" in rules(also="-a never,task").reason(RULES)


def test_daemon_with_locked_rules_passes() -> None:
    assert look(host(), DAEMON, at=AT).status(DAEMON) == "pass"


@pytest.mark.parametrize(
    ("said_", "words"),
    [
        ("enabled 1\nfailure 1\npid 812\n", "changed without a restart"),
        ("enabled 2\nfailure 1\npid 0\n", "runs no audit daemon"),
        ("enabled 0\nfailure 1\npid 812\n", "turned off"),
        ("AUDIT_STATUS: enabled=1 flag=1 pid=0 rate_limit=0\nfailure=1\n", "runs no audit daemon"),
    ],
)
def test_daemon_or_rules_that_an_intruder_can_stop_fail(said_: str, words: str) -> None:
    seen = look(host(commands={"auditctl -s": Ran(0, said_)}), DAEMON, at=AT)
    assert seen.status(DAEMON) == "fail"
    assert words in seen.reason(DAEMON)


@pytest.mark.parametrize(("check", "line"), [(RULES, "auditctl -l"), (DAEMON, "auditctl -s")])
def test_audit_that_may_not_be_asked_is_unknown(check: str, line: str) -> None:
    for ran in (Ran(4, "", "You must be root to run this program.\n"), Ran(255, "", "... (Operation not permitted)\n")):
        seen = look(host(commands={line: ran}), check, at=AT)
        assert (seen.status(check), seen.reason(check)) == ("unknown", f"run {line} was denied")


@pytest.mark.parametrize("check", [RULES, DAEMON])
def test_machine_without_audit_tools_fails_and_a_container_is_not_asked(check: str) -> None:
    gone = {"auditctl -l": None, "auditctl -s": None}
    assert look(host(commands=gone), check, at=AT).status(check) == "fail"
    inside = host(commands=gone, files={"/run/systemd/container": "podman\n"})
    assert look(inside, check, at=AT).status(check) == "not_applicable"
