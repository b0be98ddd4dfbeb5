"""A container is not asked for what belongs to the machine that runs it, even where it may not be read."""

import pytest

from collectors.host.machine import Ran
from tests.collectors.host.recorded import AT, command, host
from tests.harness import look

KERNEL = (
    "host_audit_rules",
    "host_auditd_running",
    "host_disk_encryption",
    "host_firewall_default_deny",
    "host_mandatory_access_control",
    "host_reboot_pending",
    "host_time_sources",
    "host_time_sync",
)
DENIED = ("/boot", "/sys/fs", "/etc/chrony.conf", *(command("redhat9", name)[0] for name in ("nft", "lsblk", "chronyc")))


@pytest.mark.parametrize("check", KERNEL)
def test_container_is_not_asked_for_what_it_may_not_read(check: str) -> None:
    refused = Ran(255, "", "Error sending status request (Operation not permitted)\n")
    commands = {"auditctl -s": refused, "auditctl -l": refused}
    seen = look(host(denied=DENIED, commands=commands, files={"/run/systemd/container": "lxc\n"}), check, at=AT)
    assert seen.status(check) == "not_applicable"
    assert "is a container" in seen.reason(check)
    assert look(host(denied=DENIED, commands=commands), check, at=AT).status(check) == "unknown"


@pytest.mark.parametrize("check", KERNEL)
def test_whether_it_is_a_container_must_be_seen(check: str) -> None:
    seen = look(host(denied=["/run/systemd"], files={"/run/systemd/container": ""}), check, at=AT)
    assert (seen.status(check), seen.reason(check)) == ("unknown", "read /run/systemd/container was denied")
