"""The tenant, its subscriptions, and everything in them by name and tags."""

from collections.abc import Iterator
from typing import Any

from collectors.azure.graph import CONTAINERS, Row, account_of, of_type
from collectors.azure.permissions import EVERYTHING
from collectors.azure.reader import Reader
from collectors.azure.shaping import believed, uid_of
from collectors.source import Facet, NotEnabledError, UnreadError, source
from evidence_store.records import Observation, Unread, Why

TENANT = Facet(
    "azure.tenant", facts=("tenantId",), optional=("displayName", "defaultDomain", "countryCode", "tenantCategory"), lists=True
)
SUBSCRIPTION = Facet(
    "azure.subscription",
    facts=("subscriptionId", "displayName", "state"),
    optional=("tenantId", "tags", "quotaId", "spendingLimit", "managedByTenants"),
    lists=True,
)
PLACEMENT = Facet("azure.subscription", facts=("managementGroups", "besideRead"), name="placement")
RESOURCE = Facet(
    "azure.resource",
    facts=("name", "type", "tags"),
    optional=("location", "resourceGroup", "kind", "sku", "managedBy", "createdTime"),
    lists=True,
)


@source("arm.Microsoft.Resources/tenants", level="account", yields=[TENANT], permissions=())
def tenants(read: Reader) -> Iterator[Observation]:
    """Whoever signs in is told of the own tenant: it takes no role."""
    if not read.is_root:
        raise NotEnabledError("a tenant is no subscription's")
    for item in read.items("/tenants", "2022-12-01"):
        if str(item["tenantId"]).lower() == read.account:
            facts = {name: item[name] for name in TENANT.names if name in item}
            yield Observation(TENANT.type, f"/tenants/{read.account}", facts)
            return
    raise UnreadError(Unread(Why.UNEXPECTED, "Microsoft.Resources/tenants/read", "the caller's own tenant is not listed"))


@source("arm.Microsoft.Resources/subscriptions", level="account", yields=[SUBSCRIPTION])
def subscriptions(read: Reader) -> Iterator[Observation]:
    """Asked of Resource Manager, not of the graph, which may know a new subscription later: this one always exists."""
    if read.is_root:
        raise NotEnabledError("a subscription is none of the tenant's own settings")
    item = read.document(f"/subscriptions/{read.account}", "2022-12-01")
    facts = {name: item[name] for name in SUBSCRIPTION.names if name in item}
    policies = item.get("subscriptionPolicies") or {}
    facts |= {name: policies[name] for name in ("quotaId", "spendingLimit") if name in policies}
    facts["tags"] = dict(sorted((item.get("tags") or {}).items()))
    facts["managedByTenants"] = sorted(each["tenantId"] for each in item.get("managedByTenants") or ())
    yield Observation(SUBSCRIPTION.type, f"/subscriptions/{read.account}", facts)


@of_type("Microsoft.Resources/subscriptions", PLACEMENT, table=CONTAINERS)
def placements(row: Row) -> Iterator[Observation]:
    """The management groups that a subscription lies below, from the nearest to the root, by name.

    And whether each subscription of the same target, or tenant, is read: a caller is not told of those hidden from it.
    """
    groups = [each["name"] for each in row["properties"]["managementGroupAncestorsChain"]]
    facts = {"managementGroups": groups, "besideRead": row["besideRead"]}
    yield Observation(PLACEMENT.type, uid_of(row), facts, PLACEMENT.name)


@source(
    "arm.Microsoft.Resources/subscriptions/resources",
    level="account",
    yields=[RESOURCE],
    permissions=("Microsoft.Resources/subscriptions/resources/read", EVERYTHING),
)
def resources(read: Reader) -> Iterator[Observation]:
    """Everything in a subscription. The list leaves out what the caller may not read, so all types must be readable."""
    if read.is_root:
        raise NotEnabledError("resources lie in subscriptions")
    read.require(EVERYTHING)
    for item in read.items(f"/subscriptions/{read.account}/resources?$expand=createdTime", "2021-04-01"):
        yield from believed(RESOURCE, "Microsoft.Resources/subscriptions/resources/read", item, _resource)


def _resource(item: dict[str, Any]) -> Iterator[Observation]:
    facts = {name: item[name] for name in RESOURCE.names if name in item}
    facts["type"] = item["type"].lower()
    facts["tags"] = dict(sorted((item.get("tags") or {}).items()))
    facts["resourceGroup"] = resource_group_of(item["id"])
    yield Observation(RESOURCE.type, uid_of(item), facts)


def resource_group_of(id_: str) -> str | None:
    """The resource group that an id names."""
    parts = id_.lower().split("/")
    return parts[4] if account_of(id_) and len(parts) > 4 and parts[3] == "resourcegroups" else None
