"""What Resource Manager answers about a new resource of each type, and what it keeps out of Resource Graph."""

from typing import Any

# Types whose table in Resource Graph is not `resources`.
TABLES = {
    "microsoft.authorization/roleassignments": "authorizationresources",
    "microsoft.authorization/roledefinitions": "authorizationresources",
    "microsoft.authorization/policyassignments": "policyresources",
    "microsoft.authorization/policyexemptions": "policyresources",
    "microsoft.compute/virtualmachines/patchassessmentresults": "patchassessmentresources",
    "microsoft.compute/virtualmachines/patchassessmentresults/softwarepatches": "patchassessmentresources",
    "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems": "recoveryservicesresources",
    "microsoft.resources/subscriptions": "resourcecontainers",
    "microsoft.resources/subscriptions/resourcegroups": "resourcecontainers",
    "microsoft.security/pricings": "securityresources",
    "microsoft.web/sites/config": "appserviceresources",
}
# Types that only Resource Manager itself answers about.
UNTABLED = frozenset(
    {
        "microsoft.dbforpostgresql/flexibleservers/configurations",
        "microsoft.insights/diagnosticsettings",
        "microsoft.sql/servers/auditingsettings",
        "microsoft.sql/servers/azureadonlyauthentications",
        "microsoft.sql/servers/databases/backuplongtermretentionpolicies",
        "microsoft.sql/servers/databases/backupshorttermretentionpolicies",
        "microsoft.sql/servers/databases/transparentdataencryption",
        "microsoft.sql/servers/failovergroups",
        "microsoft.sql/servers/firewallrules",
        "microsoft.sql/servers/ipv6firewallrules",
        "microsoft.storage/storageaccounts/blobservices",
    }
)
# Types that lie in a subscription itself, in no resource group.
AT_SUBSCRIPTION = frozenset(
    {
        "microsoft.authorization/policyassignments",
        "microsoft.authorization/policyexemptions",
        "microsoft.authorization/roleassignments",
        "microsoft.insights/diagnosticsettings",
        "microsoft.security/pricings",
    }
)


def _rule(name: str, priority: int, direction: str, access: str, source: str, destination: str) -> dict[str, Any]:
    return {
        "name": name,
        "properties": {
            "access": access,
            "destinationAddressPrefix": destination,
            "destinationAddressPrefixes": [],
            "destinationPortRange": "*",
            "destinationPortRanges": [],
            "direction": direction,
            "priority": priority,
            "protocol": "*",
            "provisioningState": "Succeeded",
            "sourceAddressPrefix": source,
            "sourceAddressPrefixes": [],
            "sourcePortRange": "*",
            "sourcePortRanges": [],
        },
    }


