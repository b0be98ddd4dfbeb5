"""AWS Config: that changes are recorded, and that what its rules find is set right."""

from datetime import datetime, timedelta

from checks.aws.naming import some
from checks.check import Answer, NotApplicable, check
from evidence_store.records import Json, Resource, parse_time


@check(
    on="aws.region",
    severity="high",
    version=1,
    needs=("ConfigurationRecorders",),
    fix="Start a configuration recorder for all resource types in the region, with a delivery channel that works.",
)
def aws_config_recorder_all_regions(region: Resource, *, may_leave_out: tuple[str, ...] = ()) -> Answer:
    """Changes to resources of every type are recorded in every region.

    Who wants to know what a resource looked like last month, or what changed before an incident, finds it here or
    nowhere. Recorders that AWS services keep for their own purposes do not count.

    `may_leave_out`: resource types that a recorder may exclude, as `AWS::EC2::NetworkInterface`
    """
    recorders = [r for r in region.fact("ConfigurationRecorders") if not r.get("servicePrincipal")]
    if not recorders:
        return f"{region.name} has no configuration recorder"
    faults = [_fault(recorder, set(may_leave_out)) for recorder in recorders]
    return None if None in faults else f"{region.name} has a configuration recorder that {faults[0]}"


def _fault(recorder: Json, may_leave_out: set[str]) -> str | None:
    """What is wrong with a recorder; `None` if it records everything."""
    if not recorder["recording"]:
        return "is stopped"
    if recorder.get("lastStatus") == "Failure":
        return f"cannot deliver ({recorder.get('lastErrorCode', 'no reason given')})"
    group = recorder.get("recordingGroup", {})
    strategy = group.get("recordingStrategy", {}).get("useOnly")
    if group.get("allSupported") or strategy == "ALL_SUPPORTED_RESOURCE_TYPES":
        return None
    if strategy != "EXCLUSION_BY_RESOURCE_TYPES":
        return "records some resource types only"
    left_out = sorted(set(group.get("exclusionByResourceTypes", {}).get("resourceTypes", [])) - may_leave_out)
    return f"leaves out {some(left_out)}" if left_out else None


@check(
    on="aws.config.rule",
    severity="medium",
    version=1,
    needs=("ConfigRuleName", "Compliance", "Violations"),
    fix="Bring the resources in line with the rule, or except the finding with a reason and an end.",
)
def aws_config_noncompliance_age(rule: Resource, *, at: datetime, max_age_days: int = 30) -> Answer:
    """Violations of configuration rules are set right within their limit.

    A rule that nobody acts on is not a rule. The time counts from when AWS Config recorded the violation.

    `max_age_days`: how long a violation may stand, in days
    """
    compliance = (rule.fact("Compliance") or {}).get("ComplianceType")
    if compliance == "COMPLIANT":
        return None
    if compliance != "NON_COMPLIANT":
        return NotApplicable(f"{rule.name} has judged nothing yet")
    limit = at - timedelta(days=max_age_days)
    late = [
        f"{violation['ResourceId']} since {recorded:%Y-%m-%d}"
        for violation in rule.fact("Violations")
        if (recorded := parse_time(violation["ResultRecordedTime"])) < limit
    ]
    return f"{rule.name} is violated past {max_age_days} days by {some(late)}" if late else None
