"""What the pods of a namespace can reach: destinations where the data is sensitive, and the metadata address of the cloud."""

from typing import Any

import pytest

from tests.checks.kubernetes.manifests import SCOPE, node
from tests.collectors.kubernetes.cluster import Cluster
from tests.harness import Looked, look

LIMITED, METADATA = "k8s_netpol_egress_limited", "k8s_metadata_endpoint_blocked"
ALL: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Egress"]}
WEB: dict[str, Any] = {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"]}
POLICIES = "list networkpolicies.networking.k8s.io"


def asked(kube: Cluster, check: str, **parameters: Any) -> Looked:
    return look(kube.connect(), check, parameters={check: parameters})


def namespace(kube: Cluster, *specs: dict[str, Any], **labels: str) -> None:
    kube.add("Namespace", "shop", labels=labels)
    kube.add("NetworkPolicy", "other", "default", spec=ALL)
    for number, spec in enumerate(specs):
        kube.add("NetworkPolicy", f"p{number}", "shop", spec=spec)


def out(*peers: dict[str, Any], ports: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """A rule for these peers and ports."""
    return ({"to": list(peers)} if peers else {}) | ({"ports": list(ports)} if ports else {})


def block(cidr: str, *but: str) -> dict[str, Any]:
    return {"ipBlock": {"cidr": cidr} | ({"except": list(but)} if but else {})}


PODS: dict[str, Any] = {"namespaceSelector": {}}
NOWHERE = "namespace shop has no network policy that limits where all of its pods send"
EVERYWHERE = "namespace shop lets all of its pods send everywhere by p0"


@pytest.mark.parametrize(
    ("specs", "reason"),
    [
        ([ALL], ""),
        ([ALL | {"egress": [out(PODS)]}], ""),
        ([ALL | {"egress": [out(ports=({"port": 53, "protocol": "UDP"},))]}], ""),
        ([ALL | {"egress": [out(block("10.0.0.0/8"))]}], ""),
        ([ALL | {"policyTypes": ["Ingress", "Egress"], "egress": []}], ""),
        ([ALL, WEB | {"egress": [out()]}], ""),
        ([], NOWHERE),
        ([ALL | {"policyTypes": ["Ingress"]}], NOWHERE),
        ([{"podSelector": {}}], NOWHERE),
        ([WEB], NOWHERE),
        ([ALL | {"egress": [out()]}], EVERYWHERE),
        ([ALL | {"egress": [out(block("0.0.0.0/0", "169.254.169.254/32"))]}], EVERYWHERE),
        ([ALL | {"egress": [out(PODS, block("::/0"))]}], EVERYWHERE),
        ([ALL | {"egress": [out(ports=({"protocol": "TCP"},))]}], EVERYWHERE),
        ([ALL | {"egress": [out(ports=({"port": 1, "endPort": 1023}, {"port": 1000, "endPort": 65535}))]}], EVERYWHERE),
        ([ALL | {"egress": [out(ports=({"port": 1, "endPort": 1023}, {"port": 1025, "endPort": 65535}))]}], ""),
        (
            [ALL | {"egress": [out(ports=({"port": 1, "endPort": 99}, {"port": 22}, {"port": 100, "endPort": 65535}))]}],
            EVERYWHERE,
        ),
        ([ALL | {"egress": [out(block("0.0.0.0/1")), out(block("128.0.0.0/1"))]}], EVERYWHERE),
        ([ALL | {"egress": [out(block("0.0.0.0/1")), out(block("128.0.0.0/1"), ports=({"port": 443},))]}], ""),
    ],
)
def test_where_data_is_sensitive_destinations_are_named(kube: Cluster, specs: list[dict[str, Any]], reason: str) -> None:
    namespace(kube, *specs, **{"example.com/data-classification": "Confidential"})
    seen = asked(kube, LIMITED)
    assert (seen.status(LIMITED, ":shop"), seen.reason(LIMITED, ":shop")) == ("fail" if reason else "pass", reason)


def test_policies_without_types_limit_what_leaves_where_they_have_rules_for_it(kube: Cluster) -> None:
    namespace(kube, {"podSelector": {}, "egress": [out(PODS)]}, classification="secret")
    assert asked(kube, LIMITED).status(LIMITED, ":shop") == "pass"


def test_a_namespace_says_how_its_information_is_classified(kube: Cluster) -> None:
    namespace(kube, **{"data-class": "public"})
    kube.add("Namespace", "new")
    seen = asked(kube, LIMITED)
    assert seen.status(LIMITED, ":shop") == "not_applicable"
    assert seen.status(LIMITED, ":new") == "unknown"
    assert seen.reason(LIMITED, ":new").endswith("label it with one of classification, data-classification, data-class")
    assert asked(kube, LIMITED, sensitive=["Public"]).status(LIMITED, ":shop") == "fail"


HTTP, HTTPS, DNS = {"port": 80, "protocol": "TCP"}, {"port": 443, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}
REACHED = "namespace shop lets pods reach the metadata address of the cloud by p1"


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ([], ""),
        ([out(PODS)], ""),
        ([out(block("10.0.0.0/8"))], ""),
        ([out(block("0.0.0.0/0", "169.254.169.254/32"))], ""),
        ([out(block("0.0.0.0/0", "169.254.0.0/16"), ports=(HTTP,))], ""),
        ([out(ports=(DNS, HTTPS))], ""),
        ([out(block("0.0.0.0/0"), ports=({"port": 8000, "endPort": 9000, "protocol": "TCP"},))], ""),
        ([out()], REACHED),
        ([out(ports=(HTTPS, HTTP))], REACHED),
        ([out(ports=({"protocol": "TCP"},))], REACHED),
        ([out(ports=({"port": "http", "protocol": "TCP"},))], REACHED),
        ([out(ports=({"port": 1, "endPort": 1024, "protocol": "TCP"},))], REACHED),
        ([out(block("0.0.0.0/0"))], REACHED),
        ([out(block("169.254.169.254/32"), ports=(HTTP,))], REACHED),
        ([out(block("0.0.0.0/0", "10.0.0.0/8"))], REACHED),
        ([out(block("::/0"))], REACHED),
        ([out(PODS), out(block("169.254.0.0/16"))], REACHED),
    ],
)
def test_no_policy_of_any_pod_lets_it_reach_the_metadata_address(
    kube: Cluster, rules: list[dict[str, Any]], reason: str
) -> None:
    node(kube, provider="aws:///eu-west-1a/i-0abc")
    namespace(kube, ALL, WEB | {"egress": rules})
    seen = asked(kube, METADATA)
    assert (seen.status(METADATA, ":shop"), seen.reason(METADATA, ":shop")) == ("fail" if reason else "pass", reason)


