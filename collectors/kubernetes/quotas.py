"""How much a namespace may use."""

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.kubernetes.reader import Reader
from collectors.kubernetes.shapes import identity, observed, table, texts, whole, words
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

RESOURCE_QUOTA = Facet(
    "kubernetes.resource_quota",
    facts=("name", "namespace", "labels"),
    optional=("creationTimestamp", "hard", "scopes", "scopeSelector"),
    lists=True,
)


@source("list resourcequotas", level="account", yields=[RESOURCE_QUOTA])
def resource_quotas(read: Reader) -> Iterator[Observation]:
    for item in read.pages("list resourcequotas", "ResourceQuota"):
        yield from observed(read, [(RESOURCE_QUOTA, _quota)], item, "list resourcequotas")


def _quota(item: Mapping[str, Any]) -> dict[str, Json]:
    spec = table(item, "spec")
    return {
        **identity(item),
        "hard": words(spec, "hard"),
        "scopes": texts(spec, "scopes"),
        "scopeSelector": whole(spec, "scopeSelector"),
    }
