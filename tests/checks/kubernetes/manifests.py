"""Objects of a cluster, short enough to be read in a test: what a test leaves out is as the API server's defaults."""

from collections.abc import Mapping
from typing import Any

from tests.collectors.kubernetes.cluster import UID, Cluster

SCOPE = f"kubernetes:{UID}:global"
RBAC = "rbac.authorization.k8s.io"
DIGEST = f"sha256:{'a' * 64}"
IMAGE = "registry.example.com/shop/web:1.4"
EVERYTHING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}


def container(name: str = "web", **fields: Any) -> dict[str, Any]:
    return {"name": name, "image": IMAGE, **fields}


def pod(
    kube: Cluster,
    name: str = "web",
    namespace: str = "shop",
    *,
    phase: str = "Running",
    owner: str = "",
    pulled: Mapping[str, str] | None = None,
    **spec: Any,
) -> None:
    """A pod of one container, unless the keywords, which are fields of its spec, say otherwise. Owner: `DaemonSet/agent`."""
    spec.setdefault("containers", [container()])
    started = [
        {"name": c, "image": "-", "imageID": image, "ready": True, "restartCount": 0} for c, image in (pulled or {}).items()
    ]
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if owner:
        kind, _, named = owner.partition("/")
        metadata["ownerReferences"] = [{"apiVersion": "v1", "kind": kind, "name": named, "uid": "1"}]
    status = {"phase": phase, "containerStatuses": started}
    kube.add({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status})


def rule(verbs: str, resources: str, groups: str = "", *names: str) -> dict[str, Any]:
    """A rule of RBAC; several verbs, resources or groups by blanks."""
    found: dict[str, Any] = {"apiGroups": groups.split(" "), "resources": resources.split(), "verbs": verbs.split()}
    return found | ({"resourceNames": list(names)} if names else {})


def cluster_role(kube: Cluster, name: str, *rules: Mapping[str, Any], **fields: Any) -> None:
    kube.add("ClusterRole", name, rules=list(rules), **fields)


def subject(text: str) -> dict[str, str]:
    """`Group:ops`, `User:jane`, `ServiceAccount:shop/web` as a binding names it."""
    kind, _, name = text.partition(":")
    if kind != "ServiceAccount":
        return {"apiGroup": RBAC, "kind": kind, "name": name}
    namespace, _, own = name.partition("/")
    return {"kind": kind, "namespace": namespace, "name": own}


def bind(kube: Cluster, name: str, role: str, *subjects: str, namespace: str | None = None, kind: str = "ClusterRole") -> None:
    """A cluster role binding; with a namespace, a role binding there."""
    kube.add(
        "RoleBinding" if namespace else "ClusterRoleBinding",
        name,
        namespace,
        roleRef={"apiGroup": RBAC, "kind": kind, "name": role},
        subjects=[subject(text) for text in subjects],
    )


def node(kube: Cluster, name: str = "a", version: str = "v1.35.3", provider: str | None = None, **labels: str) -> None:
    """A node that is ready, with a kubelet of this version."""
    told = {
        "architecture": "amd64", "bootID": "b", "containerRuntimeVersion": "containerd://2.1.4", "kernelVersion": "6.1",
        "kubeProxyVersion": "", "kubeletVersion": version, "machineID": "m", "operatingSystem": "linux", "osImage": "Debian",
        "systemUUID": "s",
    }  # fmt: skip
    status = {"nodeInfo": told, "conditions": [{"type": "Ready", "status": "True"}]}
    kube.add("Node", name, labels=labels, spec={"providerID": provider}, status=status)
