"""What stores of data say about the data in them."""

from checks.check import Answer, check
from checks.gcp.labels import label_of, named
from evidence_store.records import Resource


@check(
    on="gcp.storage.bucket",
    also_on=("gcp.bigquery.dataset", "gcp.sql.instance"),
    severity="medium",
    version=1,
    needs=("labels",),
    fix="Label each bucket, dataset and database with the class of its data, by the levels of your classification scheme.",
)
def gcp_resource_classification_label(
    store: Resource,
    *,
    label: str = "data-class",
    levels: tuple[str, ...] = ("public", "internal", "confidential", "restricted"),
) -> Answer:
    """Stores of data carry the class of what they hold.

    A label is what people and programs can act on: who may read, where copies may go, what has to be encrypted. A store
    without one is handled as whoever comes by thinks fit.

    `label`: the label that says what class of data a store holds
    `levels`: the levels of the classification scheme
    """
    name = f"{store.type.split('.')[1]} {store.type.split('.')[2]} {store.name}"
    level = label_of(store, label)
    if level is None:
        return f"{name} has no label {label}"
    return None if named(level, levels) else f"{name} has the label {label} with the value {level}, which is no level"
