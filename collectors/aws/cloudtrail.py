"""Trails: of this account, and those of its organization that record it.

Trails are listed from the account: `ListTrails` names them with their home regions, and each home region describes its own.
Each region also describes the trails of other homes that record all regions. Status and selectors are asked at home.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.aws.reader import Reader
from collectors.aws.shaping import ordered, picked
from collectors.source import Facet, Parent, source
from evidence_store.records import Json, Observation, Unread, Why

TRAIL = "aws.cloudtrail.trail"
GONE = ("TrailNotFoundException",)

_LISTING = Facet(
    TRAIL,
    facts=("TrailARN", "Name", "HomeRegion", "IsMultiRegionTrail", "LogFileValidationEnabled"),
    optional=(
        "CloudWatchLogsLogGroupArn",
        "HasCustomEventSelectors",
        "HasInsightSelectors",
        "IncludeGlobalServiceEvents",
        "IsOrganizationTrail",
        "KmsKeyId",
        "S3BucketName",
        "S3KeyPrefix",
        "SnsTopicARN",
    ),
    lists=True,
)
_STATUS = Facet(TRAIL, facts=("IsLogging",), optional=("StartLoggingTime", "StopLoggingTime"), name="status")
_DELIVERY = Facet(
    TRAIL,
    facts=(),
    optional=(
        "LatestCloudWatchLogsDeliveryError",
        "LatestCloudWatchLogsDeliveryTime",
        "LatestDeliveryError",
        "LatestDeliveryTime",
        "LatestDigestDeliveryError",
        "LatestDigestDeliveryTime",
        "LatestNotificationError",
        "LatestNotificationTime",
    ),
    name="delivery",
)
_SELECTORS = Facet(TRAIL, facts=("EventSelectors", "AdvancedEventSelectors"), name="selectors")


@source(
    "cloudtrail.DescribeTrails",
    level="account",
    calls=("cloudtrail.ListTrails", "cloudtrail.DescribeTrails"),
    yields=[_LISTING],
)
def trails(read: Reader) -> Iterator[Observation]:
    homes: dict[str, list[str]] = {}
    for item in read.pages("cloudtrail.ListTrails", "Trails", in_region=read.home):
        homes.setdefault(item["HomeRegion"], []).append(item["TrailARN"])
    seen_here = read.pages("cloudtrail.DescribeTrails", "trailList", in_region=read.home)
    found = {trail["TrailARN"]: trail for trail in seen_here}
    for home, arns in sorted(homes.items()):
        if missing := sorted(set(arns) - set(found)):
            listed = read.pages("cloudtrail.DescribeTrails", "trailList", in_region=home, trailNameList=missing)
            found |= {trail["TrailARN"]: trail for trail in listed}
    for arn, trail in sorted(found.items()):
        yield Observation(TRAIL, _uid(read, arn), picked(_LISTING, trail))


def _uid(read: Reader, arn: str) -> str:
    """The ARN; for a trail of another account, which each account of the organization sees, a uid of this one."""
    return arn if arn.split(":")[4] == read.account else read.uid(TRAIL, arn)


@source(
    "cloudtrail.GetTrailStatus",
    level="account",
    parent=TRAIL,
    uses=("TrailARN", "HomeRegion"),
    yields=[_STATUS, _DELIVERY],
)
def status(read: Reader, trail: Parent) -> Iterator[Observation]:
    answer = _at_home(read, "cloudtrail.GetTrailStatus", "Name", trail)
    if isinstance(answer, Unread):
        yield Observation(TRAIL, trail.uid, answer, _STATUS.name)
        yield Observation(TRAIL, trail.uid, answer, _DELIVERY.name)
        return
    yield Observation(TRAIL, trail.uid, picked(_STATUS, answer), _STATUS.name)
    yield Observation(TRAIL, trail.uid, picked(_DELIVERY, answer), _DELIVERY.name)


@source(
    "cloudtrail.GetEventSelectors",
    level="account",
    parent=TRAIL,
    uses=("TrailARN", "HomeRegion"),
    yields=[_SELECTORS],
)
def selectors(read: Reader, trail: Parent) -> Iterator[Observation]:
    """One of the two lists: a trail has the basic selectors or the advanced ones, or none of its own."""
    answer = _at_home(read, "cloudtrail.GetEventSelectors", "TrailName", trail)
    facts: dict[str, Json] | Unread
    if isinstance(answer, Unread):
        facts = answer
    else:
        facts = {
            "EventSelectors": answer.get("EventSelectors") or [],
            "AdvancedEventSelectors": ordered(answer.get("AdvancedEventSelectors") or [], "Name"),
        }
    yield Observation(TRAIL, trail.uid, facts, _SELECTORS.name)


def _at_home(read: Reader, call: str, key: str, trail: Parent) -> Mapping[str, Any] | Unread:
    named = {key: trail.facts["TrailARN"]}
    answer = read.call(call, absent=GONE, in_region=trail.facts["HomeRegion"], **named)
    return Unread(Why.VANISHED, call.replace(".", ":")) if answer is None else answer
