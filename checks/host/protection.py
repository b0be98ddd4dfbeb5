"""Checks on what watches over the machine, and on its backup."""

from datetime import datetime, timedelta

from checks.check import Answer, Unknown, check
from evidence_store.records import Inventory, Resource

_WITHOUT_SIGNATURES = ("falcon-sensor.service", "sentinelone.service", "sentinelone-agent.service", "traps_pmd.service")
_CLAMD = ("clamav-daemon.service", "clamd.service", "clamd@scan.service", "clamav-clamonacc.service")


@check(
    on="host.machine",
    severity="high",
    version=1,
    needs=("Hostname", "ClamavSignaturesAt", "Defender"),
    looks_up={"host.unit": ("Name", "Active")},
    fix="Install and start a malware agent that is kept up to date (clamav-daemon with clamav-freshclam, mdatp, an EDR agent).",
)
def host_malware_agent(
    machine: Resource,
    *,
    inventory: Inventory,
    at: datetime,
    max_age_days: int = 3,
    agents: tuple[str, ...] = _WITHOUT_SIGNATURES,
) -> Answer:
    """Malware protection is active and signatures are fresh.

    A scanner that is stopped, or that knows last year's malware only, stops nothing.
    `max_age_days`: how old signatures may be
    `agents`: units of agents that work without signature files of their own
    """
    name, defender = machine.fact("Hostname"), machine.fact("Defender")
    running = {unit.fact("Name") for unit in inventory.where("host.unit", Active="active")}
    if not running.isdisjoint(agents):
        return None
    if "mdatp.service" in running and defender is not None:
        fresh = str(defender["definitionsStatus"]).lower().replace("_", "") in ("uptodate", "definitionsuptodate")
        if defender["healthy"] is True and defender["realTimeProtectionEnabled"] is True and fresh:
            return None
        return f"{name} has Microsoft Defender, which is unhealthy, out of date or not protecting in real time"
    if running.isdisjoint(_CLAMD):
        return f"{name} runs no malware protection"
    made = machine.time("ClamavSignaturesAt")
    if made is None:
        return f"{name} runs ClamAV without signatures"
    if at - made > timedelta(days=max_age_days):
        return f"{name} runs ClamAV with signatures of {made.date()}, older than {max_age_days} days"
    return None


@check(
    on="host.machine",
    severity="medium",
    version=1,
    needs=("Hostname", "IntegrityTool", "IntegrityBaselineAt", "IntegrityCheckedAt"),
    fix="Install AIDE, make its database (`aideinit`, `aide --init`) and enable its daily timer.",
)
def host_file_integrity(machine: Resource, *, at: datetime, max_age_days: int = 7) -> Answer:
    """A file-integrity tool has a baseline and ran in the interval.

    It notices the program that was exchanged and the account that was added. AIDE, Tripwire and Wazuh are known.
    `max_age_days`: how many days ago the last comparison may be
    """
    name, tool, checked = machine.fact("Hostname"), machine.fact("IntegrityTool"), machine.time("IntegrityCheckedAt")
    if tool is None:
        return f"{name} has no baseline of a file-integrity tool"
    if checked is None:
        return f"{name} has a baseline of {tool} and never compared with it"
    if at - checked > timedelta(days=max_age_days):
        return f"{name} last compared with the baseline of {tool} on {checked.date()}, more than {max_age_days} days before"
    return None


@check(
    on="host.machine",
    severity="high",
    version=1,
    needs=("Hostname", "BackupRepository", "BackupAt"),
    looks_up={"records.restore_test": ("system", "date", "result")},
    fix="Run the backup daily, restore from it, and record the test in the records.",
)
def host_backup_recent(
    machine: Resource, *, inventory: Inventory, at: datetime, max_age_hours: int = 26, restore_days: int = 365
) -> Answer:
    """Last backup of the host is recent and a restore was tested.

    A backup that stopped, or that nobody ever restored from, is found out on the day it is needed. A recorded restore test
    names the machine by its host name or machine-id as its system.
    `max_age_hours`: how old the last backup may be
    `restore_days`: within how many days a restore must have been tested and recorded
    """
    name, made = machine.fact("Hostname"), machine.time("BackupAt")
    if machine.fact("BackupRepository") is None:
        return Unknown(f"{name} has no backup that was seen: name its restic repository as backup_repository of the target")
    if made is None:
        return f"{name} has no snapshot in its backup repository"
    if at - made > timedelta(hours=max_age_hours):
        return f"{name} was last backed up on {made.date()}, more than {max_age_hours} hours before"
    tests = [t for system in (name, machine.name) for t in inventory.where("records.restore_test", system=system)]
    dates = [date for t in tests if t.fact("result") != "failed" and (date := t.time("date")) is not None and date <= at]
    if not dates:
        return f"{name} is backed up, and no restore of it that succeeded is on record"
    if at - max(dates) > timedelta(days=restore_days):
        return f"{name} was last restored in a test on {max(dates).date()}, more than {restore_days} days before"
    return None
