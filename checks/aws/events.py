"""Whether what is detected reaches somebody."""

from collections.abc import Iterator
from typing import Any

from checks.aws.event_patterns import matches
from checks.check import Answer, NotApplicable, check
from evidence_store.records import Inventory, Json, Resource

ALWAYS = {"version": "0", "id": "e", "time": "2024-01-01T00:00:00Z", "resources": []}
# Targets that bring an event to people or to a queue that people work off, by the service in their ARN.
CARRIERS = ("chatbot", "events", "lambda", "sns", "sqs", "ssm", "ssm-incidents", "states")


@check(
    on="aws.region",
    severity="medium",
    version=1,
    within="region",
    needs=("RegionName",),
    looks_up={
        "aws.events.rule": ("Name", "State", "EventPattern", "Targets"),
        "aws.sns.subscription": ("TopicArn", "Confirmed"),
    },
    fix="Create an EventBridge rule for high GuardDuty or Security Hub findings with a target that somebody reads.",
)
def aws_security_events_routed(region: Resource, *, inventory: Inventory, gathered_in: str = "") -> Answer:
    """High findings of threat detection or Security Hub are sent to a person or a ticket queue.

    A finding in a console waits until somebody happens to look. A rule counts if it is on, takes any high finding and not
    just some kinds of it, and has a target other than storage. A topic of this account counts if someone hears it.

    `gathered_in`: the region in which findings of all regions are gathered, if they are; only there a rule is asked for
    """
    here = region.fact("RegionName")
    if gathered_in and here != gathered_in:
        return NotApplicable(f"{here} has its findings gathered in {gathered_in}")
    events = list(_high_findings(region.scope.account, here))
    deaf = []
    for rule in inventory.where("aws.events.rule"):
        pattern = rule.fact("EventPattern")
        if rule.fact("State") == "DISABLED" or not pattern or not any(matches(pattern, event) for event in events):
            continue
        if any(_reaches(target["Arn"], region, inventory) for target in rule.fact("Targets") or []):
            return None
        deaf.append(rule.fact("Name"))
    if deaf:
        return f"{here} takes high findings by the rule {', '.join(sorted(deaf))}, which leads to nobody"
    return f"{here} sends high findings to nobody"


def _high_findings(account: str, region: str) -> Iterator[dict[str, Any]]:
    """A high finding of each kind, as the services put it on the bus, without what only some findings have."""
    about = {**ALWAYS, "account": account, "region": region}
    yield {
        **about,
        "source": "aws.guardduty",
        "detail-type": "GuardDuty Finding",
        "detail": {
            "schemaVersion": "2.0",
            "accountId": account,
            "region": region,
            "severity": 8,
            "service": {"serviceName": "guardduty", "archived": False},
        },
    }
    yield {
        **about,
        "source": "aws.securityhub",
        "detail-type": "Security Hub Findings - Imported",
        "detail": {
            "findings": [
                {
                    "AwsAccountId": account,
                    "Region": region,
                    "Severity": {"Label": "HIGH", "Normalized": 70},
                    "Workflow": {"Status": "NEW"},
                    "WorkflowState": "NEW",
                    "RecordState": "ACTIVE",
                }
            ]
        },
    }


def _reaches(arn: Json, region: Resource, inventory: Inventory) -> bool:
    """Whether a target leads to somebody. A topic of another account cannot be looked into, and is taken at its word."""
    _, _, service, _, account, *_ = str(arn).split(":")
    if service not in CARRIERS:
        return False
    if service == "sns" and account == region.scope.account:
        return any(inventory.where("aws.sns.subscription", TopicArn=arn, Confirmed=True))
    return True
