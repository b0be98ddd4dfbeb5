"""Checks on the OpenSSH server, driven from `sshd -T` and sshd_config."""

import pytest

from collectors.host.machine import Ran
from tests.collectors.host.recorded import AT, host, said
from tests.harness import look

SSH = ("host_ssh_keys_only", "host_ssh_no_root", "host_ssh_crypto")
CONFIG = "/etc/ssh/sshd_config"


def settings(**changed: str) -> dict[str, Ran]:
    """The recorded settings with some of them changed; an empty one is taken out."""
    lines = [line for line in said("redhat9", "sshd").out.splitlines() if line.split(" ", 1)[0] not in changed]
    lines += [f"{key} {value}" for key, value in changed.items() if value]
    return {"sshd -T": Ran(0, "\n".join(lines))}


@pytest.mark.parametrize("check", SSH)
def test_hardened_server_passes(check: str) -> None:
    assert look(host(), check, at=AT).status(check) == "pass"


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("host_ssh_keys_only", "PasswordAuthentication is yes"),
        ("host_ssh_no_root", "PermitRootLogin is without-password"),
        ("host_ssh_crypto", "umac-64-etm@openssh.com, hmac-sha1-etm@openssh.com, umac-64@openssh.com, hmac-sha1"),
    ],
)
def test_server_as_debian_installs_it_fails(check: str, words: str) -> None:
    seen = look(host("debian12"), check, at=AT)
    assert seen.status(check) == "fail"
    assert words in seen.reason(check)


@pytest.mark.parametrize("check", SSH)
def test_no_server_is_not_applicable(check: str) -> None:
    seen = look(host(commands={"sshd -T": None}, files={CONFIG: None}), check, at=AT)
    assert seen.status(check) == "not_applicable"


@pytest.mark.parametrize("check", SSH)
def test_settings_that_may_not_be_read_are_unknown(check: str) -> None:
    seen = look(host(denied=["sshd -T"]), check, at=AT)
    assert (seen.status(check), seen.reason(check)) == ("unknown", "run sshd -T was denied")


def test_ordinary_user_whom_sshd_refuses_its_host_keys_is_denied() -> None:
    ran = Ran(1, "", "sshd: no hostkeys available -- exiting.\n")
    seen = look(host(commands={"sshd -T": ran}, root=False), "host_ssh_no_root", at=AT)
    assert seen.reason("host_ssh_no_root") == "run sshd -T was denied"


def test_server_that_cannot_show_its_settings_is_unknown_and_says_why() -> None:
    ran = Ran(255, "", "Missing privilege separation directory: /run/sshd\n")
    seen = look(host(commands={"sshd -T": ran}), "host_ssh_no_root", at=AT)
    assert seen.status("host_ssh_no_root") == "unknown"
    assert "/run/sshd" in seen.reason("host_ssh_no_root")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"passwordauthentication": "yes"}, "fail"),
        ({"kbdinteractiveauthentication": "yes"}, "fail"),
        ({"kbdinteractiveauthentication": "", "challengeresponseauthentication": "yes"}, "fail"),
        ({"kbdinteractiveauthentication": "", "challengeresponseauthentication": "no"}, "pass"),
        ({"passwordauthentication": "yes", "authenticationmethods": "publickey,password"}, "pass"),
        ({"passwordauthentication": "yes", "authenticationmethods": "publickey,password password"}, "fail"),
        ({"passwordauthentication": "yes", "authenticationmethods": "publickey"}, "pass"),
        ({"kbdinteractiveauthentication": "yes", "authenticationmethods": "keyboard-interactive:pam"}, "fail"),
    ],
)
def test_password_alone_fails_in_each_way_to_allow_it(changed: dict[str, str], status: str) -> None:
    assert look(host(commands=settings(**changed)), "host_ssh_keys_only", at=AT).status("host_ssh_keys_only") == status


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("auth required pam_google_authenticator.so", "pass"),
        ("auth required pam_google_authenticator.so nullok", "fail"),
        ("auth sufficient pam_u2f.so", "fail"),
    ],
)
def test_second_factor_of_pam_counts_if_nobody_can_do_without(line: str, status: str) -> None:
    changed = host(
        commands=settings(kbdinteractiveauthentication="yes"),
        files={"/etc/pam.d/sshd": f"{line}\nauth include password-auth\n"},
    )
    assert look(changed, "host_ssh_keys_only", at=AT).status("host_ssh_keys_only") == status


