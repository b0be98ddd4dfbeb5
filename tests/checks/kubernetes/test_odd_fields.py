"""Objects of which any one field is not what the API says it is: an answer or an unknown, and no check that breaks."""

import copy
from typing import Any

import pytest

from checks.check import checks
from tests.collectors.kubernetes.cluster import Cluster
from tests.collectors.kubernetes.kinds import KINDS
from tests.harness import look
from tests.odd import paths, replaced

ODD: tuple[Any, ...] = (True, 7, "odd", [None], {"odd": 1})
OWN = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}
TERM = {"topologyKey": "zone", "labelSelector": OWN}
APART = {
    "requiredDuringSchedulingIgnoredDuringExecution": [TERM],
    "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": TERM}],
}
SECURITY = {
    "capabilities": {"add": ["X"], "drop": ["ALL"]},
    "privileged": False,
    "runAsNonRoot": True,
    "runAsUser": 7,
    "seccompProfile": {"type": "RuntimeDefault"},
    "windowsOptions": {"hostProcess": False, "runAsUserName": "me"},
}
CONTAINER = {"name": "web", "image": "web", "env": [{"name": "A", "value": "a"}], "securityContext": SECURITY}
PEERS: list[dict[str, Any]] = [
    {"namespaceSelector": OWN, "podSelector": OWN},
    {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
]
PORTS = [{"port": 1, "endPort": 2, "protocol": "TCP"}]
RUNS: dict[str, Any] = {
    "containers": [{"name": "web", "image": "web"}],
    "topologySpreadConstraints": [TERM],
    "affinity": {"podAntiAffinity": APART},
}
ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
WHOLE: dict[str, dict[str, Any]] = {
    "Pod": {
        "spec": {
            "containers": [CONTAINER],
            "securityContext": SECURITY,
            "volumes": [{"name": "v", "hostPath": {"path": "/x"}}],
        },
        "status": {"phase": "Running", "containerStatuses": [{"name": "web", "imageID": "web@sha256:0"}]},
    },
    "Deployment": {"spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "web"}}, "spec": RUNS}}},
    "NetworkPolicy": {
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": PEERS, "ports": PORTS}],
            "egress": [{"to": PEERS, "ports": PORTS}],
        }
    },
    "Service": {"spec": {"type": "LoadBalancer", "externalIPs": ["192.0.2.1"], "loadBalancerSourceRanges": ["10.0.0.0/8"]}},
    "Ingress": {"spec": {"rules": [{"host": "a"}], "tls": [{"hosts": ["a"], "secretName": "s"}]}},
    "RoleBinding": {"roleRef": ROLE, "subjects": [{"kind": "ServiceAccount", "name": "web", "namespace": "shop"}]},
    "PodDisruptionBudget": {"spec": {"minAvailable": "50%", "selector": OWN}},
    "ResourceQuota": {"spec": {"hard": {"cpu": "1"}, "scopes": ["NotBestEffort"]}},
}


@pytest.mark.parametrize("kind", WHOLE)
def test_no_odd_field_breaks_a_check(kube: Cluster, kind: str) -> None:
    kube.page_size = 500
    kube.add("Namespace", "shop", labels={"env": "prod", "classification": "secret"})
    kube.add("Deployment", "web", "shop", raw=True, **WHOLE["Deployment"])
    held = {"apiVersion": KINDS[kind].api_version, "kind": kind, "metadata": {"name": "x", "namespace": "shop"}, **WHOLE[kind]}
    odd = [replaced(held, path, value) for path in paths(held) if len(path) > 1 and path[0] != "metadata" for value in ODD]
    for number, item in enumerate([copy.deepcopy(held), *odd]):
        item["metadata"]["name"] = f"x-{number}"
        kube.add(item, raw=True)
    seen = look(kube.connect(), *(check.id for check in checks().values() if check.provider == "kubernetes"))
    assert [finding.reason for finding in seen.findings if str(finding.status) == "error"] == []
    shapeless = [finding.uid for finding in seen.findings if "unexpected shape" in finding.reason]
    assert shapeless
    assert not any(uid.endswith("/x-0") for uid in shapeless)