_DEFAULT_RULES = [
    _rule("AllowVnetInBound", 65000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    _rule("AllowAzureLoadBalancerInBound", 65001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
    _rule("DenyAllInBound", 65500, "Inbound", "Deny", "*", "*"),
    _rule("AllowVnetOutBound", 65000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    _rule("AllowInternetOutBound", 65001, "Outbound", "Allow", "*", "Internet"),
    _rule("DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*"),
]

# Properties of a new resource, where it is given none.
PROPERTIES: dict[str, dict[str, Any]] = {
    "microsoft.authorization/roleassignments": {"principalType": "User", "createdOn": "2025-01-10T09:00:00.0000000Z"},
    "microsoft.authorization/roledefinitions": {
        "type": "CustomRole",
        "permissions": [{"actions": [], "notActions": [], "dataActions": [], "notDataActions": []}],
        "isServiceRole": False,
    },
    "microsoft.authorization/policyassignments": {"enforcementMode": "Default", "parameters": {}, "notScopes": []},
    "microsoft.compute/disks": {"diskState": "Attached", "diskSizeGB": 64, "timeCreated": "2025-01-10T09:00:00.0000000+00:00"},
    "microsoft.compute/virtualmachines": {
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "provisioningState": "Succeeded",
        "vmId": "c6a0b4f2-0000-4000-8000-000000000001",
        "storageProfile": {
            "imageReference": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"},
            "osDisk": {"name": "os", "osType": "Linux", "createOption": "FromImage", "managedDisk": {"id": "/disks/os"}},
            "dataDisks": [],
        },
        "osProfile": {
            "computerName": "machine",
            "adminUsername": "operator",
            "linuxConfiguration": {"disablePasswordAuthentication": True, "provisionVMAgent": True},
        },
        "networkProfile": {"networkInterfaces": []},
        "extended": {"instanceView": {"powerState": {"code": "PowerState/running"}}},
    },
    "microsoft.compute/virtualmachines/patchassessmentresults": {
        "status": "Succeeded",
        "osType": "Linux",
        "rebootPending": False,
        "startDateTime": "2025-06-01T04:00:00.0000000Z",
        "lastModifiedDateTime": "2025-06-01T04:05:00.0000000Z",
        "availablePatchCountByClassification": {"security": 0, "critical": 0, "other": 0},
    },
    "microsoft.compute/virtualmachines/patchassessmentresults/softwarepatches": {
        "patchName": "openssl",
        "classifications": ["Security"],
        "version": "3.0.13",
        "lastModifiedDateTime": "2025-06-01T04:05:00.0000000Z",
        "publishedDateTime": "2025-05-01T00:00:00.0000000Z",
    },
    "microsoft.containerregistry/registries": {"adminUserEnabled": False, "publicNetworkAccess": "Enabled"},
    "microsoft.containerservice/managedclusters": {"kubernetesVersion": "1.31", "currentKubernetesVersion": "1.31.4"},
    "microsoft.insights/diagnosticsettings": {"logs": [], "metrics": []},
    "microsoft.keyvault/vaults": {"sku": {"family": "A", "name": "standard"}, "enableSoftDelete": True, "accessPolicies": []},
    "microsoft.network/networksecuritygroups": {"securityRules": [], "defaultSecurityRules": _DEFAULT_RULES},
    "microsoft.network/virtualnetworks": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [],
        "virtualNetworkPeerings": [],
    },
    "microsoft.operationalinsights/workspaces": {"retentionInDays": 30, "sku": {"name": "PerGB2018"}},
    "microsoft.resources/subscriptions": {"managementGroupAncestorsChain": []},
    "microsoft.security/pricings": {"pricingTier": "Free", "freeTrialRemainingTime": "P30D"},
    "microsoft.sql/servers": {"version": "12.0", "state": "Ready", "publicNetworkAccess": "Enabled"},
    "microsoft.sql/servers/databases": {"status": "Online", "creationDate": "2025-01-10T09:00:00.0000000Z"},
    "microsoft.storage/storageaccounts": {"creationTime": "2025-01-10T09:00:00.0000000Z", "accessTier": "Hot"},
    "microsoft.web/sites": {"state": "Running", "enabled": True, "hostNameSslStates": []},
    "microsoft.web/sites/config": {"MinTlsVersion": "1.2", "FtpsState": "FtpsOnly"},
}
# What a resource has beside its properties.
BESIDE: dict[str, dict[str, Any]] = {
    "microsoft.storage/storageaccounts": {"kind": "StorageV2", "sku": {"name": "Standard_LRS", "tier": "Standard"}},
    "microsoft.web/sites": {"kind": "app,linux"},
    "microsoft.sql/servers": {"kind": "v12.0"},
}
# Settings that every resource of the parent's type has from its first day: name and properties.
SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "microsoft.sql/servers/auditingsettings": ("default", {"state": "Disabled", "retentionDays": 0}),
    "microsoft.sql/servers/databases/backuplongtermretentionpolicies": (
        "default",
        {"weeklyRetention": "PT0S", "monthlyRetention": "PT0S", "yearlyRetention": "PT0S", "weekOfYear": 0},
    ),
    "microsoft.sql/servers/databases/backupshorttermretentionpolicies": (
        "default",
        {"retentionDays": 7, "diffBackupIntervalInHours": 12},
    ),
    "microsoft.sql/servers/databases/transparentdataencryption": ("current", {"state": "Enabled"}),
    "microsoft.storage/storageaccounts/blobservices": ("default", {"deleteRetentionPolicy": {"enabled": False}}),
}
