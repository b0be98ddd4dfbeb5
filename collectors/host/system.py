"""The machine itself: what it is, what runs on it, and how its kernel confines programs.

Yields `host.machine`, which always exists, and `host.unit`, one for each service, socket and timer of systemd.
"""

import re
import shlex
from collections.abc import Iterator

from collectors.host.reader import HostReader, hostname
from collectors.source import Facet, UnreadError, source
from evidence_store.records import Json, Observation, Unread, Why

_SYSTEMCTL = "systemctl {} --plain --full --no-legend --no-pager --type=service,socket,timer"
_LIST_UNITS = _SYSTEMCTL.format("list-units --all")
_LIST_FILES = _SYSTEMCTL.format("list-unit-files")


@source(
    "machine",
    level="account",
    calls=[
        "read /etc/os-release",
        "read /usr/lib/os-release",
        "stat /.dockerenv",
        "stat /run/.containerenv",
        "read /run/systemd/container",
        "read /sys/class/dmi/id/sys_vendor",
        "read /sys/class/dmi/id/product_name",
    ],
    yields=[
        Facet(
            "host.machine",
            ("Hostname", "OsRelease", "Family", "Architecture", "Container"),
            optional=("Vendor", "Product"),
            lists=True,
        )
    ],
)
def machine(reader: HostReader) -> Iterator[Observation]:
    """`Family` is `debian`, `redhat` or `other`; `Container` the kind of container, or `None` on a machine."""
    release = os_release(reader)
    yield reader.of_machine(
        "config",
        {
            "Hostname": hostname(reader.machine),
            "OsRelease": release,
            "Family": family(release),
            "Architecture": reader.machine.architecture,
            "Container": _container(reader),
            "Vendor": _line(reader, "/sys/class/dmi/id/sys_vendor"),
            "Product": _line(reader, "/sys/class/dmi/id/product_name"),
        },
    )


def os_release(reader: HostReader) -> dict[str, str]:
    """os-release(5). Raises `UnreadError` where the machine has none."""
    text = reader.text("/etc/os-release") or reader.text("/usr/lib/os-release")
    if text is None:
        raise UnreadError(Unread(Why.UNSUPPORTED, "read /etc/os-release", "no such file"))
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and re.fullmatch(r"[A-Z][A-Z0-9_]*", key):
            found[key] = " ".join(shlex.split(value))
    return found


def family(release: dict[str, str]) -> str:
    """`debian`, `redhat` or `other`, by what the system says it is like."""
    like = {release.get("ID", ""), *release.get("ID_LIKE", "").split()}
    if like & {"debian", "ubuntu"}:
        return "debian"
    return "redhat" if like & {"rhel", "fedora", "centos", "amzn"} else "other"


def _container(reader: HostReader) -> str | None:
    named = reader.text("/run/systemd/container")
    if named and named.strip():
        return named.strip()
    if reader.exists("/.dockerenv"):
        return "docker"
    return "podman" if reader.exists("/run/.containerenv") else None


def _line(reader: HostReader, path: str) -> str | None:
    text = reader.text(path)
    return text.strip() if text and text.strip() else None


@source(
    "units",
    level="account",
    calls=[f"run {_LIST_UNITS}", f"run {_LIST_FILES}"],
    yields=[Facet("host.unit", ("Name", "Active", "Enabled"), lists=True)],
)
def units(reader: HostReader) -> Iterator[Observation]:
    """`Active` is systemd's active state, `Enabled` its unit file state; either is `None` where it has none."""
    active = {name: fields[1] for name, fields in _table(reader, _LIST_UNITS, 3) if fields[0] != "not-found"}
    enabled = {name: fields[0] for name, fields in _table(reader, _LIST_FILES, 1)}
    for name in sorted({*active, *enabled}):
        facts = {"Name": name, "Active": active.get(name), "Enabled": enabled.get(name)}
        yield Observation("host.unit", reader.uid("host.unit", name), facts)


def _table(reader: HostReader, command: str, least: int) -> Iterator[tuple[str, list[str]]]:
    ran = reader.run(*command.split())
    if ran is None or "not been booted with systemd" in ran.err or "Failed to connect to bus" in ran.err:
        raise UnreadError(Unread(Why.UNSUPPORTED, f"run {command}", "the machine was not booted with systemd"))
    if ran.code != 0:
        raise UnreadError(Unread(Why.UNEXPECTED, f"run {command}", f"exit {ran.code}"))
    for line in ran.out.splitlines():
        name, *fields = line.lstrip("● *").split(maxsplit=4)
        if len(fields) >= least:
            yield name, fields


@source(
    "mandatory access control",
    level="account",
    calls=["read /sys/fs/selinux/enforce", "read /sys/module/apparmor/parameters/enabled"],
    yields=[Facet("host.machine", ("SelinuxEnforcing", "AppArmorEnabled"), name="confinement")],
)
def confinement(reader: HostReader) -> Iterator[Observation]:
    """Each is `None` where the kernel does not have it."""
    if not reader.machine.release:
        raise UnreadError(Unread(Why.UNSUPPORTED, "read /sys/fs/selinux/enforce", "an image has no running kernel"))
    enforce = _line(reader, "/sys/fs/selinux/enforce")
    apparmor = _line(reader, "/sys/module/apparmor/parameters/enabled")
    yield reader.of_machine(
        "confinement",
        {
            "SelinuxEnforcing": None if enforce is None else enforce == "1",
            "AppArmorEnabled": None if apparmor is None else apparmor == "Y",
        },
    )


@source(
    "AppArmor profiles",
    level="account",
    calls=["read /sys/kernel/security/apparmor/profiles"],
    yields=[Facet("host.machine", ("AppArmorProfiles",), name="apparmor")],
)
def apparmor_profiles(reader: HostReader) -> Iterator[Observation]:
    """Profile name -> `enforce`, `complain`, `kill` or `unconfined`; `None` where the kernel has no AppArmor."""
    text = reader.text("/sys/kernel/security/apparmor/profiles")
    profiles: Json = None
    if text is not None:
        found = re.findall(r"^(.*) \((\w+)\)$", text, re.MULTILINE)
        profiles = dict(sorted((name, mode) for name, mode in found))
    yield reader.of_machine("apparmor", {"AppArmorProfiles": profiles})
