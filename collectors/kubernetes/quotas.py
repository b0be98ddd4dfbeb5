"""How much a namespace may use: limit ranges and resource quotas."""

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.kubernetes.reader import Reader
from collectors.kubernetes.shapes import identity, observed, only, rows, table, texts, words
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

LIMIT_RANGE = Facet(
    "kubernetes.limit_range",
    facts=("name", "namespace", "labels", "limits"),
    optional=("creationTimestamp",),
    lists=True,
)
RESOURCE_QUOTA = Facet(
    "kubernetes.resource_quota",
    facts=("name", "namespace", "labels"),
    optional=("creationTimestamp", "hard", "scopes"),
    lists=True,
)
_LIMIT = ("type", "default", "defaultRequest", "max", "min", "maxLimitRequestRatio")


@source("list limitranges", level="account", yields=[LIMIT_RANGE])
def limit_ranges(read: Reader) -> Iterator[Observation]:
    for item in read.pages("list limitranges", "LimitRange"):
        yield from observed(read, [(LIMIT_RANGE, _limit_range)], item, "list limitranges")


def _limit_range(item: Mapping[str, Any]) -> dict[str, Json]:
    limits = [only(limit, *_LIMIT) for limit in rows(table(item, "spec", needed=True), "limits")]
    return {**identity(item), "limits": sorted(limits, key=lambda limit: str(limit.get("type")))}


@source("list resourcequotas", level="account", yields=[RESOURCE_QUOTA])
def resource_quotas(read: Reader) -> Iterator[Observation]:
    for item in read.pages("list resourcequotas", "ResourceQuota"):
        yield from observed(read, [(RESOURCE_QUOTA, _quota)], item, "list resourcequotas")


def _quota(item: Mapping[str, Any]) -> dict[str, Json]:
    spec = table(item, "spec")
    return {**identity(item), "hard": words(spec, "hard"), "scopes": texts(spec, "scopes")}
