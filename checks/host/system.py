"""Checks on the operating system as a whole."""

from datetime import datetime

from checks.check import Answer, NotApplicable, Unknown, check
from checks.host.support import end_of_support
from evidence_store.records import Resource


@check(
    on="host.machine",
    severity="critical",
    version=1,
    needs=("Hostname", "OsRelease"),
    fix="Upgrade to a release that is supported, or buy extended support and name its end in `support_ends`.",
)
def host_os_supported(machine: Resource, *, at: datetime, support_ends: tuple[str, ...] = ()) -> Answer:
    """Operating system release still gets security fixes.

    Holes that are found after the end stay open for good. The free long-term support of a distribution counts.
    `support_ends`: ends that you have a contract or a source for, as "debian 11 2031-06-30"
    """
    name, release = machine.fact("Hostname"), machine.fact("OsRelease")
    known = f"{release.get('ID', '')} {release.get('VERSION_ID', '')}"
    ends = end_of_support(release, support_ends)
    if ends is None:
        return Unknown(f"{name} runs {known.strip()}: when its support ends is not known; name it in support_ends")
    return None if at.date() <= ends else f"{name} runs {known.strip()}, whose security fixes ended on {ends}"


@check(
    on="host.machine",
    severity="medium",
    version=1,
    needs=("Hostname", "Container", "SelinuxEnforcing", "AppArmorEnabled", "AppArmorProfiles"),
    fix="Set SELINUX=enforcing in /etc/selinux/config, or enable AppArmor and load its profiles with aa-enforce.",
)
def host_mandatory_access_control(machine: Resource) -> Answer:
    """SELinux or AppArmor is enforcing.

    It keeps a program that was taken over to the files that it needs.
    """
    name = machine.fact("Hostname")
    if machine.fact("Container") is not None:
        return NotApplicable(f"{name} is a container: the kernel's confinement belongs to the machine that runs it")
    selinux = machine.fact("SelinuxEnforcing")
    if selinux:
        return None
    if machine.fact("AppArmorEnabled"):
        modes = (machine.fact("AppArmorProfiles") or {}).values()
        return None if "enforce" in modes else f"{name} has AppArmor without a profile that is enforced"
    return f"{name} has SELinux in permissive mode" if selinux is False else f"{name} has neither SELinux nor AppArmor on"
