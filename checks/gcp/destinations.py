"""Where a sink sends logs: the project that its destination stands in."""

import re

from checks.gcp.hierarchy import uid_of
from evidence_store.records import Inventory

_IN_PROJECT = re.compile(r"(?:logging|bigquery|pubsub)\.googleapis\.com/projects/([^/]+)")
_BUCKET = re.compile(r"storage\.googleapis\.com/([^/]+)")


def project_of(destination: str, inventory: Inventory) -> str | None:
    """The id of the project of a log bucket, dataset, topic or storage bucket; `None` for what is in none that is known.

    A destination names its project by id or by number.
    """
    if found := _IN_PROJECT.match(destination):
        project = inventory.get("gcp.project", uid_of(f"projects/{found[1]}"))
        return found[1] if project is None else str(project.fact("projectId"))
    if found := _BUCKET.match(destination):
        bucket = inventory.get("gcp.storage.bucket", f"//storage.googleapis.com/{found[1]}")
        return None if bucket is None else bucket.scope.account
    return None
