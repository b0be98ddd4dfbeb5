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


def https(policy: str) -> dict[str, Any]:
    return {"Protocol": "HTTPS", "SslPolicy": f"ELBSecurityPolicy-{policy}"}


CASES: list[tuple[dict[str, Any], str, str]] = [
    (https("TLS13-1-2-2021-06"), "pass", ""),
    ({"Protocol": "TLS", "SslPolicy": "ELBSecurityPolicy-TLS-1-2-2017-01"}, "pass", ""),
    (https("2016-08"), "fail", "site:443 takes TLSv1, TLSv1.1 by its policy ELBSecurityPolicy-2016-08"),
    (https("of-tomorrow"), "unknown", "names the policy ELBSecurityPolicy-of-tomorrow"),
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


def test_plain_http_inside_the_network_is_not_judged(aws: Cloud) -> None:
    site(aws, {"Protocol": "HTTP", "Port": 80}, scheme="internal")
    assert look(aws.connect(), TLS).status(TLS, "/0/0") == "not_applicable"


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


@pytest.mark.parametrize(
    ("action", "about"),
    [
        ("elasticloadbalancing:DescribeLoadBalancers", "aws:123456789012:eu-west-1"),
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