@pytest.mark.parametrize(
    ("check", "block"),
    [
        ("host_ssh_keys_only", "Match User backup\n  PasswordAuthentication yes\n"),
        ("host_ssh_keys_only", "Match Group staff\n  ChallengeResponseAuthentication yes\n"),
        ("host_ssh_no_root", "Match Address 10.0.0.0/8\n  PermitRootLogin=yes\n"),
    ],
)
def test_block_that_loosens_a_setting_for_some_fails_and_is_named(check: str, block: str) -> None:
    seen = look(host(files={CONFIG: f"PermitRootLogin no\n{block}"}), check, at=AT)
    assert seen.status(check) == "fail"
    assert block.splitlines()[0] in seen.reason(check)


def test_block_in_an_included_file_ends_with_that_file() -> None:
    files = {
        CONFIG: "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin yes\n",
        "/etc/ssh/sshd_config.d/50-redhat.conf": "Match User deploy\n  X11Forwarding no\n",
    }
    seen = look(host(files=files), "host_ssh_no_root", at=AT)
    assert seen.status("host_ssh_no_root") == "pass"
    facet = next(iter(seen.facts("host.machine", "sshd_config").values()))
    assert facet["SshdMatches"] == [{"Criteria": "User deploy", "Settings": {"x11forwarding": "no"}}]


def test_blocks_that_may_not_be_read_leave_a_pass_unknown() -> None:
    seen = look(host(denied=[CONFIG]), "host_ssh_no_root", at=AT)
    assert (seen.status("host_ssh_no_root"), seen.reason("host_ssh_no_root")) == ("unknown", f"read {CONFIG} was denied")


def test_include_from_elsewhere_is_unknown_not_left_out() -> None:
    seen = look(host(files={CONFIG: "Include /srv/ssh/*.conf\n"}), "host_ssh_no_root", at=AT)
    assert seen.status("host_ssh_no_root") == "unknown"
    assert "/srv/ssh/*.conf" in seen.reason("host_ssh_no_root")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"permitrootlogin": "prohibit-password"}, "fail"),
        ({"permitrootlogin": "forced-commands-only"}, "fail"),
        ({"permitrootlogin": "yes", "denyusers": "root"}, "pass"),
        ({"permitrootlogin": "yes", "allowusers": "alice@10.0.0.1"}, "pass"),
        ({"permitrootlogin": "yes", "allowusers": "r*"}, "fail"),
    ],
)
def test_root_is_refused_by_the_setting_or_by_the_lists(changed: dict[str, str], status: str) -> None:
    assert look(host(commands=settings(**changed)), "host_ssh_no_root", at=AT).status("host_ssh_no_root") == status


def test_policy_on_the_command_line_holds_over_the_settings_of_the_file() -> None:
    """As Red Hat Enterprise Linux 8 starts sshd."""
    policy = "CRYPTO_POLICY='-oCiphers=aes256-cbc -oMACs=hmac-sha2-256 -oKexAlgorithms=curve25519-sha256'\n"
    path = "/etc/crypto-policies/back-ends/opensshserver.config"
    seen = look(host(files={path: policy}), "host_ssh_crypto", at=AT)
    assert "aes256-cbc" in seen.reason("host_ssh_crypto")
    emptied = host(files={path: policy, "/etc/sysconfig/sshd": "CRYPTO_POLICY=\n"})
    assert look(emptied, "host_ssh_crypto", at=AT).status("host_ssh_crypto") == "pass"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/etc/default/ssh", "SSHD_OPTS=-oPermitRootLogin=yes\n"),
        ("/etc/default/ssh", 'SSHD_OPTS="-4 -o PermitRootLogin=yes"\n'),
        ("/etc/sysconfig/sshd", "# why\nOPTIONS='-u0 -oPermitRootLogin=yes -oLogLevel=INFO'\n"),
    ],
)
def test_option_on_the_command_line_holds_over_the_file(path: str, line: str) -> None:
    assert look(host(files={path: line}), "host_ssh_no_root", at=AT).status("host_ssh_no_root") == "fail"


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"ciphers": "aes128-ctr,3des-cbc"}, "3des-cbc"),
        ({"macs": "hmac-sha2-256,hmac-md5"}, "hmac-md5"),
        ({"kexalgorithms": "curve25519-sha256,diffie-hellman-group1-sha1"}, "diffie-hellman-group1-sha1"),
    ],
)
def test_each_weak_algorithm_fails_and_is_named(changed: dict[str, str], name: str) -> None:
    assert look(host(commands=settings(**changed)), "host_ssh_crypto", at=AT).reason("host_ssh_crypto").endswith(f": {name}")
