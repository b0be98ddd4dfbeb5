"""A small organization as it might be: some of it in order, some not. And a crowd, for measuring."""

from datetime import UTC, datetime, timedelta

from tests.collectors.azure.cloud import PROD, TEST, Cloud

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
# Roles of a duty that is split, which every tenant knows.
SPLIT = {
    ACCESS_ADMINISTRATOR: "User Access Administrator",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603": "Key Vault Crypto Officer",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
}
LOOKED = datetime(2025, 6, 2, tzinfo=UTC)
_TAGS = {"owner": "platform@example.org", "classification": "internal", "environment": "production"}


def scene(cloud: Cloud, at: datetime = LOOKED) -> None:
    """Two subscriptions: `prod`, mostly in order, and `test`, where somebody was in a hurry; assessed the day before `at`."""
    _machines(cloud, at - timedelta(days=1))
    _stores(cloud)
    _access(cloud)
    _logs(cloud)


def _machines(cloud: Cloud, assessed: datetime) -> None:
    firmware = {"secureBootEnabled": True, "vTpmEnabled": True}
    secure = {"encryptionAtHost": True, "securityType": "TrustedLaunch", "uefiSettings": firmware}
    web = cloud.add("Microsoft.Compute/virtualMachines", "web", tags=_TAGS, properties={"securityProfile": secure})
    old = cloud.add("Microsoft.Compute/virtualMachines", "old", subscription=TEST)
    cloud.add("Microsoft.Compute/virtualMachines", "never-assessed", subscription=TEST)
    when = f"{assessed:%Y-%m-%dT%H:%M:%S}.0000000Z"
    cloud.assess(web, lastModifiedDateTime=when)
    cloud.assess(
        old,
        {"patchName": "openssl", "classifications": ["Security"]},
        {"patchName": "linux-image", "classifications": ["Critical"]},
        lastModifiedDateTime=when,
        availablePatchCountByClassification={"security": 1, "critical": 1, "other": 0},
    )
    cloud.add("Microsoft.Network/networkSecurityGroups", "web", tags=_TAGS)
    ssh = {
        "access": "Allow",
        "direction": "Inbound",
        "priority": 100,
        "protocol": "Tcp",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "22",
    }
    open_ = {"securityRules": [{"name": "ssh", "properties": ssh}]}
    cloud.add("Microsoft.Network/networkSecurityGroups", "open", subscription=TEST, properties=open_)


def _stores(cloud: Cloud) -> None:
    closed = {
        "allowBlobPublicAccess": False,
        "allowSharedKeyAccess": False,
        "minimumTlsVersion": "TLS1_2",
        "supportsHttpsTrafficOnly": True,
        "publicNetworkAccess": "Disabled",
        "networkAcls": {"bypass": "AzureServices", "defaultAction": "Deny", "ipRules": [], "virtualNetworkRules": []},
    }
    cloud.add("Microsoft.Storage/storageAccounts", "prodstore", tags=_TAGS, properties=closed)
    cloud.add("Microsoft.Storage/storageAccounts", "teststore", subscription=TEST, properties={"allowBlobPublicAccess": True})
    vault = {"enablePurgeProtection": True, "enableRbacAuthorization": True, "publicNetworkAccess": "Disabled"}
    cloud.add("Microsoft.KeyVault/vaults", "prodvault", tags=_TAGS, properties=vault)
    cloud.add("Microsoft.KeyVault/vaults", "testvault", subscription=TEST)
    server = cloud.add("Microsoft.Sql/servers", "prodsql", tags=_TAGS, properties={"publicNetworkAccess": "Disabled"})
    cloud.add(f"{server}/databases/orders", tags=_TAGS)
    cloud.add(f"{server}/auditingSettings/default", properties={"state": "Enabled", "retentionDays": 365})
    test = cloud.add("Microsoft.Sql/servers", "testsql", subscription=TEST)
    cloud.add(f"{test}/firewallRules/AllowAll", properties={"startIpAddress": "0.0.0.0", "endIpAddress": "255.255.255.255"})


def _access(cloud: Cloud) -> None:
    for role, name in {OWNER: "Owner", READER: "Reader", **SPLIT}.items():
        allowed = {OWNER: ["*"], READER: ["*/read"]}.get(role, ["*/read", "Microsoft.Authorization/*"])
        cloud.add(
            f"/providers/Microsoft.Authorization/roleDefinitions/{role}",
            properties={
                "roleName": name,
                "type": "BuiltInRole",
                "assignableScopes": ["/"],
                "permissions": [{"actions": allowed, "notActions": [], "dataActions": [], "notDataActions": []}],
            },
        )
    cloud.assign(OWNER, "99999999-0000-4000-8000-000000000001", kind="Group")
    for number in range(2, 7):
        cloud.assign(OWNER, f"99999999-0000-4000-8000-{number:012d}", subscription=TEST)
    cloud.assign(ACCESS_ADMINISTRATOR, "99999999-0000-4000-8000-000000000002", scope="/")


def _logs(cloud: Cloud) -> None:
    workspace = cloud.add("Microsoft.OperationalInsights/workspaces", "logs", tags=_TAGS, properties={"retentionInDays": 365})
    categories = ("Administrative", "Security", "Alert", "Policy", "ServiceHealth")
    logs = [{"category": category, "enabled": True} for category in categories]
    cloud.add("Microsoft.Insights/diagnosticSettings", "export", properties={"workspaceId": workspace, "logs": logs})
    for subscription, tier in ((PROD, "Standard"), (TEST, "Free")):
        cloud.add("Microsoft.Security/pricings", "VirtualMachines", subscription=subscription, properties={"pricingTier": tier})


def crowd(cloud: Cloud, many: int, patches: int = 0) -> None:
    """So many more resources, of five types, in both subscriptions; machines all lack the same so many updates."""
    types = (
        "Microsoft.Storage/storageAccounts",
        "Microsoft.Network/networkSecurityGroups",
        "Microsoft.Compute/virtualMachines",
        "Microsoft.Compute/disks",
        "Microsoft.KeyVault/vaults",
    )
    lacking = [{"patchName": f"package-{number}", "version": f"1.{number}"} for number in range(patches)]
    for number in range(many):
        subscription = (PROD, TEST)[number % 2]
        id_ = cloud.add(types[number % len(types)], f"crowd{number:06d}", subscription=subscription, tags=_TAGS)
        if lacking and "virtualMachines" in id_:
            cloud.assess(id_, *lacking)
