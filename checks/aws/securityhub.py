"""Security Hub: that somebody takes up what it shows."""

from datetime import datetime, timedelta

from checks.aws.naming import some
from checks.check import Answer, NotApplicable, check
from evidence_store.records import Inventory, Resource


@check(
    on="aws.region",
    severity="high",
    version=1,
    within="region",
    needs=("SecurityHubArn",),
    looks_up={"aws.securityhub.finding": ("Title", "Label", "WorkflowStatus", "CreatedAt", "NoteText")},
    fix="Take the finding up: notify its owner, resolve it, or suppress it with a note that says why.",
)
def aws_securityhub_triage_age(
    region: Resource, *, at: datetime, inventory: Inventory, critical_days: int = 3, high_days: int = 7
) -> Answer:
    """Critical and high findings are taken up within the triage limit.

    A finding that is still new past the limit has been assessed by nobody. One that was suppressed was assessed, and a
    note says to what end.

    `critical_days`: days that a critical finding may stay new
    `high_days`: days that a high finding may stay new
    """
    if region.fact("SecurityHubArn") is None:
        return NotApplicable(f"{region.name} has no Security Hub, so no findings to take up")
    limits = {"CRITICAL": critical_days, "HIGH": high_days}
    late, silent = [], []
    for finding in inventory.where("aws.securityhub.finding"):
        created, days = finding.time("CreatedAt"), limits[finding.fact("Label")]
        if finding.fact("WorkflowStatus") == "SUPPRESSED":
            if not (finding.fact("NoteText") or "").strip():
                silent.append(finding.fact("Title"))
        elif created is not None and created + timedelta(days=days) < at:
            late.append(f"{finding.fact('Title')} of {created:%Y-%m-%d} (limit {days} days)")
    if late:
        return f"{region.name} has {len(late)} findings still new past their limit: {some(sorted(late))}"
    if silent:
        return f"{region.name} has {len(silent)} findings suppressed without a note: {some(sorted(silent))}"
    return None
