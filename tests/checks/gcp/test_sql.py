"""Databases of Cloud SQL: networks, TLS and backups."""

from typing import Any

import pytest

from tests.checks.gcp.scene import asked
from tests.collectors.gcp.cloud import Cloud

REACH = "gcp_sql_private_tls"
BACKUP = "gcp_sql_backup"
PRIVATE = {"ipv4Enabled": False, "sslMode": "ENCRYPTED_ONLY"}
ANY = {"value": "0.0.0.0/0", "name": "all"}


def database(gcp: Cloud, settings: dict[str, Any], version: str = "POSTGRES_16", **data: Any) -> str:
    whole = {"name": "orders", "databaseVersion": version, "instanceType": "CLOUD_SQL_INSTANCE", "settings": settings, **data}
    return gcp.add("sqladmin.googleapis.com/Instance", "orders", whole)


@pytest.mark.parametrize(
    ("config", "status", "words"),
    [
        (PRIVATE, "pass", ""),
        ({"sslMode": "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"}, "pass", ""),
        ({"requireSsl": True}, "pass", ""),
        (
            {"ipv4Enabled": True, "authorizedNetworks": [{"value": "0.0.0.0/0", "expirationTime": "1970-01-01T00:00:00Z"}]},
            "fail",
            "lets 0.0.0.0/0 in",
        ),
        ({"requireSsl": True, "sslMode": "SSL_MODE_UNSPECIFIED"}, "pass", ""),
        ({"sslMode": "SSL_MODE_UNSPECIFIED"}, "fail", "without TLS"),
        ({"requireSsl": True, "sslMode": "ALLOW_UNENCRYPTED_AND_ENCRYPTED"}, "fail", "without TLS"),
        ({"requireSsl": False}, "fail", "without TLS"),
        ({}, "fail", "without TLS"),
        (None, "fail", "without TLS"),
        ({**PRIVATE, "ipv4Enabled": True, "authorizedNetworks": [ANY]}, "fail", "lets 0.0.0.0/0 in"),
        ({**PRIVATE, "ipv4Enabled": True, "authorizedNetworks": [{"value": "0.0.0.0/1"}]}, "fail", "lets 0.0.0.0/1 in"),
        ({**PRIVATE, "ipv4Enabled": True, "authorizedNetworks": [{"value": "198.51.100.7"}]}, "pass", ""),
        ({**PRIVATE, "ipv4Enabled": False, "authorizedNetworks": [ANY]}, "pass", ""),
        (
            {**PRIVATE, "ipv4Enabled": True, "authorizedNetworks": [{**ANY, "expirationTime": "2026-01-01T00:00:00Z"}]},
            "pass",
            "",
        ),
        ({"ipv4Enabled": True, "authorizedNetworks": [{**ANY, "expirationTime": "soon"}]}, "unknown", "'soon' is not a time"),
        ({"ipv4Enabled": True, "authorizedNetworks": [ANY]}, "fail", "lets 0.0.0.0/0 in and accepts connections without TLS"),
    ],
)
def test_a_database_is_closed_to_the_internet_and_to_clear_text(gcp: Cloud, config: Any, status: str, words: str) -> None:
    database(gcp, {} if config is None else {"ipConfiguration": config})
    seen = asked(gcp, REACH)
    assert seen.status(REACH) == status
    assert words in seen.reason(REACH)


def test_what_stands_for_a_server_elsewhere_is_not_asked(gcp: Cloud) -> None:
    database(gcp, {}, instanceType="ON_PREMISES_INSTANCE")
    assert asked(gcp, REACH).status(REACH) == "not_applicable"
    assert asked(gcp, BACKUP).status(BACKUP) == "not_applicable"


@pytest.mark.parametrize(
    ("version", "config", "status", "words"),
    [
        ("POSTGRES_16", {"enabled": True, "pointInTimeRecoveryEnabled": True}, "pass", ""),
        ("POSTGRES_16", {"enabled": True, "binaryLogEnabled": True}, "fail", "no point-in-time recovery"),
        ("MYSQL_8_0", {"enabled": True, "binaryLogEnabled": True}, "pass", ""),
        ("MYSQL_8_0", {"enabled": True, "pointInTimeRecoveryEnabled": True}, "fail", "no point-in-time recovery"),
        ("SQLSERVER_2022_STANDARD", {"enabled": True, "pointInTimeRecoveryEnabled": True}, "pass", ""),
        ("POSTGRES_16", {"enabled": False, "pointInTimeRecoveryEnabled": True}, "fail", "no automated backups"),
        ("POSTGRES_16", {}, "fail", "no automated backups"),
    ],
)
def test_a_database_can_be_set_back_to_any_moment(
    gcp: Cloud, version: str, config: dict[str, Any], status: str, words: str
) -> None:
    database(gcp, {"backupConfiguration": config}, version)
    seen = asked(gcp, BACKUP)
    assert seen.status(BACKUP) == status
    assert words in seen.reason(BACKUP)


