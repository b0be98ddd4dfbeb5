"""Azure Policy: what is assigned where, and what is exempted."""

from collections.abc import Iterator

from collectors.azure.graph import POLICY, Row, of_type
from collectors.azure.shaping import observed
from collectors.source import Facet
from evidence_store.records import Observation

ASSIGNMENT = Facet(
    "azure.policy.assignment",
    facts=("name", "policyDefinitionId", "scope"),
    optional=("description", "displayName", "enforcementMode", "location", "notScopes", "parameters"),
    lists=True,
)
EXEMPTION = Facet(
    "azure.policy.exemption",
    facts=("name", "policyAssignmentId", "exemptionCategory"),
    optional=("description", "displayName", "expiresOn", "policyDefinitionReferenceIds"),
    lists=True,
)


@of_type("Microsoft.Authorization/policyAssignments", ASSIGNMENT, table=POLICY)
def assignments(row: Row) -> Iterator[Observation]:
    """Ids and scopes in lower case, so that they can be compared."""
    properties = row["properties"]
    yield from observed(
        ASSIGNMENT,
        row,
        policyDefinitionId=properties["policyDefinitionId"].lower(),
        scope=properties["scope"].lower(),
        notScopes=sorted(each.lower() for each in properties.get("notScopes") or ()),
    )


@of_type("Microsoft.Authorization/policyExemptions", EXEMPTION, table=POLICY)
def exemptions(row: Row) -> Iterator[Observation]:
    yield from observed(EXEMPTION, row, policyAssignmentId=row["properties"]["policyAssignmentId"].lower())
