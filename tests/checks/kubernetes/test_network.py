"""What the cluster offers to the networks around it: services that are reached from outside, ingresses and their TLS."""

from typing import Any

import pytest

from tests.checks.kubernetes.manifests import SCOPE
from tests.collectors.kubernetes.cluster import Cluster
from tests.harness import Looked, look

EXPOSED, TLS = "k8s_service_not_exposed", "k8s_ingress_tls"
PORTS = [{"port": 443, "targetPort": 8443, "protocol": "TCP"}]


def asked(kube: Cluster, check: str, **parameters: Any) -> Looked:
    return look(kube.connect(), check, parameters={check: parameters})


def service(kube: Cluster, annotations: dict[str, str] | None = None, **spec: Any) -> None:
    kube.add("Service", "web", "shop", annotations=annotations, spec={"ports": PORTS, **spec})


@pytest.mark.parametrize(
    ("spec", "how"),
    [
        ({"type": "ClusterIP"}, ""),
        ({"type": "ClusterIP", "clusterIP": "None"}, ""),
        ({"type": "ExternalName", "externalName": "db.example.com"}, ""),
        ({"type": "NodePort"}, "by node ports"),
        ({"type": "LoadBalancer"}, "by a load balancer, from any address"),
        (
            {"type": "LoadBalancer", "loadBalancerSourceRanges": ["198.51.100.0/24", "192.0.2.0/24"]},
            "by a load balancer, from 192.0.2.0/24, 198.51.100.0/24",
        ),
        ({"type": "ClusterIP", "externalIPs": ["203.0.113.9"]}, "at 203.0.113.9"),
        ({"type": "NodePort", "externalIPs": ["203.0.113.9", "2001:db8::9"]}, "at 2001:db8::9, 203.0.113.9 and by node ports"),
    ],
)
def test_a_service_that_is_reached_from_outside_is_on_the_list(kube: Cluster, spec: dict[str, Any], how: str) -> None:
    service(kube, **spec)
    seen = asked(kube, EXPOSED)
    reason = f"service shop/web is reachable from outside {how}, and not on the approved list" if how else ""
    assert (seen.status(EXPOSED, "shop/web"), seen.reason(EXPOSED, "shop/web")) == ("fail" if how else "pass", reason)
    assert asked(kube, EXPOSED, approved=["shop/web"]).status(EXPOSED, "shop/web") == "pass"
    assert asked(kube, EXPOSED, approved=["other/*"]).status(EXPOSED, "shop/web") == ("fail" if how else "pass")


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("service.beta.kubernetes.io/aws-load-balancer-internal", "true", "pass"),
        ("service.beta.kubernetes.io/aws-load-balancer-internal", "false", "fail"),
        ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal", "unknown"),  # only AWS's own controller reads it
        ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internet-facing", "fail"),
        ("service.beta.kubernetes.io/azure-load-balancer-internal", "true", "pass"),
        ("networking.gke.io/load-balancer-type", "Internal", "pass"),
        ("cloud.google.com/load-balancer-type", "External", "fail"),
        ("service.kubernetes.io/qcloud-loadbalancer-internal-subnetid", "subnet-1", "pass"),
        ("example.com/internal", "true", "fail"),
    ],
)
def test_a_load_balancer_of_the_internal_network_is_not_outside(kube: Cluster, key: str, value: str, status: str) -> None:
    service(kube, {key: value}, type="LoadBalancer")
    assert asked(kube, EXPOSED).status(EXPOSED, "shop/web") == status


@pytest.mark.parametrize(
    ("more", "spec", "status"),
    [
        ({"aws-load-balancer-type": "external"}, {}, "unknown"),
        ({"aws-load-balancer-type": "nlb-ip"}, {}, "unknown"),
        ({}, {"loadBalancerClass": "service.k8s.aws/nlb"}, "unknown"),
        ({}, {"loadBalancerClass": "eks.amazonaws.com/nlb"}, "unknown"),
        ({"aws-load-balancer-scheme": "internal"}, {"loadBalancerClass": "service.k8s.aws/nlb"}, "pass"),
        ({"aws-load-balancer-scheme": "internet-facing"}, {"loadBalancerClass": "eks.amazonaws.com/nlb"}, "fail"),
        ({"aws-load-balancer-type": "external", "aws-load-balancer-internal": "false"}, {}, "fail"),
        ({"aws-load-balancer-type": "external", "aws-load-balancer-internal": "true"}, {}, "pass"),
        (
            {"aws-load-balancer-type": "external", "aws-load-balancer-internal": "true"}
            | {"aws-load-balancer-scheme": "internet-facing"},  # which goes first
            {},
            "fail",
        ),
        ({"aws-load-balancer-internal": "true", "aws-load-balancer-scheme": "internet-facing"}, {}, "pass"),
        ({"aws-load-balancer-type": "external"}, {"externalIPs": ["203.0.113.9"]}, "fail"),
        ({"aws-load-balancer-type": "nlb"}, {}, "fail"),
    ],
)
def test_a_controller_that_keeps_to_what_a_balancer_was_is_asked_to_say_it(
    kube: Cluster, more: dict[str, str], spec: dict[str, Any], status: str
) -> None:
    service(kube, {f"service.beta.kubernetes.io/{key}": value for key, value in more.items()}, type="LoadBalancer", **spec)
    seen = asked(kube, EXPOSED)
    assert seen.status(EXPOSED, "shop/web") == status
    assert ("annotate it with service.beta.kubernetes.io/aws-load-balancer-scheme" in seen.reason(EXPOSED, "shop/web")) == (
        status == "unknown"
    )
    assert asked(kube, EXPOSED, approved=["shop/web"]).status(EXPOSED, "shop/web") == "pass"


