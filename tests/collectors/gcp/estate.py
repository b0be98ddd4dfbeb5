"""What there is in the test's organization: assets, as Cloud Asset Inventory holds them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.cloud import asset_v1
from google.protobuf import json_format  # type: ignore[import-untyped]  # typed by nobody

ORGANIZATION = "organizations/123456789012"
RESOURCE_MANAGER = "//cloudresourcemanager.googleapis.com/"
RAW: Any = type(asset_v1.Asset.pb(asset_v1.Asset()))

# Where the names of common types stand under their project; of others the name is given in full.
_UNDER = {
    "apikeys.googleapis.com/Key": "projects/{project}/locations/global/keys/{name}",
    "bigquery.googleapis.com/Dataset": "projects/{project}/datasets/{name}",
    "cloudkms.googleapis.com/CryptoKey": "projects/{project}/locations/europe-west1/keyRings/ring/cryptoKeys/{name}",
    "compute.googleapis.com/Disk": "projects/{project}/zones/europe-west1-b/disks/{name}",
    "compute.googleapis.com/Firewall": "projects/{project}/global/firewalls/{name}",
    "compute.googleapis.com/Instance": "projects/{project}/zones/europe-west1-b/instances/{name}",
    "compute.googleapis.com/Network": "projects/{project}/global/networks/{name}",
    "compute.googleapis.com/Project": "projects/{project}",
    "compute.googleapis.com/Subnetwork": "projects/{project}/regions/europe-west1/subnetworks/{name}",
    "container.googleapis.com/Cluster": "projects/{project}/locations/europe-west1/clusters/{name}",
    "dns.googleapis.com/ManagedZone": "projects/{number}/locations/global/managedZones/{name}",
    "iam.googleapis.com/Role": "projects/{project}/roles/{name}",
    "iam.googleapis.com/ServiceAccount": "projects/{project}/serviceAccounts/{name}",
    "iam.googleapis.com/ServiceAccountKey": "projects/{project}/serviceAccounts/{name}",
    "logging.googleapis.com/LogBucket": "projects/{number}/locations/global/buckets/{name}",
    "logging.googleapis.com/LogSink": "projects/{number}/sinks/{name}",
    "run.googleapis.com/Service": "projects/{project}/locations/europe-west1/services/{name}",
    "secretmanager.googleapis.com/Secret": "projects/{number}/secrets/{name}",
    "sqladmin.googleapis.com/Instance": "projects/{project}/instances/{name}",
    "storage.googleapis.com/Bucket": "{name}",
}


@dataclass(frozen=True, slots=True)
class Project:
    """One project of the organization."""

    id: str
    number: str
    ancestors: tuple[str, ...]  # from itself up to the organization


@dataclass(slots=True)
class Estate:
    """The assets, by the kind of content that a listing asks for."""

    assets: dict[str, dict[str, Any]] = field(default_factory=dict)  # content -> name and type -> asset
    projects: dict[str, Project] = field(default_factory=dict)

    @classmethod
    def new(cls) -> "Estate":
        """An organization with a folder, a project in it, and one beside it."""
        made = cls()
        made.node(ORGANIZATION, "Organization", {"displayName": "example.org", "lifecycleState": "ACTIVE"}, (ORGANIZATION,))
        made.folder("222222222222", "production")
        made.project("shop", "111111111111", folder="222222222222")
        made.project("lab", "333333333333")
        return made

    def node(self, name: str, kind: str, data: Mapping[str, Any], ancestors: tuple[str, ...], **more: Any) -> str:
        """An organization, a folder or a project."""
        parent = f"{RESOURCE_MANAGER}{ancestors[1]}" if len(ancestors) > 1 else ""
        full = f"{RESOURCE_MANAGER}{name}"
        given = {"name": name, **data}
        return self.add(f"cloudresourcemanager.googleapis.com/{kind}", full, given, ancestors=ancestors, parent=parent, **more)

    def folder(self, number: str, name: str, above: tuple[str, ...] = (ORGANIZATION,), **more: Any) -> str:
        data = {"displayName": name, "lifecycleState": "ACTIVE"}
        return self.node(f"folders/{number}", "Folder", data, (f"folders/{number}", *above), **more)

    def project(
        self,
        id_: str,
        number: str,
        folder: str | None = None,
        state: str = "ACTIVE",
        labels: Mapping[str, str] | None = None,
        **more: Any,
    ) -> str:
        above = (f"folders/{folder}", ORGANIZATION) if folder else (ORGANIZATION,)
        known = Project(id_, number, (f"projects/{number}", *above))
        self.projects[id_] = known
        data: dict[str, Any] = {"projectId": id_, "projectNumber": number, "name": id_.title(), "lifecycleState": state}
        data |= {"labels": dict(labels)} if labels else {}
        return self.node(f"projects/{number}", "Project", data, known.ancestors, **more)

    def add(
        self,
        asset_type: str,
        name: str,
        data: Mapping[str, Any] | None = None,
        project: str | None = "shop",
        *,
        iam: Mapping[str, Any] | None = None,
        org_policy: Iterable[Mapping[str, Any]] | None = None,
        os_inventory: Mapping[str, Any] | None = None,
        ancestors: Iterable[str] | None = None,
        location: str = "europe-west1",
        parent: str | None = None,
    ) -> str:
        """Put an asset into the inventory, or what is said of it in another kind of content. Returns its full name."""
        full = self.name_of(asset_type, name, project)
        if ancestors is None:
            ancestors = self.projects[project].ancestors if project else (ORGANIZATION,)
        asset = RAW(name=full, asset_type=asset_type, ancestors=list(ancestors))
        asset.update_time.FromJsonString("2026-05-01T00:00:00Z")
        if data is not None:
            asset.resource.location = location
            asset.resource.version = "v1"
            asset.resource.parent = parent if parent is not None else _above(full, list(ancestors))
            json_format.ParseDict(data, asset.resource.data)
            self._put("RESOURCE", asset)
        if iam is not None:
            self._put("IAM_POLICY", json_format.ParseDict(dict(iam), _bare(asset).iam_policy), asset)
        if org_policy is not None:
            self._put_org_policies(asset, org_policy)
        if os_inventory is not None:
            self._put("OS_INVENTORY", json_format.ParseDict(dict(os_inventory), _bare(asset).os_inventory), asset)
        return full

    def name_of(self, asset_type: str, name: str, project: str | None) -> str:
        """The full resource name, as the inventory words it for this type."""
        if name.startswith("//"):
            return name
        service = asset_type.partition("/")[0]
        if project is None:
            return f"//{service}/{ORGANIZATION}/{name}"
        known = self.projects[project]
        under = _UNDER.get(asset_type, "projects/{project}/{name}")
        return f"//{service}/" + under.format(project=known.id, number=known.number, name=name)

    def _put(self, content: str, found: Any, of: Any = None) -> None:
        asset = found if of is None else _holding(of, content, found)
        self.assets.setdefault(content, {})[f"{asset.asset_type} {asset.name}"] = asset

    def _put_org_policies(self, asset: Any, policies: Iterable[Mapping[str, Any]]) -> None:
        holder = _bare(asset)
        for policy in policies:
            json_format.ParseDict(dict(policy), holder.org_policy.add())
        self._put("ORG_POLICY", holder)

    def replace(self, content: str, name: str, asset: Any) -> None:
        """Put an asset of the test's own making in the place of one."""
        of_content = self.assets[content]
        key = next(k for k in of_content if k.endswith(f" {name}"))
        of_content[key] = asset

    def get(self, content: str, name: str) -> Any:
        """An asset that can be spoilt in place."""
        return next(a for key, a in self.assets[content].items() if key.endswith(f" {name}"))


def _above(name: str, ancestors: list[str]) -> str:
    above = [a for a in ancestors if name != f"{RESOURCE_MANAGER}{a}"]
    return f"{RESOURCE_MANAGER}{above[0]}" if above else ""


def _bare(asset: Any) -> Any:
    return RAW(name=asset.name, asset_type=asset.asset_type, ancestors=asset.ancestors, update_time=asset.update_time)


def _holding(asset: Any, content: str, found: Any) -> Any:
    holder = _bare(asset)
    getattr(holder, content.lower()).CopyFrom(found)
    return holder