def test_enough_backups_are_kept(gcp: Cloud) -> None:
    kept = {"backupRetentionSettings": {"retainedBackups": 3, "retentionUnit": "COUNT"}}
    database(gcp, {"backupConfiguration": {"enabled": True, "pointInTimeRecoveryEnabled": True, **kept}})
    assert asked(gcp, BACKUP).reason(BACKUP) == "shop/orders keeps 3 backups; 7 are required"
    assert asked(gcp, BACKUP, min_backups=3).status(BACKUP) == "pass"


def test_a_database_that_does_not_say_how_many_backups_it_keeps_keeps_seven(gcp: Cloud) -> None:
    database(gcp, {"backupConfiguration": {"enabled": True, "pointInTimeRecoveryEnabled": True}})
    assert asked(gcp, BACKUP).status(BACKUP) == "pass"
    assert asked(gcp, BACKUP, min_backups=30).reason(BACKUP) == "shop/orders keeps 7 backups; 30 are required"


def test_a_replica_is_backed_up_with_its_primary(gcp: Cloud) -> None:
    database(gcp, {}, masterInstanceName="shop:primary", instanceType="READ_REPLICA_INSTANCE")
    assert asked(gcp, BACKUP).status(BACKUP) == "not_applicable"


ZONES = "gcp_sql_high_availability"
FLAGS = "gcp_sql_audit_flags"


@pytest.mark.parametrize(
    ("settings", "data", "status"),
    [
        ({"userLabels": {"criticality": "high"}, "availabilityType": "REGIONAL"}, {}, "pass"),
        ({"userLabels": {"criticality": "high"}, "availabilityType": "ZONAL"}, {}, "fail"),
        ({"userLabels": {"criticality": "critical"}}, {}, "fail"),
        ({"userLabels": {"criticality": "low"}, "availabilityType": "ZONAL"}, {}, "not_applicable"),
        ({"availabilityType": "ZONAL"}, {}, "unknown"),
        ({}, {"instanceType": "READ_REPLICA_INSTANCE"}, "not_applicable"),
        ({"userLabels": {"criticality": "high"}, "availabilityType": "ZONAL"}, {"instanceType": None}, "fail"),
    ],
)
def test_critical_databases_have_a_second_zone(gcp: Cloud, settings: dict[str, Any], data: dict[str, Any], status: str) -> None:
    database(gcp, settings, **data)
    assert asked(gcp, ZONES).status(ZONES) == status


def flags(**values: str) -> dict[str, Any]:
    return {"databaseFlags": [{"name": name.replace("__", "."), "value": value} for name, value in values.items()]}


@pytest.mark.parametrize(
    ("version", "settings", "status", "words"),
    [
        ("POSTGRES_16", flags(log_connections="on", log_disconnections="on", cloudsql__enable_pgaudit="on"), "pass", ""),
        (
            "POSTGRES_16",
            flags(log_connections="on", log_disconnections="off", cloudsql__enable_pgaudit="on"),
            "fail",
            "orders does not have log_disconnections=on",
        ),
        ("POSTGRES_16", {}, "fail", "log_connections=on, log_disconnections=on, cloudsql.enable_pgaudit=on"),
        ("MYSQL_8_0", flags(cloudsql_mysql_audit="on"), "pass", ""),
        ("MYSQL_8_0", {}, "fail", "cloudsql_mysql_audit=ON"),
        ("SQLSERVER_2022_STANDARD", {}, "not_applicable", "no flags are asked"),
    ],
)
def test_databases_write_down_who_connects(gcp: Cloud, version: str, settings: dict[str, Any], status: str, words: str) -> None:
    database(gcp, settings, version)
    seen = asked(gcp, FLAGS)
    assert seen.status(FLAGS) == status
    assert words in seen.reason(FLAGS)


def test_which_flags_are_asked_for_is_declared(gcp: Cloud) -> None:
    database(gcp, {}, "SQLSERVER_2022_STANDARD")
    assert asked(gcp, FLAGS, sqlserver=["contained database authentication=off"]).status(FLAGS) == "fail"
