"""What PAM asks of a person who signs in or sets a password: the stacks of services, and the two modules' own files."""

import re
from collections.abc import Iterator

from collectors.host.reader import HostReader
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

_SERVICES = ("login", "sshd", "passwd", "sudo", "su")
_LINE = re.compile(r"^-?(auth|account|password|session)\s+(\[[^\]]*\]|\S+)\s+(\S+)\s*(.*)$")


@source(
    "PAM",
    level="account",
    calls=["read /etc/pam.d/*"],
    yields=[Facet("host.machine", ("PamStacks",), name="pam")],
)
def pam(reader: HostReader) -> Iterator[Observation]:
    """Service -> its modules in order, with everything that is included put in its place; `None` where there is no PAM."""
    stacks: dict[str, Json] = {}
    for service in _SERVICES:
        if (text := reader.text(f"/etc/pam.d/{service}")) is not None:
            stacks[service] = list(_stack(reader, text, None, depth=0))
    yield reader.of_machine("pam", {"PamStacks": stacks or None})


def _stack(reader: HostReader, text: str, only: str | None, depth: int) -> Iterator[dict[str, Json]]:
    """pam.d(5): one module a line, `\\` at a line's end joins the next one."""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        line = line.split("#", 1)[0].strip()  # noqa: PLW2901 - the line without its comment
        if found := re.match(r"@include\s+(\S+)$", line):
            yield from _included(reader, found[1], only, depth)
        elif found := _LINE.match(line):
            type_, control, module, options = found.groups()
            if only is not None and type_ != only:
                continue
            if control in ("include", "substack"):
                yield from _included(reader, module, type_, depth)
            else:
                name = module.rsplit("/", 1)[-1].removesuffix(".so")
                yield {"Type": type_, "Control": control, "Module": name, "Options": options.split()}


def _included(reader: HostReader, name: str, only: str | None, depth: int) -> Iterator[dict[str, Json]]:
    if depth < 16 and "/" not in name:
        yield from _stack(reader, reader.text(f"/etc/pam.d/{name}") or "", only, depth + 1)


@source(
    "pwquality",
    level="account",
    calls=["read /etc/security/pwquality.conf", "read /etc/security/pwquality.conf.d/*.conf"],
    yields=[Facet("host.machine", ("PasswordQuality",), name="pwquality")],
)
def pwquality(reader: HostReader) -> Iterator[Observation]:
    """pwquality.conf(5): what is set, the drop-ins before the main file as the library reads them; else `None`."""
    texts = [reader.text(path) or "" for path in reader.paths("/etc/security/pwquality.conf.d/*.conf")]
    main = reader.text("/etc/security/pwquality.conf")
    found = _settings("\n".join([*texts, main or ""]))
    yield reader.of_machine("pwquality", {"PasswordQuality": found if main is not None or texts else None})


@source(
    "faillock",
    level="account",
    calls=["read /etc/security/faillock.conf"],
    yields=[Facet("host.machine", ("Faillock",), name="faillock")],
)
def faillock(reader: HostReader) -> Iterator[Observation]:
    """faillock.conf(5): what is set; `None` where there is no such file."""
    text = reader.text("/etc/security/faillock.conf")
    yield reader.of_machine("faillock", {"Faillock": None if text is None else _settings(text)})


def _settings(text: str) -> dict[str, str]:
    """`key = value` and bare keys (as an empty text); the last one holds."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.split("#", 1)[0].partition("=")
        if key.strip():
            found[key.strip()] = value.strip()
    return found
