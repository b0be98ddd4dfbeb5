"""Security Hub: whether it is on, and its active critical and high findings that are new or suppressed.

- A region that gathers the findings of others is asked for its own only, so that each finding is read once.
- When a finding was last updated or seen is left out: it moves every day.
"""

from collections.abc import Iterator
from typing import Any

from collectors.aws.reader import Reader
from collectors.aws.shaping import only, ordered, picked
from collectors.source import Facet, Parent, source
from evidence_store.records import Json, Observation

HUB = Facet("aws.securityhub.hub", facts=("HubArn",), optional=("AutoEnableControls", "ControlFindingGenerator"), lists=True)
# `None` where Security Hub is not on.
REGION = Facet("aws.region", facts=("SecurityHubArn",), name="security_hub")
FINDING = Facet(
    "aws.securityhub.finding",
    facts=("Id", "Title", "CreatedAt", "Label", "WorkflowStatus", "Resources"),
    optional=("ProductName", "GeneratorId", "RecordState", "ComplianceStatus", "NoteText", "NoteUpdatedAt"),
    lists=True,
)


@source(
    "securityhub.DescribeHub",
    level="region",
    yields=[HUB, REGION],
    not_enabled=("InvalidAccessException: not subscribed", "ResourceNotFoundException"),
)
def hub(read: Reader) -> Iterator[Observation]:
    answer = read.call("securityhub.DescribeHub") or {}
    yield Observation(HUB.type, answer["HubArn"], picked(HUB, answer))
    region = read.uid("aws.region", read.region)
    yield Observation(REGION.type, region, {"SecurityHubArn": answer["HubArn"]}, REGION.name)


@source("securityhub.GetFindings", level="region", yields=[FINDING], parent="aws.securityhub.hub")
def findings(read: Reader, _: Parent) -> Iterator[Observation]:
    criteria = {
        "AwsAccountId": [_equals(read.account)],
        "Region": [_equals(read.region)],
        "RecordState": [_equals("ACTIVE")],
        "SeverityLabel": [_equals("CRITICAL"), _equals("HIGH")],
        "WorkflowStatus": [_equals("NEW"), _equals("SUPPRESSED")],
    }
    for finding in read.pages("securityhub.GetFindings", "Findings", Filters=criteria, MaxResults=100):
        uid = read.uid(FINDING.type, f"{finding['ProductArn']}/{finding['Id']}")  # an id is unique within its product
        yield Observation(FINDING.type, uid, picked(FINDING, finding, **_finding(finding)))


def _equals(value: str) -> dict[str, str]:
    return {"Comparison": "EQUALS", "Value": value}


def _finding(finding: dict[str, Any]) -> dict[str, Json]:
    parts: dict[str, Json] = {
        "Label": finding["Severity"]["Label"],
        "WorkflowStatus": finding["Workflow"]["Status"],
        "Resources": [only(item, "Type", "Id") for item in ordered(finding["Resources"], "Type", "Id")],
    }
    if "Status" in finding.get("Compliance", {}):
        parts["ComplianceStatus"] = finding["Compliance"]["Status"]
    note = finding.get("Note", {})
    names = {"Text": "NoteText", "UpdatedAt": "NoteUpdatedAt"}  # not who wrote it: that proves nothing and names a person
    return parts | {fact: note[name] for name, fact in names.items() if name in note}
