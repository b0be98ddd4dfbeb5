"""Defender for Cloud: which protection is bought."""

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.azure.graph import SECURITY, Row, of_type
from collectors.azure.shaping import observed, ordered, text_of
from collectors.source import Facet
from evidence_store.records import Json, Observation

PRICING = Facet(
    "azure.security.pricing",
    facts=("name", "pricingTier"),
    optional=(
        "deprecated",
        "enablementTime",
        "enforce",
        "extensions",
        "inherited",
        "inheritedFrom",
        "replacedBy",
        "resourcesCoverageStatus",
        "subPlan",
    ),
    lists=True,
)


@of_type("Microsoft.Security/pricings", PRICING, table=SECURITY)
def pricings(row: Row) -> Iterator[Observation]:
    """One for each plan and subscription. How long a trial still lasts is left out: it moves with every look."""
    extensions = [_extension(each) for each in row["properties"].get("extensions") or ()]
    yield from observed(PRICING, row, extensions=ordered(extensions, "name"))


def _extension(extension: Mapping[str, Any]) -> dict[str, Json]:
    """Whether it is on is told as a text. Raises `TypeError` where it is not told."""
    told = str(extension["isEnabled"]).lower()
    if told not in ("true", "false"):
        raise TypeError("an extension that is neither on nor off")
    return {"name": text_of(extension, "name"), "isEnabled": told == "true"}
