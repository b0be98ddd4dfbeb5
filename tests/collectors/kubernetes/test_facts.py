"""What is kept of each kind of object, and what is not: secrets, and what moves while nothing changed."""

import json
from typing import Any

import pytest

from collectors.source import Facet, sources
from evidence_store.records import Presence
from tests.collectors.kubernetes.cluster import CREATED, UID, Cluster
from tests.collectors.kubernetes.collecting import collect, kept, told
from tests.collectors.kubernetes.kinds import Kind
from tests.collectors.kubernetes.scene import fill

TOKENS = "kubernetes.io/service-account-token"
RBAC = {"apiGroup": "rbac.authorization.k8s.io"}
SPEC = {"containers": [{"name": "app", "image": "nginx"}]}
HIDDEN = "aHVudGVyMi1odW50ZXIy"  # what may be found nowhere


def test_every_kind_of_object_is_read_and_has_all_that_its_facets_declare(kube: Cluster) -> None:
    fill(kube)
    seen = collect(kube.connect())
    assert {shot.presence for group in seen.snapshots.values() for shot in group} == {Presence.COMPLETE}
    assert [u for group in seen.snapshots.values() for shot in group for u in shot.unread] == []
    for facet in (facet for source in sources("kubernetes") for facet in source.yields):
        for facts in seen.facts(facet.type, facet.name).values():
            assert set(facts) <= set(facet.names)
            assert set(facet.facts) <= set(facts)


def test_an_unchanged_cluster_gives_the_same_facts_again(kube: Cluster) -> None:
    fill(kube)
    facets: list[Facet] = [facet for source in sources("kubernetes") for facet in source.yields]
    before, versions = collect(kube.connect()), set()

    def moved(kind: Kind, held: dict[str, Any]) -> dict[str, Any]:
        versions.add(held["metadata"]["resourceVersion"])
        if kind.name == "Node":
            beat = {"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-06T09:00:00Z"}
            return {**held, "status": {**held["status"], "conditions": [beat], "images": [{"names": ["a"]}]}}
        return held

    kube.amend = moved
    after = collect(kube.connect())
    assert len(versions) > 1
    for facet in facets:
        assert after.facts(facet.type, facet.name) == before.facts(facet.type, facet.name)


def test_uids_say_cluster_type_namespace_and_name(kube: Cluster) -> None:
    kube.add("Pod", "web", "default", spec=SPEC)
    seen = collect(kube.connect(), "list pods", "list namespaces", "get /version")
    assert set(seen.facts("kubernetes.pod")) == {f"kubernetes:{UID}:global:kubernetes.pod:default/web"}
    assert f"kubernetes:{UID}:global:kubernetes.namespace:default" in seen.facts("kubernetes.namespace")
    assert set(seen.facts("kubernetes.cluster")) == {f"kubernetes:{UID}:global:kubernetes.cluster:{UID}"}


# Secrets.


def test_the_data_of_secrets_is_not_even_asked_for(kube: Cluster) -> None:
    note = json.dumps({"data": {"password": HIDDEN}})
    noted = {"kubectl.kubernetes.io/last-applied-configuration": note, "kubernetes.io/service-account.name": "robot"}
    kube.add("Secret", "robot", "default", type=TOKENS, data={"token": HIDDEN}, annotations=noted)
    seen = collect(kube.connect(), "list secrets")
    (request,) = [r for r in kube.requests if r.call == "list secrets"]
    assert request.headers["accept"] == "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    assert request.query["fieldSelector"] == f"type={TOKENS}"
    (facts,) = seen.facts("kubernetes.token_secret").values()
    assert HIDDEN not in json.dumps(facts)
    assert facts["serviceAccount"] == "robot"


def test_a_server_that_sends_whole_secrets_all_the_same_is_not_read(kube: Cluster) -> None:
    kube.add("Secret", "robot", "default", type=TOKENS, data={"token": HIDDEN})
    kube.garble("list secrets", "whole-objects")
    seen = collect(kube.connect(), "list secrets")
    (shot,) = seen.snapshots["list secrets"]
    assert (shot.presence, shot.reason and shot.reason.detail) == (Presence.FAILED, "no PartialObjectMetadataList")


def test_token_secrets_are_those_of_their_type_with_the_account_that_they_are_of(kube: Cluster) -> None:
    of = {"kubernetes.io/service-account.name": "robot"}
    kube.add("Secret", "robot-token", "default", type=TOKENS, annotations=of)
    kube.add("Secret", "db", "default", type="Opaque", annotations=of)
    facts = collect(kube.connect(), "list secrets").facts("kubernetes.token_secret")
    assert [told(f) for f in facts.values()] == [
        {"name": "robot-token", "namespace": "default", "creationTimestamp": CREATED, "serviceAccount": "robot"}
    ]


# The rest.


