"""Log groups: how long they keep what they hold."""

from typing import Any

from tests.collectors.aws.overlay import Cloud
from tests.harness import look

KEPT = "aws_log_group_retention"


def groups(aws: Cloud, *found: dict[str, Any]) -> None:
    known = [
        {"logGroupName": name, "arn": f"arn:aws:logs:eu-west-1:123456789012:log-group:{name}:*", "storedBytes": 7, **one}
        for one in found
        for name in [one.get("logGroupName", "app")]
    ]
    aws.serve("logs.DescribeLogGroups", {"logGroups": known})


CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"retentionInDays": 365}, "pass", ""),
    ({"retentionInDays": 3653, "logGroupClass": "STANDARD"}, "pass", ""),
    ({}, "fail", "keeps its data for ever; the limit is 3653 days"),
    ({"retentionInDays": 30}, "fail", "keeps its data for 30 days; the rule asks for 365"),
    ({"retentionInDays": 1, "logGroupClass": "DELIVERY"}, "not_applicable", "only passes logs on"),
]


def test_log_groups_keep_data_as_long_as_the_rule_says(aws: Cloud) -> None:
    groups(aws, *({"logGroupName": f"app-{n}", **settings} for n, (settings, _, _) in enumerate(CASES)))
    seen = look(aws.connect(), KEPT)
    for n, (_, status, words) in enumerate(CASES):
        assert (n, seen.status(KEPT, f":app-{n}")) == (n, status)
        assert words in seen.reason(KEPT, f":app-{n}")


def test_the_period_is_that_of_the_logging_rule(aws: Cloud) -> None:
    groups(aws, {"retentionInDays": 400})
    parameters = {KEPT: {"min_days": 30, "max_days": 180}}
    seen = look(aws.connect(), KEPT, parameters=parameters)
    assert seen.reason(KEPT, ":app") == "app keeps its data for 400 days; the limit is 180"


def test_log_groups_as_they_are_made(aws: Cloud) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/aws/lambda/orders")
    logs.create_log_group(logGroupName="/aws/lambda/bills")
    logs.put_retention_policy(logGroupName="/aws/lambda/bills", retentionInDays=731)
    seen = look(aws.connect(), KEPT)
    assert seen.reason(KEPT, "orders") == "/aws/lambda/orders keeps its data for ever; the limit is 3653 days"
    assert seen.status(KEPT, "bills") == "pass"
    assert seen.one(KEPT, "bills").uid == "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/bills"


def test_what_is_denied_is_unknown(aws: Cloud) -> None:
    groups(aws, {"retentionInDays": 365})
    aws.deny("logs:DescribeLogGroups")
    seen = look(aws.connect(), KEPT)
    assert seen.status(KEPT, "aws:123456789012:eu-west-1") == "unknown"
    assert "logs:DescribeLogGroups was denied" in seen.reason(KEPT)
