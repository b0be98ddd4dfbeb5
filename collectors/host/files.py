"""Files whose owner and mode matter: the accounts', sudo's and cron's configuration, and private keys.

Nothing of a private key leaves this module but that there is one, of which kind, and whether a passphrase protects it.
"""

import base64
import re
from collections.abc import Iterator

from collectors.host.folders import HOMES_SSH, SERVICE_FOLDERS, candidates
from collectors.host.owners import Owners
from collectors.host.reader import HostReader
from collectors.source import Facet, UnreadError, source
from evidence_store.records import Json, Observation

_FILES = tuple(f"/etc/{name}{old}" for name in ("passwd", "group", "shadow", "gshadow") for old in ("", "-"))
_CONFIG = (
    *_FILES,
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/sudoers.d/*",
    "/etc/crontab",
    "/etc/cron.d",
    "/etc/cron.d/*",
    "/etc/cron.hourly",
    "/etc/cron.daily",
    "/etc/cron.weekly",
    "/etc/cron.monthly",
    "/etc/ssh/sshd_config",
)


@source(
    "configuration files",
    level="account",
    calls=["read /etc/group", "read /etc/passwd", *(f"{'read' if '*' in path else 'stat'} {path}" for path in _CONFIG)],
    yields=[Facet("host.config_file", ("Path", "Mode", "Owner", "Group"), lists=True)],
)
def config_files(reader: HostReader) -> Iterator[Observation]:
    """The files of the baseline that are there. A folder that may not be listed leaves the list partial."""
    owners = Owners(reader)
    denied: UnreadError | None = None
    for pattern in _CONFIG:
        try:
            paths = reader.paths(pattern) if "*" in pattern else [pattern]
            for path in paths:
                if (status := reader.status(path)) is not None:
                    facts = {"Path": path, **owners.facts(status)}
                    yield Observation("host.config_file", reader.uid("host.config_file", path), facts)
        except UnreadError as error:
            denied = denied or error
    if denied is not None:
        raise denied


_NAMED = re.compile(r".*(?:\.(?:pem|key|p12|pfx|ppk|jks|keystore)|_key|/id_[a-z0-9_]+|/[^/]*privkey[^/]*)", re.IGNORECASE)
_PEM = re.compile(rb"-----BEGIN (?:(?!ENCRYPTED)(\w+) )?(ENCRYPTED )?PRIVATE KEY-----\s*(Proc-Type: 4,ENCRYPTED)?")
_SNIFFED = 1 << 16


@source(
    "private keys",
    level="account",
    calls=[
        "read /etc/passwd",
        "read /etc/group",
        *(f"{verb} {folder}/**" for folder in (*SERVICE_FOLDERS, *HOMES_SSH) for verb in ("read", "stat")),
    ],
    yields=[Facet("host.private_key", ("Path", "Kind", "Encrypted", "Mode", "Owner", "Group"), lists=True)],
)
def private_keys(reader: HostReader) -> Iterator[Observation]:
    """Private keys in service folders and in the .ssh folders of homes. `Encrypted` is `None` where the form does not tell."""
    owners = Owners(reader)
    found = candidates(reader, (*SERVICE_FOLDERS, *_homes(reader)), lambda path: _NAMED.fullmatch(path) is not None)
    for path in found:
        status = reader.status(path)
        key = _key(path, found.head(path, _SNIFFED)) if status is not None else None
        if status is not None and key is not None:
            facts = {"Path": path, **key, **owners.facts(status)}
            yield Observation("host.private_key", reader.uid("host.private_key", path), facts)
    found.end()


def _homes(reader: HostReader) -> list[str]:
    homes = {line.split(":")[5] for line in (reader.text("/etc/passwd") or "").splitlines() if line.count(":") == 6}
    return sorted(
        f"{home.rstrip('/')}/.ssh" for home in homes if home.startswith(("/home/", "/root", "/srv/", "/var/", "/opt/"))
    )


def _key(path: str, head: bytes | None) -> dict[str, Json] | None:
    if head is None:
        return None
    if found := _PEM.search(head):
        kind = (found[1] or b"PKCS8").decode()
        return {"Kind": kind, "Encrypted": _openssh(head[found.end() :]) if kind == "OPENSSH" else bool(found[2] or found[3])}
    if head.startswith(b"PuTTY-User-Key-File"):
        return {"Kind": "PuTTY", "Encrypted": b"Encryption: none" not in head}
    if path.lower().endswith((".p12", ".pfx")) and head.startswith(b"\x30"):
        return {"Kind": "PKCS12", "Encrypted": None}
    if head.startswith(b"\xfe\xed\xfe\xed"):
        return {"Kind": "JKS", "Encrypted": None}
    return None


def _openssh(body: bytes) -> bool | None:
    """PROTOCOL.key of OpenSSH: the cipher's name follows the magic and its own length."""
    try:
        start = base64.b64decode(body[:40].replace(b"\n", b"").replace(b"\r", b"")[:36])
    except ValueError:
        return None
    magic, _, rest = start.partition(b"\0")
    return not rest[4:].startswith(b"none") if magic == b"openssh-key-v1" else None
