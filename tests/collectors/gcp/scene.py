"""A small shop's organization, with good and bad in it; and as many resources besides as are asked for.

python -m tests.collectors.gcp.server [--port N] [--resources N] [--latency MS]
"""

import argparse
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.collectors.gcp.estate import ORGANIZATION, Estate
from tests.collectors.gcp.server import Server

_COMPUTE = "https://www.googleapis.com/compute/v1"
_IMAGES = "https://www.googleapis.com/compute/v1/projects/debian-cloud/global/licenses/debian-12-bookworm"


class Calendar:
    """The scene's dates: all as long before or after one moment as when it was written."""

    def __init__(self, now: datetime) -> None:
        self._now = now.replace(microsecond=0)
        self.made = self.off(days=-280)

    def off(self, **span: float) -> str:
        """So long after the moment, or before it."""
        return (self._now + timedelta(**span)).isoformat().replace("+00:00", "Z")


def fill(estate: Estate, now: datetime) -> None:
    """A well-kept shop in the production folder, and a careless lab beside it, as they stand at a moment."""
    dates = Calendar(now)
    _hierarchy(estate)
    _guardrails(estate)
    _machines(estate, dates)
    _networks(estate)
    _data(estate)
    _identities(estate, dates)
    _platform(estate)


def _hierarchy(estate: Estate) -> None:
    prod = {"environment": "production", "owner": "ada"}
    estate.project("shop", "111111111111", folder="222222222222", labels=prod, iam=_granted("group:shop@example.org"))
    lab = _granted("user:bob@gmail.com", role="roles/owner")
    estate.project("lab", "333333333333", labels={"environment": "test"}, iam=lab)
    audit = [{"service": "allServices", "auditLogConfigs": [{"logType": "DATA_READ"}, {"logType": "DATA_WRITE"}]}]
    policy = {**_granted("group:security@example.org", role="roles/iam.securityReviewer"), "auditConfigs": audit}
    data = {"displayName": "example.org", "lifecycleState": "ACTIVE", "owner": {"directoryCustomerId": "C0abcdef1"}}
    estate.node(ORGANIZATION, "Organization", data, (ORGANIZATION,), iam=policy)


def _granted(*members: str, role: str = "roles/viewer") -> dict[str, Any]:
    return {"version": 3, "bindings": [{"role": role, "members": list(members)}]}


def _guardrails(estate: Estate) -> None:
    enforced = (
        "iam.disableServiceAccountKeyCreation", "iam.disableServiceAccountKeyUpload", "storage.publicAccessPrevention",
        "compute.disableSerialPortAccess", "compute.requireOsLogin", "compute.requireShieldedVm",
        "compute.skipDefaultNetworkCreation", "iam.automaticIamGrantsForDefaultServiceAccounts", "sql.restrictPublicIp",
        "storage.uniformBucketLevelAccess",
    )  # fmt: skip
    policies: list[dict[str, Any]] = [
        {"constraint": f"constraints/{name}", "booleanPolicy": {"enforced": True}} for name in enforced
    ]
    domains = {"allowedValues": ["C0abcdef1"]}
    policies.append({"constraint": "constraints/iam.allowedPolicyMemberDomains", "listPolicy": domains})
    regions = {"allowedValues": ["in:eu-locations"]}
    policies.append({"constraint": "constraints/gcp.resourceLocations", "listPolicy": regions})
    kind = "cloudresourcemanager.googleapis.com/Organization"
    estate.add(kind, f"//cloudresourcemanager.googleapis.com/{ORGANIZATION}", None, None, org_policy=policies)


