"""Checks on sudo, driven from what cvtsudoers says."""

import json
from typing import Any

import pytest

from collectors.host.machine import Ran
from evidence_store.records import Json
from tests.collectors.host.recorded import AT, command, host, said
from tests.harness import Looked, look

RULES, LOGGED = "host_sudo_rules", "host_sudo_logged"
LINE = command("redhat9", "cvtsudoers")[0]


def sudo(check: str, *specs: Json, defaults: Json = (), **changes: Any) -> Looked:
    text = json.dumps({"Defaults": list(defaults), "User_Specs": list(specs)})
    return look(host(commands={LINE: Ran(0, text)}, **changes), check, at=AT)


def grant(member: Json, *commands: str, run_as: str | None = None, **options: bool) -> Json:
    spec: dict[str, Json] = {"Commands": [{"command": name} for name in commands]}
    if options:
        spec["Options"] = [{key: value} for key, value in options.items()]
    if run_as:
        spec["runasusers"] = [{"username": run_as}]
    return {"User_List": [member], "Host_List": [{"hostname": "ALL"}], "Cmnd_Specs": [spec]}


@pytest.mark.parametrize("machine", ["redhat9", "debian12"])
@pytest.mark.parametrize("check", [RULES, LOGGED])
def test_rules_as_both_families_install_them_pass(machine: str, check: str) -> None:
    assert look(host(machine), check, at=AT).status(check) == "pass"


@pytest.mark.parametrize("machine", ["redhat9", "debian12"])
@pytest.mark.parametrize("check", [RULES, LOGGED])
def test_rules_that_may_not_be_read_are_unknown(machine: str, check: str) -> None:
    seen = look(host(machine, denied=["/etc/sudoers"]), check, at=AT)
    assert (seen.status(check), seen.reason(check)) == ("unknown", "read /etc/sudoers was denied")


def test_included_file_that_may_not_be_read_is_a_denial() -> None:
    ran = Ran(1, "", "cvtsudoers: unable to open /etc/sudoers.d/admins: Permission denied\n")
    seen = look(host(commands={LINE: ran}), RULES, at=AT)
    assert (seen.status(RULES), seen.reason(RULES)) == ("unknown", f"run {LINE} was denied")


def test_rules_that_sudo_does_not_understand_are_unknown() -> None:
    ran = Ran(1, "", "/etc/sudoers:12:9: syntax error\n")
    assert look(host(commands={LINE: ran}), RULES, at=AT).status(RULES) == "unknown"


@pytest.mark.parametrize("check", [RULES, LOGGED])
def test_machine_without_sudo_is_not_asked(check: str) -> None:
    assert look(host(files={"/etc/sudoers": None}), check, at=AT).status(check) == "not_applicable"


WHEEL = {"usergroup": "wheel"}


@pytest.mark.parametrize(
    ("spec", "status"),
    [
        (grant(WHEEL, "ALL", run_as="ALL"), "pass"),
        (grant({"username": "alice"}, "/usr/bin/id"), "fail"),
        (grant({"username": "ALL"}, "ALL"), "fail"),
        (grant({"usergroup": "developers"}, "ALL"), "fail"),
        (grant({"userid": 1000}, "ALL"), "fail"),
        (grant(WHEEL, "ALL", authenticate=False), "fail"),
        (grant(WHEEL, "/bin/bash", authenticate=False), "fail"),
        (grant(WHEEL, "/usr/bin/su - *", authenticate=False), "fail"),
        (grant(WHEEL, "/usr/bin/systemctl reload nginx", authenticate=False), "pass"),
        (grant(WHEEL, "ALL", run_as="postgres", authenticate=False), "pass"),
        (grant({"username": "root"}, "ALL", authenticate=False), "pass"),
    ],
)
def test_grant_is_judged_by_whom_and_without_what(spec: Json, status: str) -> None:
    assert sudo(RULES, spec).status(RULES) == status


def test_password_that_nobody_is_asked_for_fails() -> None:
    seen = sudo(RULES, grant(WHEEL, "ALL"), defaults=[{"Options": [{"authenticate": False}]}])
    assert seen.reason(RULES) == "redhat9 lets %wheel become root without a password"


@pytest.mark.parametrize(
    ("defaults", "status"),
    [
        ([{"Options": [{"syslog": False}]}], "fail"),
        ([{"Options": [{"syslog": False}, {"logfile": "/var/log/sudo.log"}]}], "pass"),
        ([{"Binding": [{"username": "alice"}], "Options": [{"syslog": False}]}], "fail"),
        ([{"Options": [{"log_allowed": False}]}], "fail"),
        ([{"Options": [{"syslog": "local2"}]}], "pass"),
    ],
)
def test_log_that_is_turned_off_fails(defaults: Json, status: str) -> None:
    seen = look(
        host(commands={LINE: Ran(0, json.dumps({"Defaults": defaults})), "auditctl -l": Ran(0, "No rules\n")}), LOGGED, at=AT
    )
    assert seen.status(LOGGED) == status


def test_kernel_that_records_privileged_commands_stands_in_for_the_log() -> None:
    silent = [{"Options": [{"syslog": False}]}]
    assert sudo(LOGGED, defaults=silent).status(LOGGED) == "pass"
    watched = Ran(0, "-a always,exit -S all -F path=/usr/bin/sudo -F perm=x -F key=priv\n")
    quiet = {LINE: Ran(0, json.dumps({"Defaults": silent})), "auditctl -l": watched}
    assert look(host(commands=quiet), LOGGED, at=AT).status(LOGGED) == "pass"


def test_recorded_rules_keep_what_sudo_says() -> None:
    assert "setenv" in said("debian12", "cvtsudoers-rules").out
    seen = look(host("debian12"), RULES, at=AT)
    facts = next(iter(seen.facts("host.machine", "sudoers").values()))
    assert [rule["Users"] for rule in facts["SudoRules"]] == [["root"], ["%sudo"]]
