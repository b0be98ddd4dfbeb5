"""Load balancers of both generations, their listeners, and the TLS policies that listeners name.

A policy of the second generation is predefined and listed once; one of a classic load balancer is its own.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from collectors.aws.reader import Reader
from collectors.aws.shaping import only, ordered, picked
from collectors.source import Facet, Parent, source
from evidence_store.records import Json, Observation, Unread, Why

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
    facts=("ListenerArn", "LoadBalancerArn", "LoadBalancerName", "LoadBalancerType", "DefaultActions"),
    # The listener of a gateway load balancer has neither protocol nor port: it takes every packet.
    optional=("AlpnPolicy", "Certificates", "MutualAuthentication", "Port", "Protocol", "Scheme", "SslPolicy", "SslProtocols"),
    lists=True,
)
# What the rules in front of a listener's default action do; `None` where nobody asked.
RULES = Facet("aws.elbv2.listener", facts=("Rules",), name="rules")
POLICY = Facet("aws.elbv2.ssl_policy", facts=("Name", "SslProtocols"), optional=("Ciphers",), lists=True)
# Of a classic listener `DefaultActions` and `Rules` are never there: it can only forward. Nor is the type of its load
# balancer: there is one only. `SslProtocols` is never there of a newer one.
CLASSIC_LISTENER = Facet(
    "aws.elb.listener",
    facts=("LoadBalancerName", "Protocol", "Port", "PolicyNames"),
    optional=("InstanceProtocol", "Scheme", "SSLCertificateId", "DefaultActions", "LoadBalancerType", "Rules"),
    lists=True,
)
CLASSIC_TLS = Facet("aws.elb.listener", facts=("SslPolicy",), optional=("SslProtocols",), name="tls")
ENCRYPTED = ("HTTPS", "SSL")
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
    uses=("LoadBalancerArn", "LoadBalancerName", "Scheme", "Type"),
)
def listeners(read: Reader, parent: Parent) -> Iterator[Observation]:
    of = {**only(parent.facts, "LoadBalancerName", "Scheme"), "LoadBalancerType": parent.facts["Type"]}
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
    "elbv2.DescribeRules",
    level="region",
    yields=[RULES],
    parent="aws.elbv2.listener",
    uses=("ListenerArn", "Protocol", "Scheme", "DefaultActions"),
)
def rules(read: Reader, parent: Parent) -> Iterator[Observation]:
    """Asked of listeners that take plain HTTP from the internet and redirect by default: there they decide.

    When a rule applies is not kept: a header that it asks for may hold a secret.
    """
    of = parent.facts
    if of["Protocol"] != "HTTP" or of["Scheme"] != "internet-facing":
        return
    if any(action["Type"] != "redirect" for action in of["DefaultActions"]):
        return
    found = list(read.pages("elbv2.DescribeRules", "Rules", absent=("ListenerNotFound",), ListenerArn=of["ListenerArn"]))
    kept = [
        {**only(rule, "Priority"), "Actions": [_action(action) for action in rule["Actions"]]}
        for rule in ordered(found, "Priority")
        if not rule.get("IsDefault")
    ]
    facts = {"Rules": kept} if found else Unread(Why.VANISHED, "elasticloadbalancing:DescribeRules")
    yield Observation(RULES.type, parent.uid, facts, RULES.name)


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


@source("elb.DescribeLoadBalancers", level="region", yields=[CLASSIC_LISTENER])
def classic_listeners(read: Reader) -> Iterator[Observation]:
    for balancer in read.pages("elb.DescribeLoadBalancers", "LoadBalancerDescriptions"):
        for described in balancer["ListenerDescriptions"]:
            listener = described["Listener"]
            parts = {
                **only(balancer, "LoadBalancerName", "Scheme"),
                "Port": listener["LoadBalancerPort"],
                "PolicyNames": sorted(described.get("PolicyNames", [])),
            }
            uid = read.uid(CLASSIC_LISTENER.type, f"{balancer['LoadBalancerName']}:{listener['LoadBalancerPort']}")
            yield Observation(CLASSIC_LISTENER.type, uid, picked(CLASSIC_LISTENER, listener, **parts))


@source(
    "elb.DescribeLoadBalancerPolicies",
    level="region",
    yields=[CLASSIC_TLS],
    parent="aws.elb.listener",
    uses=("LoadBalancerName", "Protocol", "PolicyNames"),
)
def classic_tls(read: Reader, parent: Parent) -> Iterator[Observation]:
    """The policy that governs a listener's TLS, with the versions that it has switched on."""
    names = parent.facts["PolicyNames"]
    if parent.facts["Protocol"] not in ENCRYPTED or not names:
        return
    found = read.pages(
        "elb.DescribeLoadBalancerPolicies",
        "PolicyDescriptions",
        absent=("AccessPointNotFound", "LoadBalancerNotFound"),
        LoadBalancerName=parent.facts["LoadBalancerName"],
        PolicyNames=names,
    )
    for policy in found:
        if policy["PolicyTypeName"] == "SSLNegotiationPolicyType":
            on = {a["AttributeName"]: a["AttributeValue"] for a in policy["PolicyAttributeDescriptions"]}
            versions = [name.removeprefix("Protocol-") for name, value in on.items() if value == "true"]
            facts = {
                "SslPolicy": on.get("Reference-Security-Policy", policy["PolicyName"]),
                "SslProtocols": sorted(v for v in versions if v.startswith(("SSL", "TLS"))),
            }
            yield Observation(CLASSIC_TLS.type, parent.uid, facts, CLASSIC_TLS.name)
