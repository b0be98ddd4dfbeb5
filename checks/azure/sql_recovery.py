"""SQL databases: whether they can be had back, and whether they go on where a zone or region fails."""

import re

from checks.azure.naming import last
from checks.azure.tagging import plain, tag_of
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Resource

_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?")
_DAYS = (365, 30, 7, 1)  # of a year, month, week, day: the least that a policy promises, or a little less


@check(
    on="azure.sql.database",
    severity="medium",
    version=1,
    needs=("monthlyRetention", "retentionDays", "weeklyRetention", "yearlyRetention"),
    fix="Raise the point-in-time retention of the database, or set a long-term retention policy.",
)
def azure_sql_long_term_backup(database: Resource, *, min_days: int = 30, point_in_time_days: int = 7) -> Answer:
    """Backups of SQL databases are kept for as long as the backup rule asks for.

    A fault in the data is often found after weeks; by then the database must be restorable to the time before it. Weekly,
    monthly and yearly copies count for the whole retention, the days of restore to any moment for themselves.

    `min_days`: for how many days some backup must be kept
    `point_in_time_days`: for how many days a database must be restorable to any moment
    """
    if database.name == "master":
        return NotApplicable("master is the platform's own database")
    days = database.fact("retentionDays")
    kept = [_days(database.fact(name)) for name in ("weeklyRetention", "monthlyRetention", "yearlyRetention")]
    if days is None or None in kept:
        return Unknown(f"{database.name} does not say how long its backups are kept")
    if days < point_in_time_days:
        return f"{database.name} can be restored to any moment of {days} days; {point_in_time_days} are required"
    longest = max(days, *(copy for copy in kept if copy is not None))
    return f"{database.name} keeps backups for {longest} days; {min_days} are required" if longest < min_days else None


def _days(duration: str | None) -> int | None:
    """The days of an ISO 8601 duration; `None` where it is none. One of hours and less keeps nothing."""
    if duration is not None and duration.startswith("PT"):
        return 0
    found = _DURATION.fullmatch(duration or "")
    return None if found is None else sum(int(n or 0) * days for n, days in zip(found.groups(), _DAYS, strict=True))


@check(
    on="azure.sql.database",
    severity="medium",
    version=1,
    needs=("server", "tags", "zoneRedundant"),
    looks_up={"azure.sql.server": ("failoverGroups",)},
    fix="Put the database into a failover group, or make it zone redundant; tag databases by how critical they are.",
)
def azure_sql_failover(
    database: Resource,
    *,
    inventory: Inventory,
    tag: str = "criticality",
    critical: tuple[str, ...] = ("critical", "high"),
) -> Answer:
    """Critical SQL databases go on where a zone or region fails.

    Which databases are critical is the owner's decision, written in a tag; without it the question cannot be answered.

    `tag`: the tag that says how critical a database is
    `critical`: the values of it that ask for a second place
    """
    if database.name == "master":
        return NotApplicable("master is the platform's own database")
    if database.fact("zoneRedundant") is True:
        return None
    server = inventory.get("azure.sql.server", database.fact("server"))
    if server is None:
        return Unknown(f"{database.name} is on the server {last(database.fact('server'))}, which was not listed")
    if any(database.uid in group["databases"] for group in server.fact("failoverGroups")):
        return None
    criticality = tag_of(database, tag)
    if criticality is None:
        return Unknown(f"{database.name} runs in one place and has no tag {tag} that says whether it is critical")
    if plain(criticality) not in {plain(word) for word in critical}:
        return NotApplicable(f"{database.name} is not critical")
    return f"{database.name} is critical and runs in one place only"
