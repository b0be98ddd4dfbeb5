"""Checks on accounts, driven from passwd, shadow and authorized_keys."""

from pathlib import Path
from typing import Any

import pytest

from collectors.host.machine import Ran
from collectors.records import PROVIDER as RECORDS
from collectors.source import Connection
from tests.collectors.host.recorded import AT, host
from tests.harness import Looked, look

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHN5bnRoZXRpYyBrZXkgb2YgYWxpY2UgZm9yIHRlc3Rz"
PASSWD = "root:x:0:0::/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/bash\n"


@pytest.fixture
def isms(tmp_path: Path) -> Path:
    (tmp_path / "scope.toml").write_text('id = "example"\nstatement = "everything"\n')
    return tmp_path


def people(isms: Path, *entries: str) -> Connection:
    text = "\n".join(f"[[person]]\n{entry}\n" for entry in entries)
    (isms / "people.toml").write_text(text)
    return RECORDS.connect(RECORDS.settings(name="isms", path=str(isms)))


ALICE = 'id = "alice"\nname = "Alice Example"\nstatus = "active"\naccounts = ["alice"]'
LEFT = ALICE.replace("active", "left")


def known(records: Connection | None, **changes: Any) -> Looked:
    targets = {"web": host(**changes)} | ({"isms": records} if records else {})
    return look(targets, "host_accounts_known", at=AT)


def test_account_of_an_active_person_is_known(isms: Path) -> None:
    seen = known(people(isms, ALICE))
    assert seen.status("host_accounts_known", ":alice") == "pass"
    assert seen.status("host_accounts_known", ":root") == "pass"
    assert seen.status("host_accounts_known", ":sshd") == "not_applicable"


def test_account_of_a_person_who_left_fails_and_names_the_person(isms: Path) -> None:
    seen = known(people(isms, LEFT))
    assert seen.reason("host_accounts_known", ":alice") == "alice belongs to Alice Example, who has left"


def test_account_of_nobody_fails(isms: Path) -> None:
    seen = known(people(isms, 'id = "bob"\nname = "Bob"\nstatus = "active"'))
    assert seen.status("host_accounts_known", ":alice") == "fail"
    assert "no active person" in seen.reason("host_accounts_known", ":alice")


def test_service_account_is_known_by_its_record(isms: Path) -> None:
    (isms / "service_accounts.toml").write_text('[[service_account]]\nid = "deploy"\naccounts = ["host:alice"]\n')
    assert known(people(isms, LEFT)).status("host_accounts_known", ":alice") == "pass"


def test_expired_account_of_nobody_lets_nobody_in(isms: Path) -> None:
    shadow = "root:*:19347:0:99999:7:::\nalice:!$6$a$b:20400:0:99999:7::1:\n"
    seen = known(people(isms, LEFT), files={"/etc/shadow": shadow, "/etc/passwd": PASSWD})
    assert seen.status("host_accounts_known", ":alice") == "not_applicable"


def test_accounts_are_unknown_without_a_records_target() -> None:
    seen = known(None)
    assert seen.status("host_accounts_known", ":alice") == "unknown"
    assert seen.status("host_accounts_known", ":root") == "pass"


def test_accounts_are_unknown_where_passwd_may_not_be_read(isms: Path) -> None:
    seen = known(people(isms, ALICE), denied=["/etc/passwd"])
    assert seen.status("host_accounts_known") == "unknown"
    assert "read /etc/passwd was denied" in seen.reason("host_accounts_known")


def test_account_of_nobody_is_unknown_while_its_expiry_is(isms: Path) -> None:
    seen = known(people(isms, LEFT), denied=["/etc/shadow"])
    assert seen.status("host_accounts_known", ":alice") == "unknown"
    assert "read /etc/shadow was denied" in seen.reason("host_accounts_known", ":alice")


def keys(records: Connection | None, parameters: dict[str, list[str]] | None = None, **changes: Any) -> Looked:
    targets = {"web": host(**changes)} | ({"isms": records} if records else {})
    given = {"host_ssh_authorized_keys_known": parameters or {}}
    return look(targets, "host_ssh_authorized_keys_known", at=AT, parameters=given)


