"""A file system image: its files are read, nothing is run, and what only a running machine can tell is unknown."""

from pathlib import Path

import pytest

from collectors.host import connect
from collectors.host.target import HostTarget
from tests.collectors.host.recorded import AT
from tests.harness import Looked, look


@pytest.fixture
def image(tmp_path: Path) -> Path:
    files = {
        "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
        "etc/hostname": "golden\n",
        "etc/passwd": "root:x:0:0::/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\n",
        "etc/shadow": "root::19000:0:99999:7:::\n",
        "etc/group": "root:x:0:\n",
        "usr/lib/os-release": "ID=debian\nVERSION_ID=12\n",
        "etc/apt/sources.list": "deb http://deb.debian.org/debian bookworm main\n",
        "usr/share/ca-certificates/old.crt": "not read",
    }
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    (tmp_path / "etc" / "os-release").symlink_to("/usr/lib/os-release")
    (tmp_path / "etc" / "ssl" / "certs").mkdir(parents=True)
    (tmp_path / "etc" / "ssl" / "certs" / "old.pem").symlink_to("/usr/share/ca-certificates/old.crt")
    return tmp_path


def scanned(image: Path, *checks: str) -> Looked:
    return look(connect(HostTarget("golden", root=str(image))), *checks, at=AT)


def test_files_of_an_image_are_judged(image: Path) -> None:
    seen = scanned(image, "host_uid0_unique", "host_no_empty_password", "host_os_supported", "host_repos_signed")
    assert seen.reason("host_uid0_unique").startswith("golden has these accounts")
    assert seen.status("host_no_empty_password", ":root") == "fail"
    assert seen.status("host_os_supported") == "pass"
    assert seen.status("host_repos_signed") == "pass"
    assert {finding.scope.account for finding in seen.findings} == {"0123456789abcdef0123456789abcdef"}


@pytest.mark.parametrize(
    "check",
    [
        "host_ssh_no_root",
        "host_auditd_running",
        "host_listening_services",
        "host_firewall_default_deny",
        "host_security_updates_age",
        "host_disk_encryption",
        "host_log_forwarding",
        "host_mandatory_access_control",
        "host_reboot_pending",
    ],
)
def test_what_only_a_running_machine_can_tell_is_unknown(image: Path, check: str) -> None:
    seen = scanned(image, check)
    assert seen.status(check) == "unknown"
    assert "image" in seen.reason(check)


def test_links_into_the_trust_store_are_no_certificates_of_services(image: Path) -> None:
    assert scanned(image, "host_certificate_expiry").of("host_certificate_expiry") == []
