"""How the cluster is reached and how its parts reach each other: services, ingresses, network policies."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from collectors.kubernetes.reader import Reader
from collectors.kubernetes.shapes import (
    MalformedError,
    identity,
    number,
    observed,
    only,
    rows,
    selector,
    table,
    text,
    texts,
    truth,
    whole,
    words,
)
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

SERVICE = Facet(
    "kubernetes.service",
    facts=("name", "namespace", "labels", "type", "ports", "externalIPs", "annotations"),
    optional=(
        "creationTimestamp", "loadBalancerSourceRanges", "loadBalancerClass", "allocateLoadBalancerNodePorts",
        "externalTrafficPolicy", "externalName", "selector",
    ),
    lists=True,
)  # fmt: skip
ADDRESSES = Facet("kubernetes.service", facts=("loadBalancer",), name="status")
INGRESS = Facet(
    "kubernetes.ingress",
    facts=("name", "namespace", "labels", "annotations", "rules", "tls"),
    optional=("creationTimestamp", "ingressClassName", "defaultBackend"),
    lists=True,
)
NETWORK_POLICY = Facet(
    "kubernetes.network_policy",
    facts=("name", "namespace", "labels", "podSelector"),
    optional=("creationTimestamp", "policyTypes", "ingress", "egress"),
    lists=True,
)

_PORT = ("name", "protocol", "port", "targetPort", "nodePort", "appProtocol")
# Annotations that say from where a load balancer is reached, as its providers word them.
_REACH = frozenset(
    {
        "cloud.google.com/load-balancer-type",
        "networking.gke.io/load-balancer-type",
        "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type",
        "service.beta.kubernetes.io/aws-load-balancer-internal",
        "service.beta.kubernetes.io/aws-load-balancer-scheme",
        "service.beta.kubernetes.io/aws-load-balancer-type",
        "service.beta.kubernetes.io/azure-allowed-ip-ranges",
        "service.beta.kubernetes.io/azure-allowed-service-tags",
        "service.beta.kubernetes.io/azure-load-balancer-internal",
        "service.beta.kubernetes.io/load-balancer-source-ranges",
        "service.beta.kubernetes.io/oci-load-balancer-internal",
        "service.beta.kubernetes.io/openstack-internal-load-balancer",
        "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type",
        "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid",
        "yandex.cloud/load-balancer-type",
    }
)
# Annotations that say how an ingress ends TLS where its `tls` does not, and who may reach it.
_ENTRANCE = frozenset(
    {
        "alb.ingress.kubernetes.io/certificate-arn",
        "alb.ingress.kubernetes.io/inbound-cidrs",
        "alb.ingress.kubernetes.io/listen-ports",
        "alb.ingress.kubernetes.io/scheme",
        "alb.ingress.kubernetes.io/ssl-redirect",
        "appgw.ingress.kubernetes.io/appgw-ssl-certificate",
        "appgw.ingress.kubernetes.io/ssl-redirect",
        "ingress.gcp.kubernetes.io/pre-shared-cert",
        "kubernetes.io/ingress.allow-http",
        "kubernetes.io/ingress.class",
        "networking.gke.io/managed-certificates",
        "nginx.ingress.kubernetes.io/force-ssl-redirect",
        "nginx.ingress.kubernetes.io/ssl-passthrough",
        "nginx.ingress.kubernetes.io/ssl-redirect",
        "nginx.ingress.kubernetes.io/whitelist-source-range",
        "traefik.ingress.kubernetes.io/router.entrypoints",
        "traefik.ingress.kubernetes.io/router.tls",
    }
)


@source("list services", level="account", yields=[SERVICE, ADDRESSES])
def services(read: Reader) -> Iterator[Observation]:
    for item in read.pages("list services", "Service"):
        yield from observed(read, [(SERVICE, _service), (ADDRESSES, _addresses)], item, "list services")


def _service(item: Mapping[str, Any]) -> dict[str, Json]:
    spec = table(item, "spec", needed=True)
    return {
        **identity(item),
        "annotations": _annotations(item, _REACH),
        "type": text(spec, "type", needed=True),
        "ports": [only(port, *_PORT) for port in rows(spec, "ports")],
        "externalIPs": sorted(texts(spec, "externalIPs") or []),
        "loadBalancerSourceRanges": texts(spec, "loadBalancerSourceRanges"),
        "loadBalancerClass": text(spec, "loadBalancerClass"),
        "allocateLoadBalancerNodePorts": truth(spec, "allocateLoadBalancerNodePorts"),
        "externalTrafficPolicy": text(spec, "externalTrafficPolicy"),
        "externalName": text(spec, "externalName"),
        "selector": words(spec, "selector"),
    }


def _addresses(item: Mapping[str, Any]) -> dict[str, Json]:
    """Where its load balancer is reached."""
    ingress = rows(table(table(item, "status"), "loadBalancer"), "ingress")
    return {"loadBalancer": sorted((only(one, "ip", "hostname") for one in ingress), key=str)}


@source("list ingresses.networking.k8s.io", level="account", yields=[INGRESS])
def ingresses(read: Reader) -> Iterator[Observation]:
    for item in read.pages("list ingresses.networking.k8s.io", "Ingress"):
        yield from observed(read, [(INGRESS, _ingress)], item, "list ingresses.networking.k8s.io")


def _ingress(item: Mapping[str, Any]) -> dict[str, Json]:
    spec = table(item, "spec")
    return {
        **identity(item),
        "annotations": _annotations(item, _ENTRANCE),
        "ingressClassName": text(spec, "ingressClassName"),
        "defaultBackend": whole(spec, "defaultBackend"),
        "rules": [_route(rule) for rule in rows(spec, "rules")],
        "tls": [{"hosts": texts(one, "hosts"), "secretName": text(one, "secretName")} for one in rows(spec, "tls")],
    }


def _route(rule: Mapping[str, Any]) -> dict[str, Json]:
    text(rule, "host")
    return only(rule, "host", "http")


@source("list networkpolicies.networking.k8s.io", level="account", yields=[NETWORK_POLICY])
def network_policies(read: Reader) -> Iterator[Observation]:
    for item in read.pages("list networkpolicies.networking.k8s.io", "NetworkPolicy"):
        yield from observed(read, [(NETWORK_POLICY, _policy)], item, "list networkpolicies.networking.k8s.io")


def _policy(item: Mapping[str, Any]) -> dict[str, Json]:
    spec = table(item, "spec", needed=True)
    return {
        **identity(item),
        "podSelector": selector(spec, "podSelector") or {},  # an absent selector selects every pod, as an empty one does
        "policyTypes": texts(spec, "policyTypes"),
        "ingress": _rules(spec, "ingress", "from"),
        "egress": _rules(spec, "egress", "to"),
    }


def _rules(spec: Mapping[str, Any], name: str, peers: str) -> list[Json] | None:
    if spec.get(name) is None:
        return None
    parts = {peers: _peer, "ports": _port}
    return [
        {part: [kept(one) for one in rows(rule, part)] for part, kept in parts.items() if rule.get(part) is not None}
        for rule in rows(spec, name)
    ]


def _peer(peer: Mapping[str, Any]) -> dict[str, Json]:
    found: dict[str, Json] = {name: selector(peer, name) for name in ("namespaceSelector", "podSelector")}
    if (block := whole(peer, "ipBlock")) is not None:
        found["ipBlock"] = {"cidr": _block(text(block, "cidr", needed=True))}
        if excepted := texts(block, "except"):
            found["ipBlock"]["except"] = [_block(one) for one in excepted]
    return {name: value for name, value in found.items() if value is not None}


def _block(cidr: str | None) -> str | None:
    try:
        ip_network(cidr or "", strict=False)
    except ValueError:
        raise MalformedError(f"{cidr} is no block of addresses") from None
    return cidr


def _port(port: Mapping[str, Any]) -> dict[str, Json]:
    named = text(port, "port") if isinstance(port.get("port"), str) else number(port, "port")
    found = {"protocol": text(port, "protocol"), "port": named, "endPort": number(port, "endPort")}
    return {name: value for name, value in found.items() if value is not None}


def _annotations(item: Mapping[str, Any], kept: frozenset[str]) -> dict[str, str]:
    found = words(table(item, "metadata"), "annotations") or {}
    return {key: value for key, value in found.items() if key in kept}
