"""Datasets of BigQuery: whether everyone may read them."""

from checks.check import Answer, Unknown, check
from checks.gcp.hierarchy import NODES, open_if_unread
from checks.gcp.labels import labelled_days
from checks.gcp.members import PUBLIC
from checks.gcp.naming import some
from checks.gcp.policies import POLICIES, of_service, open_to_everyone, public_grants
from evidence_store.records import Inventory, Json, Resource

_TABLE = "bigquery.googleapis.com/Table"


@check(
    on="gcp.bigquery.dataset",
    severity="critical",
    version=1,
    above="ancestors",
    needs=("access", "ancestors"),
    looks_up={**NODES, **POLICIES},
    fix="Take allUsers and allAuthenticatedUsers out of the dataset's access list and the policies of its tables.",
)
def gcp_bigquery_no_public(dataset: Resource, *, inventory: Inventory) -> Answer:
    """No dataset is open to everyone, nor any of its tables.

    Whoever finds the name reads the data, on his own bill and unseen by the owner's users.
    """
    found = [*_by_list(dataset.fact("access")), *open_to_everyone(dataset, inventory, of_service("bigquery"))]
    for table in inventory.where("gcp.iam.policy", assetType=_TABLE):
        if table.uid.startswith(f"{dataset.uid}/"):
            found += [f"{g.role} to {g.member} on table {table.name}" for g in public_grants(table)]
    if found:
        return f"dataset {dataset.name} grants {some(list(dict.fromkeys(found)))}"
    if dataset.fact("access") is None and inventory.get("gcp.iam.policy", dataset.uid) is None:
        return Unknown(f"dataset {dataset.name} does not say who has access to it")
    return open_if_unread(dataset, f"dataset {dataset.name}", inventory)


def _by_list(access: Json) -> list[str]:
    """Entries of a dataset's access list that are for everyone."""
    return [
        f"{entry.get('role')} to {member}"
        for entry in access or ()
        if (member := entry.get("specialGroup") or entry.get("iamMember")) in PUBLIC
    ]


@check(
    on="gcp.bigquery.dataset",
    severity="low",
    version=1,
    needs=("defaultTableExpirationMs", "labels"),
    fix="Set the dataset's default table expiration within the limit; label each dataset with it in days, or none.",
)
def gcp_bigquery_expiry(dataset: Resource, *, label: str = "retention-max-days") -> Answer:
    """Datasets whose contents may be kept only so long delete their tables in time.

    The limit is the owner's decision, written in a label. The default holds for tables made from then on; what single
    tables have instead is not seen here.

    `label`: the label that names the limit: days, years (7y), or none
    """
    days = labelled_days(dataset, label)
    if not isinstance(days, int):
        return days
    kept = int(dataset.fact("defaultTableExpirationMs") or 0) / 86_400_000
    if not kept:
        return f"dataset {dataset.name} keeps new tables for good; {days} days are allowed"
    return f"dataset {dataset.name} keeps new tables for {kept:g} days; {days} are allowed" if kept > days else None
