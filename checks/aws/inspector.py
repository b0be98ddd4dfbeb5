"""Vulnerability scanning: that it is on, that it reaches everything, and that what it finds is fixed in time."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from checks.aws.naming import some
from checks.check import Answer, NotApplicable, check
from evidence_store.records import Inventory, Resource

# Reasons for which a resource is not being scanned because there is nothing left to scan.
NOTHING_TO_SCAN = ("NO_RESOURCES_FOUND", "RESOURCE_TERMINATED", "SCAN_ELIGIBILITY_EXPIRED")


@check(
    on="aws.region",
    severity="high",
    version=1,
    needs=("InspectorStatus", "InspectorResources"),
    fix="Enable Amazon Inspector in the region for EC2, ECR and Lambda, best for the whole organization at once.",
)
def aws_inspector_enabled(region: Resource, *, resources: tuple[str, ...] = ("ec2", "ecr", "lambda")) -> Answer:
    """Vulnerability scanning is on for instances, images and functions.

    Known flaws are exploited within days of becoming known. Without a scanner nobody learns which machines, images and
    functions carry them.

    `resources`: what must be scanned: ec2, ecr, lambda, lambdaCode
    """
    state = region.fact("InspectorStatus")
    if state is None or state == "DISABLED":
        return f"{region.name} has no vulnerability scanning by Inspector"
    found = region.fact("InspectorResources")
    missing = [f"{kind} ({found.get(kind, 'not offered')})" for kind in resources if found.get(kind) != "ENABLED"]
    return f"{region.name} does not scan {', '.join(missing)} for vulnerabilities" if missing else None


@check(
    on="aws.region",
    severity="medium",
    version=1,
    within="region",
    looks_up={
        "aws.ec2.instance": ("InstanceId", "State"),
        "aws.inspector.coverage": ("resourceType", "resourceId", "scanType", "scanStatus"),
    },
    fix="See in Inspector's account management why a resource is not scanned: most often the SSM agent or its role is missing.",
)
def aws_inspector_coverage(region: Resource, *, inventory: Inventory, target_percent: int = 95) -> Answer:
    """Nearly all that runs is under active vulnerability scanning.

    A scanner that is on and does not reach a machine says nothing of it. Every running instance counts, whether Inspector
    knows it or not, and every image and function that Inspector names. What has ended or expired does not.

    `target_percent`: share of instances, images and functions that must be scanned, in percent
    """
    everything = {instance.fact("InstanceId"): False for instance in inventory.where("aws.ec2.instance", State="running")}
    for covered in inventory.where("aws.inspector.coverage", scanType="PACKAGE"):
        status = covered.fact("scanStatus") or {}
        name, active = covered.fact("resourceId"), status.get("statusCode") == "ACTIVE"
        if covered.fact("resourceType") == "AWS_EC2_INSTANCE" and name not in everything:
            continue  # it does not run
        if active or status.get("reason") not in NOTHING_TO_SCAN:
            everything[name] = everything.get(name, False) or active
    if not everything:
        return NotApplicable(f"{region.name} runs nothing that Inspector could scan")
    scanned = sum(everything.values())
    if scanned * 100 >= target_percent * len(everything):
        return None
    unscanned = some(sorted(name for name, active in everything.items() if not active))
    return f"{region.name} scans {scanned} of {len(everything)}; the target is {target_percent} %; not scanned: {unscanned}"


@check(
    on="aws.region",
    severity="high",
    version=1,
    within="region",
    needs=("InspectorStatus",),
    looks_up={
        "aws.inspector.finding": (
            "severity",
            "firstObservedAt",
            "exploitAvailable",
            "fixAvailable",
            "title",
            "vulnerabilityId",
            "resources",
        ),
        "aws.inspector.filter": ("name", "description", "reason"),
    },
    fix="Install the fixed version or rebuild the image; suppress what is accepted by a rule that states the reason.",
)
def aws_inspector_fix_deadline(
    region: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    critical_days: int = 15,
    high_days: int = 30,
    exploited_days: int = 7,
    without_fix: bool = True,
) -> Answer:
    """Critical and high vulnerabilities are fixed within their deadline, exploitable ones sooner.

    The clock runs from the day a vulnerability was first seen here. One for which an exploit is known is urgent whatever
    its score. One that is accepted leaves the list by a suppression rule, and the rule must say why.

    `critical_days`: days to fix a critical vulnerability
    `high_days`: days to fix a high one
    `exploited_days`: days to fix one for which an exploit is known
    `without_fix`: whether vulnerabilities for which no fix exists yet count too
    """
    if region.fact("InspectorStatus") in {None, "DISABLED"}:
        return NotApplicable(f"{region.name} has no vulnerability scanning by Inspector, so no findings to fix")
    limits = {"CRITICAL": critical_days, "HIGH": high_days}
    late = [
        f"{_called(finding)} since {seen:%Y-%m-%d} (limit {days} days)"
        for finding in inventory.where("aws.inspector.finding")
        if without_fix or finding.fact("fixAvailable") != "NO"
        for days in [_days(finding, limits[finding.fact("severity")], exploited_days)]
        for seen in _times(finding)
        if seen + timedelta(days=days) < at
    ]
    if late:
        return f"{region.name} has {len(late)} vulnerabilities past their deadline: {some(late)}"
    silent = [
        rule.fact("name")
        for rule in inventory.where("aws.inspector.filter")
        if not (rule.fact("reason") or "").strip() and not (rule.fact("description") or "").strip()
    ]
    return f"{region.name} suppresses vulnerabilities without a reason by {some(silent)}" if silent else None


def _days(finding: Resource, of_severity: int, exploited: int) -> int:
    return min(of_severity, exploited) if finding.fact("exploitAvailable") == "YES" else of_severity


def _times(finding: Resource) -> Iterator[datetime]:
    seen = finding.time("firstObservedAt")
    if seen is not None:
        yield seen


def _called(finding: Resource) -> str:
    what = finding.fact("vulnerabilityId") or finding.fact("title") or finding.name
    where = ", ".join(item["id"].rpartition("/")[2] for item in finding.fact("resources"))
    return f"{what} on {where}"
