"""Kubernetes clusters that Azure runs."""

import re
from datetime import date, datetime

from checks.addresses import is_internet
from checks.azure.naming import said
from checks.check import Answer, Unknown, check
from evidence_store.records import Resource

# The last day of fixes for each minor version, and that of long-term support, by the calendar of the service as of
# September 2026: the last day of a month that it names. Some days move; the parameter `ends` goes before this table.
_ENDS = {
    "1.24": ("2023-07-31", ""), "1.25": ("2024-01-14", ""), "1.26": ("2024-03-31", ""), "1.27": ("2024-07-31", "2025-07-31"),
    "1.28": ("2025-01-31", "2026-02-28"), "1.29": ("2025-03-31", "2026-04-30"), "1.30": ("2025-08-22", "2026-07-31"),
    "1.31": ("2025-11-01", "2026-11-30"), "1.32": ("2026-03-31", "2027-03-31"), "1.33": ("2026-07-31", "2027-06-30"),
    "1.34": ("2026-11-30", "2027-11-30"), "1.35": ("2027-03-31", "2028-03-31"), "1.36": ("2027-06-30", "2028-06-30"),
    "1.37": ("2027-10-31", "2028-10-31"),
}  # fmt: skip


@check(
    on="azure.container_service.managed_cluster",
    severity="medium",
    version=1,
    needs=("autoUpgradeProfile", "currentKubernetesVersion", "kubernetesVersion", "supportPlan"),
    fix="Upgrade the cluster to a supported minor version and set an upgrade channel, such as `patch` or `stable`.",
)
def azure_aks_supported_version(cluster: Resource, *, at: datetime, ends: tuple[str, ...] = ()) -> Answer:
    """Clusters run a version that still gets fixes, and an upgrade channel brings them in.

    A minor version gets fixes for about a year, two where long-term support was bought. Without a channel a fix waits until
    somebody remembers it.

    `ends`: last days of fixes, `1.38=2028-02-29`, for versions that are newer than the table or whose day has moved
    """
    version = cluster.fact("currentKubernetesVersion") or cluster.fact("kubernetesVersion") or ""
    found = re.match(r"\d+\.\d+", version)
    minor = found.group() if found else ""
    end = _end_of(minor, said(cluster, "supportPlan"), ends)
    if end is None:
        return Unknown(f"{cluster.name} runs Kubernetes {version}, whose end of support is not known: declare it in `ends`")
    if date.fromisoformat(end) < at.date():
        return f"{cluster.name} runs Kubernetes {version}, whose fixes ended on {end}"
    channel = ((cluster.fact("autoUpgradeProfile") or {}).get("upgradeChannel") or "none").casefold()
    if channel == "none":
        return f"{cluster.name} has no upgrade channel"
    return f"{cluster.name} has an upgrade channel for the images of its nodes only" if channel == "node-image" else None


def _end_of(minor: str, plan: str, declared: tuple[str, ...]) -> str | None:
    """The last day of fixes for a minor version; `None` where nothing tells it."""
    if (end := dict(entry.split("=", 1) for entry in declared if "=" in entry).get(minor)) is not None:
        return end
    usual, longer = _ENDS.get(minor, ("", ""))
    return (longer if plan == "akslongtermsupport" and longer else usual) or None


@check(
    on="azure.container_service.managed_cluster",
    severity="high",
    version=1,
    needs=("apiServerAccessProfile", "publicNetworkAccess"),
    fix="Make the cluster private, or list the address ranges that may reach its API server.",
)
def azure_aks_private_or_ranges(cluster: Resource) -> Answer:
    """The API server of each cluster is private, or listens to listed addresses only.

    The API server runs the cluster. One that anyone can reach is one stolen token or one flaw away from being theirs.
    """
    profile = cluster.fact("apiServerAccessProfile") or {}
    if profile.get("enablePrivateCluster") is True or said(cluster, "publicNetworkAccess") == "disabled":
        return None
    ranges = profile.get("authorizedIPRanges") or []
    if not ranges:
        return f"the API server of {cluster.name} is open to every address"
    wide = sorted(block for block in ranges if is_internet(block))
    return f"the API server of {cluster.name} is open to {', '.join(wide)}" if wide else None


@check(
    on="azure.container_service.managed_cluster",
    severity="high",
    version=1,
    needs=("aadProfile", "disableLocalAccounts"),
    fix="Turn on directory sign-in for the cluster, then disable its local accounts.",
)
def azure_aks_directory_signin(cluster: Resource) -> Answer:
    """People sign in to clusters through the directory, and local accounts are off.

    The local administrator's certificate is one for all who fetch it, names nobody, and cannot be taken back from one person.
    """
    if not cluster.fact("aadProfile"):
        return f"{cluster.name} knows no directory sign-in"
    if cluster.fact("disableLocalAccounts") is not True:
        return f"{cluster.name} hands out the certificate of its local administrator"
    return None


@check(
    on="azure.container_service.managed_cluster",
    severity="medium",
    version=1,
    needs=("addonProfiles",),
    fix="Enable the Azure Policy add-on of the cluster and assign an initiative for pods to its subscription.",
)
def azure_aks_admission_policy(cluster: Resource) -> Answer:
    """Clusters ask a policy before they run anything.

    Without the add-on a cluster runs whatever it is told to, privileged or from any registry. Which rules are assigned is a
    matter of policy, and is not judged here.
    """
    addons = {name.casefold(): addon for name, addon in (cluster.fact("addonProfiles") or {}).items()}
    if addons.get("azurepolicy", {}).get("enabled") is True:
        return None
    return f"{cluster.name} runs whatever it is told to: its policy add-on is off"
