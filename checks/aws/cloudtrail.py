"""Trails, and where they are kept."""

from datetime import datetime, timedelta

from checks.aws.buckets import lock_fault, takes_trails
from checks.aws.trails import management_fault
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Resource, UnreadFactError, format_time


@check(
    on="aws.s3.bucket",
    severity="medium",
    version=1,
    needs=("ObjectLockConfiguration", "Policy"),
    fix="Turn on Object Lock with a default retention of the required days on the bucket that holds the trails.",
)
def aws_cloudtrail_bucket_locked(bucket: Resource, *, min_days: int = 365, modes: tuple[str, ...] = ("COMPLIANCE",)) -> Answer:
    """Buckets that hold trails are locked for the retention time.

    Whoever breaks in deletes the logs next. A bucket holds trails where its policy lets CloudTrail write; so those that
    the logging account keeps for others count too. Governance mode does not count unless told: administrators can lift it.

    `min_days`: for how many days each log file must be locked
    `modes`: the lock modes that count
    """
    if not takes_trails(bucket.fact("Policy")):
        return NotApplicable(f"{bucket.name} takes no trails")
    fault = lock_fault(bucket.fact("ObjectLockConfiguration"), min_days, modes)
    return f"{bucket.name} holds trails and {fault}" if fault else None


@check(
    on="aws.cloudtrail.trail",
    severity="high",
    version=1,
    needs=("S3BucketName", "TrailARN"),
    looks_up={"aws.s3.bucket": ("Name",)},
    fix="Let the trail deliver to a bucket of a separate logging account; name that account in log_accounts.",
)
def aws_cloudtrail_bucket_separate_account(
    trail: Resource, *, inventory: Inventory, log_accounts: tuple[str, ...] = ()
) -> Answer:
    """Trails are kept in another account than the one they record.

    An administrator of the account, or whoever has become one, can otherwise change the record of what he did. The logging
    account itself keeps its own trail.

    `log_accounts`: ids of the accounts that keep the logs of others
    """
    bucket = trail.fact("S3BucketName")
    if not bucket:
        return Unknown(f"{trail.name} names no bucket")
    if not list(inventory.where("aws.s3.bucket", Name=bucket)):
        return None
    account = trail.scope.account
    if account in log_accounts or trail.fact("TrailARN").split(":")[4] != account:
        return NotApplicable(f"{trail.name} is kept here because account {account} keeps the logs of others")
    return f"{trail.name} is kept in the bucket {bucket} of the account that it records"


@check(
    on="aws.cloudtrail.trail",
    severity="high",
    version=1,
    needs=("IsLogging", "LatestDeliveryError", "LatestDeliveryTime", "StartLoggingTime"),
    fix="Start the trail, and see its delivery error: the bucket, its policy, or the key that encrypts it.",
)
def aws_cloudtrail_delivery_fresh(trail: Resource, *, at: datetime, max_age_hours: int = 24) -> Answer:
    """Trails deliver their logs, and did so lately.

    A trail that is configured and delivers nothing records nothing; nobody notices until the record is needed.

    `max_age_hours`: within how many hours a trail must have delivered
    """
    if not trail.fact("IsLogging"):
        return f"{trail.name} is not logging"
    if error := trail.fact("LatestDeliveryError"):
        return f"{trail.name} cannot deliver its logs: {error}"
    limit = timedelta(hours=max_age_hours)
    latest = trail.time("LatestDeliveryTime")
    if latest is None:
        started = trail.time("StartLoggingTime")
        if started is not None and at - started <= limit:
            return Unknown(f"{trail.name} was started on {format_time(started)} and has not delivered yet")
        return f"{trail.name} has never delivered a log"
    if at - latest > limit:
        return f"{trail.name} last delivered on {format_time(latest)}; it should within {max_age_hours} hours"
    return None


@check(
    on="aws.cloudtrail.trail",
    severity="high",
    version=1,
    needs=("LogFileValidationEnabled",),
    fix="Turn on log file validation for the trail.",
)
def aws_cloudtrail_log_validation(trail: Resource) -> Answer:
    """Trails prove their log files to be whole.

    Signed digests show whether a log file was changed or removed after it was delivered. Without them a log is a claim.
    """
    if not trail.fact("LogFileValidationEnabled"):
        return f"{trail.name} does not validate its log files"
    return None


@check(
    on="aws.account",
    severity="critical",
    version=1,
    looks_up={
        "aws.cloudtrail.trail": (
            "AdvancedEventSelectors",
            "EventSelectors",
            "HasCustomEventSelectors",
            "IsLogging",
            "IsMultiRegionTrail",
        )
    },
    fix="Create a trail for all regions that records reads and writes of management events, and start it.",
)
def aws_cloudtrail_multi_region(account: Resource, *, inventory: Inventory, may_exclude: tuple[str, ...] = ()) -> Answer:
    """A trail records the management events of all regions, and is logging.

    Who works in a region that nobody watches leaves no trace. One trail of the account or its organization must record
    everything; several that each record a part do not add up.

    `may_exclude`: event sources whose management events a trail may leave out, such as kms.amazonaws.com
    """
    faults, unread = [], None
    for trail in inventory.where("aws.cloudtrail.trail"):
        try:
            if not trail.fact("IsMultiRegionTrail"):
                fault: str | None = "records one region only"
            elif not trail.fact("IsLogging"):
                fault = "is not logging"
            else:
                fault = management_fault(trail, may_exclude)
        except UnreadFactError as error:
            unread = error  # another trail may still do
            continue
        if fault is None:
            return None
        faults.append(f"{trail.name} {fault}")
    if unread is not None:
        raise unread
    why = "; ".join(sorted(faults)) or "it has no trail"
    return f"account {account.scope.account} does not record all management events of all regions: {why}"
