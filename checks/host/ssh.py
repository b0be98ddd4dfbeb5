"""Checks on the OpenSSH server: its settings for everyone, and in each block that changes them for some."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from checks.check import Answer, NotApplicable, check
from evidence_store.records import Json, Resource

_CIPHERS = (
    "chacha20-poly1305@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
)
_MACS = (
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256-etm@openssh.com",
    "umac-128-etm@openssh.com",
    "hmac-sha2-512",
    "hmac-sha2-256",
    "umac-128@openssh.com",
)
_EXCHANGES = (
    "mlkem768x25519-sha256",
    "sntrup761x25519-sha512",
    "sntrup761x25519-sha512@openssh.com",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group15-sha512",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group17-sha512",
    "diffie-hellman-group18-sha512",
)
_SECOND_FACTORS = ("pam_google_authenticator", "pam_u2f", "pam_duo", "pam_oath", "pam_yubico", "pam_radius_auth")


@check(
    on="host.machine",
    severity="high",
    version=1,
    needs=("Hostname", "Sshd", "SshdMatches", "PamStacks"),
    fix="Set PasswordAuthentication and KbdInteractiveAuthentication to no, or AuthenticationMethods to two methods.",
)
def host_ssh_keys_only(machine: Resource, *, second_factor_modules: tuple[str, ...] = _SECOND_FACTORS) -> Answer:
    """SSH refuses passwords, or asks for a second factor.

    A server that takes a password alone is tried with the passwords of other leaks all day.
    `second_factor_modules`: PAM modules that ask for something else than a password
    """
    if machine.fact("Sshd") is None:
        return _no_server(machine)
    for where, settings in _settings(machine):
        if (fault := _password_alone(machine, settings, second_factor_modules)) is not None:
            return f"{machine.fact('Hostname')} lets people in over SSH with {fault}{where}"
    return None


def _password_alone(machine: Resource, settings: Mapping[str, Json], modules: tuple[str, ...]) -> str | None:
    """By what a password alone lets in, or `None`."""
    password = settings.get("passwordauthentication", "yes") == "yes"
    asking = settings.get("kbdinteractiveauthentication", settings.get("challengeresponseauthentication", "yes")) == "yes"
    methods = settings.get("authenticationmethods", "any")
    if methods not in ("any", ""):
        alone = [m for m in methods.split() if {p.split(":")[0] for p in m.split(",")} <= {"password", "keyboard-interactive"}]
        password = password and any("password" in m.split(",") for m in alone)
        asking = asking and any("keyboard-interactive" in m for m in alone)
    if password:
        return "a password alone (PasswordAuthentication is yes)"
    if asking:
        stack = (machine.fact("PamStacks") or {}).get("sshd", [])
        demanded = [
            m for m in stack if m["Type"] == "auth" and m["Module"] in modules and m["Control"] in ("required", "requisite")
        ]
        if not any("nullok" not in m["Options"] for m in demanded):
            return "what PAM asks for, a password alone (KbdInteractiveAuthentication is yes)"
    return None


@check(
    on="host.machine",
    severity="high",
    version=1,
    needs=("Hostname", "Sshd", "SshdMatches"),
    fix="Set PermitRootLogin to no; people sign in as themselves and use sudo.",
)
def host_ssh_no_root(machine: Resource, *, allowed: tuple[str, ...] = ("no",)) -> Answer:
    """SSH refuses direct root sign-in.

    What root did cannot be traced to a person if people sign in as root.
    `allowed`: values of PermitRootLogin that are accepted
    """
    if machine.fact("Sshd") is None:
        return _no_server(machine)
    for where, settings in _settings(machine):
        value = settings.get("permitrootlogin", "prohibit-password")
        if value not in allowed and not _root_refused(settings):
            return f"{machine.fact('Hostname')} lets root in over SSH{where}: PermitRootLogin is {value}"
    return None


def _root_refused(settings: Mapping[str, Json]) -> bool:
    """Whether the lists of users keep root out, whatever PermitRootLogin says."""
    denied, allowed = _patterns(settings, "denyusers"), _patterns(settings, "allowusers")
    return "root" in denied or (bool(allowed) and not any(fnmatchcase("root", p.split("@")[0]) for p in allowed))


def _patterns(settings: Mapping[str, Json], keyword: str) -> list[str]:
    value = settings.get(keyword, [])
    return " ".join(value if isinstance(value, list) else [value]).split()


@check(
    on="host.machine",
    severity="medium",
    version=1,
    needs=("Hostname", "Sshd"),
    fix="Set Ciphers, MACs and KexAlgorithms in /etc/ssh/sshd_config (Red Hat: the system-wide crypto policy).",
)
def host_ssh_crypto(
    machine: Resource,
    *,
    ciphers: tuple[str, ...] = _CIPHERS,
    macs: tuple[str, ...] = _MACS,
    key_exchanges: tuple[str, ...] = _EXCHANGES,
) -> Answer:
    """SSH uses approved ciphers, MACs and key exchange.

    A server that still offers an old algorithm can be talked down to it.
    `ciphers`: approved ciphers
    `macs`: approved message authentication codes
    `key_exchanges`: approved key exchange methods
    """
    sshd = machine.fact("Sshd")
    if sshd is None:
        return _no_server(machine)
    faults = []
    for keyword, approved in (("ciphers", ciphers), ("macs", macs), ("kexalgorithms", key_exchanges)):
        faults += [name for name in sshd[keyword] if name not in approved and not name.startswith("kex-strict-")]
    return f"{machine.fact('Hostname')} offers over SSH what is not approved: {', '.join(faults)}" if faults else None


def _settings(machine: Resource) -> Iterator[tuple[str, dict[str, Json]]]:
    """The settings for everyone, then for those whom a `Match` block names; with the words that say for whom."""
    sshd = machine.fact("Sshd")
    yield "", sshd
    for block in machine.fact("SshdMatches") or []:
        yield f" for Match {block['Criteria']}", {**sshd, **block["Settings"]}


def _no_server(machine: Resource) -> NotApplicable:
    return NotApplicable(f"{machine.fact('Hostname')} has no OpenSSH server")
