"""Checks on the running kernel, driven from /boot and the distribution's flag."""

import pytest

from tests.collectors.host.recorded import AT, host, long_ago
from tests.harness import Looked, look

CHECK = "host_reboot_pending"


def kernels(machine: str, running: str, **installed: float) -> Looked:
    """Kernels by release (with `_` for `-` and `.`) are given as paths with the days since their installation."""
    paths = {f"/boot/vmlinuz-{release}": days for release, days in installed.items()}
    changed = host(
        machine, release=running, files=dict.fromkeys(paths, ""), times={path: long_ago(days) for path, days in paths.items()}
    )
    return look(changed, CHECK, at=AT)


@pytest.mark.parametrize(
    ("machine", "running", "installed", "status"),
    [
        ("debian12", "6.1.0-18-amd64", {"6.1.0-18-amd64": 90, "6.1.0-21-amd64": 20}, "fail"),
        ("debian12", "6.1.0-18-amd64", {"6.1.0-18-amd64": 90, "6.1.0-21-amd64": 10}, "pass"),
        ("debian12", "6.1.0-21-amd64", {"6.1.0-18-amd64": 90, "6.1.0-21-amd64": 20}, "pass"),
        ("debian12", "6.1.0-9-amd64", {"6.1.0-9-amd64": 90, "6.1.0-10-amd64": 20}, "fail"),
        ("debian12", "6.1.0-18-amd64", {"6.1.0-18-amd64": 90, "6.1.0-21-cloud-amd64": 20}, "pass"),
        ("redhat9", "5.14.0-427.13.1.el9_4.x86_64", {"5.14.0-503.11.1.el9_5.x86_64": 20}, "fail"),
        ("redhat9", "5.14.0-427.13.1.el9_4.x86_64", {"5.14.0-427.el9.x86_64": 20}, "pass"),
        ("debian12", "6.18.44-fc", {}, "not_applicable"),
    ],
)
def test_newer_kernel_waits_for_a_restart_no_longer_than_the_limit(
    machine: str, running: str, installed: dict[str, float], status: str
) -> None:
    assert kernels(machine, running, **installed).status(CHECK) == status


def test_finding_names_both_kernels_and_the_date() -> None:
    reason = kernels("debian12", "6.1.0-18-amd64", **{"6.1.0-18-amd64": 90, "6.1.0-21-amd64": 20}).reason(CHECK)
    assert "6.1.0-18-amd64 although 6.1.0-21-amd64 was installed on 2026-11-03" in reason


@pytest.mark.parametrize(("days", "status"), [(20, "fail"), (3, "pass")])
def test_flag_of_the_distribution_is_judged_by_its_age(days: float, status: str) -> None:
    changed = host(
        files={"/run/reboot-required": "", "/run/reboot-required.pkgs": "linux-base\nlibc6\nlibc6\n"},
        times={"/run/reboot-required": long_ago(days)},
    )
    seen = look(changed, CHECK, at=AT)
    assert seen.status(CHECK) == status
    assert status == "pass" or "for libc6, linux-base" in seen.reason(CHECK)


def test_container_is_not_asked_for_its_kernel() -> None:
    assert look(host(files={"/.dockerenv": ""}), CHECK, at=AT).status(CHECK) == "not_applicable"


def test_kernels_are_unknown_where_boot_may_not_be_listed() -> None:
    seen = look(host(denied=["/boot"]), CHECK, at=AT)
    assert (seen.status(CHECK), seen.reason(CHECK)) == ("unknown", "read /boot was denied")
