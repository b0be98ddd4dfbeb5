"""Checks on updates, driven from what apt and dnf say with the lists that they have."""

from typing import Any

import pytest

from collectors.host.machine import Ran
from tests.collectors.host.recorded import AT, command, host, long_ago, said
from tests.harness import Looked, look

AGE, AUTOMATIC = "host_security_updates_age", "host_unattended_updates"
APT, DNF = command("debian12", "apt-get-upgrade")[0], command("redhat9", "dnf-list")[0]
INFO = command("redhat9", "dnf-info")[0]
STAMP = "/var/lib/apt/periodic/unattended-upgrades-stamp"
LISTS = "/var/lib/apt/lists/deb.debian.org_debian-security_dists_bookworm-security_InRelease"
REPOMD = "/var/cache/dnf/rhel-9-for-x86_64-baseos-rpms-0a1b2c3d/repodata/repomd.xml"
NONE = Ran(0, "Reading package lists...\nBuilding dependency tree...\n0 upgraded, 0 newly installed, 0 to remove\n")
OTHER = Ran(0, "Inst tzdata [2024a-0+deb12u1] (2025b-0+deb12u2 Debian:12.11/oldstable [all])\n")


def debian(ran: Ran | None = None, *, upgraded: float | None = None, made: float = 0, **changes: Any) -> Looked:
    """apt as it answered, or as told; all updates last installed, and the lists made, so many days ago."""
    times = {} if upgraded is None else {STAMP: long_ago(upgraded)}
    files = dict(changes.pop("files", {}))
    if upgraded is not None:
        files[STAMP] = ""
    if made:
        files[LISTS] = f"Label: Debian-Security\nDate: {long_ago(made):%a, %d %b %Y %H:%M:%S} UTC\n"
    commands = {} if ran is None else {APT: ran}
    return look(host("debian12", files=files, times=times, commands=commands, **changes), AGE, at=AT)


def redhat(published: str, ran: Ran | None = None, **changes: Any) -> Looked:
    text = said("redhat9", "dnf-info").out.replace("2026-11-18", published)
    commands = {INFO: Ran(0, text)} | ({DNF: ran} if ran else {})
    return look(host(commands=commands, **changes), AGE, at=AT)


def test_no_pending_security_update_passes() -> None:
    assert debian(NONE).status(AGE) == "pass"
    assert debian(OTHER).status(AGE) == "pass"
    assert redhat("2020-01-01", Ran(0, "")).status(AGE) == "pass"


def test_pending_updates_are_read_with_their_origin() -> None:
    facts = next(iter(debian().facts("host.machine", "updates").values()))
    found = {update["Package"]: update for update in facts["PendingUpdates"]}
    assert found["libssl3"]["Security"] is True
    assert found["libssl3"]["Installed"] == "3.0.20-1~deb12u2"
    assert found["libssl3"]["Candidate"] == "3.0.22-1~deb12u2"
    assert facts["ListsMade"] == "2026-11-21T00:53:02Z"


@pytest.mark.parametrize(
    ("upgraded", "status"),
    [(1, "pass"), (13.9, "pass"), (14.1, "fail"), (None, "unknown")],
)
def test_deadline_of_apt_counts_from_the_last_upgrade(upgraded: float | None, status: str) -> None:
    assert debian(upgraded=upgraded).status(AGE) == status


def test_overdue_update_names_packages_and_what_the_deadline_counts_from() -> None:
    reason = debian(upgraded=20).reason(AGE)
    assert "libssl3" in reason or "and 9 more" in reason
    assert "last installed all updates on 2026-11-03" in reason
    assert "not recorded" in reason


def test_upgrade_by_hand_is_read_from_the_history() -> None:
    history = "\nStart-Date: 2026-11-20  09:00:00\nCommandline: apt-get dist-upgrade\nEnd-Date: 2026-11-20  09:02:00\n"
    assert debian(files={"/var/log/apt/history.log": history}).status(AGE) == "pass"
    installed = history.replace("dist-upgrade", "install nginx")
    assert debian(files={"/var/log/apt/history.log": installed}).status(AGE) == "unknown"


