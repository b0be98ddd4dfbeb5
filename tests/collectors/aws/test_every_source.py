"""Every AWS source and check that there is: permissions as declared, and nothing that passes unseen."""

import json
import re
import subprocess
import sys
from collections import Counter

import pytest

from checks.check import checks
from collectors.aws import PROVIDER
from collectors.aws.permissions import OWN_CALLS, permission_of
from collectors.source import kinds, sources
from pipeline.plan import Sources
from tests.collectors.aws.overlay import Cloud
from tests.harness import look

ALL = tuple(check for check in checks().values() if check.provider == "aws")
ASKED_BEFORE = {permission_of(call) for call in OWN_CALLS}


def allowed_by_the_policy(*, planned_only: bool) -> set[str]:
    known = Sources(s for kind in kinds() for s in sources(kind))
    chosen = known.needed(ALL) if planned_only else known.all
    document = json.loads(PROVIDER.policy(s for s in chosen if s.provider == "aws"))
    read, assume = document["Statement"]
    assert (read["Effect"], read["Resource"], assume["Action"]) == ("Allow", "*", "sts:AssumeRole")
    assert read["Action"] == sorted(set(read["Action"]))
    return set(read["Action"])


def test_the_policy_allows_reading_alone() -> None:
    reads = re.compile(
        r"[a-z0-9-]+:(Get|List|Describe|BatchGet|Generate(CredentialReport)|LookupEvents|Search|Select|GET)[A-Za-z]*$"
    )
    odd = {action for action in allowed_by_the_policy(planned_only=False) if not reads.fullmatch(action)}
    assert odd == set()


def test_every_call_made_is_in_the_policy_and_every_call_of_a_source_that_ran_is_real(aws: Cloud) -> None:
    seen = look(aws.connect(("eu-west-1",)), *(check.id for check in ALL))
    made = {permission_of(call) for call, _ in aws.calls}
    assert made <= allowed_by_the_policy(planned_only=True)
    ran = {source.name for source in seen.planned if source.provider == "aws" and source.parent is None and source.calls}
    named = {permission_of(call) for source in seen.planned if source.name in ran for call in source.calls[:1]}
    assert named <= made | ASKED_BEFORE


def test_nothing_is_asked_twice(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # what moto does not know it answers with 500; that would be tried again
    s3, where = aws.client("s3"), {"LocationConstraint": "eu-west-1"}
    for name in ("logs", "orders"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=where)
    aws.client("cloudtrail").create_trail(Name="main", S3BucketName="logs", IsMultiRegionTrail=True)
    aws.client("iam").create_user(UserName="ada")
    aws.client("kms").create_key()
    aws.client("ec2").create_security_group(GroupName="open", Description="open")
    aws.client("ec2").create_volume(AvailabilityZone="eu-west-1a", Size=8)
    look(aws.connect(("eu-west-1", "eu-north-1")), *(check.id for check in ALL))
    waits_for_the_report = "iam.GenerateCredentialReport"
    asked = Counter(question for question in aws.questions if question[0] != waits_for_the_report)
    assert {question: times for question, times in asked.items() if times > 1} == {}


def test_with_nothing_allowed_nothing_passes_and_every_check_says_what_it_lacks(aws: Cloud) -> None:
    aws.deny_all(but=("sts:GetCallerIdentity",))
    seen = look(aws.connect(("eu-west-1",)), *(check.id for check in ALL))
    answers = {check.id: {str(finding.status) for finding in seen.of(check.id)} for check in ALL}
    assert {name: statuses for name, statuses in answers.items() if statuses != {"unknown"}} == {}
    said = " ".join(finding.reason for finding in seen.findings)
    named = set(re.findall(r"([a-z0-9-]+:[A-Z]\w+) was denied", said))
    assert named <= aws.refused
    unread = {s.reason.action for group in seen.snapshots.values() for s in group if s.reason}
    unread |= {u.unread.action for group in seen.snapshots.values() for s in group for u in s.unread}
    assert unread == aws.refused


def test_every_source_takes_no_html_for_an_answer(aws: Cloud) -> None:
    for source in sources("aws"):
        for call in source.calls:
            if call not in OWN_CALLS:
                aws.garble(call)
    seen = look(aws.connect(("eu-west-1",)), *(check.id for check in ALL))
    passed = [(finding.check, finding.uid) for finding in seen.findings if finding.status == "pass"]
    assert passed == []


def test_knowing_the_sources_costs_no_sdk() -> None:
    program = (
        "import sys, collectors.source as s; s.sources('aws'); sys.exit('botocore' in sys.modules or 'boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