def test_of_a_namespace_only_annotations_of_security_and_ownership_are_kept(kube: Cluster) -> None:
    annotations = {
        "pod-security.kubernetes.io/exempt": "why",
        "example.com/owner": "payments",
        "Team": "core",
        "kubectl.kubernetes.io/last-applied-configuration": HIDDEN,
        "note": HIDDEN,
    }
    kube.add("Namespace", "shop", labels={"env": "prod"}, annotations=annotations)
    assert kept(kube, "kubernetes.namespace", "shop") == {
        "name": "shop",
        "labels": {"env": "prod"},
        "creationTimestamp": CREATED,
        "annotations": {"Team": "core", "example.com/owner": "payments", "pod-security.kubernetes.io/exempt": "why"},
        "phase": "Active",
    }


@pytest.mark.parametrize(("said", "ready"), [("True", True), ("False", False), ("Unknown", False), (None, None)])
def test_a_node_is_ready_only_where_it_says_so(kube: Cluster, said: str | None, ready: bool | None) -> None:
    conditions = [{"type": "Ready", "status": said}] if said else []
    taints = [{"key": "b", "effect": "NoSchedule"}, {"key": "a", "effect": "NoExecute", "timeAdded": CREATED}]
    status = {"nodeInfo": {"kubeletVersion": "v1.34.2"}, "conditions": conditions}
    kube.add("Node", "n", raw=True, spec={"taints": taints}, status=status)
    assert kept(kube, "kubernetes.node", "n", "readiness") == {"ready": ready}
    facts = kept(kube, "kubernetes.node", "n")
    assert facts["taints"] == [{"key": "a", "effect": "NoExecute"}, {"key": "b", "effect": "NoSchedule"}]
    assert facts["unschedulable"] is None


def test_rules_are_in_an_order_of_their_own_and_absent_parts_stay_absent(kube: Cluster) -> None:
    rules = [
        {"verbs": ["list", "get"], "apiGroups": [""], "resources": ["pods", "nodes"]},
        {"verbs": ["get"], "nonResourceURLs": ["/healthz"]},
    ]
    expected = [
        {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["nodes", "pods"]},
        {"verbs": ["get"], "nonResourceURLs": ["/healthz"]},
    ]
    kube.add("ClusterRole", "reader", rules=rules)
    kube.add("ClusterRole", "reordered", rules=rules[::-1])
    aggregation = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
    kube.add("ClusterRole", "whole", aggregationRule=aggregation, rules=None)
    for name in ("reader", "reordered"):
        assert kept(kube, "kubernetes.cluster_role", name)["rules"] == expected
    facts = kept(kube, "kubernetes.cluster_role", "whole")
    assert facts["rules"] == []
    assert facts["aggregationRule"] == aggregation


def test_whom_a_binding_names_is_personal_and_apart_from_what_it_grants(kube: Cluster) -> None:
    subjects = [
        {**RBAC, "kind": "User", "name": "jo@example.com"},
        {"kind": "ServiceAccount", "name": "robot", "namespace": "shop"},
    ]
    kube.add("RoleBinding", "edit", "shop", roleRef={**RBAC, "kind": "ClusterRole", "name": "edit"}, subjects=subjects)
    facts = kept(kube, "kubernetes.role_binding", "shop/edit")
    assert facts["roleRef"] == {**RBAC, "kind": "ClusterRole", "name": "edit"}
    assert "jo@example.com" not in json.dumps(facts)
    assert kept(kube, "kubernetes.role_binding", "shop/edit", "subjects") == {"subjects": subjects[::-1]}
    personal = {f.type for s in sources("kubernetes") for f in s.yields if f.personal}
    assert personal == {"kubernetes.role_binding", "kubernetes.cluster_role_binding"}


def test_a_binding_whose_subject_has_no_name_is_unread_there_and_read_elsewhere(kube: Cluster) -> None:
    kube.add("ClusterRoleBinding", "odd", raw=True, roleRef={"kind": "ClusterRole", "name": "x"}, subjects=[{"kind": "User"}])
    seen = collect(kube.connect(), "list clusterrolebindings.rbac.authorization.k8s.io")
    (shot,) = seen.snapshots["list clusterrolebindings.rbac.authorization.k8s.io"]
    assert [(u.facet, u.unread.detail) for u in shot.unread] == [("subjects", "no name")]
    assert len(seen.facts("kubernetes.cluster_role_binding")) == 1


