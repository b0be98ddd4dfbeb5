"""Findings that are sent on: by a rule that is on, takes any high finding, and leads to somebody."""

import json
from typing import Any

import pytest

from checks.aws.event_patterns import matches
from tests.collectors.aws.overlay import Cloud
from tests.harness import Looked, look

ROUTED = "aws_security_events_routed"
HERE = "aws.region:eu-west-1"
GUARDDUTY = {"source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"]}
HUB = {"source": ["aws.securityhub"], "detail-type": ["Security Hub Findings - Imported"]}
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:tickets"


def asked(aws: Cloud, **parameters: Any) -> Looked:
    return look(aws.connect(), ROUTED, parameters={ROUTED: parameters})


def rule(aws: Cloud, pattern: dict[str, Any], *targets: str, name: str = "findings", state: str = "ENABLED") -> None:
    events = aws.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), State=state)
    if targets:
        events.put_targets(Rule=name, Targets=[{"Id": str(n), "Arn": arn} for n, arn in enumerate(targets)])


def severity(*wanted: Any) -> dict[str, Any]:
    return {**GUARDDUTY, "detail": {"severity": list(wanted)}}


def label(*wanted: str, **more: Any) -> dict[str, Any]:
    return {**HUB, "detail": {"findings": {"Severity": {"Label": list(wanted)}, **more}}}


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.guardduty"]},
        GUARDDUTY,
        severity({"numeric": [">=", 7]}),
        severity({"numeric": [">=", 4, "<", 9]}),
        severity(7, 7.5, 8, 8.5),
        {"source": [{"prefix": "aws.guard"}], "detail": {"service": {"archived": [False]}}},
        label("CRITICAL", "HIGH"),
        label("HIGH", Workflow={"Status": ["NEW"]}, RecordState=["ACTIVE"]),
        {**HUB, "detail": {"findings": {"Severity": {"Normalized": [{"numeric": [">=", 70]}]}}}},
        {"source": ["aws.guardduty", "aws.securityhub"], "account": ["123456789012"]},
    ],
)
def test_a_rule_that_takes_any_high_finding_to_a_queue_is_enough(aws: Cloud, pattern: dict[str, Any]) -> None:
    rule(aws, pattern, QUEUE)
    assert asked(aws).status(ROUTED, HERE) == "pass"


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.ec2"]},
        severity({"numeric": [">", 8.9]}),
        severity({"numeric": ["<", 7]}),
        label("CRITICAL"),
        label("HIGH", Types=[{"prefix": "TTPs"}]),
        {**GUARDDUTY, "detail": {"type": [{"prefix": "CryptoCurrency"}]}},
        {**GUARDDUTY, "region": ["us-east-1"]},
    ],
)
def test_a_rule_that_takes_only_some_findings_is_not_enough(aws: Cloud, pattern: dict[str, Any]) -> None:
    rule(aws, pattern, QUEUE)
    seen = asked(aws)
    assert seen.status(ROUTED, HERE) == "fail"
    assert seen.reason(ROUTED, HERE) == "eu-west-1 sends high findings to nobody"


@pytest.mark.parametrize(
    ("targets", "status"),
    [
        ((), "fail"),
        (("arn:aws:logs:eu-west-1:123456789012:log-group:findings",), "fail"),
        (("arn:aws:logs:eu-west-1:123456789012:log-group:findings", QUEUE), "pass"),
        (("arn:aws:events:eu-central-1:999999999999:event-bus/security",), "pass"),
        (("arn:aws:lambda:eu-west-1:123456789012:function:ticket",), "pass"),
        (("arn:aws:sns:eu-west-1:999999999999:central",), "pass"),
        (("arn:aws:sns:eu-west-1:123456789012:nobody",), "fail"),
    ],
)
def test_a_rule_leads_to_somebody(aws: Cloud, targets: tuple[str, ...], status: str) -> None:
    rule(aws, GUARDDUTY, *targets)
    seen = asked(aws)
    assert seen.status(ROUTED, HERE) == status
    assert ("by the rule findings, which leads to nobody" in seen.reason(ROUTED, HERE)) == (status == "fail")


