"""Databases: each check from the provider's answer, when all is well, when not, and when it may not be seen."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.collectors.aws.overlay import PASS_ON, Cloud, Refuse
from tests.harness import Looked, look

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def database(**settings: Any) -> dict[str, Any]:
    name = settings.pop("name", "orders")
    cluster = settings.get("DBClusterIdentifier")
    return {
        "DBInstanceArn": f"arn:aws:rds:eu-west-1:123456789012:db:{name}",
        "DBInstanceIdentifier": name,
        "DBInstanceStatus": "available",
        "Engine": "aurora-postgresql" if cluster else "postgres",
        "EngineVersion": "16.4",
        "StorageEncrypted": True,
        "PubliclyAccessible": False,
        "BackupRetentionPeriod": 14,
        "LatestRestorableTime": NOW - timedelta(minutes=5),
        "MultiAZ": False,
        "DBParameterGroups": [{"DBParameterGroupName": "default.postgres16", "ParameterApplyStatus": "in-sync"}],
        **settings,
    }


def cluster(**settings: Any) -> dict[str, Any]:
    member = {"DBInstanceIdentifier": "orders", "IsClusterWriter": True, "DBClusterParameterGroupStatus": "in-sync"}
    return {
        "DBClusterArn": "arn:aws:rds:eu-west-1:123456789012:cluster:shop",
        "DBClusterIdentifier": "shop",
        "Status": "available",
        "Engine": "aurora-postgresql",
        "EngineVersion": "16.4",
        "BackupRetentionPeriod": 14,
        "LatestRestorableTime": NOW - timedelta(minutes=5),
        "MultiAZ": True,
        "StorageEncrypted": True,
        "DBClusterMembers": [member],
        "DBClusterParameterGroup": "shop",
        **settings,
    }


def scene(aws: Cloud, *databases: dict[str, Any], clusters: tuple[dict[str, Any], ...] = ()) -> None:
    aws.serve("rds.DescribeDBInstances", {"DBInstances": list(databases)})
    aws.serve("rds.DescribeDBClusters", {"DBClusters": list(clusters)})


def asked(aws: Cloud, check: str, **parameters: Any) -> Looked:
    return look(aws.connect(), check, at=NOW, parameters={check: parameters})


@pytest.mark.parametrize(
    ("check", "sound", "faulty", "words"),
    [
        ("aws_rds_encrypted", {}, {"StorageEncrypted": False}, "orders stores its data unencrypted"),
        ("aws_rds_not_public", {}, {"PubliclyAccessible": True}, "orders has a public endpoint"),
        ("aws_rds_backup_retention", {}, {"BackupRetentionPeriod": 0}, "orders keeps automatic backups for 0 days"),
        ("aws_rds_multi_az", {"MultiAZ": True}, {"TagList": [{"Key": "Criticality", "Value": "High"}]}, "one zone only"),
    ],
)
def test_a_setting_of_a_database_decides(
    aws: Cloud, check: str, sound: dict[str, Any], faulty: dict[str, Any], words: str
) -> None:
    scene(aws, database(name="sound", **sound), database(**faulty), database(name="third", **sound))
    seen = asked(aws, check)
    assert (seen.status(check, ":sound"), seen.status(check, ":third")) == ("pass", "pass")
    assert seen.status(check, ":orders") == "fail"
    assert words in seen.reason(check, ":orders")


@pytest.mark.parametrize(
    "check",
    ["aws_rds_encrypted", "aws_rds_not_public", "aws_rds_backup_retention", "aws_rds_multi_az", "aws_rds_tls_forced"],
)
def test_databases_that_may_not_be_listed_are_unknown(aws: Cloud, check: str) -> None:
    aws.deny("rds:DescribeDBInstances")
    seen = asked(aws, check)
    assert seen.status(check) == "unknown"
    assert "rds:DescribeDBInstances was denied" in seen.reason(check)


@pytest.mark.parametrize("check", ["aws_rds_backup_retention", "aws_rds_multi_az", "aws_rds_tls_forced"])
def test_a_database_of_a_cluster_that_may_not_be_listed_is_unknown(aws: Cloud, check: str) -> None:
    scene(aws, database(DBClusterIdentifier="shop"))
    aws.deny("rds:DescribeDBClusters")
    seen = asked(aws, check)
    assert seen.status(check) == "unknown"
    assert "rds:DescribeDBClusters" in seen.reason(check)


@pytest.mark.parametrize("check", ["aws_rds_backup_retention", "aws_rds_multi_az", "aws_rds_tls_forced"])
def test_clusters_of_a_region_that_may_not_be_listed_leave_other_regions_judged(aws: Cloud, check: str) -> None:
    def clusters(_: Any, region: str, __: str) -> dict[str, Any]:
        if region == "eu-north-1":
            raise Refuse("AccessDenied", status=403)
        return {"DBClusters": [cluster()]}

    def databases(_: Any, region: str, __: str) -> dict[str, Any]:
        return {"DBInstances": [database(DBClusterIdentifier="shop")] if region == "eu-west-1" else []}

    aws.serve("rds.DescribeDBInstances", databases)
    aws.serve("rds.DescribeDBClusters", clusters)
    parameter = {"ParameterName": "rds.force_ssl", "ParameterValue": "1"}
    aws.serve("rds.DescribeDBClusterParameters", {"Parameters": [parameter]})
    assert look(aws.connect(("eu-west-1", "eu-north-1")), check, at=NOW).status(check, ":orders") == "pass"


@pytest.mark.parametrize("check", ["aws_rds_backup_retention", "aws_rds_multi_az"])
def test_a_cluster_that_is_not_listed_is_unknown(aws: Cloud, check: str) -> None:
    scene(aws, database(DBClusterIdentifier="shop"))
    assert asked(aws, check).status(check) == "unknown"


def test_backups_that_lag_behind_fail(aws: Cloud) -> None:
    scene(aws, database(LatestRestorableTime=NOW - timedelta(hours=25)))
    seen = asked(aws, "aws_rds_backup_retention")
    assert seen.reason("aws_rds_backup_retention").startswith("orders can be restored up to 2026-05-03T11:00:00Z only")
    assert asked(aws, "aws_rds_backup_retention", max_lag_hours=48).status("aws_rds_backup_retention") == "pass"


def test_a_stopped_database_has_nothing_new_to_back_up(aws: Cloud) -> None:
    scene(aws, database(LatestRestorableTime=NOW - timedelta(days=3), DBInstanceStatus="stopped"))
    assert asked(aws, "aws_rds_backup_retention").status("aws_rds_backup_retention") == "pass"


def test_a_database_without_a_first_backup_is_unknown(aws: Cloud) -> None:
    fresh = database()
    del fresh["LatestRestorableTime"]
    scene(aws, fresh)
    assert asked(aws, "aws_rds_backup_retention").status("aws_rds_backup_retention") == "unknown"


def test_required_backup_days_are_a_parameter(aws: Cloud) -> None:
    scene(aws, database())
    assert asked(aws, "aws_rds_backup_retention", min_days=30).status("aws_rds_backup_retention") == "fail"


@pytest.mark.parametrize("check", ["aws_rds_backup_retention", "aws_rds_multi_az"])
def test_a_read_replica_is_its_sources_matter(aws: Cloud, check: str) -> None:
    scene(aws, database(BackupRetentionPeriod=0, ReadReplicaSourceDBInstanceIdentifier="main"))
    assert asked(aws, check).status(check) == "not_applicable"


def test_a_member_of_a_cluster_is_backed_up_and_spread_by_its_cluster(aws: Cloud) -> None:
    member = database(
        DBClusterIdentifier="shop", BackupRetentionPeriod=1, TagList=[{"Key": "criticality", "Value": "critical"}]
    )
    scene(aws, member, clusters=(cluster(),))
    assert asked(aws, "aws_rds_backup_retention").status("aws_rds_backup_retention") == "pass"
    assert asked(aws, "aws_rds_multi_az").status("aws_rds_multi_az") == "pass"
    scene(aws, member, clusters=(cluster(BackupRetentionPeriod=1, MultiAZ=False),))
    assert asked(aws, "aws_rds_backup_retention").status("aws_rds_backup_retention") == "fail"
    assert asked(aws, "aws_rds_multi_az").status("aws_rds_multi_az") == "fail"


def test_a_database_in_one_zone_that_nobody_classed_is_unknown_and_one_of_low_criticality_may(aws: Cloud) -> None:
    scene(aws, database(), database(name="scratch", TagList=[{"Key": "criticality", "Value": "low"}]))
    seen = asked(aws, "aws_rds_multi_az")
    assert seen.status("aws_rds_multi_az", ":orders") == "unknown"
    assert "no tag criticality" in seen.reason("aws_rds_multi_az", ":orders")
    assert seen.status("aws_rds_multi_az", ":scratch") == "not_applicable"


def test_all_pages_of_databases_are_read(aws: Cloud) -> None:
    scene(aws, *(database(name=f"db{n}") for n in range(5)))
    assert len(asked(aws, "aws_rds_encrypted").of("aws_rds_encrypted")) == 5
    assert aws.calls.count(("rds.DescribeDBInstances", "eu-west-1")) == 3


def test_a_database_without_its_encryption_setting_is_not_taken_for_sound(aws: Cloud) -> None:
    odd = database()
    del odd["StorageEncrypted"]
    scene(aws, odd)
    seen = asked(aws, "aws_rds_encrypted")
    assert seen.status("aws_rds_encrypted", ":orders") == "unknown"
    assert "no StorageEncrypted" in seen.reason("aws_rds_encrypted", ":orders")


# Clear text.


def parameters_are(aws: Cloud, **values: str | None) -> None:
    listed = [
        {"ParameterName": name.replace("__", "."), **({"ParameterValue": value} if value is not None else {})}
        for name, value in values.items()
    ]
    aws.serve("rds.DescribeDBParameters", {"Parameters": listed})
    aws.serve("rds.DescribeDBClusterParameters", {"Parameters": listed})


@pytest.mark.parametrize(
    ("engine", "parameter", "value", "status"),
    [
        ("postgres", "rds__force_ssl", "1", "pass"),
        ("postgres", "rds__force_ssl", "0", "fail"),
        ("postgres", "rds__force_ssl", None, "fail"),
        ("sqlserver-se", "rds__force_ssl", "1", "pass"),
        ("mysql", "require_secure_transport", "ON", "pass"),
        ("mariadb", "require_secure_transport", "0", "fail"),
        ("mysql", "rds__force_ssl", "1", "fail"),
        ("db2-se", "rds__force_ssl", "1", "unknown"),
        ("neptune", "rds__force_ssl", "0", "not_applicable"),
    ],
)
def test_each_engine_refuses_clear_text_in_its_own_way(
    aws: Cloud, engine: str, parameter: str, value: str | None, status: str
) -> None:
    scene(aws, database(Engine=engine))
    parameters_are(aws, log_connections="1", general_log="0", **{parameter: value})
    assert asked(aws, "aws_rds_tls_forced").status("aws_rds_tls_forced") == status


@pytest.mark.parametrize(
    ("engine", "parameter", "value", "status"),
    [
        ("aurora-postgresql", "rds__force_ssl", "1", "pass"),
        ("aurora-mysql", "require_secure_transport", "OFF", "fail"),
        ("docdb", "tls", "tls1.2+", "pass"),
        ("docdb", "tls", "disabled", "fail"),
    ],
)
def test_clustered_engines_keep_it_in_the_clusters_parameters(
    aws: Cloud, engine: str, parameter: str, value: str, status: str
) -> None:
    scene(aws, database(Engine=engine, DBClusterIdentifier="shop"), clusters=(cluster(Engine=engine),))
    parameters_are(aws)
    aws.serve(
        "rds.DescribeDBClusterParameters",
        {"Parameters": [{"ParameterName": parameter.replace("__", "."), "ParameterValue": value}]},
    )
    assert asked(aws, "aws_rds_tls_forced").status("aws_rds_tls_forced") == status


def test_a_parameter_that_waits_for_a_restart_is_not_in_force(aws: Cloud) -> None:
    waiting = [{"DBParameterGroupName": "tight", "ParameterApplyStatus": "pending-reboot"}]
    scene(aws, database(DBParameterGroups=waiting))
    parameters_are(aws, rds__force_ssl="1")
    seen = asked(aws, "aws_rds_tls_forced")
    assert seen.status("aws_rds_tls_forced") == "unknown"
    assert "pending-reboot" in seen.reason("aws_rds_tls_forced")


@pytest.mark.parametrize(("value", "status"), [("REQUIRED", "pass"), ("REQUESTED", "fail"), (None, "fail")])
def test_oracle_keeps_it_in_an_option(aws: Cloud, value: str | None, status: str) -> None:
    scene(aws, database(Engine="oracle-ee", OptionGroupMemberships=[{"OptionGroupName": "nne", "Status": "in-sync"}]))
    parameters_are(aws)
    setting = {"Name": "SQLNET.ENCRYPTION_SERVER", "Value": value}
    options = [{"OptionName": "NATIVE_NETWORK_ENCRYPTION", "OptionSettings": [setting]}] if value else []
    aws.serve("rds.DescribeOptionGroups", {"OptionGroupsList": [{"OptionGroupName": "nne", "Options": options}]})
    assert asked(aws, "aws_rds_tls_forced").status("aws_rds_tls_forced") == status


def test_oracle_options_that_may_not_be_read_are_unknown(aws: Cloud) -> None:
    scene(aws, database(Engine="oracle-ee", OptionGroupMemberships=[{"OptionGroupName": "nne", "Status": "in-sync"}]))
    parameters_are(aws)
    aws.deny("rds:DescribeOptionGroups")
    assert asked(aws, "aws_rds_tls_forced").status("aws_rds_tls_forced") == "unknown"


@pytest.mark.parametrize("member", [False, True])
def test_parameters_that_may_not_be_read_are_unknown(aws: Cloud, *, member: bool) -> None:
    scene(aws, database(**({"DBClusterIdentifier": "shop"} if member else {})), clusters=(cluster(),) if member else ())
    aws.deny("rds:DescribeDBParameters", "rds:DescribeDBClusterParameters")
    seen = asked(aws, "aws_rds_tls_forced")
    assert seen.status("aws_rds_tls_forced") == "unknown"
    assert "rds:DescribeDB" in seen.reason("aws_rds_tls_forced")


def test_a_parameter_group_that_many_use_is_read_once(aws: Cloud) -> None:
    scene(aws, *(database(name=f"db{n}") for n in range(4)))
    parameters_are(aws, rds__force_ssl="1")
    asked(aws, "aws_rds_tls_forced")
    assert aws.calls.count(("rds.DescribeDBParameters", "eu-west-1")) == 1


def test_real_parameter_groups_are_understood(aws: Cloud) -> None:
    rds = aws.client("rds")
    rds.create_db_parameter_group(DBParameterGroupName="tight", DBParameterGroupFamily="postgres16", Description="tight")
    rds.modify_db_parameter_group(
        DBParameterGroupName="tight",
        Parameters=[{"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}],
    )
    rds.create_db_instance(
        DBInstanceIdentifier="orders",
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MasterUsername="root",
        MasterUserPassword="pass-phrase",
        DBParameterGroupName="tight",
    )
    seen = asked(aws, "aws_rds_tls_forced")
    facts = seen.facts("aws.rds.instance", "parameters")["arn:aws:rds:eu-west-1:123456789012:db:orders"]
    assert facts["Parameters"] == {"rds.force_ssl": "1"}
    assert seen.status("aws_rds_tls_forced") == "pass"


# Snapshots.


def snapshots(aws: Cloud, *accounts: str, of: str = "instance") -> None:
    kind = "" if of == "instance" else "Cluster"
    item = {
        f"DB{kind}SnapshotIdentifier": "friday",
        "Engine": "postgres",
        "SnapshotType": "manual",
        f"DB{kind}SnapshotArn": "arn:aws:rds:eu-west-1:123456789012:snapshot:friday",
    }
    aws.serve("rds.DescribeDBSnapshots", {"DBSnapshots": [item] if of == "instance" else []})
    aws.serve("rds.DescribeDBClusterSnapshots", {"DBClusterSnapshots": [item] if of == "cluster" else []})
    attributes = [{"AttributeName": "restore", "AttributeValues": list(accounts)}]
    result = f"DB{kind}SnapshotAttributes"
    aws.serve(f"rds.Describe{result}", {f"{result}Result": {result: attributes}})


@pytest.mark.parametrize("of", ["instance", "cluster"])
@pytest.mark.parametrize(
    ("accounts", "status"),
    [((), "pass"), (("123456789012",), "pass"), (("444444444444",), "pass"), (("555555555555",), "fail"), (("all",), "fail")],
)
def test_with_whom_a_snapshot_is_shared_decides(aws: Cloud, of: str, accounts: tuple[str, ...], status: str) -> None:
    snapshots(aws, *accounts, of=of)
    aws.client("organizations").create_organization(FeatureSet="ALL")
    seen = asked(aws, "aws_rds_snapshot_not_public", known_accounts=["444444444444"])
    assert seen.status("aws_rds_snapshot_not_public", ":friday") == status


def test_a_snapshot_shared_within_the_organization_is_not_shared_outside(aws: Cloud) -> None:
    organizations = aws.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    made = organizations.create_account(AccountName="backup", Email="backup@example.org")["CreateAccountStatus"]
    snapshots(aws, made["AccountId"])
    assert asked(aws, "aws_rds_snapshot_not_public").status("aws_rds_snapshot_not_public", ":friday") == "pass"


def test_a_shared_snapshot_is_unknown_where_the_organization_may_not_be_read_and_public_all_the_same(aws: Cloud) -> None:
    aws.client("organizations").create_organization(FeatureSet="ALL")
    aws.deny("organizations:ListAccounts")
    snapshots(aws, "555555555555")
    seen = asked(aws, "aws_rds_snapshot_not_public")
    assert seen.status("aws_rds_snapshot_not_public", ":friday") == "unknown"
    assert "organizations:ListAccounts" in seen.reason("aws_rds_snapshot_not_public", ":friday")
    snapshots(aws, "all")
    assert asked(aws, "aws_rds_snapshot_not_public").status("aws_rds_snapshot_not_public", ":friday") == "fail"


@pytest.mark.parametrize(
    "action", ["rds:DescribeDBSnapshots", "rds:DescribeDBClusterSnapshots", "rds:DescribeDBSnapshotAttributes"]
)
def test_snapshots_that_may_not_be_read_are_unknown(aws: Cloud, action: str) -> None:
    snapshots(aws)
    aws.deny(action)
    seen = asked(aws, "aws_rds_snapshot_not_public")
    assert "unknown" in {f.status for f in seen.of("aws_rds_snapshot_not_public")}
    assert any(action in f.reason for f in seen.of("aws_rds_snapshot_not_public"))


def test_a_member_account_cannot_tell_a_sibling_from_a_stranger(aws: Cloud) -> None:
    snapshots(aws, "555555555555")
    organization = {
        "Id": "o-1",
        "Arn": "arn:aws:organizations::999999999999:organization/o-1",
        "MasterAccountId": "999999999999",
    }
    aws.serve("organizations.DescribeOrganization", {"Organization": organization})
    aws.deny("organizations:ListAccounts")
    seen = asked(aws, "aws_rds_snapshot_not_public")
    assert seen.status("aws_rds_snapshot_not_public", ":friday") == "unknown"
    assert "555555555555" in seen.reason("aws_rds_snapshot_not_public", ":friday")


@pytest.mark.parametrize(("check", "setting"), [("aws_rds_not_public", "PubliclyAccessible"), ("aws_rds_multi_az", "MultiAZ")])
def test_a_setting_that_the_answer_leaves_out_is_unknown(aws: Cloud, check: str, setting: str) -> None:
    silent = database()
    del silent[setting]
    scene(aws, silent)
    assert asked(aws, check).status(check) == "unknown"


def test_a_snapshot_that_vanished_is_unknown(aws: Cloud) -> None:
    snapshots(aws)
    aws.serve("rds.DescribeDBSnapshotAttributes", lambda *_: PASS_ON)
    assert asked(aws, "aws_rds_snapshot_not_public").status("aws_rds_snapshot_not_public", ":friday") == "unknown"
