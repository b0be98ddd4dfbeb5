"""What a source may do to a machine: what it declared, once, and nothing else."""

from collections.abc import Iterator

import pytest

from collectors.host import PROVIDER
from collectors.host.permissions import can_see_everything, needs_root, permission_of
from collectors.host.reader import HostConnection, HostReader
from collectors.host.target import HostTarget
from collectors.source import Source, UndeclaredCallError, UnreadError, sources
from evidence_store.records import Observation, Presence, Scope, Why
from tests.collectors.host.recorded import AT, RecordedCommands, host, machine
from tests.harness import look

ALL = (
    "host_account_lockout",
    "host_audit_rules",
    "host_auditd_running",
    "host_certificate_expiry",
    "host_config_file_owners",
    "host_disk_encryption",
    "host_file_integrity",
    "host_firewall_default_deny",
    "host_journal_persistent",
    "host_listening_services",
    "host_log_forwarding",
    "host_log_permissions",
    "host_malware_agent",
    "host_mandatory_access_control",
    "host_no_cleartext_services",
    "host_no_empty_password",
    "host_no_private_keys_exposed",
    "host_os_supported",
    "host_password_hash",
    "host_password_quality",
    "host_reboot_pending",
    "host_repos_signed",
    "host_security_updates_age",
    "host_ssh_crypto",
    "host_ssh_keys_only",
    "host_ssh_no_root",
    "host_sudo_logged",
    "host_sudo_rules",
    "host_time_sources",
    "host_time_sync",
    "host_uid0_unique",
    "host_unattended_updates",
)
_NOTHING: tuple[Observation, ...] = ()


def reader(*calls: str, **changes: object) -> HostReader:
    def read(_: HostReader) -> Iterator[Observation]:
        return iter(_NOTHING)

    declared = Source("test", "host", "account", (), calls, calls, read)
    connection = HostConnection(machine("redhat9", **changes), HostTarget("web"))  # type: ignore[arg-type]  # passed on as they are
    made: HostReader = connection.reader(next(connection.places()), declared)
    return made


def test_declared_file_is_read_and_any_other_refused() -> None:
    asked = reader("read /etc/passwd", "read /etc/pam.d/*", "stat /etc/shadow", "run ss -H -lntup")
    assert "root" in (asked.text("/etc/passwd") or "")
    assert asked.text("/etc/pam.d/nothing") is None
    assert asked.status("/etc/pam.d/sshd") is not None
    for refused in ("/etc/group", "/etc/passwd-", "/etc/pam.d/a/b", "/etc/shadow"):
        with pytest.raises(UndeclaredCallError):
            asked.text(refused)
    with pytest.raises(UndeclaredCallError):
        asked.run("ss", "-H")
    with pytest.raises(UndeclaredCallError):
        list(asked.walk("/etc"))
    with pytest.raises(UndeclaredCallError):
        asked.paths("/etc/*")


def test_argument_that_may_differ_is_one_argument() -> None:
    asked = reader("run restic --repo * snapshots")
    assert asked.run("restic", "--repo", "/srv/b", "snapshots") is None
    with pytest.raises(UndeclaredCallError):
        asked.run("restic", "--repo", "/srv/b", "forget", "snapshots")


def test_password_in_an_argument_is_not_told() -> None:
    line = "restic --repo rest:https://user:s3cret@backup.example.org/ snapshots"
    with pytest.raises(UnreadError) as caught:
        reader("run restic --repo * snapshots", commands={line: PermissionError()}).run(*line.split())
    assert str(caught.value) == "run restic --repo rest:https://backup.example.org/ snapshots was denied"


def test_calls_are_counted() -> None:
    asked = reader("read /etc/passwd", "run sshd -T")
    asked.text("/etc/passwd")
    asked.run("sshd", "-T")
    asked.run("sshd", "-T")
    assert asked.calls == 2


@pytest.mark.parametrize(
    ("error", "why"),
    [(PermissionError(), Why.DENIED), (TimeoutError(), Why.TIMEOUT)],
)
def test_command_that_fails_to_run_is_unread(error: Exception, why: Why) -> None:
    with pytest.raises(UnreadError) as caught:
        reader("run sshd -T", commands={"sshd -T": error}).run("sshd", "-T")
    assert (caught.value.unread.why, caught.value.unread.action) == (why, "run sshd -T")