def machine(name: str, project: str, created: str, *, safe: bool) -> dict[str, Any]:
    """A machine as the service describes it."""
    interface: dict[str, Any] = {
        "name": "nic0",
        "network": f"{_COMPUTE}/projects/{project}/global/networks/main",
        "subnetwork": f"{_COMPUTE}/projects/{project}/regions/europe-west1/subnetworks/main",
        "networkIP": "10.0.0.2",
        "stackType": "IPV4_ONLY",
        "fingerprint": "AAAA",
    }
    if not safe:
        interface["accessConfigs"] = [{"type": "ONE_TO_ONE_NAT", "name": "External NAT", "natIP": "203.0.113.7"}]
    items = [{"key": "startup-script", "value": "#!/bin/sh\nexport DB_PASSWORD=correct-horse-battery\n"}]
    items.append({"key": "enable-oslogin" if safe else "serial-port-enable", "value": "TRUE"})
    disk = {"boot": True, "autoDelete": True, "deviceName": name, "source": f"{_COMPUTE}/projects/{project}/disks/{name}"}
    account = f"{name}@{project}.iam.gserviceaccount.com" if safe else "333333333333-compute@developer.gserviceaccount.com"
    return {
        "id": "4611686018427387904",
        "name": name,
        "status": "RUNNING",
        "creationTimestamp": created,
        "zone": f"{_COMPUTE}/projects/{project}/zones/europe-west1-b",
        "machineType": f"{_COMPUTE}/projects/{project}/zones/europe-west1-b/machineTypes/e2-small",
        "networkInterfaces": [interface],
        "disks": [{**disk, "licenses": [_IMAGES], "type": "PERSISTENT", "mode": "READ_WRITE"}],
        "metadata": {"items": items, "fingerprint": "AAAA"},
        "serviceAccounts": [{"email": account, "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}],
        "shieldedInstanceConfig": {"enableSecureBoot": safe, "enableVtpm": True, "enableIntegrityMonitoring": True},
        "scheduling": {"onHostMaintenance": "MIGRATE", "automaticRestart": True},
        "labels": {"owner": "ada", "environment": "production"} if safe else {},
        "tags": {"items": ["web"], "fingerprint": "AAAA"},
        "deletionProtection": safe,
        "selfLink": f"{_COMPUTE}/projects/{project}/zones/europe-west1-b/instances/{name}",
    }


def inventory(dates: Calendar, *, missing: bool) -> dict[str, Any]:
    """What the agent of a machine reported in the last hours."""
    items = {"i": {"id": "i", "type": "INSTALLED_PACKAGE", "installedPackage": _package("3.0.15")}}
    if missing:
        items["a"] = {"id": "a", "type": "AVAILABLE_PACKAGE", "createTime": dates.made, "availablePackage": _package("3.0.19")}
    system = {"hostname": "web", "shortName": "debian", "longName": "Debian GNU/Linux 12 (bookworm)", "version": "12"}
    return {"osInfo": system, "updateTime": dates.off(hours=-5), "items": items}


def _package(version: str) -> dict[str, Any]:
    return {"aptPackage": {"packageName": "openssl", "architecture": "amd64", "version": version}}


def _machines(estate: Estate, dates: Calendar) -> None:
    kind = "compute.googleapis.com/Instance"
    web, trial = machine("web", "shop", dates.made, safe=True), machine("trial", "lab", dates.made, safe=False)
    estate.add(kind, "web", web, os_inventory=inventory(dates, missing=False))
    estate.add(kind, "trial", trial, "lab", os_inventory=inventory(dates, missing=True))
    for project in ("shop", "lab"):
        estate.add(
            "compute.googleapis.com/Project",
            project,
            {"name": project, "commonInstanceMetadata": {"items": []}, "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS"},
            project,
        )


def _networks(estate: Estate) -> None:
    for project, name in (("shop", "main"), ("lab", "default")):
        network = f"{_COMPUTE}/projects/{project}/global/networks/{name}"
        data: dict[str, Any] = {"name": name, "autoCreateSubnetworks": name == "default", "routingConfig": {}}
        estate.add("compute.googleapis.com/Network", name, data, project)
        safe = project == "shop"
        rule = {
            "name": "let-in",
            "network": network,
            "direction": "INGRESS",
            "priority": 1000,
            "sourceRanges": ["10.0.0.0/8"] if safe else ["0.0.0.0/0"],
            "allowed": [{"IPProtocol": "tcp", "ports": ["443"] if safe else ["22"]}],
            "logConfig": {"enable": safe},
            "disabled": False,
        }
        estate.add("compute.googleapis.com/Firewall", "let-in", rule, project)
        subnet = {
            "name": name,
            "network": network,
            "ipCidrRange": "10.0.0.0/24",
            "privateIpGoogleAccess": safe,
            "purpose": "PRIVATE",
            "logConfig": {"enable": safe, "flowSampling": 0.5},
        }
        estate.add("compute.googleapis.com/Subnetwork", name, subnet, project)
    zone = {"name": "shop", "dnsName": "shop.example.org.", "visibility": "public", "dnssecConfig": {"state": "on"}}
    estate.add("dns.googleapis.com/ManagedZone", "shop", zone)


_CLASSED = {
    "owner": "ada", "data-class": "confidential", "criticality": "high", "retention-min-days": "none",
    "retention-max-days": "none",
}  # fmt: skip
_FLAGS = [{"name": name, "value": "on"} for name in ("log_connections", "log_disconnections", "cloudsql.enable_pgaudit")]


def _data(estate: Estate) -> None:
    bucket = "storage.googleapis.com/Bucket"
    safe = {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"}
    orders = {"name": "shop-orders", "location": "EU", "locationType": "multi-region", "iamConfiguration": safe}
    estate.add(bucket, "shop-orders", {**orders, "labels": _CLASSED})
    public = {"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]}
    loose = {"name": "lab-dump", "location": "US", "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": False}}}
    estate.add(bucket, "lab-dump", loose, "lab", iam=public)
    for name, project, good in (("orders", "shop", True), ("trial", "lab", False)):
        settings = {
            "tier": "db-custom-2-7680",
            "availabilityType": "REGIONAL" if good else "ZONAL",
            "settingsVersion": "12",
            "ipConfiguration": {
                "ipv4Enabled": not good,
                "sslMode": "ENCRYPTED_ONLY" if good else "ALLOW_UNENCRYPTED_AND_ENCRYPTED",
                "authorizedNetworks": [] if good else [{"value": "0.0.0.0/0"}],
            },
            "backupConfiguration": {"enabled": good, "pointInTimeRecoveryEnabled": good},
            **({"userLabels": _CLASSED, "databaseFlags": _FLAGS} if good else {}),
        }
        instance = {"name": name, "databaseVersion": "POSTGRES_16", "state": "RUNNABLE", "settings": settings}
        estate.add("sqladmin.googleapis.com/Instance", name, {**instance, "instanceType": "CLOUD_SQL_INSTANCE"}, project)
    reference = {"projectId": "shop", "datasetId": "sales"}
    access = [{"role": "OWNER", "specialGroup": "projectOwners"}, {"role": "READER", "userByEmail": "ada@example.org"}]
    dataset = {"id": "shop:sales", "datasetReference": reference, "location": "EU", "access": access, "labels": _CLASSED}
    estate.add("bigquery.googleapis.com/Dataset", "sales", dataset)


def _identities(estate: Estate, dates: Calendar) -> None:
    for project in ("shop", "lab"):
        email = f"web@{project}.iam.gserviceaccount.com"
        account = {"email": email, "uniqueId": "100000000000000000001", "projectId": project}
        estate.add("iam.googleapis.com/ServiceAccount", "100000000000000000001", account, project)
    key = {"keyType": "USER_MANAGED", "keyOrigin": "GOOGLE_PROVIDED", "validAfterTime": dates.off(days=-700)}
    name = "projects/lab/serviceAccounts/web@lab.iam.gserviceaccount.com/keys/1"
    estate.add("iam.googleapis.com/ServiceAccountKey", "100000000000000000001/keys/1", {"name": name, **key}, "lab")
    sites = {"allowedReferrers": ["https://shop.example.org/*"]}
    restrictions = {"apiTargets": [{"service": "maps-backend.googleapis.com"}], "browserKeyRestrictions": sites}
    for project, made, limits in (
        ("shop", dates.off(days=-20), {"restrictions": restrictions}),
        ("lab", dates.made, {}),
    ):
        api_key = {"name": f"projects/{project}/locations/global/keys/1", "displayName": "maps", "createTime": made}
        estate.add("apikeys.googleapis.com/Key", "1", api_key | limits, project)
    ring = "projects/shop/locations/europe-west1/keyRings/ring/cryptoKeys/orders"
    crypto = {"name": ring, "purpose": "ENCRYPT_DECRYPT", "rotationPeriod": "7776000s", "createTime": dates.made}
    crypto["nextRotationTime"] = dates.off(days=40)
    primary = {"name": f"{ring}/cryptoKeyVersions/1", "state": "ENABLED", "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION"}
    estate.add("cloudkms.googleapis.com/CryptoKey", "orders", {**crypto, "primary": primary})
    rotation = {"rotationPeriod": "2592000s", "nextRotationTime": dates.off(days=12)}
    secret = {"name": "projects/111111111111/secrets/db", "rotation": rotation, "createTime": dates.made}
    estate.add("secretmanager.googleapis.com/Secret", "db", secret)


def _platform(estate: Estate) -> None:
    sink = {
        "name": "all",
        "destination": "logging.googleapis.com/projects/shop/locations/eu/buckets/all",
        "includeChildren": True,
    }
    estate.add("logging.googleapis.com/LogSink", "sinks/all", sink, None)
    kept = {"name": "projects/111111111111/locations/eu/buckets/all", "retentionDays": 400, "locked": True}
    estate.add("logging.googleapis.com/LogBucket", "all", kept)
    pool = {"name": "default", "config": {"workloadMetadataConfig": {"mode": "GKE_METADATA"}}}
    pool["management"] = {"autoUpgrade": True, "autoRepair": True}
    cluster = {
        "name": "main",
        "releaseChannel": {"channel": "REGULAR"},
        "privateClusterConfig": {"enablePrivateNodes": True, "enablePrivateEndpoint": True},
        "databaseEncryption": {"state": "ENCRYPTED", "keyName": "projects/shop/locations/europe-west1/keyRings/r/cryptoKeys/k"},
        "workloadIdentityConfig": {"workloadPool": "shop.svc.id.goog"},
        "nodePools": [pool],
        "status": "RUNNING",
    }
    estate.add("container.googleapis.com/Cluster", "main", cluster)
    service = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "web", "annotations": {"run.googleapis.com/ingress": "all"}},
        "spec": {"template": {"spec": {"containers": [{"image": "europe-docker.pkg.dev/shop/web:1"}]}}},
    }
    invoker = {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}
    estate.add("run.googleapis.com/Service", "web", service)
    estate.add("run.googleapis.com/Service", "web", service, "lab", iam=invoker)


