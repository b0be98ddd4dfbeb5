"""Backups: that they are made, kept, and restored as a test."""

from datetime import datetime, timedelta

from checks.aws.classes import class_of, named
from checks.aws.naming import some
from checks.aws.recovery import COPIES, latest_recovery_point
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Resource, format_time


@check(
    on="aws.tagged.resource",
    severity="high",
    version=1,
    needs=("ResourceARN", "Tags"),
    looks_up=COPIES,
    fix="Assign the resource to a backup plan, or find out why its backups fail; tag what keeps data by its criticality.",
)
def aws_backup_coverage(
    resource: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    tag: str = "criticality",
    critical: tuple[str, ...] = ("critical", "high"),
    max_age_days: int = 2,
) -> Answer:
    """Everything critical has a recent recovery point.

    What is not in a backup plan is noticed when it is lost. A recovery point of AWS Backup counts, and the automatic
    backups of a database; a volume is covered by its machine, an instance by its cluster.

    `tag`: the tag that says how critical a resource is
    `critical`: the values of it that ask for a backup
    `max_age_days`: how old the newest recovery point may be, in days
    """
    criticality = class_of(resource, tag)
    if criticality is None:
        return Unknown(f"{resource.name} has no tag {tag} that says whether it is critical")
    if not named(criticality, critical):
        return NotApplicable(f"{resource.name} is not critical")
    latest = latest_recovery_point(resource.fact("ResourceARN"), inventory)
    if latest is None:
        return f"{resource.name} is critical and has no recovery point"
    if at - latest > timedelta(days=max_age_days):
        return (
            f"{resource.name} is critical and has no recovery point after {format_time(latest)} ({max_age_days} days allowed)"
        )
    return None


@check(
    on="aws.region",
    severity="high",
    version=1,
    within="region",
    looks_up={
        "aws.backup.protected_resource": ("ResourceType",),
        "aws.backup.restore_job": ("CompletionDate", "ResourceType", "Status", "ValidationStatus"),
    },
    fix="Make a restore testing plan that covers each type of protected resource, with a validation of what was restored.",
)
def aws_backup_restore_tested(
    region: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    max_age_days: int = 30,
    resource_types: tuple[str, ...] = (),
    validated: bool = True,
) -> Answer:
    """What is backed up was restored as a test, for each type of resource, and found to be good.

    A backup that was never restored is a hope. The service itself forgets old jobs, so a longer interval than it remembers
    cannot be shown here.

    `max_age_days`: how long ago the last good test may be, in days
    `resource_types`: the types that must be tested, as AWS Backup calls them; without any, all that it protects
    `validated`: whether a restore counts only if what was restored was validated
    """
    here = {r.fact("ResourceType") for r in inventory.where("aws.backup.protected_resource") if r.scope == region.scope}
    must = {kind.casefold() for kind in resource_types}
    wanted = {kind for kind in here if not must or kind.casefold() in must}
    if not wanted:
        return NotApplicable(f"{region.name} protects nothing that must be tested")
    for job in inventory.where("aws.backup.restore_job", Status="COMPLETED"):
        ended = job.time("CompletionDate")
        good = job.fact("ValidationStatus") == "SUCCESSFUL" or not validated
        if job.scope == region.scope and good and ended and timedelta() <= at - ended <= timedelta(days=max_age_days):
            wanted.discard(job.fact("ResourceType"))
    if wanted:
        return f"{region.name} had no good restore test within {max_age_days} days of {some(sorted(wanted))}"
    return None


@check(
    on="aws.backup.vault",
    severity="high",
    version=1,
    needs=("LockDate", "Locked", "MinRetentionDays", "NumberOfRecoveryPoints", "VaultType"),
    fix="Lock the vault with a minimum retention, in compliance mode once the period has proved right.",
)
def aws_backup_vault_lock(vault: Resource, *, at: datetime, min_days: int = 1, liftable: bool = False) -> Answer:
    """Backup vaults are locked against early deletion.

    Ransomware deletes the backups first. A vault locked in compliance mode refuses that, to administrators too, once its
    grace time is over; a lock in governance mode can be taken off first. An empty vault keeps nothing.

    `min_days`: how many days the lock must keep each recovery point at least
    `liftable`: whether a lock counts that administrators can lift
    """
    if vault.fact("VaultType") == "RESTORE_ACCESS_BACKUP_VAULT":
        return NotApplicable(f"{vault.name} gives access to another vault and keeps nothing itself")
    if not vault.fact("Locked"):
        if vault.fact("NumberOfRecoveryPoints") == 0:
            return NotApplicable(f"{vault.name} is empty")
        return f"{vault.name} is not locked"
    days = vault.fact("MinRetentionDays") or 0
    if days < min_days:
        return f"{vault.name} is locked for {days} days; {min_days} are required"
    if liftable or vault.fact("VaultType") == "LOGICALLY_AIR_GAPPED_BACKUP_VAULT":  # made in compliance mode, always
        return None
    fixed = vault.time("LockDate")
    if fixed is None:
        return f"{vault.name} is locked in governance mode, which administrators can lift"
    return f"{vault.name} has a lock that administrators can lift before {fixed.date()}" if fixed > at else None
