"""Log Analytics workspaces."""

from checks.check import Answer, Unknown, check
from evidence_store.records import Resource


@check(
    on="azure.operationalinsights.workspace",
    severity="medium",
    version=1,
    needs=("retentionInDays",),
    fix="Raise the retention of the workspace to the days that the logging rule asks for.",
)
def azure_log_retention(workspace: Resource, *, min_days: int = 90) -> Answer:
    """Log workspaces keep their data for the days that the logging rule asks for.

    An intrusion is often found months later; what was thrown away by then cannot tell how it went. Single tables may be set
    otherwise; those settings are not read.

    `min_days`: how many days logs must be kept
    """
    days = workspace.fact("retentionInDays")
    if days is None:
        return Unknown(f"{workspace.name} does not say how long it keeps its data")
    if 0 <= days < min_days:
        return f"{workspace.name} keeps its data for {days} days; {min_days} are required"
    return None
