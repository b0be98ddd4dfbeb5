"""Checks on logs, driven from the files of the log daemons and the modes below /var/log."""

import pytest

from collectors.host.machine import Ran
from tests.collectors.host.recorded import AT, host
from tests.harness import look

JOURNAL, MODES, FORWARDING = "host_journal_persistent", "host_log_permissions", "host_log_forwarding"
CONF = "/etc/systemd/journald.conf"
UNITS = "systemctl list-units --all --plain --full --no-legend --no-pager --type=service,socket,timer"


@pytest.mark.parametrize("machine", ["redhat9", "debian12"])
def test_journal_that_is_kept_passes(machine: str) -> None:
    assert look(host(machine), JOURNAL, at=AT).status(JOURNAL) == "pass"


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({CONF: "[Journal]\nStorage=volatile\n"}, "fail"),
        ({CONF: "[Journal]\nStorage=none\n"}, "fail"),
        ({CONF: "[Journal]\n#Storage=volatile\n"}, "pass"),
        ({CONF: "[Journal]\nStorage=persistent\nMaxRetentionSec=2week\n"}, "fail"),
        ({CONF: "[Journal]\nStorage=persistent\nMaxRetentionSec=1month 3d\n"}, "pass"),
        ({CONF: "[Journal]\nStorage=persistent\nMaxRetentionSec=86400\n"}, "fail"),
        ({f"{CONF}.d/90.conf": "[Journal]\nStorage=volatile\n"}, "fail"),
        ({"/usr/lib/systemd/journald.conf.d/90.conf": "[Journal]\nStorage=volatile\n", f"{CONF}.d/90.conf": ""}, "pass"),
        ({CONF: None, "/usr/lib/systemd/journald.conf": "[Journal]\nStorage=volatile\n"}, "fail"),
    ],
)
def test_journal_is_judged_by_the_merged_settings(files: dict[str, str], status: str) -> None:
    assert look(host(files=files), JOURNAL, at=AT).status(JOURNAL) == status


def test_journal_is_lost_where_its_folder_is_missing() -> None:
    seen = look(host(files={CONF: "", "/var/log/journal": None}), JOURNAL, at=AT)
    assert "in memory only" in seen.reason(JOURNAL)


def test_journal_is_unknown_where_its_settings_may_not_be_read() -> None:
    seen = look(host(denied=[CONF]), JOURNAL, at=AT)
    assert (seen.status(JOURNAL), seen.reason(JOURNAL)) == ("unknown", f"read {CONF} was denied")


def test_machine_without_journald_is_not_asked() -> None:
    gone = {"/usr/lib/systemd/systemd-journald": None}
    assert look(host(files=gone), JOURNAL, at=AT).status(JOURNAL) == "not_applicable"


@pytest.mark.parametrize("machine", ["redhat9", "debian12"])
def test_log_files_as_installed_pass(machine: str) -> None:
    assert look(host(machine), MODES, at=AT).status(MODES) == "pass"


@pytest.mark.parametrize(
    ("path", "mode", "status"),
    [
        ("/var/log/messages", 0o644, "fail"),
        ("/var/log/app/app.log", 0o640, "pass"),
        ("/var/log/app/app.log", 0o646, "fail"),
        ("/var/log/wtmp", 0o666, "fail"),
        ("/var/log/dpkg.log.1", 0o644, "pass"),
        ("/var/log/audit/audit.log", 0o666, "pass"),
    ],
)
def test_log_file_is_judged_by_who_can_reach_it(path: str, mode: int, status: str) -> None:
    seen = look(host(files={path: ""}, modes={path: (mode, 0, 0)}), MODES, at=AT)
    assert seen.status(MODES) == status
    assert status == "pass" or path in seen.reason(MODES)


def test_log_files_are_unknown_where_their_folder_may_not_be_listed() -> None:
    seen = look(host(denied=["/var/log"]), MODES, at=AT)
    assert (seen.status(MODES), seen.reason(MODES)) == ("unknown", "read /var/log was denied")


def test_forwarding_by_a_running_daemon_passes() -> None:
    assert look(host(), FORWARDING, at=AT).status(FORWARDING) == "pass"


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("*.* @@central.example.org:6514\n", "pass"),
        ("*.* @(z9)[2001:db8::1]:514\n", "pass"),
        ("authpriv.*;cron.none @central\n", "pass"),
        ("kern.* @@central\n", "fail"),
        ("# *.* @@central\n", "fail"),
        ("*.* @127.0.0.1\n", "fail"),
        ('action(type="omrelp" target="central" port="2514")\n', "pass"),
        ('*.* action(type="omfwd" target="central")\n', "pass"),
        ('kern.* action(type="omfwd" target="central")\n', "fail"),
        ('if $programname == "app" then action(type="omfwd" target="central")\n', "unknown"),
        ('if $programname == "app" then {\n  action(type="omfwd" target="central")\n}\n', "unknown"),
        ('ruleset(name="relay") {\naction(type="omfwd" target="central")\n}\n', "unknown"),
        ('if $programname == "app" then {\n stop\n}\naction(type="omfwd" target="central")\n', "pass"),
        ('action(type="omfile" file="/var/log/all")\n', "fail"),
        ("mail.* -/var/log/mail.log\n", "fail"),
    ],
)
def test_forwarding_is_read_from_each_form_of_rule(line: str, status: str) -> None:
    files = {"/etc/rsyslog.d/forward.conf": line}
    assert look(host(files=files), FORWARDING, at=AT).status(FORWARDING) == status


def test_daemon_that_does_not_run_sends_nothing() -> None:
    stopped = {UNITS: Ran(0, "rsyslog.service loaded failed failed System Logging Service\n")}
    seen = look(host(commands=stopped), FORWARDING, at=AT)
    assert seen.reason(FORWARDING).endswith("but rsyslog.service does not run")
    agent = {UNITS: Ran(0, "fluent-bit.service loaded active running Fluent Bit\n")}
    assert look(host("debian12", commands=agent), FORWARDING, at=AT).status(FORWARDING) == "pass"


def test_machine_that_sends_its_logs_nowhere_fails() -> None:
    assert look(host("debian12"), FORWARDING, at=AT).reason(FORWARDING) == "debian12 sends its logs nowhere"


@pytest.mark.parametrize("denied", ["/etc/rsyslog.conf", UNITS])
def test_forwarding_is_unknown_where_rules_or_units_may_not_be_read(denied: str) -> None:
    seen = look(host(denied=[denied]), FORWARDING, at=AT)
    assert seen.status(FORWARDING) == "unknown"
    assert seen.reason(FORWARDING) == f"{'read' if denied.startswith('/') else 'run'} {denied} was denied"


def test_machine_that_systemd_did_not_boot_is_unknown_and_says_so() -> None:
    ran = Ran(1, "", "System has not been booted with systemd as init system (PID 1). Can't operate.\n")
    seen = look(host(commands={UNITS: ran}), FORWARDING, at=AT)
    assert seen.status(FORWARDING) == "unknown"
    assert "not booted with systemd" in seen.reason(FORWARDING)
