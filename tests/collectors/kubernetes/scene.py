"""A small shop's cluster, with good and bad in it; and as many pods besides as are asked for."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.collectors.kubernetes.cluster import CREATED, Cluster

_RBAC = {"apiGroup": "rbac.authorization.k8s.io"}
_DIGEST = "sha256:4f5bd1a3a4a9d9c0e2f1d0c8b7a6958473625140f3e2d1c0b9a8978685746352"
_OTHER = "sha256:90c4e3a1b2d3c4e5f60718293a4b5c6d7e8f9001122334455667788990011223"
_SAFE = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def fill(cluster: Cluster) -> None:
    """The shop: a well-kept name space, a careless one, the control plane, and the rights of people."""
    for name, level, owner in (("shop", "restricted", "payments"), ("legacy", "privileged", None)):
        labels = {"kubernetes.io/metadata.name": name, "pod-security.kubernetes.io/enforce": level}
        told = {"owner": owner, "environment": "production", "classification": "confidential"} if owner else {}
        cluster.add("Namespace", name, labels=labels | told)
        cluster.add("ServiceAccount", "default", name, automountServiceAccountToken=name == "legacy")
    _nodes(cluster)
    _control_plane(cluster)
    _workloads(cluster)
    _scans(cluster)
    _rights(cluster)
    _network(cluster)
    _admission(cluster)
    cluster.add("Secret", "db", "shop", type="Opaque", data={"password": "aHVudGVyMg=="})
    cluster.add(
        "Secret", "deployer-token", "legacy",
        type="kubernetes.io/service-account-token", annotations={"kubernetes.io/service-account.name": "deployer"},
    )  # fmt: skip
    cluster.add("ResourceQuota", "shop", "shop", spec={"hard": {"requests.cpu": "20", "requests.memory": "64Gi"}})


def many(cluster: Cluster, pods: int) -> None:
    """Pods of one deployment as an API server gives them, about 7 KB each, in a namespace for each hundred.

    They are stored as they stand, since holding each to its model takes long.
    """
    mount = {"name": "kube-api-access", "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    items = [{"key": "ca.crt", "path": "ca.crt"}]
    projected = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": items}},
    ]
    probe = {"httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10}
    fields: dict[str, Any] = {f"f:field-{n}": {"f:inner": {}, ".": {}} for n in range(60)}
    managed = [{"manager": manager, "operation": "Update", "fieldsV1": fields} for manager in ("controller", "kubelet")]
    conditions = [{"type": f"Type{n}", "status": "True", "lastTransitionTime": CREATED} for n in range(5)]
    for number in range(pods):
        namespace = f"team-{number // 100:04}"
        if number % 100 == 0:
            cluster.add("Namespace", namespace, labels={"owner": namespace})
        spec = _pod_spec("api", f"registry.example.com/team/api@{_DIGEST}", safe=number % 10 != 0)
        spec["containers"][0] |= {
            "env": [{"name": f"SETTING_{n}", "value": f"value-{number}-{n}"} for n in range(10)],
            "volumeMounts": [mount],
            "livenessProbe": probe,
            "readinessProbe": probe,
        }
        spec["volumes"] = [{"name": "kube-api-access", "projected": {"sources": projected, "defaultMode": 420}}]
        metadata = {
            "name": f"api-6d4cf56db6-{number:06}",
            "namespace": namespace,
            "labels": {"app": "api", "pod-template-hash": "6d4cf56db6"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api-6d4cf56db6", "uid": "r"}],
            "managedFields": managed,
        }
        status = {**_running("api", _DIGEST), "conditions": conditions}
        cluster.add({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}, raw=True)


def _nodes(cluster: Cluster) -> None:
    for name, version in (("node-a", "v1.36.3"), ("node-b", "v1.29.4")):
        told = {
            "architecture": "amd64", "bootID": "b", "containerRuntimeVersion": "containerd://2.1.4", "kernelVersion": "6.1",
            "kubeProxyVersion": "", "kubeletVersion": version, "machineID": "m", "operatingSystem": "linux",
            "osImage": "Debian GNU/Linux 12 (bookworm)", "systemUUID": "s",
        }  # fmt: skip
        ready = {"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-06T08:00:00Z"}
        labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"zone-{name[-1]}"}
        cluster.add("Node", name, labels=labels, spec={}, status={"nodeInfo": told, "conditions": [ready]})


def _control_plane(cluster: Cluster) -> None:
    command = [
        "kube-apiserver", "--anonymous-auth=false", "--authorization-mode=Node,RBAC", "--tls-min-version=VersionTLS12",
        "--audit-policy-file=/etc/kubernetes/audit.yaml", "--audit-log-path=/var/log/kubernetes/audit.log",
    ]  # fmt: skip
    spec: dict[str, Any] = {
        "hostNetwork": True,
        "containers": [{"name": "kube-apiserver", "image": "registry.k8s.io/kube-apiserver:v1.36.3", "command": command}],
    }
    metadata = {
        "name": "kube-apiserver-node-a", "namespace": "kube-system",
        "labels": {"component": "kube-apiserver", "tier": "control-plane"},
        "annotations": {"kubernetes.io/config.mirror": "a1"},
        "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "node-a", "uid": "n1", "controller": True}],
    }  # fmt: skip
    status = _running("kube-apiserver", _OTHER)
    cluster.add({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status})


def _workloads(cluster: Cluster) -> None:
    safe = _pod_spec("web", f"registry.example.com/shop/web@{_DIGEST}", safe=True)
    safe["serviceAccountName"], safe["automountServiceAccountToken"] = "web", False
    reference = {"secretKeyRef": {"name": "db", "key": "password"}}
    safe["containers"][0]["env"] = [{"name": "DB_PASSWORD", "valueFrom": reference}]
    cluster.add("ServiceAccount", "web", "shop", automountServiceAccountToken=False)
    cluster.add("Pod", "web-7c9d8f6b5-x2x4z", "shop", labels={"app": "web"}, spec=safe, status=_running("web", _DIGEST))
    template = {"metadata": {"labels": {"app": "web"}}, "spec": safe}
    selector = {"matchLabels": {"app": "web"}}
    status = {"replicas": 2, "readyReplicas": 2, "availableReplicas": 2, "updatedReplicas": 2}
    apart = {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}
    runs = {**safe, "topologySpreadConstraints": [{**apart, "labelSelector": selector}]}
    spec = {"replicas": 2, "selector": selector, "template": {**template, "spec": runs}}
    cluster.add("Deployment", "web", "shop", labels={"app": "web"}, spec=spec, status=status)
    cluster.add("PodDisruptionBudget", "web", "shop", spec={"minAvailable": 1, "selector": selector})
    agent = {"matchLabels": {"app": "agent"}}
    runs = {"metadata": {"labels": {"app": "agent"}}, "spec": _pod_spec("agent", "registry.example.com/agent:2", safe=True)}
    counted = {"currentNumberScheduled": 2, "desiredNumberScheduled": 2, "numberMisscheduled": 0, "numberReady": 2}
    cluster.add("DaemonSet", "agent", "shop", spec={"selector": agent, "template": runs}, status=counted)
    kept = {"replicas": 1, "serviceName": "db", "selector": selector, "template": template}
    cluster.add("StatefulSet", "db", "shop", spec=kept, status={"replicas": 1, "readyReplicas": 1})
    careless = _pod_spec("batch", "docker.io/library/python:latest", safe=False) | {"serviceAccountName": "default"}
    careless["volumes"] = [{"name": "host", "hostPath": {"path": "/var/run"}}]
    careless["containers"][0] |= {
        "securityContext": {"privileged": True},
        "env": [{"name": "API_TOKEN", "value": "not-a-real-token-but-secret"}],
        "volumeMounts": [{"name": "host", "mountPath": "/host"}],
    }
    cluster.add("Pod", "batch-0", "legacy", labels={"app": "batch"}, spec=careless, status=_running("batch", _OTHER))


def _scans(cluster: Cluster) -> None:
    """What the Trivy operator reported an hour ago: of one image nothing bad, of another an old flaw."""
    made = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    flaw = {
        "vulnerabilityID": "CVE-2025-0001", "severity": "CRITICAL", "resource": "openssl", "installedVersion": "3.0.11",
        "fixedVersion": "3.0.15", "publishedDate": "2025-06-01T00:00:00Z", "title": "an overflow", "target": "", "score": 9.8,
    }  # fmt: skip
    known: tuple[tuple[str, str, str, str, dict[str, str], list[dict[str, Any]]], ...] = (
        ("legacy", "Pod", "batch-0", "batch", {"repository": "library/python", "tag": "latest", "digest": _OTHER}, [flaw]),
        ("shop", "ReplicaSet", "web-7c9d8f6b5", "web", {"repository": "shop/web", "digest": _DIGEST}, []),
    )
    for namespace, kind, name, container, artifact, found in known:
        labels = {
            "trivy-operator.resource.kind": kind, "trivy-operator.resource.name": name,
            "trivy-operator.resource.namespace": namespace, "trivy-operator.container.name": container,
        }  # fmt: skip
        report = {
            "updateTimestamp": made,
            "registry": {"server": "registry.example.com" if namespace == "shop" else "index.docker.io"},
            "artifact": artifact, "scanner": {"name": "Trivy", "vendor": "Aqua Security", "version": "0.57.1"},
            "summary": {"criticalCount": len(found), "highCount": 0, "mediumCount": 0, "lowCount": 0, "unknownCount": 0},
            "vulnerabilities": found,
        }  # fmt: skip
        own = f"{kind.lower()}-{name}-{container}"
        cluster.add("VulnerabilityReport", own, namespace, labels=labels, report=report)


def _rights(cluster: Cluster) -> None:
    default = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    every = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, {"nonResourceURLs": ["*"], "verbs": ["*"]}]
    cluster.add("ClusterRole", "cluster-admin", labels=default, rules=every)
    admin = {**_RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
    masters = {**_RBAC, "kind": "Group", "name": "system:masters"}
    cluster.add("ClusterRoleBinding", "cluster-admin", labels=default, roleRef=admin, subjects=[masters])
    person = {**_RBAC, "kind": "User", "name": "jo@example.com"}
    cluster.add("ClusterRoleBinding", "jo-debug", roleRef=admin, subjects=[person])
    reads = [{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]}]
    cluster.add("Role", "viewer", "shop", rules=reads)
    team = {**_RBAC, "kind": "Group", "name": "shop-developers"}
    cluster.add("RoleBinding", "viewer", "shop", roleRef={**_RBAC, "kind": "Role", "name": "viewer"}, subjects=[team])


def _network(cluster: Cluster) -> None:
    cluster.add("NetworkPolicy", "default-deny", "shop", spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
    ports = [{"port": 443, "targetPort": 8443, "protocol": "TCP"}]
    cluster.add("Service", "web", "shop", spec={"type": "ClusterIP", "selector": {"app": "web"}, "ports": ports})
    cluster.add("Service", "batch", "legacy", spec={"type": "LoadBalancer", "selector": {"app": "batch"}, "ports": ports})
    backend = {"service": {"name": "web", "port": {"number": 443}}}
    rule = {"host": "shop.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    tls = [{"hosts": ["shop.example.com"], "secretName": "shop-tls"}]
    cluster.add("Ingress", "shop", "shop", spec={"ingressClassName": "nginx", "rules": [rule], "tls": tls})
    cluster.add("Ingress", "legacy", "legacy", spec={"rules": [{**rule, "host": "old.example.com"}]})


def _admission(cluster: Cluster) -> None:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE", "UPDATE"]}
    webhook = {
        "name": "check.engine.example.com", "rules": [rule], "failurePolicy": "Ignore", "sideEffects": "None",
        "clientConfig": {"service": {"namespace": "shop", "name": "engine"}, "caBundle": "Y2E="},
        "admissionReviewVersions": ["v1"],
    }  # fmt: skip
    cluster.add("ValidatingWebhookConfiguration", "engine", webhooks=[webhook])
    spec = {"failurePolicy": "Fail", "matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": "true"}]}
    cluster.add("ValidatingAdmissionPolicy", "pods", spec=spec)
    cluster.add("ValidatingAdmissionPolicyBinding", "pods", spec={"policyName": "pods", "validationActions": ["Audit"]})


def _pod_spec(name: str, image: str, *, safe: bool) -> dict[str, Any]:
    most = {"cpu": "1", "memory": "256Mi"}
    container: dict[str, Any] = {"name": name, "image": image, "resources": {"limits": most, "requests": most}}
    return {"containers": [container | ({"securityContext": dict(_SAFE)} if safe else {})]}


def _running(container: str, digest: str) -> dict[str, Any]:
    status = {
        "name": container, "image": "", "imageID": f"registry.example.com/any@{digest}", "ready": True, "restartCount": 0,
    }  # fmt: skip
    return {"phase": "Running", "qosClass": "Burstable", "containerStatuses": [status]}
