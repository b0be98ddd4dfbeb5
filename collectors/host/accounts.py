"""The local accounts: who may sign in, how, and with which keys.

- No password hash, key or comment of a person's full name leaves this module: of a hash only its method is told.
- Accounts of a directory (LDAP, SSSD) are not listed: their provider is a target of its own.
"""

import base64
import binascii
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from collectors.host.reader import HostReader
from collectors.host.ssh import SSHD, effective_settings
from collectors.source import Facet, Parent, UnreadError, source
from evidence_store.records import Json, Observation, Unread, Why

_METHODS = {
    "1": "md5",
    "2a": "bcrypt",
    "2b": "bcrypt",
    "2y": "bcrypt",
    "3": "nt",
    "5": "sha256",
    "6": "sha512",
    "7": "scrypt",
    "gy": "gost-yescrypt",
    "md5": "sunmd5",
    "sha1": "sha1",
    "y": "yescrypt",
}
_NO_SHELL = {"nologin", "false", "sync", "shutdown", "halt"}


@source(
    "accounts",
    level="account",
    calls=["read /etc/passwd", "read /etc/group"],
    yields=[
        Facet(
            "host.account",
            ("Name", "Uid", "Gid", "Home", "Shell", "SignIn", "PasswordField", "Groups"),
            lists=True,
            personal=True,
        )
    ],
)
def accounts(reader: HostReader) -> Iterator[Observation]:
    """`SignIn`: whether the shell lets a person in. `PasswordField`: `shadow`, `locked`, `empty`, or the method of a hash."""
    text = reader.text("/etc/passwd")
    if text is None:
        raise UnreadError(Unread(Why.UNSUPPORTED, "read /etc/passwd", "no such file"))
    groups = _groups(reader.text("/etc/group") or "")
    times: Counter[str] = Counter()
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) != 7 or line.startswith(("#", "+", "-")) or not fields[2].isdigit() or not fields[3].isdigit():
            continue
        name, password, uid, gid, _, home, shell = fields
        times[name] += 1  # a second line of one name is another way in
        native = name if times[name] == 1 else f"{name}#{times[name]}"
        yield Observation(
            "host.account",
            reader.uid("host.account", native),
            {
                "Name": name,
                "Uid": int(uid),
                "Gid": int(gid),
                "Home": home,
                "Shell": shell,
                "SignIn": shell.rsplit("/", 1)[-1] not in _NO_SHELL,
                "PasswordField": "shadow" if password == "x" else _method(password)[0],  # noqa: S105 - the marker for: it is in shadow
                "Groups": sorted(group for group, (number, members) in groups.items() if name in members or number == gid),
            },
        )


def _groups(text: str) -> dict[str, tuple[str, set[str]]]:
    """Group name -> its number and its listed members."""
    rows = [line.split(":") for line in text.splitlines()]
    return {row[0]: (row[2], set(row[3].split(",")) - {""}) for row in rows if len(row) == 4}


def _method(field: str) -> tuple[str, bool]:
    """The method of a password field, and whether it is locked."""
    locked = field.startswith(("!", "*"))
    hashed = field.lstrip("!*")
    if field == "":
        return "empty", False
    if not hashed:
        return "locked", True
    if found := re.match(r"\$([a-z0-9]+)[$,]", hashed):
        return _METHODS.get(found[1], "other"), locked
    if hashed.startswith("_"):
        return "bsdi-des", locked
    if re.fullmatch(r"[./0-9A-Za-z]{13}", hashed):
        return "des", locked
    return "locked" if locked else "other", locked  # some installers write `!locked`


@source(
    "shadow",
    level="account",
    calls=["read /etc/shadow"],
    yields=[
        Facet(
            "host.account",
            ("PasswordMethod", "PasswordLocked", "PasswordChanged", "PasswordMaxDays", "Expires"),
            name="password",
        )
    ],
)
def shadow(reader: HostReader) -> Iterator[Observation]:
    """shadow(5) without its hashes. Dates are `None` where none is set; an expiry of the epoch stands as that date."""
    for line in (reader.text("/etc/shadow") or "").splitlines():
        fields = line.split(":")
        if len(fields) != 9:
            continue
        method, locked = _method(fields[1])
        facts = {
            "PasswordMethod": method,
            "PasswordLocked": locked,
            "PasswordChanged": _day(fields[2]),
            "PasswordMaxDays": int(fields[4]) if fields[4].isdigit() else None,
            "Expires": _day(fields[7]),
        }
        yield Observation("host.account", reader.uid("host.account", fields[0]), facts, "password")


def _day(number: str) -> str | None:
    if not number.isdigit() or int(number) > 2_900_000:  # beyond the year 9999
        return None
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=int(number))).date().isoformat()


@source(
    "authorized keys",
    level="account",
    parent="host.account",
    uses=("Name", "Home", "Uid"),
    calls=[
        f"run {SSHD}",
        "read **/.ssh/authorized_keys",
        "read **/.ssh/authorized_keys2",
        "read /etc/ssh/**",
    ],
    yields=[Facet("host.account", ("AuthorizedKeys",), name="authorized_keys", personal=True)],
)
def authorized_keys(reader: HostReader, account: Parent) -> Iterator[Observation]:
    """The public keys that sshd accepts for an account, by fingerprint, from the files that it is told to read."""
    keys: dict[str, Json] = {}
    for path in _key_files(reader, account.facts):
        for line in (reader.text(path) or "").splitlines():
            if key := _key(line):
                keys.setdefault(key["Fingerprint"], {**key, "File": path})
    facts = {"AuthorizedKeys": [keys[fingerprint] for fingerprint in sorted(keys)]}
    yield Observation("host.account", account.uid, facts, "authorized_keys")


def _key_files(reader: HostReader, facts: Json) -> Iterator[str]:
    settings = effective_settings(reader)
    named = ".ssh/authorized_keys .ssh/authorized_keys2" if settings is None else str(settings.get("authorizedkeysfile", ""))
    for pattern in named.split():
        if pattern == "none":
            continue
        meant = {"%u": facts["Name"], "%h": facts["Home"], "%U": str(facts["Uid"]), "%%": "%"}
        path = re.sub(r"%[uhU%]", lambda found, meant=meant: meant[found[0]], pattern)  # type: ignore[misc]  # a lambda's default
        path = path if path.startswith("/") else f"{facts['Home'].rstrip('/')}/{path}"
        if path.endswith(("/.ssh/authorized_keys", "/.ssh/authorized_keys2")) or path.startswith("/etc/ssh/"):
            yield path
        else:
            raise UnreadError(Unread(Why.UNSUPPORTED, f"read {pattern}", "keys are read from homes and from /etc/ssh only"))


_KEY = re.compile(
    r"""^(?P<options>(?:[^\s"]|"(?:[^"\\]|\\.)*")+\s+)?(?P<type>(?:sk-)?(?:ssh|ecdsa)-[\w@.-]+)\s+(?P<blob>[A-Za-z0-9+/=]+)"""
)


def _key(line: str) -> dict[str, str] | None:
    """Type, fingerprint and options of a line of authorized_keys; `None` for what is no key."""
    found = _KEY.match(line.strip())
    if found is None or line.lstrip().startswith("#"):
        return None
    try:
        blob = base64.b64decode(found["blob"], validate=True)
    except binascii.Error:
        return None
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return {"Type": found["type"], "Fingerprint": f"SHA256:{digest}", "Options": (found["options"] or "").strip()}