@pytest.mark.parametrize(
    ("subscription", "status"), [("PendingConfirmation", "fail"), ("arn:aws:sns:eu-west-1:123456789012:alarm:1", "pass")]
)
def test_a_topic_counts_once_a_subscriber_has_confirmed(aws: Cloud, subscription: str, status: str) -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:alarm"
    one = {"SubscriptionArn": subscription, "Owner": aws.account, "Protocol": "email", "Endpoint": "a@b.c", "TopicArn": topic}
    waiting = {**one, "SubscriptionArn": "PendingConfirmation", "Endpoint": "d@e.f"}
    aws.serve("sns.ListSubscriptions", {"Subscriptions": [waiting, waiting, one]})
    rule(aws, GUARDDUTY, topic)
    seen = asked(aws)
    assert seen.status(ROUTED, HERE) == status
    assert "Endpoint" not in str(seen.facts("aws.sns.subscription"))


def test_a_rule_that_is_off_does_not_count(aws: Cloud) -> None:
    rule(aws, GUARDDUTY, QUEUE, state="DISABLED")
    assert asked(aws).status(ROUTED, HERE) == "fail"


def test_schedules_are_not_asked_for_their_targets(aws: Cloud) -> None:
    aws.client("events").put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    assert asked(aws).status(ROUTED, HERE) == "fail"
    assert ("events.ListTargetsByRule", "eu-west-1") not in aws.calls


def test_where_findings_are_gathered_in_one_region_only_that_one_needs_a_rule(aws: Cloud) -> None:
    rule(aws, HUB, QUEUE)
    seen = look(aws.connect(regions=("eu-west-1", "eu-north-1")), ROUTED, parameters={ROUTED: {"gathered_in": "eu-west-1"}})
    assert (seen.status(ROUTED, ":eu-west-1"), seen.status(ROUTED, ":eu-north-1")) == ("pass", "not_applicable")


@pytest.mark.parametrize("action", ["events:ListRules", "events:ListTargetsByRule", "sns:ListSubscriptions"])
def test_what_is_denied_is_unknown(aws: Cloud, action: str) -> None:
    rule(aws, GUARDDUTY, "arn:aws:sns:eu-west-1:123456789012:alarm")
    aws.deny(action)
    seen = asked(aws)
    assert seen.status(ROUTED, HERE) == "unknown"
    assert f"{action} was denied" in seen.reason(ROUTED, HERE)


EVENT = {"source": "aws.x", "detail": {"n": 5, "s": "Abc", "on": True, "tags": ["a", "b"], "items": [{"k": 1}, {"k": 2}]}}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({}, True),
        ({"detail": {"n": [5]}}, True),
        ({"detail": {"n": ["5"]}}, False),
        ({"detail": {"on": [True]}}, True),
        ({"detail": {"tags": ["b", "c"]}}, True),
        ({"detail": {"items": {"k": [2]}}}, True),
        ({"detail": {"items": {"k": [3]}}}, False),
        ({"detail": {"missing": [1]}}, False),
        ({"detail": {"missing": {"k": [1]}}}, False),
        ({"detail": {"missing": [{"exists": False}]}}, True),
        ({"detail": {"missing": {"k": [{"exists": False}]}}}, True),
        ({"detail": {"s": [{"exists": True}]}}, True),
        ({"detail": {"s": [{"prefix": "Ab"}]}}, True),
        ({"detail": {"s": [{"prefix": {"equals-ignore-case": "aB"}}]}}, True),
        ({"detail": {"s": [{"suffix": "bc"}]}}, True),
        ({"detail": {"s": [{"equals-ignore-case": "aBC"}]}}, True),
        ({"detail": {"s": [{"wildcard": "A*c"}]}}, True),
        ({"detail": {"s": [{"wildcard": "A?c"}]}}, False),
        ({"detail": {"s": [{"anything-but": "x"}]}}, True),
        ({"detail": {"s": [{"anything-but": ["Abc", "x"]}]}}, False),
        ({"detail": {"s": [{"anything-but": {"prefix": "Ab"}}]}}, False),
        ({"detail": {"missing": [{"anything-but": "x"}]}}, False),
        ({"detail": {"n": [{"numeric": [">", 4, "<=", 5]}]}}, True),
        ({"detail": {"n": [{"numeric": ["=", 4]}]}}, False),
        ({"detail": {"s": [{"numeric": [">", 4]}]}}, False),
        ({"$or": [{"source": ["aws.y"]}, {"detail": {"n": [5]}}]}, True),
        ({"$or": [{"source": ["aws.y"]}, {"detail": {"n": [6]}}]}, False),
        ({"detail": {"s": [{"of-tomorrow": "Abc"}]}}, False),
    ],
)
def test_a_pattern_matches_as_eventbridge_matches(pattern: dict[str, Any], *, expected: bool) -> None:
    assert matches(pattern, EVENT) is expected
