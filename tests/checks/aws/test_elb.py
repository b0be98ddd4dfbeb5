"""Load balancers: what their listeners speak with those who connect."""

from typing import Any

import pytest

from tests.collectors.aws.overlay import Cloud, Refuse
from tests.harness import look

TLS = "aws_elb_tls_policy"
BALANCER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/site/0"
LISTENER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/site/0/"
FORWARD = [{"Type": "forward", "TargetGroupArn": "arn:t"}]


def redirect(protocol: str = "HTTPS") -> list[dict[str, Any]]:
    return [{"Type": "redirect", "RedirectConfig": {"Protocol": protocol, "Port": "443", "StatusCode": "HTTP_301"}}]


def site(aws: Cloud, *listeners: dict[str, Any], scheme: str = "internet-facing") -> None:
    aws.serve("elb.DescribeLoadBalancers", {"LoadBalancerDescriptions": []})
    balancer = {"LoadBalancerArn": BALANCER, "LoadBalancerName": "site", "Type": "application", "Scheme": scheme}
    aws.serve("elbv2.DescribeLoadBalancers", {"LoadBalancers": [balancer]})
    found = [
        {"ListenerArn": f"{LISTENER}{n}", "LoadBalancerArn": BALANCER, "Port": 443, "DefaultActions": FORWARD, **one}
        for n, one in enumerate(listeners)
    ]
    aws.serve("elbv2.DescribeListeners", {"Listeners": found})
    policies = [
        {"Name": "ELBSecurityPolicy-2016-08", "SslProtocols": ["TLSv1", "TLSv1.1", "TLSv1.2"], "Ciphers": []},
        {"Name": "ELBSecurityPolicy-TLS-1-2-2017-01", "SslProtocols": ["TLSv1.2"], "Ciphers": []},
        {"Name": "ELBSecurityPolicy-TLS13-1-2-2021-06", "SslProtocols": ["TLSv1.3", "TLSv1.2"], "Ciphers": []},
    ]
    aws.serve("elbv2.DescribeSSLPolicies", {"SslPolicies": policies})
    rules(aws)


def rules(aws: Cloud, *actions: list[dict[str, Any]]) -> None:
    """Rules with these actions, in front of the default one."""
    found = [{"RuleArn": f"{LISTENER}rule/{n}", "Priority": str(n), "Actions": does} for n, does in enumerate(actions, 1)]
    default = {"RuleArn": f"{LISTENER}rule/0", "Priority": "default", "IsDefault": True, "Actions": redirect()}
    aws.serve("elbv2.DescribeRules", {"Rules": [*found, default]})


def https(policy: str) -> dict[str, Any]:
    return {"Protocol": "HTTPS", "SslPolicy": f"ELBSecurityPolicy-{policy}"}


CASES: list[tuple[dict[str, Any], str, str]] = [
    (https("TLS13-1-2-2021-06"), "pass", ""),
    ({"Protocol": "TLS", "SslPolicy": "ELBSecurityPolicy-TLS-1-2-2017-01"}, "pass", ""),
    (https("2016-08"), "fail", "site:443 takes TLSv1, TLSv1.1 by its policy ELBSecurityPolicy-2016-08"),
    (https("of-tomorrow"), "unknown", "policy ELBSecurityPolicy-of-tomorrow, of which nothing is known"),
    ({"Protocol": "HTTP", "Port": 80, "DefaultActions": redirect()}, "pass", ""),
    ({"Protocol": "HTTP", "Port": 80, "DefaultActions": redirect("#{protocol}")}, "fail", "plain HTTP from the internet"),
    ({"Protocol": "HTTP", "Port": 80}, "fail", "site:80 takes plain HTTP from the internet"),
    ({"Protocol": "TCP"}, "not_applicable", "passes TCP on"),
]


