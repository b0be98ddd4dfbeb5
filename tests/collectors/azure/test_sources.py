"""What each source keeps of a lifelike answer: facts under the platform's own names, in one order, and no secrets."""

import json
from typing import Any

import pytest

from collectors.source import sources
from tests.collectors.azure.cloud import PROD, TEST, Cloud
from tests.collectors.azure.collecting import GROUPS, MACHINES, collect
from tests.collectors.azure.scene import scene
from tests.harness import Looked

PLANTED = "planted-5f1d0c-never-to-be-seen"


def everything(seen: Looked) -> str:
    return json.dumps([[list(key), facts] for c in seen.collections for sink in c.kept for key, facts in sink.facets.items()])


def test_a_lifelike_tenant_is_read_whole(azure: Cloud) -> None:
    azure.page = 3
    scene(azure)
    seen = collect(azure.connect())
    assert {str(s.presence) for found in seen.snapshots.values() for s in found} == {"complete"}
    assert not [u for found in seen.snapshots.values() for s in found for u in s.unread]


def test_looking_twice_gives_the_same_facts_whatever_the_order_and_the_noise(azure: Cloud) -> None:
    scene(azure)
    group = azure.add("Microsoft.Network/networkSecurityGroups", "ordered")
    before = collect(azure.connect())
    for resource in azure.resources.values():
        resource["etag"] = "W/2"
        resource["systemData"] = {"lastModifiedAt": "2025-06-02T00:00:00Z"}
        resource["properties"] = dict(reversed(resource["properties"].items()))
        resource["tags"] = dict(reversed((resource["tags"] or {}).items()))
    azure.resources[group.lower()]["properties"]["defaultSecurityRules"].reverse()
    after = collect(azure.connect())
    assert json.loads(everything(before)) != []
    assert sorted(json.loads(everything(after)), key=str) == sorted(json.loads(everything(before)), key=str)


@pytest.mark.parametrize(
    ("what", "properties"),
    [
        (
            "Microsoft.Compute/virtualMachines",
            {
                "osProfile": {
                    "customData": PLANTED,
                    "adminPassword": PLANTED,
                    "adminUsername": PLANTED,
                    "linuxConfiguration": {"ssh": {"publicKeys": [{"keyData": PLANTED}]}},
                },
                "userData": PLANTED,
                "storageProfile": {"osDisk": {"encryptionSettings": {"enabled": True, "diskEncryptionKey": PLANTED}}},
            },
        ),
        (
            "Microsoft.Web/sites",
            {
                "siteConfig": {
                    "appSettings": [{"name": "KEY", "value": PLANTED}],
                    "connectionStrings": [{"connectionString": PLANTED}],
                    "publishingPassword": PLANTED,
                },
                "appSettings": {"KEY": PLANTED},
                "publishingCredentials": PLANTED,
            },
        ),
        ("Microsoft.Storage/storageAccounts", {"keys": [{"value": PLANTED}], "primaryAccessKey": PLANTED}),
        (
            "Microsoft.ContainerService/managedClusters",
            {
                "servicePrincipalProfile": {"clientId": "msi", "secret": PLANTED},
                "windowsProfile": {"adminPassword": PLANTED},
                "linuxProfile": {"ssh": {"publicKeys": [{"keyData": PLANTED}]}},
                "addonProfiles": {"omsagent": {"enabled": True, "config": {"key": PLANTED}}},
                "aadProfile": {"managed": True, "serverAppSecret": PLANTED},
            },
        ),
        ("Microsoft.Sql/servers", {"administratorLogin": PLANTED, "administratorLoginPassword": PLANTED}),
        ("Microsoft.DBforPostgreSQL/flexibleServers", {"administratorLogin": PLANTED, "administratorLoginPassword": PLANTED}),
        ("Microsoft.DocumentDB/databaseAccounts", {"primaryMasterKey": PLANTED, "connectionStrings": [PLANTED]}),
        ("Microsoft.OperationalInsights/workspaces", {"primarySharedKey": PLANTED}),
        ("Microsoft.ContainerRegistry/registries", {"passwords": [{"value": PLANTED}]}),
        (
            "Microsoft.Insights/activityLogAlerts",
            {
                "enabled": True,
                "scopes": [],
                "condition": {},
                "actions": {"actionGroups": [{"actionGroupId": "/a", "webhookProperties": {"token": PLANTED}}]},
            },
        ),
    ],
    ids=lambda value: value.split("/")[-1] if isinstance(value, str) else "",
)
def test_a_secret_that_the_platform_sends_all_the_same_is_not_kept(azure: Cloud, what: str, properties: dict[str, Any]) -> None:
    name = azure.add(what, "planted", properties=properties)
    seen = collect(azure.connect())
    assert name.lower() in everything(seen)
    assert PLANTED not in everything(seen)


