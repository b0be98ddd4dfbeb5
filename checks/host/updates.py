"""Checks on updates."""

import re
from datetime import datetime, timedelta

from checks.check import Answer, Unknown, check
from evidence_store.records import Json, Resource, parse_time


@check(
    on="host.machine",
    severity="high",
    version=1,
    needs=("Hostname", "PendingUpdates", "SecurityLists", "ListsMade", "LastUpgrade", "AptPeriodic"),
    fix="Install the updates (`apt-get dist-upgrade`, `dnf upgrade --security`), and let unattended-upgrades do it.",
)
def host_security_updates_age(machine: Resource, *, at: datetime, deadline_days: int = 14, lists_days: int = 7) -> Answer:
    """No security update is pending longer than the deadline.

    After a fix is published its hole is public too. dnf dates each advisory. apt does not say when an update appeared, so
    there the deadline counts from the last time that all updates were installed; what is held back has no such date.
    `deadline_days`: within how many days a security update must be installed
    `lists_days`: how old the package lists may be, so that they still say what is pending
    """
    name, made, last = machine.fact("Hostname"), machine.time("ListsMade"), machine.time("LastUpgrade")
    if machine.fact("SecurityLists") == []:
        return f"{name} has no package list of a security archive, so no security update reaches it"
    pending = [update for update in machine.fact("PendingUpdates") if update["Security"]]
    late = timedelta(days=deadline_days)
    overdue = [u for u in pending if u["Issued"] and parse_time(u["Issued"]) + late < at]
    if overdue:
        first = min(u["Issued"] for u in overdue)
        return f"{name} waits for security updates since {first}, longer than {deadline_days} days: {_listed(overdue)}"
    undated = [u for u in pending if not u["Issued"]]
    if undated and last is not None and last + late < at:
        return (
            f"{name} waits for security updates ({_listed(undated)}) and last installed all updates on {last.date()}, "
            f"longer than {deadline_days} days before; when they appeared is not recorded"
        )
    if made is None or at - made > timedelta(days=lists_days):
        date = "an unknown date" if made is None else str(made.date())
        return Unknown(f"{name} has package lists of {date}; older than {lists_days} days they do not say what is pending")
    kept = [u for u in undated if u["Held"] or _excluded(machine, u["Package"])]
    if undated and (kept or last is None):
        return Unknown(f"{name} waits for security updates, since when is not recorded: {_listed(kept or undated)}")
    return None


def _listed(updates: Json) -> str:
    names = sorted({update["Package"] for update in updates})
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _excluded(machine: Resource, package: str) -> bool:
    """Whether unattended-upgrades is told to leave a package out."""
    patterns = (machine.fact("AptPeriodic") or {}).get("Unattended-Upgrade::Package-Blacklist", [])
    return isinstance(patterns, list) and any(re.match(pattern, package) for pattern in patterns if pattern)


@check(
    on="host.machine",
    severity="medium",
    version=1,
    needs=("Hostname", "Family", "AptPeriodic", "DnfAutomatic", "AutomaticUpdateAt"),
    fix="Install unattended-upgrades (`dpkg-reconfigure unattended-upgrades`) or dnf-automatic with apply_updates = yes.",
)
def host_unattended_updates(machine: Resource, *, at: datetime, max_age_days: int = 7) -> Answer:
    """Automatic security updates are on and ran lately.

    Updates that wait for a person wait for the person's holidays too.
    `max_age_days`: within how many days the last automatic run must lie
    """
    name = machine.fact("Hostname")
    debian = machine.fact("Family") == "debian"
    settings = machine.fact("AptPeriodic") if debian else machine.fact("DnfAutomatic")
    if settings is None:
        return f"{name} has no {'unattended-upgrades' if debian else 'dnf-automatic'}"
    fault = _apt_fault(settings) if debian else _dnf_fault(settings)
    if fault is not None:
        return f"{name} does not install security updates by itself: {fault}"
    ran = machine.time("AutomaticUpdateAt")
    if ran is None:
        return f"{name} has no record that automatic updates ever ran"
    if at - ran > timedelta(days=max_age_days):
        return f"{name} last ran automatic updates on {ran.date()}, more than {max_age_days} days before"
    return None


def _apt_fault(settings: Json) -> str | None:
    for key, default in (("Enable", "1"), ("Update-Package-Lists", "0"), ("Unattended-Upgrade", "0")):
        value = settings.get(f"APT::Periodic::{key}", default)
        if value in ("0", ""):
            return f"APT::Periodic::{key} is {value or 'empty'}"
    origins = [
        value for key in ("Origins-Pattern", "Allowed-Origins") for value in settings.get(f"Unattended-Upgrade::{key}", [])
    ]
    return None if any("security" in origin.lower() for origin in origins) else "no security archive is among its origins"


def _dnf_fault(settings: Json) -> str | None:
    if settings.get("apply_updates", "no").lower() not in ("yes", "true", "1", "on"):
        return f"apply_updates is {settings.get('apply_updates', 'no')}"
    kind = settings.get("upgrade_type", "default")
    return None if kind in ("default", "security") else f"upgrade_type is {kind}"
