"""Vulnerability scanning by Inspector: whether it is on, what it covers, what it found, what is suppressed.

- Where Inspector is off, nothing further is asked of it.
- A delegated administrator sees its members; only what belongs to the account being read is asked for.
- When something was last scanned or seen again is left out: it moves every day.
"""

from collections.abc import Iterator
from typing import Any

from collectors.aws.reader import Reader
from collectors.aws.shaping import only, ordered, picked
from collectors.source import Facet, Parent, UnreadError, source
from evidence_store.records import Json, Observation, Unread, Why

STATUS = Facet("aws.region", facts=("InspectorStatus", "InspectorResources"), name="inspector")
# Stands for Inspector in a region where it is on, in whole or in part.
SCANNER = Facet("aws.inspector.scanner", facts=("accountId", "status"), lists=True)
COVERAGE = Facet(
    "aws.inspector.coverage",
    facts=("resourceType", "resourceId", "scanType"),
    optional=("scanStatus", "scanMode", "provider"),
    lists=True,
)
FINDING = Facet(
    "aws.inspector.finding",
    facts=("findingArn", "type", "severity", "status", "firstObservedAt", "resources"),
    optional=("title", "exploitAvailable", "fixAvailable", "vulnerabilityId", "vulnerablePackages", "lastKnownExploitAt"),
    lists=True,
)
FILTER = Facet(
    "aws.inspector.filter",
    facts=("arn", "name", "action", "criteria"),
    optional=("description", "reason", "createdAt", "ownerId"),
    lists=True,
)
JUDGED = ("CRITICAL", "HIGH")


@source("inspector2.BatchGetAccountStatus", level="region", yields=[STATUS, SCANNER])
def status(read: Reader) -> Iterator[Observation]:
    answer = read.call("inspector2.BatchGetAccountStatus", accountIds=[read.account]) or {}
    for failed in answer.get("failedAccounts", []):
        raise UnreadError(Unread(Why.UNEXPECTED, "inspector2:BatchGetAccountStatus", failed["errorCode"]))
    account = next((a for a in answer["accounts"] if a["accountId"] == read.account), None)
    if account is None:
        raise UnreadError(Unread(Why.UNEXPECTED, "inspector2:BatchGetAccountStatus", "it does not name the account"))
    state = account["state"]["status"]
    resources = {kind: found["status"] for kind, found in sorted(account["resourceState"].items())}
    facts = {"InspectorStatus": state, "InspectorResources": resources}
    yield Observation(STATUS.type, read.uid("aws.region", read.region), facts, STATUS.name)
    if state != "DISABLED":
        uid = read.uid(SCANNER.type, read.account)
        yield Observation(SCANNER.type, uid, {"accountId": read.account, "status": state})


@source("inspector2.ListCoverage", level="region", yields=[COVERAGE], parent="aws.inspector.scanner")
def coverage(read: Reader, _: Parent) -> Iterator[Observation]:
    criteria = {"accountId": [{"comparison": "EQUALS", "value": read.account}]}
    for covered in read.pages("inspector2.ListCoverage", "coveredResources", filterCriteria=criteria, maxResults=200):
        native = f"{covered['resourceType']}/{covered['resourceId']}/{covered['scanType']}"
        yield Observation(COVERAGE.type, read.uid(COVERAGE.type, native), picked(COVERAGE, covered))


@source("inspector2.ListFindings", level="region", yields=[FINDING], parent="aws.inspector.scanner")
def findings(read: Reader, _: Parent) -> Iterator[Observation]:
    criteria = {
        "awsAccountId": [{"comparison": "EQUALS", "value": read.account}],
        "findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}],
        "severity": [{"comparison": "EQUALS", "value": severity} for severity in JUDGED],
    }
    for finding in read.pages("inspector2.ListFindings", "findings", filterCriteria=criteria, maxResults=100):
        facts = picked(FINDING, finding, **_finding(finding))
        yield Observation(FINDING.type, finding["findingArn"], facts)


def _finding(finding: dict[str, Any]) -> dict[str, Json]:
    parts: dict[str, Json] = {"resources": [only(r, "type", "id") for r in ordered(finding["resources"], "type", "id")]}
    package = finding.get("packageVulnerabilityDetails", {})
    if "vulnerabilityId" in package:
        parts["vulnerabilityId"] = package["vulnerabilityId"]
    if "vulnerablePackages" in package:
        parts["vulnerablePackages"] = [
            only(item, "name", "version", "fixedInVersion", "packageManager")
            for item in ordered(package["vulnerablePackages"], "name", "version")
        ]
    if "lastKnownExploitAt" in finding.get("exploitabilityDetails", {}):
        parts["lastKnownExploitAt"] = finding["exploitabilityDetails"]["lastKnownExploitAt"]
    return parts


@source("inspector2.ListFilters", level="region", yields=[FILTER], parent="aws.inspector.scanner")
def filters(read: Reader, _: Parent) -> Iterator[Observation]:
    for found in read.pages("inspector2.ListFilters", "filters", action="SUPPRESS"):
        yield Observation(FILTER.type, found["arn"], picked(FILTER, found))
