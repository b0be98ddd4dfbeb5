"""AWS Config: its recorders, its rules, and what the rules found in violation.

Recorders that an AWS service set up for itself are kept and marked by their `servicePrincipal`.
"""

from collections.abc import Iterator
from typing import Any

from collectors.aws.reader import Reader
from collectors.aws.shaping import only, ordered, picked
from collectors.source import Facet, Parent, source
from evidence_store.records import Json, Observation, Unread, Why

RECORDERS = Facet("aws.region", facts=("ConfigurationRecorders",), name="config_recorders")
RULE = Facet("aws.config.rule", facts=("ConfigRuleName",), optional=("Compliance",), lists=True)
VIOLATIONS = Facet("aws.config.rule", facts=("Violations",), name="violations")


@source(
    "config.DescribeConfigurationRecorders",
    level="region",
    calls=("config.DescribeConfigurationRecorders", "config.DescribeConfigurationRecorderStatus"),
    yields=[RECORDERS],
)
def recorders(read: Reader) -> Iterator[Observation]:
    found = list(read.pages("config.DescribeConfigurationRecorders", "ConfigurationRecorders"))
    states = {}
    if found:
        asked = read.pages("config.DescribeConfigurationRecorderStatus", "ConfigurationRecordersStatus")
        states = {state["name"]: state for state in asked}
    facts = {"ConfigurationRecorders": [_recorder(r, states[r["name"]]) for r in ordered(found, "name")]}
    yield Observation(RECORDERS.type, read.uid("aws.region", read.region), facts, RECORDERS.name)


def _recorder(recorder: dict[str, Any], state: dict[str, Any]) -> dict[str, Json]:
    settings = only(recorder, "name", "roleARN", "recordingGroup", "recordingMode", "recordingScope", "servicePrincipal")
    return {**settings, "recording": state["recording"], **only(state, "lastStatus", "lastErrorCode", "lastErrorMessage")}


@source("config.DescribeComplianceByConfigRule", level="region", yields=[RULE])
def rules(read: Reader) -> Iterator[Observation]:
    """Every rule with its compliance as a whole."""
    for rule in read.pages("config.DescribeComplianceByConfigRule", "ComplianceByConfigRules"):
        uid = read.uid(RULE.type, rule["ConfigRuleName"])
        yield Observation(RULE.type, uid, picked(RULE, rule))


@source(
    "config.GetComplianceDetailsByConfigRule",
    level="region",
    yields=[VIOLATIONS],
    parent="aws.config.rule",
    uses=("ConfigRuleName", "Compliance"),
)
def violations(read: Reader, parent: Parent) -> Iterator[Observation]:
    """Asked only of rules that are violated."""
    if (parent.facts["Compliance"] or {}).get("ComplianceType") != "NON_COMPLIANT":
        return
    results = read.pages(
        "config.GetComplianceDetailsByConfigRule",
        "EvaluationResults",
        absent=("NoSuchConfigRuleException",),
        ConfigRuleName=parent.facts["ConfigRuleName"],
        ComplianceTypes=["NON_COMPLIANT"],
        Limit=100,
    )
    found = [_violation(result) for result in results]
    gone = Unread(Why.VANISHED, "config:GetComplianceDetailsByConfigRule")
    facts = {"Violations": ordered(found, "ResourceType", "ResourceId")} if found else gone
    yield Observation(VIOLATIONS.type, parent.uid, facts, VIOLATIONS.name)


def _violation(result: dict[str, Any]) -> dict[str, Json]:
    qualifier = result["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
    return {
        **only(qualifier, "ResourceType", "ResourceId"),
        "ResultRecordedTime": result["ResultRecordedTime"],
        **only(result, "Annotation"),
    }
