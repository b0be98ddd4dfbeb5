"""Backups: each check from the provider's answer, when all is well, when not, and when it may not be seen."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.checks.aws.test_rds import cluster, database
from tests.collectors.aws.overlay import Cloud, Refuse
from tests.harness import Looked, look

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
FRESH = NOW - timedelta(hours=20)
OLD = NOW - timedelta(days=3)
EC2 = "arn:aws:ec2:eu-west-1:123456789012"
RDS = "arn:aws:rds:eu-west-1:123456789012"
TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
COVERAGE, TESTED, LOCK = "aws_backup_coverage", "aws_backup_restore_tested", "aws_backup_vault_lock"


def scene(aws: Cloud, **answers: list[dict[str, Any]]) -> None:
    """By list, what the account has; empty where nothing is said."""
    lists = {
        "resourcegroupstaggingapi.GetResources": "ResourceTagMappingList",
        "backup.ListProtectedResources": "Results",
        "backup.ListRestoreJobs": "RestoreJobs",
        "backup.ListBackupVaults": "BackupVaultList",
        "rds.DescribeDBInstances": "DBInstances",
        "rds.DescribeDBClusters": "DBClusters",
        "ec2.DescribeVolumes": "Volumes",
    }
    for call, key in lists.items():
        aws.serve(call, {key: answers.get(key, [])})


def tagged(*arns: str, criticality: str | None = "critical") -> list[dict[str, Any]]:
    tags = [{"Key": "Criticality", "Value": criticality}] if criticality else [{"Key": "team", "Value": "shop"}]
    return [{"ResourceARN": arn, "Tags": tags} for arn in arns]


def protected(arn: str, when: datetime = FRESH, kind: str = "DynamoDB") -> dict[str, Any]:
    return {"ResourceArn": arn, "ResourceType": kind, "LastBackupTime": when}


def asked(aws: Cloud, check: str, **parameters: Any) -> Looked:
    return look(aws.connect(), check, at=NOW, parameters={check: parameters})


def status(aws: Cloud, check: str, **parameters: Any) -> str:
    return asked(aws, check, **parameters).status(check)


@pytest.mark.parametrize(
    ("check", "action"),
    [
        (COVERAGE, "tag:GetResources"),
        (COVERAGE, "backup:ListProtectedResources"),
        (TESTED, "backup:ListProtectedResources"),
        (TESTED, "backup:ListRestoreJobs"),
        (LOCK, "backup:ListBackupVaults"),
    ],
)
def test_what_may_not_be_listed_is_unknown(aws: Cloud, check: str, action: str) -> None:
    scene(aws, ResourceTagMappingList=tagged(TABLE), Results=[protected(TABLE)])
    aws.deny(action)
    seen = asked(aws, check)
    assert seen.status(check) == "unknown"
    assert f"{action} was denied" in seen.reason(check)


# Coverage.


@pytest.mark.parametrize(
    ("results", "expected", "words"),
    [
        ([protected(TABLE)], "pass", ""),
        ([protected(TABLE, OLD)], "fail", "no recovery point after 2026-05-01T12:00:00Z"),
        ([], "fail", "orders is critical and has no recovery point"),
        ([protected(f"{TABLE}2")], "fail", "has no recovery point"),
    ],
)
def test_what_is_critical_has_a_recent_recovery_point(
    aws: Cloud, results: list[dict[str, Any]], expected: str, words: str
) -> None:
    scene(aws, ResourceTagMappingList=tagged(TABLE), Results=results)
    seen = asked(aws, COVERAGE)
    assert seen.status(COVERAGE) == expected
    assert words in seen.reason(COVERAGE)


@pytest.mark.parametrize(("criticality", "expected"), [("low", "not_applicable"), (None, "unknown")])
def test_the_tag_says_what_is_critical(aws: Cloud, criticality: str | None, expected: str) -> None:
    scene(aws, ResourceTagMappingList=tagged(TABLE, criticality=criticality))
    assert status(aws, COVERAGE) == expected


def test_age_and_tag_are_parameters(aws: Cloud) -> None:
    scene(aws, ResourceTagMappingList=tagged(TABLE), Results=[protected(TABLE, OLD)])
    assert status(aws, COVERAGE, max_age_days=7) == "pass"
    assert status(aws, COVERAGE, tag="team") == "unknown"


@pytest.mark.parametrize(("when", "expected"), [(FRESH, "pass"), (OLD, "fail")])
def test_a_databases_own_backups_count(aws: Cloud, when: datetime, expected: str) -> None:
    scene(aws, ResourceTagMappingList=tagged(f"{RDS}:db:orders"), DBInstances=[database(LatestRestorableTime=when)])
    assert status(aws, COVERAGE) == expected


def test_an_instance_is_covered_by_its_cluster(aws: Cloud) -> None:
    member = database(DBClusterIdentifier="shop")
    del member["LatestRestorableTime"]
    scene(
        aws,
        ResourceTagMappingList=tagged(f"{RDS}:db:orders", f"{RDS}:cluster:shop"),
        DBInstances=[member],
        DBClusters=[cluster(LatestRestorableTime=FRESH)],
    )
    assert [f.status for f in asked(aws, COVERAGE).of(COVERAGE)] == ["pass", "pass"]


@pytest.mark.parametrize(("attached", "expected"), [("i-1", "pass"), ("i-2", "fail"), (None, "fail")])
def test_a_volume_is_covered_by_its_machine(aws: Cloud, attached: str | None, expected: str) -> None:
    attachments = [{"InstanceId": attached, "State": "attached"}] if attached else []
    volume = {"VolumeId": "vol-1", "State": "in-use", "Encrypted": True, "Size": 8, "Attachments": attachments}
    scene(
        aws,
        ResourceTagMappingList=tagged(f"{EC2}:volume/vol-1"),
        Results=[protected(f"{EC2}:instance/i-1", kind="EC2")],
        Volumes=[volume],
    )
    assert status(aws, COVERAGE) == expected


def test_all_pages_of_tagged_resources_are_read(aws: Cloud) -> None:
    scene(aws, ResourceTagMappingList=tagged(*(f"{TABLE}{n}" for n in range(5))), Results=[protected(f"{TABLE}4")])
    answers = [f.status for f in asked(aws, COVERAGE).of(COVERAGE)]
    assert sorted(answers) == ["fail"] * 4 + ["pass"]


# Restore tests.


def restored(kind: str = "DynamoDB", **settings: Any) -> dict[str, Any]:
    job = {"RestoreJobId": f"job-{kind}", "ResourceType": kind, "Status": "COMPLETED"}
    return {**job, "ValidationStatus": "SUCCESSFUL", "CompletionDate": NOW - timedelta(days=10), **settings}


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ([restored()], "pass"),
        ([restored(Status="FAILED")], "fail"),
        ([restored(ValidationStatus="FAILED")], "fail"),
        ([restored(CompletionDate=NOW - timedelta(days=31))], "fail"),
        ([restored(CompletionDate=NOW + timedelta(days=1))], "fail"),
        ([restored("RDS")], "fail"),
        ([], "fail"),
    ],
)
def test_each_protected_type_was_restored_well_and_lately(aws: Cloud, jobs: list[dict[str, Any]], expected: str) -> None:
    scene(aws, Results=[protected(TABLE)], RestoreJobs=jobs)
    seen = asked(aws, TESTED)
    assert seen.status(TESTED) == expected
    assert expected == "pass" or "within 30 days of DynamoDB" in seen.reason(TESTED)


def test_a_restore_that_nobody_validated_counts_only_if_told(aws: Cloud) -> None:
    job = restored()
    del job["ValidationStatus"]
    scene(aws, Results=[protected(TABLE)], RestoreJobs=[job])
    assert status(aws, TESTED) == "fail"
    assert status(aws, TESTED, validated=False) == "pass"


def test_only_named_types_must_be_tested_and_nothing_protected_needs_no_test(aws: Cloud) -> None:
    scene(aws, Results=[protected(TABLE), protected(f"{RDS}:db:orders", kind="RDS")], RestoreJobs=[restored()])
    assert status(aws, TESTED) == "fail"
    assert status(aws, TESTED, resource_types=["DynamoDB"]) == "pass"
    assert status(aws, TESTED, resource_types=["rds"]) == "fail"
    assert status(aws, TESTED, resource_types=["EFS"]) == "not_applicable"
    scene(aws)
    assert status(aws, TESTED) == "not_applicable"


def test_a_region_that_may_not_be_seen_leaves_the_others_judged(aws: Cloud) -> None:
    def jobs(_: Any, region: str, __: str) -> dict[str, Any]:
        if region == "eu-north-1":
            raise Refuse("AccessDeniedException", status=403)
        return {"RestoreJobs": [restored()]}

    scene(aws, Results=[protected(TABLE)])
    aws.serve("backup.ListRestoreJobs", jobs)
    seen = look(aws.connect(("eu-west-1", "eu-north-1")), TESTED, at=NOW)
    assert (seen.status(TESTED, "eu-west-1"), seen.status(TESTED, "eu-north-1")) == ("pass", "unknown")


def test_a_test_in_another_region_does_not_count_here(aws: Cloud) -> None:
    scene(aws, Results=[protected(TABLE)])
    aws.serve("backup.ListRestoreJobs", lambda _, region, __: {"RestoreJobs": [restored()] if region == "eu-north-1" else []})
    seen = look(aws.connect(("eu-west-1", "eu-north-1")), TESTED, at=NOW)
    assert seen.status(TESTED, "eu-west-1") == "fail"
    assert seen.status(TESTED, "eu-north-1") == "pass"


# Vaults.


def vault(**settings: Any) -> dict[str, Any]:
    arn = "arn:aws:backup:eu-west-1:123456789012:backup-vault:main"
    whole = {"BackupVaultName": "main", "BackupVaultArn": arn, "Locked": True, "MinRetentionDays": 30}
    whole |= {"LockDate": NOW - timedelta(days=40)}
    return {**whole, "NumberOfRecoveryPoints": 7, "VaultType": "BACKUP_VAULT", **settings}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "pass"),
        ({"Locked": False}, "fail"),
        ({"Locked": False, "NumberOfRecoveryPoints": 0}, "not_applicable"),
        ({"MinRetentionDays": 0}, "fail"),
        ({"Locked": False, "VaultType": "RESTORE_ACCESS_BACKUP_VAULT"}, "not_applicable"),
    ],
)
def test_vaults_are_locked(aws: Cloud, settings: dict[str, Any], expected: str) -> None:
    scene(aws, BackupVaultList=[vault(**settings)])
    assert status(aws, LOCK) == expected


def test_a_lock_that_administrators_can_lift_counts_only_where_told(aws: Cloud) -> None:
    governed = vault()
    del governed["LockDate"]
    scene(aws, BackupVaultList=[governed])
    seen = look(aws.connect(), LOCK, at=NOW)
    assert seen.status(LOCK) == "fail"
    assert "governance mode" in seen.reason(LOCK)
    assert status(aws, LOCK, liftable=True) == "pass"


def test_a_lock_in_its_grace_time_can_still_be_lifted(aws: Cloud) -> None:
    fixed = NOW + timedelta(days=2)
    scene(aws, BackupVaultList=[vault(LockDate=fixed)])
    seen = look(aws.connect(), LOCK, at=NOW)
    assert seen.status(LOCK) == "fail"
    assert f"before {fixed.date()}" in seen.reason(LOCK)
    assert look(aws.connect(), LOCK, at=fixed).status(LOCK) == "pass"


def test_an_air_gapped_vault_is_always_locked_for_good(aws: Cloud) -> None:
    gapped = vault(VaultType="LOGICALLY_AIR_GAPPED_BACKUP_VAULT")
    del gapped["LockDate"]
    scene(aws, BackupVaultList=[gapped])
    assert status(aws, LOCK) == "pass"


def test_the_days_of_a_vaults_lock_are_a_parameter(aws: Cloud) -> None:
    scene(aws, BackupVaultList=[vault()])
    assert status(aws, LOCK, min_days=90) == "fail"


def test_a_vault_that_does_not_say_whether_it_is_locked_is_unknown(aws: Cloud) -> None:
    silent = vault()
    del silent["Locked"]
    scene(aws, BackupVaultList=[silent])
    assert status(aws, LOCK) == "unknown"
