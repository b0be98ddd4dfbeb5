"""SQL servers and databases, PostgreSQL servers: settings that are read one by one."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.azure.scene import asked

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

PUBLIC, DIRECTORY, AUDITING = "azure_sql_no_public", "azure_sql_entra_only", "azure_sql_auditing"
TDE, POSTGRES = "azure_sql_tde", "azure_postgres_tls"
SERVER, DATABASE = "Microsoft.Sql/servers", "Microsoft.Sql/servers/databases"
RULE, AUDIT = f"{SERVER}/firewallRules", f"{SERVER}/auditingSettings"
RULE6, SIGN_IN = f"{SERVER}/ipv6FirewallRules", f"{SERVER}/azureADOnlyAuthentications"
ALL, NONE = "255.255.255.255", "0.0.0.0"
ENCRYPTION = f"{DATABASE}/transparentDataEncryption"
FLEXIBLE = "Microsoft.DBforPostgreSQL/flexibleServers"
PARAMETER = f"{FLEXIBLE}/configurations"


def server(azure: "Cloud", *rules: tuple[str, str], **properties: Any) -> None:
    azure.add(SERVER, "shop", properties={"minimalTlsVersion": "1.2", **properties})
    for number, (first, last) in enumerate(rules):
        azure.add(RULE, f"shop/rule-{number}", properties={"startIpAddress": first, "endIpAddress": last})


@pytest.mark.parametrize(
    ("rules", "properties"),
    [
        ([(NONE, ALL)], {"publicNetworkAccess": "Disabled"}),
        ([], {"publicNetworkAccess": "Enabled"}),
        ([("203.0.113.7", "203.0.113.7"), ("198.51.100.0", "198.51.100.255")], {"publicNetworkAccess": "Enabled"}),
    ],
    ids=["off", "no-rule", "few"],
)
def test_a_server_that_admits_few_or_nobody_passes(
    azure: "Cloud", rules: list[tuple[str, str]], properties: dict[str, Any]
) -> None:
    server(azure, *rules, **properties)
    assert asked(azure, PUBLIC).status(PUBLIC, "/shop") == "pass"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ((NONE, ALL), "0.0.0.0 to 255.255.255.255 by rule rule-0"),
        ((NONE, NONE), "every Azure customer by rule rule-0"),
        (("203.0.113.0", "203.0.114.0"), "203.0.113.0 to 203.0.114.0 by rule rule-0"),
    ],
)
def test_a_rule_that_admits_many_fails(azure: "Cloud", rule: tuple[str, str], words: str) -> None:
    server(azure, rule)
    seen = asked(azure, PUBLIC)
    assert seen.status(PUBLIC, "/shop") == "fail"
    assert words in seen.reason(PUBLIC, "/shop")


def test_a_rule_for_ipv6_that_admits_many_fails(azure: "Cloud") -> None:
    server(azure)
    one = {"startIPv6Address": "2001:db8::", "endIPv6Address": "2001:db8::ffff:ffff:ffff:ffff"}
    azure.add(RULE6, "shop/office", properties=one)
    assert asked(azure, PUBLIC, max_addresses=1).status(PUBLIC, "/shop") == "pass"
    azure.add(RULE6, "shop/all", properties={"startIPv6Address": "::", "endIPv6Address": "ffff::"})
    assert asked(azure, PUBLIC).reason(PUBLIC, "/shop") == "shop is open to :: to ffff:: by rule all"


def test_a_rule_without_addresses_is_unknown(azure: "Cloud") -> None:
    server(azure, ("203.0.113.7", ""))
    assert asked(azure, PUBLIC).status(PUBLIC, "/shop") == "unknown"


def test_any_public_access_can_be_refused_by_a_parameter(azure: "Cloud") -> None:
    server(azure, publicNetworkAccess="Enabled")
    assert asked(azure, PUBLIC, max_addresses=0).reason(PUBLIC, "/shop") == "shop has public network access on"


def test_a_server_behind_a_perimeter_is_unknown(azure: "Cloud") -> None:
    server(azure, publicNetworkAccess="SecuredByPerimeter")
    assert asked(azure, PUBLIC).status(PUBLIC, "/shop") == "unknown"


@pytest.mark.parametrize(("only", "status"), [(True, "pass"), (False, "fail"), (None, "fail")])
def test_a_server_takes_directory_sign_in_only(azure: "Cloud", only: bool | None, status: str) -> None:
    server(azure)
    if only is not None:  # a server that never had an administrator of the directory lists none
        azure.add(SIGN_IN, "shop/Default", properties={"azureADOnlyAuthentication": only})
    assert asked(azure, DIRECTORY).status(DIRECTORY, "/shop") == status


@pytest.mark.parametrize(
    "auditing",
    [
        {"state": "Enabled", "isAzureMonitorTargetEnabled": True},
        {"state": "Enabled", "storageEndpoint": "https://audit.blob.core.windows.net", "retentionDays": 90},
        {"state": "Enabled", "storageEndpoint": "https://audit.blob.core.windows.net", "retentionDays": 0},
    ],
    ids=["monitor", "days", "for-ever"],
)
def test_a_server_that_keeps_its_audit_trail_passes(azure: "Cloud", auditing: dict[str, Any]) -> None:
    server(azure)
    azure.add(AUDIT, "shop/default", properties=auditing)
    assert asked(azure, AUDITING).status(AUDITING, "/shop") == "pass"


@pytest.mark.parametrize(
    ("auditing", "words"),
    [
        ({"state": "Disabled", "isAzureMonitorTargetEnabled": False}, "keeps no audit trail"),
        ({"state": "Enabled"}, "nowhere to write to"),
        ({"state": "Enabled", "storageEndpoint": "https://audit.blob.core.windows.net", "retentionDays": 30}, "for 30 days"),
    ],
    ids=["off", "nowhere", "short"],
)
def test_a_server_that_keeps_none_or_too_short_fails(azure: "Cloud", auditing: dict[str, Any], words: str) -> None:
    server(azure)
    azure.add(AUDIT, "shop/default", properties=auditing)
    seen = asked(azure, AUDITING)
    assert seen.status(AUDITING, "/shop") == "fail"
    assert words in seen.reason(AUDITING, "/shop")


def test_a_server_that_does_not_say_how_long_storage_keeps_its_audit_trail_is_unknown(azure: "Cloud") -> None:
    server(azure)
    says = {"state": "Enabled", "storageEndpoint": "https://audit.blob.core.windows.net", "retentionDays": None}
    azure.add(AUDIT, "shop/default", properties=says)
    assert asked(azure, AUDITING).status(AUDITING, "/shop") == "unknown"


def database(azure: "Cloud", state: str | None = "Enabled", name: str = "orders") -> None:
    server(azure)
    azure.add(DATABASE, f"shop/{name}", properties={"status": "Online"})
    azure.add(ENCRYPTION, f"shop/{name}/current", properties={} if state is None else {"state": state})


@pytest.mark.parametrize(("state", "status"), [("Enabled", "pass"), ("Disabled", "fail"), (None, "unknown")])
def test_a_database_says_whether_it_is_encrypted(azure: "Cloud", state: str | None, status: str) -> None:
    database(azure, state)
    assert asked(azure, TDE).status(TDE, "/orders") == status


def test_the_platforms_own_database_is_not_judged(azure: "Cloud") -> None:
    database(azure, "Disabled", "master")
    assert asked(azure, TDE).status(TDE, "/master") == "not_applicable"


def postgres(azure: "Cloud", value: str = "on", **network: Any) -> None:
    azure.add(FLEXIBLE, "shop", properties={"state": "Ready", "network": network})
    azure.add(PARAMETER, "shop/require_secure_transport", properties={"value": value})


@pytest.mark.parametrize("network", [{"publicNetworkAccess": "Disabled"}, {"delegatedSubnetResourceId": "/subscriptions/x/db"}])
def test_a_private_server_that_refuses_clear_text_passes(azure: "Cloud", network: dict[str, Any]) -> None:
    postgres(azure, **network)
    assert asked(azure, POSTGRES).status(POSTGRES, "/shop") == "pass"


@pytest.mark.parametrize(
    ("value", "network", "words"),
    [
        ("off", {"publicNetworkAccess": "Disabled"}, "in clear text"),
        ("on", {"publicNetworkAccess": "Enabled"}, "has a public address"),
        ("ON", {}, "has a public address"),
    ],
)
def test_a_server_in_clear_text_or_in_public_fails(azure: "Cloud", value: str, network: dict[str, Any], words: str) -> None:
    postgres(azure, value, **network)
    seen = asked(azure, POSTGRES)
    assert seen.status(POSTGRES, "/shop") == "fail"
    assert words in seen.reason(POSTGRES, "/shop")


@pytest.mark.parametrize(
    ("check", "type_"),
    [
        (PUBLIC, SERVER),
        (PUBLIC, RULE),
        (PUBLIC, RULE6),
        (DIRECTORY, SERVER),
        (DIRECTORY, SIGN_IN),
        (AUDITING, SERVER),
        (AUDITING, AUDIT),
        (TDE, DATABASE),
        (TDE, ENCRYPTION),
        (POSTGRES, FLEXIBLE),
        (POSTGRES, PARAMETER),
    ],
)
def test_what_may_not_be_read_is_unknown(azure: "Cloud", check: str, type_: str) -> None:
    database(azure)
    azure.add(AUDIT, "shop/default", properties={"state": "Enabled", "isAzureMonitorTargetEnabled": True})
    postgres(azure, publicNetworkAccess="Disabled")
    azure.deny(f"{type_}/read")
    seen = asked(azure, check)
    assert {f.status for f in seen.of(check)} == {"unknown"}
    assert f"{type_}/read was denied" in seen.of(check)[0].reason
