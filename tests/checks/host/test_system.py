"""Checks on the operating system, driven from os-release and the kernel."""

import pytest

from tests.collectors.host.recorded import AT, host
from tests.harness import Looked, look

SUPPORTED, CONFINED = "host_os_supported", "host_mandatory_access_control"
ENFORCE, APPARMOR = "/sys/fs/selinux/enforce", "/sys/module/apparmor/parameters/enabled"
PROFILES = "/sys/kernel/security/apparmor/profiles"


def release(text: str, *ends: str) -> Looked:
    return look(host(files={"/etc/os-release": text}), SUPPORTED, at=AT, parameters={SUPPORTED: {"support_ends": list(ends)}})


@pytest.mark.parametrize("machine", ["redhat9", "debian12"])
def test_release_in_support_passes(machine: str) -> None:
    assert look(host(machine), SUPPORTED, at=AT).status(SUPPORTED) == "pass"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("ID=debian\nVERSION_ID=11\n", "fail"),
        ('ID="centos"\nVERSION_ID="7"\n', "fail"),
        ("ID=ubuntu\nVERSION_ID='24.04'\n", "pass"),
        ("ID=ubuntu\nVERSION_ID=20.04\n", "fail"),
        ("ID=fedora\nVERSION_ID=41\nSUPPORT_END=2025-11-19\n", "fail"),
        ("ID=fedora\nVERSION_ID=43\nSUPPORT_END=2026-12-02\n", "pass"),
        ("ID=debian\nVERSION_CODENAME=forky\n", "unknown"),
        ("ID=arch\n", "unknown"),
    ],
)
def test_release_is_judged_by_the_end_of_its_fixes(text: str, status: str) -> None:
    assert release(text).status(SUPPORTED) == status


def test_last_day_of_support_still_counts_and_the_owner_may_name_another() -> None:
    assert release("ID=x\nVERSION_ID=1\n", "x 1 2026-11-23").status(SUPPORTED) == "pass"
    assert release("ID=x\nVERSION_ID=1\n", "x 1 2026-11-22").reason(SUPPORTED).endswith("ended on 2026-11-22")
    assert release("ID=debian\nVERSION_ID=11\n", "debian 11 2031-06-30").status(SUPPORTED) == "pass"


def test_release_is_unknown_where_it_may_not_be_read() -> None:
    seen = look(host(denied=["/etc/os-release"]), SUPPORTED, at=AT)
    assert (seen.status(SUPPORTED), seen.reason(SUPPORTED)) == ("unknown", "read /etc/os-release was denied")
    gone = look(host(files={"/etc/os-release": None}), SUPPORTED, at=AT)
    assert gone.status(SUPPORTED) == "unknown"


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({ENFORCE: "1"}, "pass"),
        ({ENFORCE: "0"}, "fail"),
        ({ENFORCE: None}, "fail"),
        ({ENFORCE: None, APPARMOR: "Y\n", PROFILES: "/usr/bin/man (enforce)\nnvidia (unconfined)\n"}, "pass"),
        ({ENFORCE: None, APPARMOR: "Y\n", PROFILES: "/usr/bin/man (complain)\n"}, "fail"),
        ({ENFORCE: None, APPARMOR: "N\n"}, "fail"),
        ({"/run/.containerenv": ""}, "not_applicable"),
    ],
)
def test_confinement_is_judged_by_what_is_enforced(files: dict[str, str | None], status: str) -> None:
    assert look(host(files=files), CONFINED, at=AT).status(CONFINED) == status


def test_confinement_is_unknown_where_the_kernel_does_not_tell() -> None:
    seen = look(host(denied=[ENFORCE]), CONFINED, at=AT)
    assert (seen.status(CONFINED), seen.reason(CONFINED)) == ("unknown", f"read {ENFORCE} was denied")
    closed = host(files={ENFORCE: None, APPARMOR: "Y\n", PROFILES: "x (enforce)\n"}, denied=[PROFILES])
    assert look(closed, CONFINED, at=AT).reason(CONFINED) == f"read {PROFILES} was denied"
