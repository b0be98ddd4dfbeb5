"""How long logs are kept."""

from checks.check import Answer, NotApplicable, check
from evidence_store.records import Resource


@check(
    on="aws.logs.log_group",
    severity="medium",
    version=1,
    needs=("logGroupName", "logGroupClass", "retentionInDays"),
    fix="Set the log group's retention to the period that the logging rule lays down.",
)
def aws_log_group_retention(group: Resource, *, min_days: int = 365, max_days: int = 3653) -> Answer:
    """Log groups keep data as long as the logging rule says, and not for ever.

    Intrusions are often noticed months later, and what was deleted by then cannot be investigated. What is never deleted
    gathers personal data without end.

    `min_days`: how long logs must be kept at least, in days
    `max_days`: how long logs may be kept at most, in days
    """
    name, days = group.fact("logGroupName"), group.fact("retentionInDays")
    if group.fact("logGroupClass") == "DELIVERY":
        return NotApplicable(f"{name} only passes logs on to their destination; its retention is fixed")
    if days is None:
        return f"{name} keeps its data for ever; the limit is {max_days} days"
    if days < min_days:
        return f"{name} keeps its data for {days} days; the rule asks for {min_days}"
    if days > max_days:
        return f"{name} keeps its data for {days} days; the limit is {max_days}"
    return None
