"""Who holds which role where, and what the roles allow."""

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.azure.graph import AUTHORIZATION, Row, of_type
from collectors.azure.shaping import observed, text_of
from collectors.source import Facet
from evidence_store.records import Observation

ASSIGNMENT = Facet(
    "azure.authorization.role_assignment",
    facts=("principalId", "roleDefinitionId", "scope"),
    optional=(
        "condition",
        "conditionVersion",
        "createdOn",
        "delegatedManagedIdentityResourceId",
        "description",
        "principalType",
    ),
    lists=True,
)
DEFINITION = Facet(
    "azure.authorization.role_definition",
    facts=("roleName", "roleType", "permissions", "assignableScopes"),
    optional=("createdOn", "description", "isServiceRole"),
    lists=True,
)


@of_type("Microsoft.Authorization/roleAssignments", ASSIGNMENT, table=AUTHORIZATION)
def assignments(row: Row) -> Iterator[Observation]:
    """Ids and scopes in lower case, so that they can be compared; the role by the last part of its id."""
    properties = row["properties"]
    role = properties["roleDefinitionId"].lower().rsplit("/", 1)[-1]
    who = text_of(properties, "principalId")
    yield from observed(ASSIGNMENT, row, principalId=who, scope=properties["scope"].lower(), roleDefinitionId=role)


@of_type("Microsoft.Authorization/roleDefinitions", DEFINITION, table=AUTHORIZATION)
def definitions(row: Row) -> Iterator[Observation]:
    """`roleType` is what the answer calls `type`: `BuiltInRole` or `CustomRole`."""
    properties = row["properties"]
    yield from observed(
        DEFINITION,
        row,
        roleName=text_of(properties, "roleName"),
        roleType=properties["type"],
        permissions=[_permission(each) for each in properties["permissions"]],
        assignableScopes=sorted(scope.lower() for scope in properties["assignableScopes"]),
    )


def _permission(permission: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name: sorted(permission.get(name) or ()) for name in ("actions", "notActions", "dataActions", "notDataActions")}
