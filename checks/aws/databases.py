"""What the checks on databases share: a database's cluster, and how each engine is told to refuse clear text."""

from dataclasses import dataclass

from evidence_store.records import Inventory, Resource


@dataclass(frozen=True, slots=True)
class TlsParameter:
    """The parameter that makes an engine refuse clear text, and the values that do."""

    name: str
    values: tuple[str, ...]


def cluster_of(instance: Resource, inventory: Inventory) -> Resource | None:
    """The cluster that an instance belongs to, if it belongs to one and that was listed."""
    identifier = instance.fact("DBClusterIdentifier")
    if identifier is None:
        return None
    return inventory.get("aws.rds.cluster", f"{instance.uid.rpartition(':db:')[0]}:cluster:{identifier}")


def tls_parameter(engine: str) -> TlsParameter | None:
    """`None` for an engine that does not decide it by a parameter that we know."""
    if "postgres" in engine or "sqlserver" in engine:
        return TlsParameter("rds.force_ssl", ("1", "on", "true"))
    if engine == "aurora" or "mysql" in engine or "mariadb" in engine:
        return TlsParameter("require_secure_transport", ("1", "on", "true"))
    if engine == "docdb":
        return TlsParameter("tls", ("enabled", "tls1.2+", "tls1.3+", "fips-140-3"))
    return None
