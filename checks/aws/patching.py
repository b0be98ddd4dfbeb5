"""Which instances must be patched, since when they run, and what a patch baseline leaves out of sight."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from checks.check import NotApplicable
from evidence_store.records import Json, Resource, parse_time

# What the questions below read of an instance.
STANDING = ("State", "LaunchTime", "BlockDeviceMappings", "NetworkInterfaces", "Operator")
# Amazon's predefined baselines approve security patches at most this many days after their release.
PREDEFINED_APPROVAL_DAYS = 7


def not_ours_to_patch(instance: Resource) -> NotApplicable | None:
    """An instance that does not run cannot be scanned; one that an AWS service operates is that service's to patch."""
    if instance.fact("State") != "running":
        return NotApplicable(f"{instance.name} is {instance.fact('State')}")
    operator = instance.fact("Operator") or {}
    if operator.get("Managed"):
        return NotApplicable(f"{instance.name} is operated by {operator.get('Principal', 'an AWS service')}")
    return None


def too_new(instance: Resource, at: datetime, hours: int) -> NotApplicable | None:
    """Whether an instance was created too recently to be held to account.

    A stop and a start renew the launch time, and an instance must not escape by restarting every night: the earliest
    time at which a network interface or a volume was attached counts.
    """
    due = _created(instance) + timedelta(hours=hours)
    return NotApplicable(f"{instance.name} is new; it is due on {due:%Y-%m-%d %H:%M} UTC") if due > at else None


def _created(instance: Resource) -> datetime:
    attached = [item.get("Attachment", {}) for item in instance.fact("NetworkInterfaces") or []]
    attached += [item.get("Ebs", {}) for item in instance.fact("BlockDeviceMappings") or []]
    times = [parse_time(item["AttachTime"]) for item in attached if item.get("AttachTime")]
    return min([parse_time(instance.fact("LaunchTime")), *times])


def missing_patches(instance: Resource, at: datetime, deadline: timedelta) -> Iterator[str]:
    """What the last scan counted, in words. The provider dates no missing patch: whatever is approved counts at once."""
    critical, security = instance.fact("CriticalNonCompliantCount"), instance.fact("SecurityNonCompliantCount")
    if critical is None and security is None and instance.fact("MissingCount"):
        yield f"{instance.fact('MissingCount')} missing"  # agents of before 2020 count without classes
    if critical:
        yield f"{critical} critical"
    if security:
        yield f"{security} security"
    if instance.fact("FailedCount"):
        yield f"{instance.fact('FailedCount')} that failed to install"
    if instance.fact("InstalledPendingRebootCount"):
        since = instance.time("LastNoRebootInstallOperationTime") or instance.time("OperationEndTime")
        if since is not None and since + deadline < at:
            yield f"{instance.fact('InstalledPendingRebootCount')} that await a reboot since {since:%Y-%m-%d}"


def hidden_by(baseline: Resource, at: datetime, deadline_days: int) -> str | None:
    """Why patches past the deadline would not even be counted as missing under a baseline; `None` if they would."""
    if f":{baseline.scope.account}:" not in baseline.fact("Arn"):
        days = PREDEFINED_APPROVAL_DAYS
        return f"approves patches up to {days} days after release" if days > deadline_days else None
    rules = [rule for rule in (baseline.fact("ApprovalRules") or {}).get("PatchRules", []) if _covers_critical(rule)]
    if not rules:
        return "approves no critical security patch by rule"
    if any(_approves_by(rule, at, deadline_days) for rule in rules):
        return None
    return f"approves no critical security patch within {deadline_days} days of its release"


def _covers_critical(rule: dict[str, Any]) -> bool:
    """Whether a rule applies to critical security patches; filters on products and the like say nothing of that.

    Windows' critical updates mend what is critical and no matter of security.
    """
    wanted = {
        "CLASSIFICATION": ("*", "security", "securityupdates"),
        "SEVERITY": ("*", "critical"),
        "MSRC_SEVERITY": ("*", "critical"),
        "PATCH_SET": ("*", "os"),
    }
    for narrowing in rule["PatchFilterGroup"]["PatchFilters"]:
        accepted = wanted.get(narrowing["Key"])
        if accepted is not None and not any(value.lower() in accepted for value in narrowing["Values"]):
            return False
    return True


def _approves_by(rule: Json, at: datetime, deadline_days: int) -> bool:
    """Whether what was released before the deadline is approved by now. A rule without a delay approves at once."""
    if rule.get("ApproveUntilDate"):
        return parse_time(rule["ApproveUntilDate"]) >= at - timedelta(days=deadline_days)
    return (rule.get("ApproveAfterDays") or 0) <= deadline_days