def test_listeners_take_modern_tls(aws: Cloud) -> None:
    site(aws, *(listener for listener, _, _ in CASES))
    seen = look(aws.connect(), TLS)
    for n, (_, status, words) in enumerate(CASES):
        assert (n, seen.status(TLS, f"/0/{n}")) == (n, status)
        assert words in seen.reason(TLS, f"/0/{n}")


def test_a_rule_that_serves_plain_http_fails_whatever_the_default_does(aws: Cloud) -> None:
    site(aws, {"Protocol": "HTTP", "Port": 80, "DefaultActions": redirect()})
    rules(aws, redirect(), FORWARD)
    seen = look(aws.connect(), TLS)
    assert seen.status(TLS, "/0/0") == "fail"
    assert "site:80 takes plain HTTP from the internet by its rule 2" in seen.reason(TLS, "/0/0")


def test_rules_that_all_redirect_pass(aws: Cloud) -> None:
    site(aws, {"Protocol": "HTTP", "Port": 80, "DefaultActions": redirect()})
    rules(aws, redirect(), redirect(), redirect())
    assert look(aws.connect(), TLS).status(TLS, "/0/0") == "pass"


def test_rules_are_asked_for_only_where_they_decide(aws: Cloud) -> None:
    site(aws, https("TLS13-1-2-2021-06"), {"Protocol": "HTTP", "Port": 80}, {"Protocol": "TCP"})
    look(aws.connect(), TLS)
    assert ("elbv2.DescribeRules", "eu-west-1") not in aws.calls


@pytest.mark.parametrize("code", ["AccessDenied", "ListenerNotFound"])
def test_rules_that_were_not_seen_leave_the_question_open(aws: Cloud, code: str) -> None:
    site(aws, {"Protocol": "HTTP", "Port": 80, "DefaultActions": redirect()})

    def refused(*_: Any) -> dict[str, Any]:
        raise Refuse(code, "no")

    aws.serve("elbv2.DescribeRules", refused)
    seen = look(aws.connect(), TLS)
    assert seen.status(TLS, "/0/0") == "unknown"
    assert "elasticloadbalancing:DescribeRules" in seen.reason(TLS, "/0/0")


def test_plain_http_inside_the_network_is_not_judged(aws: Cloud) -> None:
    site(aws, {"Protocol": "HTTP", "Port": 80}, scheme="internal")
    assert look(aws.connect(), TLS).status(TLS, "/0/0") == "not_applicable"


def test_a_gateway_load_balancer_names_neither_protocol_nor_port(aws: Cloud) -> None:
    site(aws)
    gateway = {"LoadBalancerArn": BALANCER, "LoadBalancerName": "inspect", "Type": "gateway"}
    aws.serve("elbv2.DescribeLoadBalancers", {"LoadBalancers": [gateway]})
    listener = {"ListenerArn": f"{LISTENER}0", "LoadBalancerArn": BALANCER, "DefaultActions": FORWARD}
    aws.serve("elbv2.DescribeListeners", {"Listeners": [listener]})
    seen = look(aws.connect(), TLS)
    assert seen.status(TLS, "/0/0") == "not_applicable"
    assert "inspect passes every packet on" in seen.reason(TLS, "/0/0")


def test_a_listener_that_names_no_protocol_is_no_pass(aws: Cloud) -> None:
    site(aws, {})
    assert look(aws.connect(), TLS).status(TLS, "/0/0") == "unknown"


def test_a_load_balancer_that_went_away_has_no_listeners(aws: Cloud) -> None:
    site(aws)

    def gone(*_: Any) -> dict[str, Any]:
        raise Refuse("LoadBalancerNotFound", "One or more load balancers not found")

    aws.serve("elbv2.DescribeListeners", gone)
    assert look(aws.connect(), TLS).findings == ()


def test_policies_are_asked_for_once_and_only_where_there_are_load_balancers(aws: Cloud) -> None:
    aws.serve("elbv2.DescribeLoadBalancers", {"LoadBalancers": []})
    look(aws.connect(), TLS)
    assert ("elbv2.DescribeSSLPolicies", "eu-west-1") not in aws.calls


