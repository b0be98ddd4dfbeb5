"""Backups: vaults, what they protect, and what was restored from them as a test."""

from collections.abc import Iterator

from collectors.aws.reader import Reader
from collectors.aws.shaping import picked
from collectors.source import Facet, source
from evidence_store.records import Observation

_VAULT = Facet(
    "aws.backup.vault",
    facts=("BackupVaultName", "Locked"),
    optional=(
        "CreationDate",
        "EncryptionKeyArn",
        "LockDate",
        "MaxRetentionDays",
        "MinRetentionDays",
        "VaultState",
        "VaultType",
    ),
    lists=True,
)
_CONTENTS = Facet("aws.backup.vault", facts=("NumberOfRecoveryPoints",), name="contents")
_PROTECTED = Facet("aws.backup.protected_resource", facts=("ResourceArn", "ResourceType"), lists=True)
_LATEST = Facet(
    "aws.backup.protected_resource",
    facts=(),
    optional=("LastBackupTime", "LastBackupVaultArn", "LastRecoveryPointArn"),
    name="latest",
)
_RESTORED = Facet(
    "aws.backup.restore_job",
    facts=("RestoreJobId", "Status"),
    optional=(
        "CompletionDate",
        "CreatedBy",
        "CreationDate",
        "DeletionStatus",
        "RecoveryPointArn",
        "ResourceType",
        "SourceResourceArn",
        "ValidationStatus",
        "ValidationStatusMessage",
    ),
    lists=True,
)


@source("backup.ListBackupVaults", level="region", yields=[_VAULT, _CONTENTS])
def vaults(read: Reader) -> Iterator[Observation]:
    """The listing carries the lock, so that no vault has to be described."""
    for item in read.pages("backup.ListBackupVaults", "BackupVaultList"):
        uid = item["BackupVaultArn"]
        yield Observation(_VAULT.type, uid, picked(_VAULT, item))
        yield Observation(_CONTENTS.type, uid, picked(_CONTENTS, item), _CONTENTS.name)


@source("backup.ListProtectedResources", level="region", yields=[_PROTECTED, _LATEST])
def protected_resources(read: Reader) -> Iterator[Observation]:
    for item in read.pages("backup.ListProtectedResources", "Results"):
        uid = read.uid(_PROTECTED.type, item["ResourceArn"])
        yield Observation(_PROTECTED.type, uid, picked(_PROTECTED, item))
        yield Observation(_LATEST.type, uid, picked(_LATEST, item), _LATEST.name)


@source("backup.ListRestoreJobs", level="region", yields=[_RESTORED])
def restore_jobs(read: Reader) -> Iterator[Observation]:
    for item in read.pages("backup.ListRestoreJobs", "RestoreJobs"):
        yield Observation(_RESTORED.type, read.uid(_RESTORED.type, item["RestoreJobId"]), picked(_RESTORED, item))
