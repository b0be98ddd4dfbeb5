"""Kubernetes clusters that AWS runs."""

from checks.check import Answer, NotApplicable, check
from evidence_store.records import Resource


@check(
    on="aws.eks.cluster",
    severity="medium",
    version=1,
    needs=("status", "logging"),
    fix="Turn on the control plane's log types for the cluster: they go to CloudWatch Logs.",
)
def aws_eks_control_plane_logs(cluster: Resource, *, types: tuple[str, ...] = ("api", "audit", "authenticator")) -> Answer:
    """The control plane of each cluster writes its API, audit and authenticator logs.

    The audit log is the only record of who did what in a cluster, and it is off unless somebody turns it on.

    `types`: log types that must be on: api, audit, authenticator, controllerManager, scheduler
    """
    if cluster.fact("status") == "DELETING":
        return NotApplicable(f"{cluster.name} is being deleted")
    entries = (cluster.fact("logging") or {}).get("clusterLogging", [])
    on = {kind for entry in entries if entry.get("enabled") for kind in entry["types"]}
    missing = [kind for kind in types if kind not in on]
    return f"{cluster.name} does not write its {', '.join(missing)} log" if missing else None