def classic(aws: Cloud, protocol: str, scheme: str = "internet-facing", **versions: bool) -> None:
    """A classic load balancer `old` with one listener, and what its policy switches on."""
    listener = {"Protocol": protocol, "LoadBalancerPort": 443, "InstancePort": 80}
    named = ["sticky", "tls"] if versions else []
    balancer = {
        "LoadBalancerName": "old",
        "Scheme": scheme,
        "ListenerDescriptions": [{"Listener": listener, "PolicyNames": named}],
    }
    aws.serve("elb.DescribeLoadBalancers", {"LoadBalancerDescriptions": [balancer]})
    switches = [
        {"AttributeName": f"Protocol-{name.replace('_', '.')}", "AttributeValue": str(on).lower()}
        for name, on in versions.items()
    ]
    switches += [
        {"AttributeName": "Reference-Security-Policy", "AttributeValue": "ELBSecurityPolicy-2016-08"},
        {"AttributeName": "AES128-SHA", "AttributeValue": "true"},
    ]
    sticky = {"PolicyName": "sticky", "PolicyTypeName": "AppCookieStickinessPolicyType", "PolicyAttributeDescriptions": []}
    tls = {"PolicyName": "tls", "PolicyTypeName": "SSLNegotiationPolicyType", "PolicyAttributeDescriptions": switches}
    aws.serve("elb.DescribeLoadBalancerPolicies", {"PolicyDescriptions": [sticky, tls]})


@pytest.mark.parametrize(
    ("listener", "status", "words"),
    [
        ({"protocol": "HTTPS", "TLSv1": False, "TLSv1_1": False, "TLSv1_2": True}, "pass", ""),
        (
            {"protocol": "SSL", "TLSv1": True, "TLSv1_2": True},
            "fail",
            "old:443 takes TLSv1 by its policy ELBSecurityPolicy-2016-08",
        ),
        ({"protocol": "HTTPS", "SSLv3": True, "TLSv1_2": True}, "fail", "takes SSLv3"),
        ({"protocol": "HTTPS"}, "unknown", "of which nothing is known"),
        ({"protocol": "HTTP"}, "fail", "takes plain HTTP from the internet"),
        ({"protocol": "HTTP", "scheme": "internal"}, "not_applicable", "inside the network"),
        ({"protocol": "TCP"}, "not_applicable", "passes TCP on"),
    ],
)
def test_a_classic_load_balancer_is_asked_too(aws: Cloud, listener: dict[str, Any], status: str, words: str) -> None:
    site(aws)
    classic(aws, **listener)
    seen = look(aws.connect(), TLS)
    assert seen.status(TLS, "old:443") == status
    assert words in seen.reason(TLS, "old:443")


@pytest.mark.parametrize(
    "action", ["elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancerPolicies"]
)
def test_a_classic_load_balancer_that_is_denied_is_unknown(aws: Cloud, action: str) -> None:
    site(aws)
    classic(aws, "HTTPS", TLSv1_2=True)
    aws.deny(action)
    seen = look(aws.connect(), TLS)
    assert {str(finding.status) for finding in seen.of(TLS)} == {"unknown"}
    assert f"{action} was denied" in seen.of(TLS)[0].reason


@pytest.mark.parametrize(
    ("action", "about"),
    [
        ("elasticloadbalancing:DescribeListeners", "aws:123456789012:eu-west-1"),
        ("elasticloadbalancing:DescribeSSLPolicies", "/0/0"),
    ],
)
def test_what_is_denied_is_unknown(aws: Cloud, action: str, about: str) -> None:
    site(aws, https("TLS13-1-2-2021-06"))
    aws.deny(action)
    seen = look(aws.connect(), TLS)
    assert seen.status(TLS, about) == "unknown"
    assert f"{action} was denied" in seen.reason(TLS, about)
