"""Threat detection: that it is on, that it looks for malware, and that somebody looks at what it found."""

from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from checks.aws.naming import some
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Resource


@check(
    on="aws.region",
    severity="high",
    version=1,
    needs=("GuardDutyDetector",),
    fix="Enable GuardDuty in the region, best for the whole organization with automatic enrolment of new accounts.",
)
def aws_guardduty_all_regions(region: Resource) -> Answer:
    """Threat detection is on in every region that is enabled.

    Attackers like the regions that nobody uses and nobody watches. A detector that was suspended watches nothing.
    """
    detector = region.fact("GuardDutyDetector")
    if detector is None:
        return f"{region.name} has no GuardDuty detector"
    if detector["Status"] != "ENABLED":
        return f"{region.name} has its GuardDuty detector suspended"
    return None


@check(
    on="aws.region",
    severity="medium",
    version=1,
    within="region",
    needs=("RegionName", "GuardDutyDetector"),
    looks_up={
        "aws.guardduty.malware_plan": ("ProtectedResource", "Status"),
        "aws.s3.bucket": ("Name", "BucketRegion"),
    },
    fix="Turn on malware protection for EC2 in GuardDuty, and create a malware protection plan for each bucket that takes "
    "uploads; name those buckets in upload_buckets.",
)
def aws_guardduty_malware_protection(region: Resource, *, inventory: Inventory, upload_buckets: tuple[str, ...] = ()) -> Answer:
    """Malware scans are on for volumes and for buckets that take uploads.

    Which buckets take files from outside only their owner knows: they are named in a parameter. As long as none is named
    and there are buckets in the region, the question stays open.

    `upload_buckets`: names of buckets that take files from outside, `*` allowed; `none` where there is none
    """
    detector = region.fact("GuardDutyDetector")
    if detector is None or detector["Status"] != "ENABLED":
        return f"{region.name} has no GuardDuty detector at work, so no malware scans of volumes"
    features = {f["Name"]: f["Status"] for f in detector.get("Features", [])}
    if features.get("EBS_MALWARE_PROTECTION") != "ENABLED":
        return f"{region.name} does not scan volumes for malware"
    here = region.fact("RegionName")
    buckets = {bucket.fact("Name"): bucket.fact("BucketRegion") for bucket in inventory.where("aws.s3.bucket")}
    if not upload_buckets and {here, None} & set(buckets.values()):
        return Unknown(f"{region.name} has buckets: name those that take uploads in upload_buckets, or `none`")
    named = sorted(b for b in buckets if any(fnmatchcase(b, wanted) for wanted in upload_buckets))
    plans = inventory.where("aws.guardduty.malware_plan") if named else ()
    scanned = {_bucket(plan) for plan in plans if plan.fact("Status") == "ACTIVE"}
    bare = [b for b in named if buckets[b] == here and b not in scanned]
    if bare:
        return f"{region.name} does not scan uploads for malware in {some(bare)}"
    lost = [b for b in named if buckets[b] is None and b not in scanned]
    return Unknown(f"{region.name} may hold {some(lost)}: the listing of buckets names no region for it") if lost else None


def _bucket(plan: Resource) -> str:
    """The bucket that a plan covers whole; one that covers some prefixes only does not cover it."""
    bucket = plan.fact("ProtectedResource").get("S3Bucket", {})
    return "" if bucket.get("ObjectPrefixes") else str(bucket.get("BucketName", ""))


@check(
    on="aws.region",
    severity="high",
    version=1,
    within="region",
    needs=("GuardDutyDetector",),
    looks_up={
        "aws.guardduty.finding": ("Type", "Severity", "CreatedAt"),
        "aws.guardduty.filter": ("Name", "Action", "Description"),
    },
    fix="Look into the finding, record what was concluded, and archive it; give each archiving filter a description.",
)
def aws_guardduty_finding_age(region: Resource, *, at: datetime, inventory: Inventory, max_age_days: int = 7) -> Answer:
    """High threat findings are looked into and archived within the limit.

    An alarm that stays open for weeks has been seen by nobody. A filter that archives findings by itself is a decision,
    and must say why it was taken.

    `max_age_days`: how long a finding of high or critical severity may stay open, in days
    """
    if region.fact("GuardDutyDetector") is None:
        return NotApplicable(f"{region.name} has no GuardDuty detector, so no findings to look into")
    limit = at - timedelta(days=max_age_days)
    late = sorted(
        f"{finding.fact('Type')} of {created:%Y-%m-%d}"
        for finding in inventory.where("aws.guardduty.finding")
        if (created := finding.time("CreatedAt")) is not None and created < limit
    )
    if late:
        return f"{region.name} has {len(late)} high threat findings open past {max_age_days} days: {some(late)}"
    silent = sorted(
        rule.fact("Name")
        for rule in inventory.where("aws.guardduty.filter", Action="ARCHIVE")
        if not (rule.fact("Description") or "").strip()
    )
    return f"{region.name} archives findings without a stated reason by {some(silent)}" if silent else None
