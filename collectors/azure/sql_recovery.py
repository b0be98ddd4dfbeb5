"""How long backups of SQL databases are kept, and where databases go on when a region fails."""

from collections.abc import Iterator

from collectors.azure.reader import Reader
from collectors.azure.shaping import ordered, text_of, texts_of
from collectors.source import Facet, Parent, source
from evidence_store.records import Observation

SHORT_TERM = Facet("azure.sql.database", facts=("retentionDays",), name="short_term_backup")
LONG_TERM = Facet(
    "azure.sql.database",
    facts=("weeklyRetention", "monthlyRetention", "yearlyRetention"),
    name="long_term_backup",
)
FAILOVER = Facet("azure.sql.server", facts=("failoverGroups",), name="failover")

_VERSION = "2021-11-01"


@source(
    "arm.Microsoft.Sql/servers/databases/backupShortTermRetentionPolicies",
    level="account",
    yields=[SHORT_TERM],
    parent="azure.sql.database",
    uses=("name",),
)
def short_term(read: Reader, parent: Parent) -> Iterator[Observation]:
    """For how many days a database can be restored to any moment. The platform's own `master` has no such policy."""
    if parent.facts["name"] == "master":
        return
    item = read.document(f"{parent.uid}/backupShortTermRetentionPolicies/default", _VERSION)
    days = item["properties"]["retentionDays"]
    if not isinstance(days, int) or isinstance(days, bool):
        raise TypeError("days that are no number")
    yield Observation(SHORT_TERM.type, parent.uid, {"retentionDays": days}, SHORT_TERM.name)


@source(
    "arm.Microsoft.Sql/servers/databases/backupLongTermRetentionPolicies",
    level="account",
    yields=[LONG_TERM],
    parent="azure.sql.database",
    uses=("name",),
)
def long_term(read: Reader, parent: Parent) -> Iterator[Observation]:
    """For how long weekly, monthly and yearly copies are kept, as ISO 8601 durations; `PT0S` for none."""
    if parent.facts["name"] == "master":
        return
    item = read.document(f"{parent.uid}/backupLongTermRetentionPolicies/default", _VERSION)
    facts = {name: text_of(item["properties"], name) for name in LONG_TERM.facts}
    yield Observation(LONG_TERM.type, parent.uid, facts, LONG_TERM.name)


@source(
    "arm.Microsoft.Sql/servers/failoverGroups",
    level="account",
    yields=[FAILOVER],
    parent="azure.sql.server",
    uses=("name",),
)
def failover_groups(read: Reader, parent: Parent) -> Iterator[Observation]:
    """The groups that a server takes part in, with the databases in them; their ids in lower case, to be compared."""
    groups = [
        {
            "name": text_of(item, "name"),
            "databases": sorted(each.lower() for each in texts_of(item["properties"].get("databases"))),
            "replicationRole": item["properties"].get("replicationRole"),
        }
        for item in read.items(f"{parent.uid}/failoverGroups", _VERSION)
    ]
    yield Observation(FAILOVER.type, parent.uid, {"failoverGroups": ordered(groups, "name")}, FAILOVER.name)
