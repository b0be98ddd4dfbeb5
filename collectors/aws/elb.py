"""Load balancers of the second generation, their listeners, and the TLS policies that listeners can name."""

from collections.abc import Iterator, Sequence
from typing import Any

from collectors.aws.reader import Reader
from collectors.aws.shaping import only, ordered, picked
from collectors.source import Facet, Parent, source
from evidence_store.records import Json, Observation

BALANCER = Facet(
    "aws.elbv2.load_balancer",
    facts=("LoadBalancerArn", "LoadBalancerName", "Type"),
    optional=(
        "AvailabilityZones",
        "CreatedTime",
        "DNSName",
        "IpAddressType",
        "Scheme",
        "SecurityGroups",
        "VpcId",
    ),
    lists=True,
)
LISTENER = Facet(
    "aws.elbv2.listener",
    facts=("ListenerArn", "LoadBalancerArn", "LoadBalancerName", "Protocol", "DefaultActions"),
    optional=("AlpnPolicy", "Certificates", "MutualAuthentication", "Port", "Scheme", "SslPolicy"),
    lists=True,
)
POLICY = Facet("aws.elbv2.ssl_policy", facts=("Name", "SslProtocols"), optional=("Ciphers",), lists=True)
ALL = 1_000_000  # one batch for all load balancers


@source("elbv2.DescribeLoadBalancers", level="region", yields=[BALANCER])
def load_balancers(read: Reader) -> Iterator[Observation]:
    for balancer in read.pages("elbv2.DescribeLoadBalancers", "LoadBalancers"):
        parts: dict[str, Json] = {"AvailabilityZones": ordered(balancer.get("AvailabilityZones", []), "ZoneName")}
        if "SecurityGroups" in balancer:
            parts["SecurityGroups"] = sorted(balancer["SecurityGroups"])
        yield Observation(BALANCER.type, balancer["LoadBalancerArn"], picked(BALANCER, balancer, **parts))


@source(
    "elbv2.DescribeListeners",
    level="region",
    yields=[LISTENER],
    parent="aws.elbv2.load_balancer",
    uses=("LoadBalancerArn", "LoadBalancerName", "Scheme"),
)
def listeners(read: Reader, parent: Parent) -> Iterator[Observation]:
    of = only(parent.facts, "LoadBalancerName", "Scheme")
    for listener in read.pages(
        "elbv2.DescribeListeners",
        "Listeners",
        absent=("LoadBalancerNotFound",),
        LoadBalancerArn=parent.facts["LoadBalancerArn"],
    ):
        parts = {**of, "DefaultActions": [_action(action) for action in listener["DefaultActions"]]}
        if "Certificates" in listener:
            parts["Certificates"] = ordered(listener["Certificates"], "CertificateArn")
        yield Observation(LISTENER.type, listener["ListenerArn"], picked(LISTENER, listener, **parts))


def _action(action: dict[str, Any]) -> dict[str, Json]:
    """What an action does; an identity provider's client secret is never returned by the service, and never kept."""
    return only(action, "Type", "Order", "TargetGroupArn", "RedirectConfig", "ForwardConfig")


@source(
    "elbv2.DescribeSSLPolicies",
    level="region",
    yields=[POLICY],
    parent="aws.elbv2.load_balancer",
    batch=ALL,
)
def tls_policies(read: Reader, _: Sequence[Parent]) -> Iterator[Observation]:
    """Asked once, and only where there are load balancers."""
    for policy in read.pages("elbv2.DescribeSSLPolicies", "SslPolicies"):
        parts = {
            "SslProtocols": sorted(policy["SslProtocols"]),
            "Ciphers": [cipher["Name"] for cipher in policy.get("Ciphers", [])],
        }
        yield Observation(POLICY.type, read.uid(POLICY.type, policy["Name"]), picked(POLICY, policy, **parts))
