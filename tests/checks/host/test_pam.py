"""Checks on PAM, driven from pam.d and the modules' own files."""

import pytest

from tests.collectors.host.recorded import AT, host
from tests.harness import look

QUALITY, LOCKOUT = "host_password_quality", "host_account_lockout"
CONF = "/etc/security/pwquality.conf"


def quality(conf: str, module: str = "pam_pwquality.so", control: str = "requisite") -> str:
    files = {CONF: conf, "/etc/pam.d/system-auth": f"password {control} {module}\npassword sufficient pam_unix.so\n"}
    return look(host(files=files), QUALITY, at=AT).status(QUALITY)


def test_rules_of_both_families_are_read_through_their_includes() -> None:
    assert look(host(), QUALITY, at=AT).status(QUALITY) == "pass"
    seen = look(host("debian12"), QUALITY, at=AT)
    assert seen.reason(QUALITY) == "debian12 accepts passwords of 8 characters; at least 12 are required"


@pytest.mark.parametrize(
    ("conf", "module", "control", "status"),
    [
        ("minlen = 12\n", "pam_pwquality.so", "requisite", "pass"),
        ("minlen=11\n", "pam_pwquality.so", "requisite", "fail"),
        ("# minlen = 14\n", "pam_pwquality.so", "requisite", "fail"),
        ("minlen = 8\n", "pam_pwquality.so minlen=16 retry=3", "[success=1 default=ignore]", "pass"),
        ("minlen = 16\n", "pam_pwquality.so minlen=8", "requisite", "fail"),
        ("minlen = 14\ndcredit = 1\nucredit = 2\n", "pam_pwquality.so", "requisite", "fail"),
        ("minlen = 12\ndcredit = -1\n", "pam_pwquality.so", "requisite", "pass"),
        ("minlen = 14\nenforcing = 0\n", "pam_pwquality.so", "requisite", "fail"),
        ("minlen = 14\n", "pam_pwquality.so", "optional", "fail"),
        ("minlen = 14\n", "pam_permit.so", "required", "fail"),
        ("", "pam_cracklib.so minlen=14", "required", "pass"),
    ],
)
def test_password_rule_is_what_is_enforced(conf: str, module: str, control: str, status: str) -> None:
    assert quality(conf, module, control) == status


def test_drop_in_is_read_and_the_main_file_holds_over_it() -> None:
    drop = "/etc/security/pwquality.conf.d/10.conf"
    assert look(host(files={CONF: "", drop: "minlen = 20\n"}), QUALITY, at=AT).status(QUALITY) == "pass"
    assert look(host(files={CONF: "minlen = 6\n", drop: "minlen = 20\n"}), QUALITY, at=AT).status(QUALITY) == "fail"


def test_kinds_of_characters_are_asked_for_if_the_rule_says_so() -> None:
    given = {QUALITY: {"min_classes": 4}}
    assert look(host(), QUALITY, at=AT, parameters=given).status(QUALITY) == "fail"


@pytest.mark.parametrize("denied", ["/etc/pam.d/passwd", "/etc/pam.d/system-auth", CONF])
def test_password_rule_is_unknown_where_a_file_of_it_may_not_be_read(denied: str) -> None:
    seen = look(host(denied=[denied]), QUALITY, at=AT)
    assert (seen.status(QUALITY), seen.reason(QUALITY)) == ("unknown", f"read {denied} was denied")


def test_lockout_of_faillock_passes() -> None:
    assert look(host(), LOCKOUT, at=AT).status(LOCKOUT) == "pass"


def test_debian_as_installed_has_no_lockout() -> None:
    assert "pam_faillock" in look(host("debian12"), LOCKOUT, at=AT).reason(LOCKOUT)


@pytest.mark.parametrize(
    ("conf", "auth", "status"),
    [
        ("deny = 20\n", "auth required pam_faillock.so authfail", "fail"),
        ("deny = 0\n", "auth required pam_faillock.so authfail", "fail"),
        ("", "auth required pam_faillock.so authfail", "pass"),
        ("deny = 20\n", "auth required pam_faillock.so authfail deny=4", "pass"),
        ("unlock_time = 5\n", "auth required pam_faillock.so authfail", "fail"),
        ("unlock_time = never\n", "auth required pam_faillock.so authfail", "pass"),
        ("", "auth required pam_faillock.so preauth", "fail"),
        ("", "auth required pam_tally2.so deny=5 unlock_time=900", "pass"),
        ("", "auth required pam_tally2.so", "fail"),
    ],
)
def test_lockout_is_judged_by_count_and_time(conf: str, auth: str, status: str) -> None:
    files = {"/etc/security/faillock.conf": conf, "/etc/pam.d/system-auth": auth, "/etc/pam.d/password-auth": auth}
    assert look(host(files=files), LOCKOUT, at=AT).status(LOCKOUT) == status


def test_lockout_must_hold_for_each_service() -> None:
    seen = look(host(files={"/etc/pam.d/password-auth": "auth required pam_unix.so"}), LOCKOUT, at=AT)
    assert "of sshd" in seen.reason(LOCKOUT)


@pytest.mark.parametrize("denied", ["/etc/pam.d/login", "/etc/security/faillock.conf"])
def test_lockout_is_unknown_where_a_file_of_it_may_not_be_read(denied: str) -> None:
    seen = look(host(denied=[denied]), LOCKOUT, at=AT)
    assert (seen.status(LOCKOUT), seen.reason(LOCKOUT)) == ("unknown", f"read {denied} was denied")


@pytest.mark.parametrize("check", [QUALITY, LOCKOUT])
def test_machine_without_pam_is_not_asked(check: str) -> None:
    gone = dict.fromkeys((f"/etc/pam.d/{name}" for name in ("login", "sshd", "passwd", "sudo", "su")), None)
    assert look(host(files=gone), check, at=AT).status(check) == "not_applicable"
