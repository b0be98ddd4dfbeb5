"""Databases of Cloud SQL: who reaches them, how, and whether they can be brought back."""

from datetime import datetime

from checks.addresses import is_internet
from checks.check import Answer, NotApplicable, Unknown, check
from checks.gcp.durations import moment_of
from checks.gcp.labels import label_of, named
from checks.gcp.naming import placed, some
from evidence_store.records import Json, Resource

_BACKUPS = 7  # that the service keeps where nothing else is said
_ENCRYPTED = ("ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED")


@check(
    on="gcp.sql.instance",
    severity="critical",
    version=1,
    needs=("instanceType", "settings"),
    fix="Use a private address, take wide authorized networks out, and set sslMode to ENCRYPTED_ONLY.",
)
def gcp_sql_private_tls(database: Resource, *, at: datetime) -> Answer:
    """Databases let no open network in, and nobody without TLS.

    A database that the whole internet may knock at is one leaked password away from being read. Without TLS the
    password and the data go in clear text.
    """
    if database.fact("instanceType") == "ON_PREMISES_INSTANCE":
        return NotApplicable(f"{placed(database)} stands for a server outside of Google Cloud")
    config = (database.fact("settings") or {}).get("ipConfiguration") or {}
    faults = []
    if config.get("ipv4Enabled") and (wide := _wide(config.get("authorizedNetworks"), at)):
        faults.append(f"lets {some(wide)} in")
    mode = config.get("sslMode")
    if mode not in _ENCRYPTED and not (mode in (None, "SSL_MODE_UNSPECIFIED") and config.get("requireSsl")):
        faults.append("accepts connections without TLS")
    return f"{placed(database)} {' and '.join(faults)}" if faults else None


def _wide(networks: Json, at: datetime) -> list[str]:
    """The authorized networks in force that are the internet."""
    wide = [network for network in networks or () if is_internet(network["value"])]
    ends = [moment_of("an authorized network", network.get("expirationTime")) for network in wide]
    return [network["value"] for network, end in zip(wide, ends, strict=True) if end is None or end > at]


@check(
    on="gcp.sql.instance",
    severity="high",
    version=1,
    needs=("databaseVersion", "instanceType", "masterInstanceName", "settings"),
    fix="Turn on automated backups and point-in-time recovery (binary logging for MySQL), and keep enough of them.",
)
def gcp_sql_backup(database: Resource, *, min_backups: int = 7) -> Answer:
    """Databases are backed up every day and can be set back to any moment.

    A daily backup alone loses up to a day; the log in between brings back the minute before the mistake. A replica is
    backed up with its primary.

    `min_backups`: how many automated backups are kept at least
    """
    if database.fact("masterInstanceName") or database.fact("instanceType") == "READ_REPLICA_INSTANCE":
        return NotApplicable(f"{placed(database)} is a replica; its primary is backed up")
    if database.fact("instanceType") == "ON_PREMISES_INSTANCE":
        return NotApplicable(f"{placed(database)} stands for a server outside of Google Cloud")
    config = (database.fact("settings") or {}).get("backupConfiguration") or {}
    if not config.get("enabled"):
        return f"{placed(database)} has no automated backups"
    mysql = str(database.fact("databaseVersion")).startswith("MYSQL")
    if not config.get("binaryLogEnabled" if mysql else "pointInTimeRecoveryEnabled"):
        return f"{placed(database)} has no point-in-time recovery"
    kept = (config.get("backupRetentionSettings") or {}).get("retainedBackups")
    number = _BACKUPS if kept is None else int(kept)
    return f"{placed(database)} keeps {number} backups; {min_backups} are required" if number < min_backups else None


@check(
    on="gcp.sql.instance",
    severity="medium",
    version=1,
    needs=("instanceType", "labels", "settings"),
    fix="Set the availability type to REGIONAL; label each database by its criticality.",
)
def gcp_sql_high_availability(
    database: Resource, *, label: str = "criticality", critical: tuple[str, ...] = ("critical", "high")
) -> Answer:
    """Critical databases outlive the loss of a zone.

    A regional database has a copy in a second zone that takes over by itself. How critical a database is, its label says.

    `label`: the label that says how critical a database is
    `critical`: the values of it that ask for a second zone
    """
    settings = database.fact("settings") or {}
    if database.fact("instanceType") not in (None, "CLOUD_SQL_INSTANCE"):
        return NotApplicable(f"{placed(database)} is a {database.fact('instanceType')}")
    criticality = label_of(database, label)
    if criticality is None:
        return Unknown(f"{placed(database)} has no label {label} that says whether it is critical")
    if not named(criticality, critical):
        return NotApplicable(f"{placed(database)} is not critical")
    return None if settings.get("availabilityType") == "REGIONAL" else f"{placed(database)} is critical and runs in one zone"


@check(
    on="gcp.sql.instance",
    severity="low",
    version=1,
    needs=("databaseVersion", "instanceType", "settings"),
    fix="Set the missing database flags; changing some of them restarts the database.",
)
def gcp_sql_audit_flags(
    database: Resource,
    *,
    postgres: tuple[str, ...] = ("log_connections=on", "log_disconnections=on", "cloudsql.enable_pgaudit=on"),
    mysql: tuple[str, ...] = ("cloudsql_mysql_audit=ON",),
    sqlserver: tuple[str, ...] = (),
) -> Answer:
    """Databases write down who connects and what they do.

    The provider's own logs say who changed the database's settings; only the database itself knows who signed in to it.

    `postgres`: flags that PostgreSQL must have
    `mysql`: flags that MySQL must have
    `sqlserver`: flags that SQL Server must have
    """
    if database.fact("instanceType") == "ON_PREMISES_INSTANCE":
        return NotApplicable(f"{placed(database)} stands for a server outside of Google Cloud")
    version = str(database.fact("databaseVersion"))
    engines = {"POSTGRES": postgres, "MYSQL": mysql, "SQLSERVER": sqlserver}
    wanted = engines.get(version.partition("_")[0], ())
    if not wanted:
        return NotApplicable(f"{placed(database)} runs {version}, for which no flags are asked")
    flags = (database.fact("settings") or {}).get("databaseFlags") or ()
    found = {f"{flag['name']}={flag.get('value')}".lower() for flag in flags}
    missing = [flag for flag in wanted if flag.lower() not in found]
    return f"{placed(database)} does not have {some(missing)}" if missing else None
