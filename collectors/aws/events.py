"""EventBridge rules on the default bus, where AWS services put their events, their targets, and who hears of a topic.

An input or a header that a target is given may hold a secret and proves nothing; it is not kept.
"""

import json
from collections.abc import Iterator

from collectors.aws.reader import Reader
from collectors.aws.shaping import only, ordered, picked
from collectors.source import Facet, Parent, source
from evidence_store.records import Json, Observation

RULE = Facet(
    "aws.events.rule",
    facts=("Name", "Arn", "State"),
    optional=("Description", "EventPattern", "ManagedBy", "RoleArn", "ScheduleExpression"),
    lists=True,
)
TARGETS = Facet("aws.events.rule", facts=("Targets",), name="targets")
SUBSCRIPTION = Facet(
    "aws.sns.subscription",
    facts=("TopicArn", "Protocol", "Confirmed"),
    lists=True,
)


@source("events.ListRules", level="region", yields=[RULE])
def rules(read: Reader) -> Iterator[Observation]:
    for rule in read.pages("events.ListRules", "Rules"):
        parts: dict[str, Json] = {}
        if "EventPattern" in rule:
            parts["EventPattern"] = json.loads(rule["EventPattern"])
        yield Observation(RULE.type, rule["Arn"], picked(RULE, rule, **parts))


@source(
    "events.ListTargetsByRule",
    level="region",
    yields=[TARGETS],
    parent="aws.events.rule",
    uses=("Name", "EventPattern"),
)
def targets(read: Reader, parent: Parent) -> Iterator[Observation]:
    """Asked of rules that match events; a schedule's targets say nothing of findings."""
    if parent.facts["EventPattern"] is None:
        return
    found = read.pages("events.ListTargetsByRule", "Targets", Rule=parent.facts["Name"])
    kept = [only(target, "Id", "Arn", "RoleArn", "DeadLetterConfig") for target in ordered(found, "Id")]
    yield Observation(TARGETS.type, parent.uid, {"Targets": kept}, TARGETS.name)


@source("sns.ListSubscriptions", level="region", yields=[SUBSCRIPTION])
def subscriptions(read: Reader) -> Iterator[Observation]:
    """Who hears of a topic, without addresses: one that has not confirmed hears nothing."""
    count: dict[str, int] = {}
    for subscription in read.pages("sns.ListSubscriptions", "Subscriptions"):
        arn = subscription["SubscriptionArn"]
        confirmed = arn.startswith("arn:")
        if not confirmed:
            pending = f"{subscription['TopicArn']}:{arn}"
            count[pending] = count.get(pending, 0) + 1
            arn = read.uid(SUBSCRIPTION.type, f"{pending}:{count[pending]}")
        facts = {"TopicArn": subscription["TopicArn"], "Protocol": subscription["Protocol"], "Confirmed": confirmed}
        yield Observation(SUBSCRIPTION.type, arn, facts)
