"""What machines lack: updates that are there and were not installed, as the agent on each machine reports."""

from datetime import datetime, timedelta

from checks.check import Answer, NotApplicable, Unknown, check
from checks.gcp.machines import is_cluster_node
from checks.gcp.naming import placed, some
from checks.gcp.updates import Rating, Update, updates
from evidence_store.records import Resource

_STANDING = ("creationTimestamp", "labels", "status")


@check(
    on="gcp.compute.instance",
    severity="high",
    version=1,
    needs=(*_STANDING, "availablePackages", "updateTime"),
    fix="Turn on VM Manager with its agent in every machine, and a patch deployment that installs within the deadline.",
)
def gcp_os_patch_state(
    instance: Resource,
    *,
    at: datetime,
    deadline_days: int = 14,
    unrated_days: int = 30,
    max_report_age_days: int = 3,
    first_report_hours: int = 24,
) -> Answer:
    """No running machine misses an important update beyond the deadline.

    Asked of each running machine, whether its agent reports or not: a machine that says nothing is not a clean one.
    Windows and SUSE rate their updates; packages of Debian, Ubuntu and Red Hat come without a rating here, and have a
    deadline of their own. An update waits since it was published or first seen on the machine, whichever is earlier.

    `deadline_days`: how long an update that is critical or for security may wait, in days
    `unrated_days`: how long an update without a rating may wait, in days
    `max_report_age_days`: how old the machine's last report may be, in days
    `first_report_hours`: how long a new machine may take to report for the first time, in hours
    """
    if (silent := _silent(instance, at, first_report_hours)) is not None:
        return silent
    days = {Rating.IMPORTANT: deadline_days, Rating.UNRATED: unrated_days}
    found = [update for update in updates(instance.fact("availablePackages")) if update.rating in days]
    late = [u for u in found if u.since is not None and u.since < at - timedelta(days=days[u.rating])]
    called = placed(instance)
    reported = instance.time("updateTime")
    if reported is not None and reported < at - timedelta(days=max_report_age_days):
        missed = f", when it missed {_listed(late)}" if late else ""
        return f"{called} last reported its updates on {reported:%Y-%m-%d}{missed}; the limit is {max_report_age_days} days"
    if late:
        return f"{called} misses updates beyond the deadline: {_listed(late)}"
    undated = [u for u in found if u.since is None]
    return Unknown(f"{called} misses updates that nobody dates: {_listed(undated)}") if undated else None


def _silent(instance: Resource, at: datetime, first_report_hours: int) -> Answer:
    """The answer for a machine that need not report, or does not; `None` where its report can be judged."""
    if instance.fact("status") != "RUNNING":
        return NotApplicable(f"{placed(instance)} is {instance.fact('status')}")
    if is_cluster_node(instance):
        return NotApplicable(f"{placed(instance)} is a node of a cluster, which replaces it to update it")
    made, reported = instance.time("creationTimestamp"), instance.time("updateTime")
    before = made is not None and reported is not None and reported < made  # of an earlier machine of the same name
    if instance.fact("availablePackages") is None or before:
        due = None if made is None else made + timedelta(hours=first_report_hours)
        if due is not None and due > at:
            return NotApplicable(f"{placed(instance)} is new; its first report is due on {due:%Y-%m-%d %H:%M} UTC")
        return f"{placed(instance)} does not report which updates it misses"
    return None


def _listed(found: list[Update]) -> str:
    return some([str(u) for u in sorted(found, key=lambda u: (str(u.since), u.name))])