def test_walk_without_end_is_given_up() -> None:
    files = {f"/srv/{number}": "" for number in range(100_001)}
    with pytest.raises(UnreadError, match="more than 100000 files"):
        list(reader("stat /srv/**", files=files).walk("/srv"))


@pytest.mark.parametrize("name", ["redhat9", "debian12"])
def test_no_command_runs_twice_in_a_scan(name: str) -> None:
    recorded = machine(name)
    seen = look(HostConnection(recorded, HostTarget(name)), *ALL, at=AT)
    assert isinstance(recorded.commands, RecordedCommands)
    assert len(recorded.commands.asked) == len(set(recorded.commands.asked)) > 8
    assert "error" not in {str(finding.status) for finding in seen.findings}


@pytest.mark.parametrize("name", ["redhat9", "debian12"])
def test_scan_where_everything_is_denied_passes_nothing(name: str) -> None:
    """But what needs no reading: who the machine is comes from the kernel and the target."""
    denied = ["/etc", "/var", "/usr", "/boot", "/sys", "/proc", "/run", "/home", "/root", "/.dockerenv"]
    commands = dict.fromkeys(machine(name).commands._commands, PermissionError())  # type: ignore[attr-defined]  # a recording
    seen = look(host(name, denied=denied, commands=commands), *ALL, at=AT)
    assert {str(finding.status) for finding in seen.findings} == {"unknown"}
    assert {finding.check for finding in seen.findings} == set(ALL)
    assert all(s.count == 0 for found in seen.snapshots.values() for s in found if s.presence is not Presence.COMPLETE)
    complete = [s.source for found in seen.snapshots.values() for s in found if s.presence is Presence.COMPLETE]
    assert complete == []


def test_ordinary_user_is_told_what_root_is_needed_for() -> None:
    text = PROVIDER.policy(sources("host"))
    body, root = text.split("# Root, or the capabilities above:")
    assert "read /etc/shadow" in root
    assert "run sshd -T" in root
    assert "\nread /etc/passwd\n" in body
    assert all(line in text for source in sources("host") for line in source.permissions)
    assert needs_root("read /etc/sudoers")
    assert not needs_root(permission_of("read /etc/os-release"))


def test_sources_are_declared_with_what_an_administrator_can_grant() -> None:
    for found in sources("host"):
        assert all(call.split(" ", 1)[0] in ("read", "stat", "run") for call in found.calls), found.name


@pytest.mark.parametrize(
    ("files", "account"),
    [
        ({}, "5a1b9a3c2f3e4d7c8b6a5f4e3d2c1b0a"),
        ({"/etc/machine-id": "\n"}, "hostname-redhat9"),
        ({"/etc/machine-id": "uninitialized\n"}, "hostname-redhat9"),
        ({"/etc/machine-id": None, "/var/lib/dbus/machine-id": "0" * 32}, "0" * 32),
    ],
)
def test_machine_is_known_by_its_machine_id_or_its_name(files: dict[str, str | None], account: str) -> None:
    place = next(HostConnection(machine("redhat9", files=files), HostTarget("web")).places())
    assert (place.scope, place.principal) == (Scope("host", account), "root")


def test_machine_without_id_and_name_cannot_be_scanned() -> None:
    import dataclasses

    nameless = dataclasses.replace(machine("redhat9", files={"/etc/machine-id": None}), hostname="localhost")
    seen = look(HostConnection(nameless, HostTarget("web")), "host_os_supported", at=AT)
    assert seen.collections[0].failed is not None
    assert "systemd-machine-id-setup" in str(seen.collections[0].failed)


def test_settings_of_a_target_carry_their_comment() -> None:
    import dataclasses

    assert all(field.metadata["comment"] for field in dataclasses.fields(HostTarget))


@pytest.mark.parametrize(
    ("effective", "sees"),
    [
        ("000001ffffffffff", True),  # root as it comes
        ("0000000000080004", True),  # a user with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH
        ("0000000000000000", False),
        ("00000000a80425fb", False),  # root in a container
        ("0000000000000004", False),
    ],
)
def test_who_sees_everything_is_told_by_capabilities_and_not_by_name(effective: str, sees: bool) -> None:
    assert can_see_everything(f"Name:\tscanner\nUid:\t0\t0\t0\t0\nCapEff:\t{effective}\nSeccomp:\t2\n") is sees


def test_a_kernel_that_tells_no_capabilities_is_not_trusted_to_show_everything() -> None:
    assert not can_see_everything("Name:\tscanner\n")
