"""Checks that one setting of one resource decides: each from the provider's answer, sound, faulty, unsaid and unseen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.azure.scene import asked
from tests.collectors.azure.cloud import GONE

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

STORAGE = "Microsoft.Storage/storageAccounts"
VAULT = "Microsoft.KeyVault/vaults"
MACHINE = "Microsoft.Compute/virtualMachines"
DISK = "Microsoft.Compute/disks"
CLUSTER = "Microsoft.ContainerService/managedClusters"
REGISTRY = "Microsoft.ContainerRegistry/registries"
COSMOS = "Microsoft.DocumentDB/databaseAccounts"
RECOVERY = "Microsoft.RecoveryServices/vaults"
WORKSPACE = "Microsoft.OperationalInsights/workspaces"
DENY = {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.0/24"}]}
WIDE = {"defaultAction": "Deny", "ipRules": [{"value": "0.0.0.0/1"}, {"value": "203.0.113.9"}]}
LOCKED = {"immutabilitySettings": {"state": "Locked"}}
REGIONS = {"standardTierStorageRedundancy": "GeoRedundant", "crossRegionRestore": "Enabled"}


@dataclass(frozen=True)
class Case:
    """One check, what it passes and what it does not."""

    type: str
    sound: tuple[Mapping[str, Any], ...]
    faulty: tuple[tuple[Mapping[str, Any], str], ...]
    unknown: tuple[Mapping[str, Any], ...] = ()


CASES = {
    "azure_storage_no_public_blob": Case(
        STORAGE,
        sound=({"allowBlobPublicAccess": False},),
        faulty=(
            ({"allowBlobPublicAccess": True}, "allows anonymous access"),
            ({}, "allows anonymous access to its containers (by default)"),
            ({"allowBlobPublicAccess": None}, "(by default)"),
        ),
    ),
    "azure_storage_https_only": Case(
        STORAGE,
        sound=(
            {"supportsHttpsTrafficOnly": True, "minimumTlsVersion": "TLS1_2"},
            {"supportsHttpsTrafficOnly": True, "minimumTlsVersion": "TLS1_3"},
        ),
        faulty=(
            ({"supportsHttpsTrafficOnly": False, "minimumTlsVersion": "TLS1_2"}, "accepts plain HTTP"),
            ({"supportsHttpsTrafficOnly": True, "minimumTlsVersion": "TLS1_1"}, "accepts TLS 1.1"),
            ({"supportsHttpsTrafficOnly": True}, "accepts TLS 1.0"),
        ),
        unknown=({"minimumTlsVersion": "TLS1_2"},),
    ),
    "azure_storage_network_deny": Case(
        STORAGE,
        sound=(
            {"publicNetworkAccess": "Disabled"},
            {"publicNetworkAccess": "Disabled", "networkAcls": {"defaultAction": "Allow"}},
            {"networkAcls": DENY},
            {"networkAcls": {"defaultAction": "deny"}},
        ),
        faulty=(
            ({}, "accepts connections from every network"),
            ({"networkAcls": {}}, "every network"),
            ({"publicNetworkAccess": "Enabled", "networkAcls": {"defaultAction": "Allow"}}, "every network"),
            ({"networkAcls": WIDE}, "accepts connections from 0.0.0.0/1"),
        ),
        unknown=(
            {"publicNetworkAccess": "SecuredByPerimeter"},
            {"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "the office"}]}},
        ),
    ),
    "azure_storage_no_shared_key": Case(
        STORAGE,
        sound=({"allowSharedKeyAccess": False},),
        faulty=(({}, "accepts its shared keys"), ({"allowSharedKeyAccess": True}, "accepts its shared keys")),
    ),
    "azure_keyvault_purge_protection": Case(
        VAULT,
        sound=({"enablePurgeProtection": True}, {"enablePurgeProtection": True, "enableSoftDelete": True}),
        faulty=(
            ({}, "purged before their time"),
            ({"enablePurgeProtection": None, "enableSoftDelete": True}, "purged before their time"),
            ({"enableSoftDelete": False}, "soft delete is off"),
        ),
    ),
    "azure_keyvault_rbac": Case(
        VAULT,
        sound=({"enableRbacAuthorization": True},),
        faulty=(({}, "own access policies"), ({"enableRbacAuthorization": False}, "own access policies")),
    ),
    "azure_keyvault_network": Case(
        VAULT,
        sound=({"publicNetworkAccess": "disabled"}, {"networkAcls": DENY}),
        faulty=(({}, "every network"), ({"networkAcls": WIDE}, "0.0.0.0/1")),
        unknown=({"publicNetworkAccess": "SecuredByPerimeter"},),
    ),
    "azure_vm_trusted_launch": Case(
        MACHINE,
        sound=({"securityProfile": {"uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True}}},),
        faulty=(
            ({}, "starts without secure boot and a virtual TPM"),
            ({"securityProfile": {"uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": False}}}, "a virtual TPM"),
        ),
    ),
    "azure_disk_public_network": Case(
        DISK,
        sound=(
            {"networkAccessPolicy": "DenyAll"},
            {"networkAccessPolicy": "AllowPrivate"},
            {"networkAccessPolicy": "AllowAll", "publicNetworkAccess": "Disabled"},
        ),
        faulty=(
            ({}, "exported from every network"),
            ({"networkAccessPolicy": "AllowAll", "publicNetworkAccess": "Enabled"}, "exported from every network"),
        ),
    ),
    "azure_aks_private_or_ranges": Case(
        CLUSTER,
        sound=(
            {"apiServerAccessProfile": {"enablePrivateCluster": True}},
            {"apiServerAccessProfile": {"authorizedIPRanges": ["203.0.113.0/24", "198.51.100.7"]}},
            {"publicNetworkAccess": "Disabled"},
        ),
        faulty=(
            ({}, "open to every address"),
            ({"apiServerAccessProfile": {"enablePrivateCluster": False, "authorizedIPRanges": []}}, "open to every address"),
            ({"apiServerAccessProfile": {"authorizedIPRanges": ["203.0.113.0/24", "0.0.0.0/0"]}}, "open to 0.0.0.0/0"),
        ),
        unknown=({"apiServerAccessProfile": {"authorizedIPRanges": ["office"]}},),
    ),
    "azure_aks_directory_signin": Case(
        CLUSTER,
        sound=({"aadProfile": {"managed": True}, "disableLocalAccounts": True},),
        faulty=(
            ({"disableLocalAccounts": True}, "knows no directory sign-in"),
            ({"aadProfile": {"managed": True}}, "local administrator"),
        ),
    ),
    "azure_aks_admission_policy": Case(
        CLUSTER,
        sound=({"addonProfiles": {"azurepolicy": {"enabled": True}}}, {"addonProfiles": {"azurePolicy": {"enabled": True}}}),
        faulty=(
            ({}, "runs whatever it is told to"),
            ({"addonProfiles": {"azurepolicy": {"enabled": False}}}, "runs whatever it is told to"),
            ({"addonProfiles": {"azurepolicy": None, "omsagent": {"enabled": True}}}, "runs whatever it is told to"),
        ),
    ),
    "azure_acr_no_admin": Case(
        REGISTRY,
        sound=(
            {"adminUserEnabled": False, "publicNetworkAccess": "Disabled"},
            {"publicNetworkAccess": "Enabled", "networkRuleSet": DENY},
        ),
        faulty=(
            ({"adminUserEnabled": True, "publicNetworkAccess": "Disabled"}, "has its admin user on"),
            ({"anonymousPullEnabled": True, "publicNetworkAccess": "Disabled"}, "gives its images to everyone"),
            ({"adminUserEnabled": False}, "every network"),
        ),
    ),
    "azure_cosmos_keys_off": Case(
        COSMOS,
        sound=({"disableLocalAuth": True},),
        faulty=(({}, "accepts its keys"), ({"disableLocalAuth": False}, "accepts its keys")),
    ),
    "azure_backup_immutable": Case(
        RECOVERY,
        sound=({"securitySettings": LOCKED, "redundancySettings": REGIONS},),
        faulty=(
            ({"redundancySettings": REGIONS}, "lets backups be deleted before their time"),
            (
                {"securitySettings": {"immutabilitySettings": {"state": "Unlocked"}}, "redundancySettings": REGIONS},
                "immutability on, and not locked",
            ),
            ({"securitySettings": LOCKED}, "in its own region only"),
        ),
    ),
    "azure_log_retention": Case(
        WORKSPACE,
        sound=({"retentionInDays": 90}, {"retentionInDays": -1}),
        faulty=(({"retentionInDays": 30}, "keeps its data for 30 days; 90 are required"),),
        unknown=({"retentionInDays": GONE},),
    ),
}
_ANSWERS = [
    pytest.param(check, case, properties, status, words, id=f"{check}-{status}-{number}")
    for check, case in CASES.items()
    for status, answers in (
        ("pass", [(p, "") for p in case.sound]),
        ("fail", list(case.faulty)),
        ("unknown", [(p, "") for p in case.unknown]),
    )
    for number, (properties, words) in enumerate(answers)
]


@pytest.mark.parametrize(("check", "case", "properties", "status", "words"), _ANSWERS)
def test_a_setting_decides(
    azure: "Cloud", check: str, case: Case, properties: Mapping[str, Any], status: str, words: str
) -> None:
    azure.add(case.type, "orders", properties=properties)
    seen = asked(azure, check)
    assert seen.status(check, "/orders") == status, seen.reason(check, "/orders")
    assert words in seen.reason(check, "/orders")


@pytest.mark.parametrize(("check", "case"), CASES.items(), ids=CASES)
def test_what_may_not_be_read_is_unknown(azure: "Cloud", check: str, case: Case) -> None:
    azure.add(case.type, "orders", properties=case.sound[0])
    azure.deny(f"{case.type}/read")
    seen = asked(azure, check)
    assert {f.status for f in seen.of(check)} == {"unknown"}
    assert f"{case.type}/read was denied" in seen.of(check)[0].reason


def test_an_account_for_file_shares_has_no_containers_to_open(azure: "Cloud") -> None:
    azure.add(STORAGE, "shares", properties={}, kind="FileStorage")
    assert asked(azure, "azure_storage_no_public_blob").status("azure_storage_no_public_blob", "/shares") == "not_applicable"


def test_what_immutability_and_regions_are_asked_for_are_parameters(azure: "Cloud") -> None:
    unlocked = {"securitySettings": {"immutabilitySettings": {"state": "Unlocked"}}}
    azure.add(RECOVERY, "vault", properties=unlocked)
    seen = asked(azure, "azure_backup_immutable", unlocked_is_enough=True, other_region=False)
    assert seen.status("azure_backup_immutable", "/vault") == "pass"


def test_days_of_logs_are_a_parameter(azure: "Cloud") -> None:
    azure.add(WORKSPACE, "logs", properties={"retentionInDays": 90})
    assert asked(azure, "azure_log_retention", min_days=365).status("azure_log_retention", "/logs") == "fail"
