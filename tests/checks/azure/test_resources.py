"""Tags: whose a resource is, and how sensitive."""

from typing import TYPE_CHECKING

import pytest

from tests.checks.azure.scene import asked

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

OWNER, CLASS = "azure_resource_owner_tag", "azure_resource_classification_tag"
STORAGE, DATABASE = "Microsoft.Storage/storageAccounts", "Microsoft.Sql/servers/databases"


@pytest.mark.parametrize(
    ("tags", "status"),
    [
        ({"Owner": "ann@example.com"}, "pass"),
        ({}, "fail"),
        ({"owner": " "}, "fail"),
        ({"cost-centre": "7"}, "fail"),
        (None, "fail"),
    ],
)
def test_a_resource_names_its_owner(azure: "Cloud", tags: dict[str, str] | None, status: str) -> None:
    azure.add(STORAGE, "files", tags=tags)
    assert asked(azure, OWNER).status(OWNER, "/files") == status


def test_the_owners_tag_is_a_parameter(azure: "Cloud") -> None:
    azure.add(STORAGE, "files", tags={"Cost-Centre": "7"})
    assert asked(azure, OWNER, tag="cost_centre").status(OWNER, "/files") == "pass"


def test_what_the_platform_makes_needs_no_owner(azure: "Cloud") -> None:
    azure.add("Microsoft.Network/networkWatchers", "watcher")
    azure.add("Microsoft.Compute/disks", "system", managedBy="/subscriptions/x/web")
    seen = asked(azure, OWNER)
    assert seen.status(OWNER, "/watcher") == "not_applicable"
    assert seen.status(OWNER, "/system") == "not_applicable"


@pytest.mark.parametrize(
    ("tags", "status", "words"),
    [
        ({"Classification": "Confidential"}, "pass", ""),
        ({}, "fail", "has no tag classification"),
        ({"classification": "secret-ish"}, "fail", "has the class secret-ish, which is not in the scheme"),
    ],
)
@pytest.mark.parametrize(
    ("type_", "name"),
    [
        (STORAGE, "orders"),
        (DATABASE, "shop/orders"),
        ("Microsoft.DBforPostgreSQL/flexibleServers", "orders"),
        ("Microsoft.DocumentDB/databaseAccounts", "orders"),
    ],
)
def test_a_data_store_carries_its_class(
    azure: "Cloud", type_: str, name: str, tags: dict[str, str], status: str, words: str
) -> None:
    azure.add(type_, name, tags=tags)
    seen = asked(azure, CLASS)
    assert seen.status(CLASS, "/orders") == status
    assert words in seen.reason(CLASS, "/orders")


def test_the_platforms_own_database_needs_no_class(azure: "Cloud") -> None:
    azure.add(DATABASE, "shop/master")
    assert asked(azure, CLASS).status(CLASS, "/master") == "not_applicable"


def test_the_scheme_is_a_parameter(azure: "Cloud") -> None:
    azure.add(STORAGE, "files", tags={"classification": "C-3"})
    assert asked(azure, CLASS, scheme=["c1", "c2", "c3"]).status(CLASS, "/files") == "pass"


@pytest.mark.parametrize(("check", "action"), [(OWNER, "*/read"), (CLASS, f"{STORAGE}/read")])
def test_resources_that_may_not_be_read_are_unknown(azure: "Cloud", check: str, action: str) -> None:
    azure.deny(action if action != "*/read" else f"{STORAGE}/read")
    seen = asked(azure, check)
    assert "unknown" in {f.status for f in seen.of(check)}
    assert any(f"{action} was denied" in f.reason for f in seen.of(check))
