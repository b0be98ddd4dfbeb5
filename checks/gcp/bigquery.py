"""Datasets of BigQuery: whether everyone may read them."""

from checks.check import Answer, Unknown, check
from checks.gcp.hierarchy import NODES, open_if_unread
from checks.gcp.members import PUBLIC
from checks.gcp.naming import some
from checks.gcp.policies import POLICIES, of_service, open_to_everyone, public_grants
from evidence_store.records import Inventory, Json, Resource

_TABLE = "bigquery.googleapis.com/Table"


@check(
    on="gcp.bigquery.dataset",
    severity="critical",
    version=1,
    within="provider",
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
