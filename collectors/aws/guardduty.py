"""Threat detection by GuardDuty: its detector, malware protection plans, open high findings, filters.

- A region has one detector or none; where there is none, nothing further is asked.
- An administrator sees its members; only what belongs to the account being read is asked for.
- How often and when a finding recurred is left out: it moves at every look.
"""

from collections.abc import Iterator
from typing import Any

from collectors.aws.reader import Reader
from collectors.aws.shaping import only, ordered, picked
from collectors.source import Facet, Parent, source
from evidence_store.records import Json, Observation, Unread, Why

DETECTOR = Facet(
    "aws.guardduty.detector",
    facts=("DetectorId", "Status"),
    optional=("CreatedAt", "DataSources", "Features", "FindingPublishingFrequency", "ServiceRole", "Tags"),
    lists=True,
)
# The region's detector in brief; `None` where there is none.
REGION = Facet("aws.region", facts=("GuardDutyDetector",), name="guardduty")
PLAN = Facet(
    "aws.guardduty.malware_plan",
    facts=("MalwareProtectionPlanId",),
    lists=True,
    name="listing",
)
PLAN_DETAIL = Facet(
    "aws.guardduty.malware_plan",
    facts=("ProtectedResource", "Status"),
    optional=("Actions", "Arn", "CreatedAt", "Role", "StatusReasons", "Tags"),
)
FINDING = Facet(
    "aws.guardduty.finding",
    facts=("Id", "Type", "Severity", "CreatedAt"),
    optional=("Archived", "FeatureName", "ResourceType", "Title"),
    lists=True,
)
FILTER = Facet(
    "aws.guardduty.filter",
    facts=("Name", "Action", "FindingCriteria"),
    optional=("Description", "Rank", "Tags"),
    lists=True,
)
HIGH = 7  # GuardDuty's severities from 7.0 on are high and critical
AT_ONCE = 50  # ids in one GetFindings


@source(
    "guardduty.GetDetector",
    level="region",
    calls=("guardduty.ListDetectors", "guardduty.GetDetector"),
    yields=[DETECTOR, REGION],
)
def detector(read: Reader) -> Iterator[Observation]:
    for detector_id in read.pages("guardduty.ListDetectors", "DetectorIds"):
        answer = read.call("guardduty.GetDetector", DetectorId=detector_id) or {}
        parts: dict[str, Json] = {"DetectorId": detector_id}
        if "Features" in answer:
            parts["Features"] = [_feature(feature) for feature in ordered(answer["Features"], "Name")]
        facts = picked(DETECTOR, answer, **parts)
        yield Observation(DETECTOR.type, read.arn("guardduty", f"detector/{detector_id}"), facts)
        brief = only(facts, "DetectorId", "Status", "Features", "DataSources")
        yield Observation(REGION.type, read.uid("aws.region", read.region), {"GuardDutyDetector": brief}, REGION.name)


def _feature(feature: dict[str, Any]) -> dict[str, Json]:
    parts = only(feature, "Name", "Status")
    if "AdditionalConfiguration" in feature:
        parts["AdditionalConfiguration"] = [
            only(more, "Name", "Status") for more in ordered(feature["AdditionalConfiguration"], "Name")
        ]
    return parts


@source("guardduty.ListMalwareProtectionPlans", level="region", yields=[PLAN])
def malware_plans(read: Reader) -> Iterator[Observation]:
    """Plans for buckets work without a detector."""
    for plan in read.pages("guardduty.ListMalwareProtectionPlans", "MalwareProtectionPlans", missing_is_empty=True):
        plan_id = plan["MalwareProtectionPlanId"]
        uid = read.arn("guardduty", f"malware-protection-plan/{plan_id}")
        yield Observation(PLAN.type, uid, {"MalwareProtectionPlanId": plan_id}, PLAN.name)


@source(
    "guardduty.GetMalwareProtectionPlan",
    level="region",
    yields=[PLAN_DETAIL],
    parent="aws.guardduty.malware_plan",
    uses=("MalwareProtectionPlanId",),
)
def malware_plan(read: Reader, parent: Parent) -> Iterator[Observation]:
    answer = read.call(
        "guardduty.GetMalwareProtectionPlan",
        absent=("ResourceNotFoundException",),
        MalwareProtectionPlanId=parent.facts["MalwareProtectionPlanId"],
    )
    gone = Unread(Why.VANISHED, "guardduty:GetMalwareProtectionPlan")
    facts = gone if answer is None else picked(PLAN_DETAIL, answer)
    yield Observation(PLAN_DETAIL.type, parent.uid, facts, PLAN_DETAIL.name)


@source(
    "guardduty.GetFindings",
    level="region",
    calls=("guardduty.ListFindings", "guardduty.GetFindings"),
    yields=[FINDING],
    parent="aws.guardduty.detector",
    uses=("DetectorId",),
)
def findings(read: Reader, parent: Parent) -> Iterator[Observation]:
    detector_id = parent.facts["DetectorId"]
    criteria = {
        "Criterion": {
            "accountId": {"Equals": [read.account]},
            "service.archived": {"Equals": ["false"]},
            "severity": {"GreaterThanOrEqual": HIGH},
        }
    }
    ids = list(read.pages("guardduty.ListFindings", "FindingIds", DetectorId=detector_id, FindingCriteria=criteria))
    for start in range(0, len(ids), AT_ONCE):
        batch = ids[start : start + AT_ONCE]
        answer = read.call("guardduty.GetFindings", DetectorId=detector_id, FindingIds=batch) or {}
        for finding in answer["Findings"]:
            yield Observation(FINDING.type, finding["Arn"], picked(FINDING, finding, **_finding(finding)))


def _finding(finding: dict[str, Any]) -> dict[str, Json]:
    about = finding.get("Service", {})
    parts: dict[str, Json] = only(about, "Archived", "FeatureName")
    if "ResourceType" in finding.get("Resource", {}):
        parts["ResourceType"] = finding["Resource"]["ResourceType"]
    return parts


@source(
    "guardduty.GetFilter",
    level="region",
    calls=("guardduty.ListFilters", "guardduty.GetFilter"),
    yields=[FILTER],
    parent="aws.guardduty.detector",
    uses=("DetectorId",),
)
def filters(read: Reader, parent: Parent) -> Iterator[Observation]:
    detector_id = parent.facts["DetectorId"]
    for name in read.pages("guardduty.ListFilters", "FilterNames", DetectorId=detector_id):
        answer = read.call("guardduty.GetFilter", DetectorId=detector_id, FilterName=name) or {}
        uid = read.arn("guardduty", f"detector/{detector_id}/filter/{name}")
        yield Observation(FILTER.type, uid, picked(FILTER, answer))
