"""A region that may not be read hides nothing of another one."""

from typing import Any

import pytest

from tests.collectors.aws.overlay import PASS_ON, Cloud, Refuse
from tests.harness import look

CASES = [
    ("aws_inspector_coverage", "ec2.DescribeInstances", "not_applicable"),
    ("aws_security_events_routed", "events.ListRules", "fail"),
    ("aws_guardduty_finding_age", "guardduty.ListFindings", "pass"),
]


@pytest.mark.parametrize(("check", "call", "elsewhere"), CASES)
def test_what_is_denied_in_one_region_is_unknown_there_only(aws: Cloud, check: str, call: str, elsewhere: str) -> None:
    def detector(_: Any, region: str, account: str) -> Any:
        return {"Status": "ENABLED", "ServiceRole": "r", "Features": [{"Name": "EBS_MALWARE_PROTECTION", "Status": "ENABLED"}]}

    def guarded(_: Any, region: str, account: str) -> Any:
        if region == "us-east-1":
            raise Refuse("AccessDeniedException", "denied with an explicit deny in a service control policy")
        return answers.get(call, PASS_ON)

    account = {
        "accountId": aws.account,
        "state": {"status": "ENABLED", "errorCode": "ALREADY_ENABLED", "errorMessage": "none"},
        "resourceState": {
            kind: {"status": "ENABLED", "errorCode": "ALREADY_ENABLED", "errorMessage": "none"} for kind in ("ec2", "ecr")
        },
    }
    answers: dict[str, dict[str, Any]] = {
        "guardduty.ListFindings": {"FindingIds": []},
    }
    aws.serve("guardduty.ListDetectors", {"DetectorIds": ["d1"]})
    aws.serve("guardduty.GetDetector", detector)
    aws.serve("guardduty.ListFilters", {"FilterNames": []})
    aws.serve("inspector2.BatchGetAccountStatus", {"accounts": [account]})
    aws.serve("inspector2.ListCoverage", {"coveredResources": []})
    aws.serve(call, guarded)
    seen = look(aws.connect(regions=("eu-west-1", "us-east-1")), check, parameters={check: {}})
    assert seen.status(check, "aws.region:us-east-1") == "unknown"
    assert "was denied" in seen.reason(check, "aws.region:us-east-1")
    assert seen.status(check, "aws.region:eu-west-1") == elsewhere