def test_rules_of_a_policy_that_is_not_about_what_leaves_count_for_nothing(kube: Cluster) -> None:
    node(kube, provider="aws:///eu-west-1a/i-0abc")
    namespace(kube, ALL, WEB | {"policyTypes": ["Ingress"], "egress": [out()]})
    assert asked(kube, METADATA).status(METADATA, ":shop") == "pass"


def test_without_a_policy_for_all_pods_metadata_is_reached_and_without_a_cloud_there_is_none(kube: Cluster) -> None:
    node(kube)
    namespace(kube, WEB)
    assert asked(kube, METADATA).status(METADATA, ":shop") == "not_applicable"
    for number, own in enumerate(
        ("k3s://node-1", "rke2://node-2", "kind://docker/test/node-3", "vsphere://4230", "metal3://ns/a/b")
    ):
        node(kube, f"own-{number}", provider=own)
    assert asked(kube, METADATA).status(METADATA, ":shop") == "not_applicable"
    node(kube, provider="gce://project/zone/name")
    seen = asked(kube, METADATA)
    assert seen.reason(METADATA, ":shop") == f"{NOWHERE}, metadata included"
    assert seen.status(METADATA, ":kube-system") == "not_applicable"


@pytest.mark.parametrize(
    ("check", "call", "about"),
    [
        (LIMITED, "list namespaces", SCOPE),
        (LIMITED, POLICIES, ":shop"),
        (METADATA, "list namespaces", SCOPE),
        (METADATA, "list nodes", ":shop"),
        (METADATA, POLICIES, ":shop"),
    ],
)
def test_what_may_not_be_listed_is_unknown(kube: Cluster, check: str, call: str, about: str) -> None:
    node(kube, provider="aws:///eu-west-1a/i-0abc")
    namespace(kube, ALL, classification="secret")
    assert asked(kube, check).status(check, ":shop") == "pass"
    kube.deny(call)
    seen = asked(kube, check)
    assert seen.status(check, about) == "unknown"
    assert f"{call} was denied" in seen.reason(check, about)