def fingerprint() -> str:
    found = look(host(), "host_ssh_authorized_keys_known", at=AT).facts("host.account", "authorized_keys")
    return str(next(key["Fingerprint"] for facts in found.values() for key in facts["AuthorizedKeys"]))


def test_key_of_an_active_person_is_known_by_fingerprint(isms: Path) -> None:
    seen = keys(people(isms, f'{ALICE}\nssh_keys = ["{fingerprint()}"]'))
    assert seen.status("host_ssh_authorized_keys_known", ":alice") == "pass"
    assert seen.status("host_ssh_authorized_keys_known", ":root") == "not_applicable"


def test_key_of_a_person_who_left_fails_with_its_file(isms: Path) -> None:
    seen = keys(people(isms, f'{LEFT}\nssh_keys = ["{fingerprint()}"]'))
    assert seen.status("host_ssh_authorized_keys_known", ":alice") == "fail"
    assert "/home/alice/.ssh/authorized_keys" in seen.reason("host_ssh_authorized_keys_known", ":alice")


def test_key_is_read_behind_options_with_spaces(isms: Path) -> None:
    line = f'from="10.0.0.0/8",command="/bin/echo \\"hi there\\"",no-pty {KEY} alice@laptop\nnot a key\n'
    seen = keys(people(isms, ALICE), files={"/home/alice/.ssh/authorized_keys": line})
    assert fingerprint() in seen.reason("host_ssh_authorized_keys_known", ":alice")


def test_approved_fingerprint_needs_no_record() -> None:
    seen = keys(None, {"approved": [fingerprint()]})
    assert seen.status("host_ssh_authorized_keys_known", ":alice") == "pass"


def test_keys_from_a_command_are_unknown_until_it_is_approved(isms: Path) -> None:
    sshd = "authorizedkeysfile .ssh/authorized_keys\nauthorizedkeyscommand /usr/bin/sss_ssh_authorizedkeys\n"

    records = people(isms, f'{ALICE}\nssh_keys = ["{fingerprint()}"]')
    seen = keys(records, commands={"sshd -T": Ran(0, sshd)})
    assert seen.status("host_ssh_authorized_keys_known", ":alice") == "unknown"
    assert "/usr/bin/sss_ssh_authorizedkeys" in seen.reason("host_ssh_authorized_keys_known", ":root")
    given = {"approved_sources": ["/usr/bin/sss_ssh_authorizedkeys"]}
    seen = keys(records, given, commands={"sshd -T": Ran(0, sshd)})
    assert seen.status("host_ssh_authorized_keys_known", ":alice") == "pass"


def test_keys_of_a_match_block_are_unknown(isms: Path) -> None:
    block = "Match User alice\n  AuthorizedKeysFile /srv/keys/%u\n"
    seen = keys(people(isms, f'{ALICE}\nssh_keys = ["{fingerprint()}"]'), files={"/etc/ssh/sshd_config": block})
    assert seen.status("host_ssh_authorized_keys_known", ":alice") == "unknown"
    assert "/srv/keys/%u" in seen.reason("host_ssh_authorized_keys_known", ":alice")


def test_one_closed_home_hides_the_keys_of_that_account_only(isms: Path) -> None:
    seen = keys(people(isms, ALICE), denied=["/home/alice/.ssh"])
    assert seen.status("host_ssh_authorized_keys_known", ":alice") == "unknown"
    assert "/home/alice/.ssh/authorized_keys was denied" in seen.reason("host_ssh_authorized_keys_known", ":alice")
    assert seen.status("host_ssh_authorized_keys_known", ":root") == "not_applicable"


def test_no_account_has_an_empty_password() -> None:
    seen = look(host(), "host_no_empty_password", at=AT)
    assert {str(f.status) for f in seen.of("host_no_empty_password")} == {"pass"}