def test_stale_lists_are_unknown_not_a_pass() -> None:
    seen = debian(NONE, made=8)
    assert seen.status(AGE) == "unknown"
    assert "package lists of 2026-11-15" in seen.reason(AGE)
    assert debian(NONE, made=6).status(AGE) == "pass"
    stamped = "/var/lib/apt/periodic/update-success-stamp"
    assert debian(NONE, made=8, files={stamped: ""}).status(AGE) == "pass"


def test_lists_without_a_security_archive_fail() -> None:
    seen = debian(NONE, files={LISTS: None})
    assert "no package list of a security archive" in seen.reason(AGE)
    assert seen.status(AGE) == "fail"


def test_lists_of_the_future_are_unknown() -> None:
    assert debian(NONE, made=-3).status(AGE) == "unknown"


def test_update_that_is_held_back_has_no_known_age() -> None:
    held = "Package: libssl3\nStatus: hold ok installed\n"
    seen = debian(upgraded=1, files={"/var/lib/dpkg/status": held})
    assert (seen.status(AGE), seen.reason(AGE).endswith(": libssl3")) == ("unknown", True)


def test_update_that_automatic_updates_leave_out_has_no_known_age() -> None:
    dump = said("debian12", "apt-config-dump").out + 'Unattended-Upgrade::Package-Blacklist:: "lib(c6|ssl)";\n'
    changed = host("debian12", commands={"apt-config dump": Ran(0, dump)}, files={STAMP: ""}, times={STAMP: long_ago(1)})
    assert look(changed, AGE, at=AT).reason(AGE).endswith(": libssl3")


@pytest.mark.parametrize(("published", "status"), [("2026-11-18", "pass"), ("2026-11-10", "pass"), ("2026-11-08", "fail")])
def test_deadline_of_dnf_counts_from_the_advisory(published: str, status: str) -> None:
    assert redhat(published).status(AGE) == status


def test_dnf_5_gives_the_date_in_the_list() -> None:
    listed = (
        "Name                   Type     Severity                Package              Issued\n"
        "FEDORA-2026-0a1b2c3d4e security Important openssl-libs-1:3.2.6-2.fc42.x86_64 2026-11-01 01:02:03\n"
    )
    seen = look(host(commands={DNF: Ran(0, listed), INFO: Ran(0, "")}), AGE, at=AT)
    assert "since 2026-11-01, longer than 14 days: openssl-libs" in seen.reason(AGE)


def test_stale_lists_of_dnf_are_unknown() -> None:
    assert redhat("2026-11-18", Ran(0, ""), times={REPOMD: long_ago(9)}).status(AGE) == "unknown"
    assert redhat("2026-11-18", Ran(0, ""), files={REPOMD: None}).status(AGE) == "unknown"


@pytest.mark.parametrize(("machine", "line"), [("debian12", APT), ("redhat9", DNF)])
def test_updates_are_unknown_where_the_package_manager_is_denied(machine: str, line: str) -> None:
    seen = look(host(machine, denied=[line]), AGE, at=AT)
    assert (seen.status(AGE), seen.reason(AGE)) == ("unknown", f"run {line} was denied")


def test_ordinary_user_without_lists_of_dnf_is_denied() -> None:
    ran = Ran(1, "", "Error: Cache-only enabled but no cache for 'rhel-9-for-x86_64-baseos-rpms'\n")
    seen = look(host(commands={DNF: ran, INFO: ran}, root=False), AGE, at=AT)
    assert seen.status(AGE) == "unknown"
    assert "was denied" in seen.reason(AGE)


