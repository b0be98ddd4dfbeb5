"""The OpenSSH server: the settings in force, and the blocks that change them for some users or addresses.

Red Hat Enterprise Linux 8 hands the system-wide crypto policy to sshd on its command line, where `sshd -T` does not see
it: that is read beside it.
"""

import re
import shlex
from collections.abc import Iterator

from collectors.host.reader import HostReader
from collectors.source import Facet, UnreadError, source
from evidence_store.records import Json, Observation, Unread, Why

SSHD = "sshd -T"
_POLICY = "/etc/crypto-policies/back-ends/opensshserver.config"
_ENVIRONMENTS = ("/etc/sysconfig/sshd", "/etc/default/ssh")  # what the units of both families add to the command line
_ALIASES = {
    "challengeresponseauthentication": "kbdinteractiveauthentication",
    "skeyauthentication": "kbdinteractiveauthentication",
}
_REPEATED = {
    "acceptenv",
    "allowgroups",
    "allowusers",
    "denygroups",
    "denyusers",
    "hostkey",
    "listenaddress",
    "permitlisten",
    "permitopen",
    "port",
    "setenv",
    "subsystem",
}
_COMMA = {
    "casignaturealgorithms",
    "ciphers",
    "gssapikexalgorithms",
    "hostbasedacceptedalgorithms",
    "hostkeyalgorithms",
    "kexalgorithms",
    "macs",
    "pubkeyacceptedalgorithms",
}


@source(
    "sshd",
    level="account",
    calls=[f"run {SSHD}", f"read {_POLICY}", *(f"read {path}" for path in _ENVIRONMENTS)],
    yields=[Facet("host.machine", ("Sshd",), name="sshd")],
)
def sshd(reader: HostReader) -> Iterator[Observation]:
    """Every setting by its lower-case keyword; `None` where no OpenSSH server is installed."""
    settings = effective_settings(reader)
    if settings is not None:
        settings = {**settings, **_command_line(reader)}
    yield reader.of_machine("sshd", {"Sshd": settings})


def effective_settings(reader: HostReader) -> dict[str, Json] | None:
    """What `sshd -T` says; `None` where there is no sshd. Raises `UnreadError` where it does not say."""
    ran = reader.run(*SSHD.split())
    if ran is None:
        return None
    if ran.code != 0:
        if not reader.machine.root:
            raise UnreadError(Unread(Why.DENIED, f"run {SSHD}"))
        said = (ran.err.strip().splitlines() or [f"exit {ran.code}"])[-1]
        raise UnreadError(Unread(Why.UNSUPPORTED, f"run {SSHD}", said))
    settings: dict[str, Json] = {}
    for line in ran.out.splitlines():
        keyword, _, value = line.strip().partition(" ")
        if keyword in _REPEATED:
            settings.setdefault(keyword, []).append(value)
        elif keyword:
            settings[keyword] = value.split(",") if keyword in _COMMA else value
    return settings


def _command_line(reader: HostReader) -> dict[str, Json]:
    """What the units hand to sshd on its command line, which holds over its file and is not shown by `sshd -T`."""
    variables: dict[str, str] = {}
    for path in (_POLICY, *_ENVIRONMENTS):  # a later file holds over an earlier one
        variables |= dict(re.findall(r"^(CRYPTO_POLICY|OPTIONS|SSHD_OPTS)=(.*)$", reader.text(path) or "", re.MULTILINE))
    found: dict[str, Json] = {}
    for value in variables.values():
        words = [word for part in shlex.split(value) for word in part.split()]
        for option in re.findall(r"(?:^| )-o ?(\w+=\S+)", " ".join(words)):
            key, _, setting = option.partition("=")
            keyword = _ALIASES.get(key.lower(), key.lower())
            found.setdefault(keyword, setting.split(",") if keyword in _COMMA else setting)
    return found


@source(
    "sshd_config",
    level="account",
    calls=["stat /etc/ssh/sshd_config", "read /etc/ssh/sshd_config", "read /etc/ssh/**"],
    yields=[Facet("host.machine", ("SshdMatches",), name="sshd_config")],
)
def sshd_config(reader: HostReader) -> Iterator[Observation]:
    """The `Match` blocks in order: what they match and what they set. `None` where sshd has no configuration file."""
    matches: Json = None
    if (text := reader.text("/etc/ssh/sshd_config")) is not None:
        blocks: list[dict[str, Json]] = []
        _read_blocks(reader, text, None, blocks, depth=0)
        matches = blocks
    yield reader.of_machine("sshd_config", {"SshdMatches": matches})


def _read_blocks(
    reader: HostReader, text: str, block: dict[str, Json] | None, blocks: list[dict[str, Json]], depth: int
) -> None:
    """sshd_config(5): a block lasts until the next `Match` or the end of its file."""
    for line in text.splitlines():
        found = re.match(r"\s*([A-Za-z0-9]+)[\s=]+(.*?)\s*$", line)
        if found is None:
            continue
        keyword, value = found[1].lower(), found[2]
        if keyword == "match":
            block = {"Criteria": value, "Settings": {}}
            if value.lower() != "all":
                blocks.append(block)
            else:
                block = None  # for everyone: `sshd -T` shows what it sets
        elif keyword == "include":
            for pattern in shlex.split(value):
                for path in _included(reader, pattern):
                    if depth < 16:  # as sshd itself
                        _read_blocks(reader, reader.text(path) or "", block, blocks, depth + 1)
        elif block is not None:
            block["Settings"].setdefault(_ALIASES.get(keyword, keyword), value.strip('"'))


def _included(reader: HostReader, pattern: str) -> list[str]:
    path = pattern if pattern.startswith("/") else f"/etc/ssh/{pattern}"
    if not path.startswith(("/etc/ssh/", "/etc/crypto-policies/")) or re.search(r"[?\[]", path):
        raise UnreadError(Unread(Why.UNSUPPORTED, f"read {path}", "included from outside /etc/ssh"))
    if path.startswith("/etc/crypto-policies/"):
        return []  # algorithms only, never a block
    return reader.paths(path) if "*" in path else [path]
