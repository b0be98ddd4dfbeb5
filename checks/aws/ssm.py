"""Patching and management of running instances: asked of each instance, whether Systems Manager knows it or not."""

from datetime import datetime, timedelta

from checks.aws.patching import STANDING, hidden_by, missing_patches, not_ours_to_patch, too_new
from checks.check import Answer, Unknown, check
from evidence_store.records import Inventory, Resource


@check(
    on="aws.ec2.instance",
    severity="medium",
    version=1,
    needs=(*STANDING, "PingStatus"),
    fix="Install and start the SSM agent, give the instance a role with AmazonSSMManagedInstanceCore, and let it reach SSM.",
)
def aws_ssm_managed_nodes(instance: Resource, *, at: datetime, first_hours: int = 4) -> Answer:
    """Running instances are managed nodes.

    A machine that Systems Manager cannot reach is neither inventoried nor patched nor repaired by it, and tends to be
    the one that nobody remembers.

    `first_hours`: how long a new instance may take to register, in hours
    """
    if aside := not_ours_to_patch(instance):
        return aside
    ping = instance.fact("PingStatus")
    if ping == "Online":
        return None
    if new := too_new(instance, at, first_hours):
        return new
    if ping is None:
        return f"{instance.name} is not a managed node"
    return f"{instance.name} is a managed node that does not answer ({ping})"


@check(
    on="aws.ec2.instance",
    severity="high",
    version=1,
    needs=(*STANDING, "OperationEndTime"),
    fix="Schedule AWS-RunPatchBaseline with Operation Scan on the instance (a patch policy or a State Manager association).",
)
def aws_ssm_patch_scan_fresh(instance: Resource, *, at: datetime, max_age_days: int = 7, first_scan_hours: int = 24) -> Answer:
    """Every running instance was scanned for missing patches within the interval.

    What a machine lacks is known only as of its last scan. An instance that was never scanned is not a clean one.

    `max_age_days`: how old the last scan may be, in days
    `first_scan_hours`: how long a new instance may go without its first scan, in hours
    """
    if aside := not_ours_to_patch(instance):
        return aside
    ended = instance.time("OperationEndTime")
    if ended is None:
        return too_new(instance, at, first_scan_hours) or f"{instance.name} was never scanned for patches"
    if ended < at - timedelta(days=max_age_days):
        return f"{instance.name} was last scanned for patches on {ended:%Y-%m-%d}; the limit is {max_age_days} days"
    return None


@check(
    on="aws.ec2.instance",
    severity="high",
    version=1,
    within="region",
    needs=(
        *STANDING,
        "BaselineId",
        "CriticalNonCompliantCount",
        "FailedCount",
        "InstalledPendingRebootCount",
        "LastNoRebootInstallOperationTime",
        "MissingCount",
        "OperationEndTime",
        "OperationStartTime",
        "SecurityNonCompliantCount",
    ),
    looks_up={"aws.ssm.patch_baseline": ("BaselineId", "Arn", "ApprovalRules")},
    fix="Run AWS-RunPatchBaseline with Operation Install; have the baseline approve security patches within the deadline.",
)
def aws_ssm_patch_state(
    instance: Resource, *, at: datetime, inventory: Inventory, deadline_days: int = 14, first_scan_hours: int = 24
) -> Answer:
    """No running instance lacks a critical or security patch.

    A baseline approves a patch some days after its release, and from then on a scan counts it where it is missing, has
    failed or awaits a reboot. So the baseline's delay must lie within the deadline, or late patches would stay out of
    sight; and what an instance lacks of the approved ones is past due.

    `deadline_days`: days from a patch's release by which it must be approved, and from an installation to its reboot
    `first_scan_hours`: how long a new instance may go without its first scan, in hours
    """
    if aside := not_ours_to_patch(instance):
        return aside
    started, ended = instance.time("OperationStartTime"), instance.time("OperationEndTime")
    if started is None or ended is None:
        return too_new(instance, at, first_scan_hours) or f"{instance.name} was never scanned for patches"
    if started > ended:
        return Unknown(f"{instance.name} began a patch operation on {started:%Y-%m-%d %H:%M} UTC that has not ended")
    lacking = list(missing_patches(instance, at, timedelta(days=deadline_days)))
    if lacking:
        return f"{instance.name} lacks approved patches as of {ended:%Y-%m-%d}: {', '.join(lacking)}"
    if instance.fact("SecurityNonCompliantCount") is None and instance.fact("MissingCount") is None:
        return Unknown(f"{instance.name} was scanned on {ended:%Y-%m-%d}, and its scan counts nothing")
    named = instance.fact("BaselineId").rpartition("/")[2]
    for baseline in inventory.where("aws.ssm.patch_baseline", BaselineId=named):
        hidden = hidden_by(baseline, at, deadline_days)
        return f"{instance.name} is held to the patch baseline {named}, which {hidden}" if hidden else None
    return Unknown(f"{instance.name} is held to the patch baseline {named}, which is not among those of its account")
