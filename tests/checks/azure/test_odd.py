"""Resources in which some field is not what its name promises: not one of them is taken for a bug of a check."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from checks.check import checks
from tests.harness import look
from tests.odd import ODD, paths, replaced

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

_ACLS = {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.0/24"}]}
_RULE = {
    "access": "Allow",
    "direction": "Inbound",
    "priority": 100,
    "protocol": "Tcp",
    "sourceAddressPrefixes": ["10.0.0.0/8"],
    "sourcePortRange": "*",
    "destinationAddressPrefix": "*",
    "destinationPortRange": "22",
    "destinationPortRanges": ["80"],
}
_BOOT = {"uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True}, "encryptionAtHost": False}
_DISK = {"name": "os", "managedDisk": {"id": "/disks/os"}}
_SUBNET = {"networkSecurityGroup": {"id": "/x"}, "ipConfigurations": [{"id": "x"}]}
_PEERING = {"peeringState": "Connected", "remoteVirtualNetwork": {"id": "/subscriptions/x/y"}}
_ROLE = {"type": "CustomRole", "roleName": "x", "assignableScopes": ["/"], "permissions": [{"actions": ["*"]}]}
SOUND: dict[str, dict[str, Any]] = {
    "Microsoft.Authorization/roleDefinitions": _ROLE,
    "Microsoft.Compute/virtualMachines": {"securityProfile": _BOOT, "storageProfile": {"osDisk": _DISK}},
    "Microsoft.ContainerRegistry/registries": {"networkRuleSet": _ACLS},
    "Microsoft.ContainerService/managedClusters": {
        "apiServerAccessProfile": {"authorizedIPRanges": ["203.0.113.0/24"]},
        "autoUpgradeProfile": {"upgradeChannel": "patch"},
        "currentKubernetesVersion": "1.35.1",
    },
    "Microsoft.DocumentDB/databaseAccounts": {"backupPolicy": {"type": "Continuous"}},
    "Microsoft.KeyVault/vaults": {"networkAcls": _ACLS, "publicNetworkAccess": "Enabled"},
    "Microsoft.Network/networkSecurityGroups": {
        "securityRules": [{"name": "a", "properties": _RULE}],
        "networkInterfaces": [{"id": "/x"}],
    },
    "Microsoft.Network/virtualNetworks": {
        "subnets": [{"name": "s", "properties": _SUBNET}],
        "virtualNetworkPeerings": [{"name": "p", "properties": _PEERING}],
    },
    "Microsoft.OperationalInsights/workspaces": {"retentionInDays": 90},
    "Microsoft.RecoveryServices/vaults": {
        "securitySettings": {"immutabilitySettings": {"state": "Locked"}},
        "redundancySettings": {"crossRegionRestore": "Enabled"},
    },
    "Microsoft.DBforPostgreSQL/flexibleServers": {
        "network": {"publicNetworkAccess": "Disabled", "delegatedSubnetResourceId": "/s"},
        "backup": {"backupRetentionDays": 7, "geoRedundantBackup": "Enabled"},
    },
    "Microsoft.Network/applicationGateways": {
        "sku": {"name": "WAF_v2", "tier": "WAF_v2"},
        "firewallPolicy": {"id": "/policy"},
        "frontendIPConfigurations": [{"name": "f", "properties": {"publicIPAddress": {"id": "/ip"}}}],
        "httpListeners": [{"name": "l", "properties": {"firewallPolicy": {"id": "/policy"}}}],
        "urlPathMaps": [{"properties": {"pathRules": [{"name": "p", "properties": {"firewallPolicy": {"id": "/policy"}}}]}}],
        "webApplicationFirewallConfiguration": {"enabled": True, "firewallMode": "Prevention", "ruleSetVersion": "3.2"},
    },
    "Microsoft.Sql/servers": {
        "publicNetworkAccess": "Enabled",
        "minimalTlsVersion": "1.2",
        "administrators": {"azureADOnlyAuthentication": True},
    },
    "Microsoft.Compute/disks": {
        "encryption": {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": "/set"},
        "networkAccessPolicy": "DenyAll",
        "publicNetworkAccess": "Disabled",
        "diskState": "Attached",
    },
    "Microsoft.Web/sites": {
        "httpsOnly": True,
        "hostNameSslStates": [{"name": "x", "sslState": "Disabled", "hostType": "Standard"}],
    },
    "Microsoft.Storage/storageAccounts": {"networkAcls": _ACLS, "encryption": {"keySource": "Microsoft.Keyvault"}},
}


@pytest.mark.parametrize("type_", SOUND)
def test_a_field_of_another_kind_is_never_taken_for_a_bug(azure: "Cloud", type_: str) -> None:
    azure.page = 1000
    spoilt = [(path, odd) for path in paths(SOUND[type_]) for odd in ODD]
    for number, (path, odd) in enumerate(spoilt):
        azure.add(type_, f"odd{number}", properties=replaced(SOUND[type_], path, odd))
    asked = [check.id for check in checks().values() if check.provider == "azure"]
    found = look(azure.connect(), *asked, at=datetime(2026, 5, 4, tzinfo=UTC)).findings
    assert [f"{f.check} {f.uid} {f.reason}" for f in found if f.status == "error"] == []
    assert any(f.status == "unknown" and "unexpected shape" in f.reason for f in found)