def test_a_service_is_kept_with_how_far_it_reaches(kube: Cluster) -> None:
    internal = "service.beta.kubernetes.io/aws-load-balancer-internal"
    ports = [{"name": "https", "port": 443, "targetPort": "web", "nodePort": 30443, "protocol": "TCP"}]
    spec = {"type": "LoadBalancer", "ports": ports, "loadBalancerSourceRanges": ["10.0.0.0/8"], "clusterIP": "10.1.2.3"}
    kube.add(
        "Service", "web", "shop",
        annotations={internal: "true", "note": HIDDEN}, spec=spec, status={"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}},
    )  # fmt: skip
    facts = kept(kube, "kubernetes.service", "shop/web")
    assert told(facts) == {
        "name": "web", "namespace": "shop", "creationTimestamp": CREATED, "type": "LoadBalancer", "ports": ports,
        "annotations": {internal: "true"}, "loadBalancerSourceRanges": ["10.0.0.0/8"],
    }  # fmt: skip
    assert kept(kube, "kubernetes.service", "shop/web", "status") == {"loadBalancer": [{"ip": "192.0.2.7"}]}


def test_a_network_policy_tells_an_empty_list_from_none(kube: Cluster) -> None:
    kube.add("NetworkPolicy", "deny", "shop", spec={"podSelector": {}, "policyTypes": ["Ingress"], "ingress": []})
    kube.add("NetworkPolicy", "old", "shop", spec={"podSelector": {"matchLabels": {"a": "b"}}})
    deny, old = (kept(kube, "kubernetes.network_policy", f"shop/{name}") for name in ("deny", "old"))
    assert (deny["podSelector"], deny["policyTypes"], deny["ingress"], deny["egress"]) == ({}, ["Ingress"], [], None)
    assert (old["podSelector"], old["policyTypes"], old["ingress"]) == ({"matchLabels": {"a": "b"}}, None, None)


def test_an_ingress_is_kept_with_its_hosts_and_certificates(kube: Cluster) -> None:
    fill(kube)
    facts = kept(kube, "kubernetes.ingress", "shop/shop")
    assert facts["tls"] == [{"hosts": ["shop.example.com"], "secretName": "shop-tls"}]
    assert [rule["host"] for rule in facts["rules"]] == ["shop.example.com"]
    assert kept(kube, "kubernetes.ingress", "legacy/legacy")["tls"] == []


def test_a_daemon_set_says_how_many_of_it_run(kube: Cluster) -> None:
    template = {"metadata": {"labels": {"app": "log"}}, "spec": {"containers": [{"name": "log", "image": "fluent:1"}]}}
    status = {"desiredNumberScheduled": 3, "currentNumberScheduled": 3, "numberReady": 2, "numberMisscheduled": 0}
    spec = {"selector": {"matchLabels": {"app": "log"}}, "template": template}
    kube.add("DaemonSet", "log", "shop", spec=spec, status=status)
    assert kept(kube, "kubernetes.daemon_set", "shop/log")["images"] == {"log": "fluent:1"}
    assert kept(kube, "kubernetes.daemon_set", "shop/log", "status") == {**status, "numberAvailable": None}


def test_a_report_of_vulnerabilities_is_kept_without_its_prose(kube: Cluster) -> None:
    fill(kube)
    facts = kept(kube, "kubernetes.vulnerability_report", "legacy/pod-batch-0-batch")
    (found,) = facts["vulnerabilities"]
    assert set(found) == {
        "vulnerabilityID", "severity", "resource", "installedVersion", "fixedVersion", "publishedDate", "lastModifiedDate",
    }  # fmt: skip
    assert (found["vulnerabilityID"], found["severity"]) == ("CVE-2025-0001", "CRITICAL")
    assert facts["artifact"]["digest"].startswith("sha256:")
    assert facts["updateTimestamp"].endswith("Z")
    (facet,) = [f for s in sources("kubernetes") for f in s.yields if f.type == "kubernetes.vulnerability_report"]
    assert facet.effective == "updateTimestamp"


def test_reports_are_asked_for_in_small_pages(kube: Cluster) -> None:
    fill(kube)
    collect(kube.connect(), "list vulnerabilityreports.aquasecurity.github.io")
    (request,) = [r for r in kube.requests if "vulnerabilityreports" in r.call]
    assert int(request.query["limit"]) <= 50


@pytest.mark.parametrize(("least", "most"), [(1, None), ("50%", None), (None, 0)])
def test_a_disruption_budget_is_a_number_or_a_share(kube: Cluster, least: int | str | None, most: int | None) -> None:
    spec = {"selector": {"matchLabels": {"app": "web"}}, "minAvailable": least, "maxUnavailable": most}
    kube.add("PodDisruptionBudget", "web", "shop", spec={k: v for k, v in spec.items() if v is not None})
    facts = kept(kube, "kubernetes.disruption_budget", "shop/web")
    assert {name: facts[name] for name in spec} == spec


# The test cluster itself.


def test_a_manifest_that_the_api_does_not_know_is_refused(kube: Cluster) -> None:
    for odd in (
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "b"}, "spec": {**SPEC, "hostNetwrok": True}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": SPEC},
        {"apiVersion": "v2", "kind": "Pod", "metadata": {"name": "a", "namespace": "b"}, "spec": SPEC},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "b"}, "spec": {}},
    ):
        with pytest.raises(ValueError, match=r"hostNetwrok|namespaced|served as|containers"):
            kube.add(odd)