def many(estate: Estate, resources: int, now: datetime) -> None:
    """Resources of an ordinary mixture, in a project for each hundred, about 2 KB each; a third of them with policies."""
    dates = Calendar(now)
    for number in range(resources):
        project = f"team-{number // 100:05}"
        if project not in estate.projects:
            estate.project(project, f"9{number // 100:011}", folder="222222222222", labels={"owner": "ada"})
            common = {"name": project, "commonInstanceMetadata": {"items": []}}
            estate.add("compute.googleapis.com/Project", project, common, project)
        name, good = f"r-{number:07}", number % 10 != 0
        match number % 5:
            case 0 | 1:
                given = inventory(dates, missing=not good)
                made = machine(name, project, dates.made, safe=good)
                estate.add("compute.googleapis.com/Instance", name, made, project, os_inventory=given)
            case 2:
                disk = {"name": name, "sizeGb": "100", "status": "READY", "type": "pd-ssd", "labels": {"owner": "ada"}}
                estate.add("compute.googleapis.com/Disk", name, disk, project)
            case 3:
                access = {"uniformBucketLevelAccess": {"enabled": good}}
                policy = _granted(f"serviceAccount:{name}@{project}.iam.gserviceaccount.com", role="roles/storage.objectViewer")
                data = {"name": name, "location": "EU", "iamConfiguration": access, "labels": {"owner": "ada"}}
                estate.add("storage.googleapis.com/Bucket", name, data, project, iam=policy)
            case _:
                account = {"email": f"{name}@{project}.iam.gserviceaccount.com", "uniqueId": str(10**20 + number)}
                estate.add("iam.googleapis.com/ServiceAccount", name, account, project, iam=_granted("group:ops@example.org"))


def main(environment: Mapping[str, str]) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.collectors.gcp.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of the asset inventory; else any that is free")
    parser.add_argument("--resources", type=int, default=0, help="how many more there are")
    parser.add_argument("--latency", type=float, default=0, help="milliseconds that each answer takes")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=environment.get("TMPDIR")) as name:
        directory = Path(name)
        server = Server(directory, given.port)
        now = datetime.now(UTC)
        fill(server.cloud.estate, now)
        many(server.cloud.estate, given.resources, now)
        server.cloud.page = 1000
        server.cloud.latency = given.latency / 1000
        write = sys.stdout.write
        write('# annexa.toml\n[[target]]\nname = "cloud"\nkind = "gcp"\n')
        write(f'parent = "{ORGANIZATION}"\nendpoint = "localhost:{server.port}"\n\n# environment\n')
        for key, value in server.environment(server.cloud.credentials(directory)).items():
            write(f"export {key}={value}\n")
        write(f"\n# serving {len(server.cloud.estate.assets['RESOURCE'])} resources; Ctrl-C ends it\n")
        sys.stdout.flush()
        ended = threading.Event()
        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, lambda *_: ended.set())
        ended.wait()
        server.stop()