def test_app_settings_in_a_sites_configuration_are_not_kept(azure: Cloud) -> None:
    site = azure.add("Microsoft.Web/sites", "shop")
    settings = {"AppSettings": [{"Name": "KEY", "Value": PLANTED}], "ConnectionStrings": PLANTED, "MinTlsVersion": "1.3"}
    azure.add(f"{site}/config/web", properties=settings)
    seen = collect(azure.connect())
    assert seen.facts("azure.web.site", "site_config")[site.lower()]["minTlsVersion"] == "1.3"
    assert PLANTED not in everything(seen)


def test_nothing_is_asked_twice(azure: Cloud) -> None:
    scene(azure)
    azure.page = 1000
    collect(azure.connect())
    asked = [(c.path.lower(), json.dumps(c.body)) for c in azure.calls if c.name != "token"]
    again = {path for path, body in asked if asked.count((path, body)) > 1}
    assert again == set()


def test_rules_of_a_security_group_come_in_the_order_in_which_they_are_asked(azure: Cloud) -> None:
    rules = [
        {"name": name, "properties": {"priority": priority, "direction": "Inbound", "access": "Deny"}}
        for name, priority in (("late", 300), ("early", 100), ("middle", 200))
    ]
    id_ = azure.add("Microsoft.Network/networkSecurityGroups", "group", properties={"securityRules": rules})
    facts = collect(azure.connect(), GROUPS).facts("azure.network.security_group")[id_.lower()]
    assert [rule["name"] for rule in facts["securityRules"]] == ["early", "middle", "late"]


def test_ids_are_the_same_whatever_the_case_in_which_they_come(azure: Cloud) -> None:
    id_ = f"/SUBSCRIPTIONS/{PROD.upper()}/resourceGroups/Main/providers/microsoft.COMPUTE/virtualMachines/Web"
    azure.add(id_, properties={})
    azure.resources[id_.lower()]["type"] = "microsoft.compute/virtualmachines"
    azure.resources[id_.lower()]["properties"]["storageProfile"] = {}
    assert list(collect(azure.connect(), MACHINES).facts("azure.compute.virtual_machine")) == [id_.lower()]


def test_an_assessment_hangs_on_the_machine(azure: Cloud) -> None:
    machine = azure.add("Microsoft.Compute/virtualMachines", "web", subscription=TEST)
    azure.assess(machine, lastModifiedDateTime="2025-06-01T04:05:00.1234567Z")
    seen = collect(azure.connect())
    assert seen.facts("azure.compute.virtual_machine", "patch")[machine.lower()]["assessmentStatus"] == "Succeeded"


def test_settings_that_a_parent_always_has_are_read_for_each(azure: Cloud) -> None:
    server = azure.add("Microsoft.Sql/servers", "server")
    azure.add(f"{server}/firewallRules/b", properties={"startIpAddress": "10.0.0.1", "endIpAddress": "10.0.0.2"})
    azure.add(f"{server}/firewallRules/a", properties={"startIpAddress": "0.0.0.0", "endIpAddress": "0.0.0.0"})
    database = azure.add(f"{server}/databases/orders")
    files = azure.add("Microsoft.Storage/storageAccounts", "files", kind="FileStorage")
    store = azure.add("Microsoft.Storage/storageAccounts", "store")
    seen = collect(azure.connect())
    assert [r["name"] for r in seen.facts("azure.sql.server", "firewall")[server.lower()]["firewallRules"]] == ["a", "b"]
    assert seen.facts("azure.sql.server", "auditing")[server.lower()]["auditingState"] == "Disabled"
    assert seen.facts("azure.sql.server", "directory_only")[server.lower()] == {"azureADOnlyAuthentication": False}
    assert seen.facts("azure.sql.database", "encryption")[database.lower()] == {"transparentDataEncryption": "Enabled"}
    assert set(seen.facts("azure.storage.account", "blob_service")) == {store.lower()}
    assert files.lower() in seen.facts("azure.storage.account")


def test_every_type_is_listed_once_and_every_source_says_what_it_needs() -> None:
    listed = [facet.type for source in sources("azure") for facet in source.yields if facet.lists]
    assert len(listed) == len(set(listed))
    assert [s.name for s in sources("azure") if not s.permissions] == ["arm.Microsoft.Resources/tenants"]
