"""Checks on owners and modes, driven from the file system."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.collectors.host.recorded import AT, host
from tests.harness import look

CONFIG, KEYS = "host_config_file_owners", "host_no_private_keys_exposed"


@pytest.mark.parametrize("machine", ["redhat9", "debian12"])
def test_files_as_both_families_install_them_pass(machine: str) -> None:
    seen = look(host(machine), CONFIG, at=AT)
    assert {str(f.status) for f in seen.of(CONFIG)} == {"pass"}
    assert len(seen.of(CONFIG)) > 8


@pytest.mark.parametrize(
    ("path", "mode", "words"),
    [
        ("/etc/passwd", (0o666, 0, 0), "has the mode 0666"),
        ("/etc/shadow", (0o644, 0, 0), "has the mode 0644"),
        ("/etc/shadow", (0o640, 0, 100), "open to the group"),
        ("/etc/shadow", (0o640, 1000, 0), "belongs to alice"),
        ("/etc/sudoers", (0o644, 0, 0), "has the mode 0644"),
        ("/etc/sudoers.d", (0o777, 0, 0), "has the mode 0777"),
        ("/etc/cron.d/0hourly", (0o664, 0, 0), "has the mode 0664"),
        ("/etc/cron.daily", (0o755, 1000, 0), "belongs to alice"),
        ("/etc/crontab", (0o4644, 0, 0), "has the mode 4644"),
    ],
)
def test_file_wider_than_its_baseline_fails(path: str, mode: tuple[int, int, int], words: str) -> None:
    seen = look(host(modes={path: mode}), CONFIG, at=AT)
    assert seen.status(CONFIG, f":{path}") == "fail"
    assert words in seen.reason(CONFIG, f":{path}")


@pytest.mark.parametrize("mode", [(0o640, 0, 42), (0o600, 0, 0), (0o000, 0, 0)])
def test_shadow_may_be_closer_than_its_baseline(mode: tuple[int, int, int]) -> None:
    assert look(host("debian12", modes={"/etc/shadow": mode}), CONFIG, at=AT).status(CONFIG, ":/etc/shadow") == "pass"


def test_folder_that_may_not_be_listed_is_unknown_and_the_rest_is_judged() -> None:
    seen = look(host(denied=["/etc/sudoers.d"]), CONFIG, at=AT)
    assert seen.status(CONFIG, ":/etc/passwd") == "pass"
    assert seen.reason(CONFIG, ":global") == "read /etc/sudoers.d was denied"
    assert seen.status(CONFIG, ":global") == "unknown"


def pem(*, openssh: bool = False, password: bytes | None = None) -> bytes:
    form = serialization.PrivateFormat.OpenSSH if openssh else serialization.PrivateFormat.PKCS8
    closed = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return Ed25519PrivateKey.generate().private_bytes(serialization.Encoding.PEM, form, closed)


@pytest.mark.parametrize(
    ("path", "mode", "status"),
    [
        ("/etc/ssl/private/web.key", (0o600, 0, 0), "pass"),
        ("/etc/ssl/private/web.key", (0o640, 0, 110), "pass"),
        ("/etc/ssl/private/web.key", (0o640, 0, 10), "fail"),
        ("/etc/nginx/tls/web.pem", (0o644, 0, 0), "fail"),
        ("/etc/ssh/ssh_host_ed25519_key", (0o600, 0, 0), "pass"),
        ("/home/alice/.ssh/id_ed25519", (0o600, 1000, 1000), "pass"),
        ("/home/alice/.ssh/id_ed25519", (0o604, 1000, 1000), "fail"),
        ("/etc/ssl/private/web.key", (0o620, 0, 110), "fail"),
    ],
)
def test_private_key_is_judged_by_who_can_read_it(path: str, mode: tuple[int, int, int], status: str) -> None:
    group = "ssl-cert:x:110:\nwheel:x:10:\n"
    seen = look(host(files={path: pem(), "/etc/group": group}, modes={path: mode}), KEYS, at=AT)
    assert seen.status(KEYS, f":{path}") == status


def test_certificate_and_public_key_are_no_private_keys() -> None:
    files = {"/etc/nginx/tls/ca.pem": "-----BEGIN CERTIFICATE-----\n", "/etc/ssh/ssh_host_ed25519_key.pub": "ssh-ed25519 AAAA"}
    assert look(host(files=files), KEYS, at=AT).of(KEYS) == []


def test_form_and_passphrase_are_told_and_the_key_is_not() -> None:
    plain = pem()
    files: dict[str, str | bytes] = {
        "/etc/ssl/private/a.key": plain,
        "/etc/ssl/private/b.key": pem(password=b"secret"),
        "/home/alice/.ssh/id_ed25519": pem(openssh=True),
        "/etc/ssl/private/c.ppk": "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n",
    }
    found = look(host(files=files), KEYS, at=AT).facts("host.private_key")
    told = {facts["Path"]: (facts["Kind"], facts["Encrypted"]) for facts in found.values()}
    assert told == {
        "/etc/ssl/private/a.key": ("PKCS8", False),
        "/etc/ssl/private/b.key": ("PKCS8", True),
        "/home/alice/.ssh/id_ed25519": ("OPENSSH", False),
        "/etc/ssl/private/c.ppk": ("PuTTY", False),
    }
    assert plain.splitlines()[1].decode() not in str(found)


@pytest.mark.parametrize("denied", ["/etc/ssl/private", "/etc/ssl/private/web.key", "/home/alice/.ssh"])
def test_keys_that_may_not_be_read_are_unknown_and_the_rest_is_judged(denied: str) -> None:
    files = {"/etc/ssl/private/web.key": pem(), "/etc/nginx/tls/web.pem": pem()}
    seen = look(host(files=files, denied=[denied]), KEYS, at=AT)
    assert seen.status(KEYS, ":/etc/nginx/tls/web.pem") == "fail"
    assert (seen.status(KEYS, ":global"), seen.reason(KEYS, ":global")) == ("unknown", f"read {denied} was denied")