def test_source_ranges_may_stand_in_an_annotation(kube: Cluster) -> None:
    service(kube, {"service.beta.kubernetes.io/load-balancer-source-ranges": "192.0.2.0/24, 10.0.0.0/8"}, type="LoadBalancer")
    assert "from 10.0.0.0/8, 192.0.2.0/24," in asked(kube, EXPOSED).reason(EXPOSED, "shop/web")


BACKEND = {"service": {"name": "web", "port": {"number": 443}}}


def ingress(kube: Cluster, *hosts: str | None, tls: list[dict[str, Any]] | None = None, **annotations: str) -> None:
    """An ingress for these hosts; `None` for a rule without one."""
    path = {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": BACKEND}]}}
    rules = [path | ({"host": host} if host else {}) for host in hosts]
    spec = {"rules": rules, "tls": tls} if hosts else {"defaultBackend": BACKEND, "tls": tls}
    kube.add("Ingress", "web", "shop", annotations=annotations, spec=spec)


CERTIFIED = {"hosts": ["shop.example.com"], "secretName": "shop"}


@pytest.mark.parametrize(
    ("hosts", "tls", "bare"),
    [
        (["shop.example.com"], [CERTIFIED], ""),
        (["shop.example.com"], None, "shop.example.com"),
        (["shop.example.com", "old.example.com"], [CERTIFIED], "old.example.com"),
        (["shop.example.com"], [{"hosts": ["*.example.com"]}], ""),
        (["a.shop.example.com"], [{"hosts": ["*.example.com"]}], "a.shop.example.com"),
        (["example.com"], [{"hosts": ["*.example.com"]}], "example.com"),
        (["*.example.com"], [{"hosts": ["*.example.com"]}], ""),
        (["shop.example.com", None], [{"secretName": "default"}], ""),
        ([None], [CERTIFIED], "any host"),
        ([], None, "any host"),
        ([], [{"secretName": "default"}], ""),
    ],
)
def test_every_host_of_an_ingress_has_tls(
    kube: Cluster, hosts: list[str | None], tls: list[dict[str, Any]] | None, bare: str
) -> None:
    ingress(kube, *hosts, tls=tls)
    seen = asked(kube, TLS)
    assert seen.reason(TLS, "shop/web") == (f"ingress shop/web serves {bare} without TLS" if bare else "")
    assert seen.status(TLS, "shop/web") == ("fail" if bare else "pass")
    assert asked(kube, TLS, allowed=["shop/*"]).status(TLS, "shop/web") == "pass"


@pytest.mark.parametrize(
    ("annotations", "status"),
    [
        ({"alb.ingress.kubernetes.io/certificate-arn": "arn:aws:acm:eu-west-1:1:certificate/1"}, "pass"),
        (
            {
                "alb.ingress.kubernetes.io/certificate-arn": "arn:aws:acm:eu-west-1:1:certificate/1",
                "alb.ingress.kubernetes.io/listen-ports": '[{"HTTP": 80}]',
            },
            "fail",
        ),
        (
            {
                "alb.ingress.kubernetes.io/certificate-arn": "arn:aws:acm:eu-west-1:1:certificate/1",
                "alb.ingress.kubernetes.io/listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
            },
            "pass",
        ),
        ({"alb.ingress.kubernetes.io/listen-ports": '[{"HTTPS": 443}]'}, "pass"),
        ({"alb.ingress.kubernetes.io/listen-ports": '[{"HTTP": 80}]'}, "fail"),
        ({"networking.gke.io/managed-certificates": "shop"}, "pass"),
        ({"nginx.ingress.kubernetes.io/ssl-passthrough": "true"}, "pass"),
        ({"nginx.ingress.kubernetes.io/ssl-passthrough": "false"}, "fail"),
        ({"nginx.ingress.kubernetes.io/ssl-redirect": "true"}, "fail"),
    ],
)
def test_a_controller_may_take_its_certificate_from_elsewhere(kube: Cluster, annotations: dict[str, str], status: str) -> None:
    ingress(kube, "shop.example.com", **annotations)  # type: ignore[arg-type]  # annotations are texts
    assert asked(kube, TLS).status(TLS, "shop/web") == status


def test_a_balancer_that_listens_for_http_alone_ends_no_tls_whatever_the_ingress_names(kube: Cluster) -> None:
    ports = {"alb.ingress.kubernetes.io/listen-ports": '[{"HTTP": 80}]'}
    ingress(kube, "shop.example.com", tls=[CERTIFIED], **ports)
    assert asked(kube, TLS).reason(TLS, "shop/web") == "ingress shop/web serves shop.example.com without TLS"
    assert asked(kube, TLS, allowed=["shop/web"]).status(TLS, "shop/web") == "pass"


@pytest.mark.parametrize(("check", "call"), [(EXPOSED, "list services"), (TLS, "list ingresses.networking.k8s.io")])
def test_what_may_not_be_listed_is_unknown(kube: Cluster, check: str, call: str) -> None:
    service(kube, type="ClusterIP")
    kube.deny(call)
    seen = asked(kube, check)
    assert seen.status(check, SCOPE) == "unknown"
    assert seen.reason(check, SCOPE).startswith(f"{call} was denied")