def test_neither_family_is_unknown() -> None:
    alien = {"/etc/os-release": "ID=arch\n"}
    for check in (AGE, AUTOMATIC):
        assert look(host(files=alien), check, at=AT).status(check) == "unknown"


def automatic(
    dump: str = "", *, ran: float | None = 1, machine: str = "debian12", files: dict[str, str | None] | None = None
) -> Looked:
    commands = {"apt-config dump": Ran(0, dump)} if dump else {}
    stamped: dict[str, str | None] = {} if ran is None else {STAMP: ""}
    times = {} if ran is None else {STAMP: long_ago(ran)}
    changed = host(machine, commands=commands, files={**stamped, **(files or {})}, times=times)
    return look(changed, AUTOMATIC, at=AT)


RECORDED = said("debian12", "apt-config-dump").out


@pytest.mark.parametrize("machine", ["debian12", "redhat9"])
def test_automatic_updates_that_ran_pass(machine: str) -> None:
    assert automatic(machine=machine).status(AUTOMATIC) == "pass"


@pytest.mark.parametrize(
    ("dump", "words"),
    [
        (RECORDED.replace('Unattended-Upgrade "1"', 'Unattended-Upgrade "0"'), "APT::Periodic::Unattended-Upgrade is 0"),
        (RECORDED.replace('Update-Package-Lists "1"', 'Update-Package-Lists "0"'), "Update-Package-Lists is 0"),
        (RECORDED + 'APT::Periodic::Enable "0";\n', "APT::Periodic::Enable is 0"),
        (RECORDED.replace("ecurity", "omething"), "no security archive"),
    ],
)
def test_automatic_updates_that_are_off_fail(dump: str, words: str) -> None:
    seen = automatic(dump)
    assert seen.status(AUTOMATIC) == "fail"
    assert words in seen.reason(AUTOMATIC)


def test_origins_of_ubuntu_are_understood() -> None:
    dump = (
        'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\nUnattended-Upgrade "";\n'
        'Unattended-Upgrade::Allowed-Origins "";\n'
        'Unattended-Upgrade::Allowed-Origins:: "${distro_id}:${distro_codename}-security";\n'
    )
    assert automatic(dump).status(AUTOMATIC) == "pass"


@pytest.mark.parametrize(("ran", "words"), [(8, "more than 7 days before"), (None, "no record")])
def test_automatic_updates_that_did_not_run_fail(ran: float | None, words: str) -> None:
    assert words in automatic(ran=ran).reason(AUTOMATIC)


@pytest.mark.parametrize(
    ("machine", "files", "words"),
    [
        ("debian12", {"/usr/bin/unattended-upgrade": None}, "no unattended-upgrades"),
        ("redhat9", {"/etc/dnf/automatic.conf": None}, "no dnf-automatic"),
        ("redhat9", {"/etc/dnf/automatic.conf": "[commands]\napply_updates = no\n"}, "apply_updates is no"),
        ("redhat9", {"/etc/dnf/automatic.conf": "[commands]\napply_updates = yes\nupgrade_type = x\n"}, "upgrade_type is x"),
        ("redhat9", {"/var/lib/systemd/timers/stamp-dnf-automatic.timer": None}, "no record"),
    ],
)
def test_automatic_updates_that_are_missing_fail(machine: str, files: dict[str, str | None], words: str) -> None:
    seen = automatic(machine=machine, files=files)
    assert seen.status(AUTOMATIC) == "fail"
    assert words in seen.reason(AUTOMATIC)


@pytest.mark.parametrize(("machine", "denied"), [("debian12", "apt-config dump"), ("redhat9", "/etc/dnf/automatic.conf")])
def test_automatic_updates_are_unknown_where_their_settings_may_not_be_read(machine: str, denied: str) -> None:
    seen = look(host(machine, denied=[denied]), AUTOMATIC, at=AT)
    assert seen.status(AUTOMATIC) == "unknown"
    assert f"{denied} was denied" in seen.reason(AUTOMATIC)