@pytest.mark.parametrize(
    ("passwd", "shadow"),
    [
        (PASSWD, "root:*:1::::::\nalice::20400:0:99999:7:::\n"),
        (PASSWD.replace("alice:x", "alice:"), "root:*:1::::::\n"),
    ],
)
def test_empty_password_fails_wherever_it_stands(passwd: str, shadow: str) -> None:
    seen = look(host(files={"/etc/passwd": passwd, "/etc/shadow": shadow}), "host_no_empty_password", at=AT)
    assert seen.status("host_no_empty_password", ":alice") == "fail"
    assert seen.status("host_no_empty_password", ":root") == "pass"


def test_empty_password_is_unknown_where_shadow_may_not_be_read() -> None:
    seen = look(host(denied=["/etc/shadow"]), "host_no_empty_password", at=AT)
    assert seen.status("host_no_empty_password", ":alice") == "unknown"
    assert seen.reason("host_no_empty_password", ":alice") == "read /etc/shadow was denied"


@pytest.mark.parametrize(
    ("hashed", "status"),
    [
        ("$y$j9T$salt$hash", "pass"),
        ("$6$salt$hash", "pass"),
        ("$2b$12$salthash", "pass"),
        ("!$6$salt$hash", "pass"),
        ("$5$salt$hash", "fail"),
        ("$1$salt$hash", "fail"),
        ("ab0123456789.", "fail"),
        ("!$1$salt$hash", "fail"),
        ("!locked", "not_applicable"),
        ("!!", "not_applicable"),
        ("*", "not_applicable"),
    ],
)
def test_password_hash_is_judged_by_its_method(hashed: str, status: str) -> None:
    changed = {"/etc/passwd": PASSWD, "/etc/shadow": f"root:*:1::::::\nalice:{hashed}:20400:0:99999:7:::\n"}
    assert look(host(files=changed), "host_password_hash", at=AT).status("host_password_hash", ":alice") == status


def test_hash_in_passwd_fails_whatever_its_method() -> None:
    passwd = PASSWD.replace("alice:x", "alice:$6$salt$hash")
    seen = look(host(files={"/etc/passwd": passwd}), "host_password_hash", at=AT)
    assert "/etc/passwd" in seen.reason("host_password_hash", ":alice")


def test_password_hash_is_unknown_where_shadow_may_not_be_read() -> None:
    seen = look(host(denied=["/etc/shadow"]), "host_password_hash", at=AT)
    assert seen.reason("host_password_hash", ":alice") == "read /etc/shadow was denied"
    assert seen.status("host_password_hash", ":alice") == "unknown"


def test_no_hash_leaves_the_source() -> None:
    seen = look(host("debian12"), "host_password_hash", "host_no_empty_password", at=AT)
    assert "$" not in str(seen.facts("host.account", "password"))
    assert look(host(), "host_password_hash", at=AT).facts("host.account", "password").keys()
    assert "salt" not in str(look(host(), "host_password_hash", at=AT).facts("host.account", "password"))


def test_only_root_has_user_id_zero() -> None:
    assert look(host("debian12"), "host_uid0_unique", at=AT).status("host_uid0_unique") == "pass"


@pytest.mark.parametrize(
    "more",
    ["toor:x:0:0::/root:/bin/bash\n", "root:x:0:0::/root:/bin/sh\n", "padded:x:00:0::/:/sbin/nologin\n"],
)
def test_second_account_with_user_id_zero_fails(more: str) -> None:
    seen = look(host(files={"/etc/passwd": PASSWD + more}), "host_uid0_unique", at=AT)
    assert seen.status("host_uid0_unique") == "fail"
    assert more.split(":", maxsplit=1)[0] in seen.reason("host_uid0_unique")


def test_user_ids_are_unknown_where_passwd_may_not_be_read() -> None:
    seen = look(host(denied=["/etc/passwd"]), "host_uid0_unique", at=AT)
    assert (seen.status("host_uid0_unique"), seen.reason("host_uid0_unique")) == ("unknown", "read /etc/passwd was denied")
