"""Patching and management: asked of each running instance, whether Systems Manager knows it or not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.collectors.aws.overlay import Cloud
from tests.harness import Looked, look

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=90)
MANAGED, SCANNED, PATCHED = "aws_ssm_managed_nodes", "aws_ssm_patch_scan_fresh", "aws_ssm_patch_state"
OWN = "pb-0123456789abcdef0"
AMAZONS = "arn:aws:ssm:eu-west-1:075727635805:patchbaseline/pb-0123456789abcdef9"


def asked(aws: Cloud, check: str, **parameters: Any) -> Looked:
    return look(aws.connect(), check, at=NOW, parameters={check: parameters})


def instance(name: str, **settings: Any) -> dict[str, Any]:
    return {
        "InstanceId": name,
        "State": {"Name": "running"},
        "ImageId": "ami-1",
        "InstanceType": "t3.micro",
        "LaunchTime": OLD,
        **settings,
    }


def instances(aws: Cloud, *found: dict[str, Any]) -> None:
    aws.serve("ec2.DescribeInstances", {"Reservations": [{"ReservationId": "r-1", "Instances": list(found)}]})


def nodes(aws: Cloud, **pings: str) -> None:
    found = [
        {"InstanceId": name.replace("_", "-"), "PingStatus": ping, "LastPingDateTime": NOW, "ResourceType": "EC2Instance"}
        for name, ping in pings.items()
    ]
    aws.serve("ssm.DescribeInstanceInformation", {"InstanceInformationList": found})


def state(name: str, **settings: Any) -> dict[str, Any]:
    return {
        "InstanceId": name,
        "PatchGroup": "default",
        "BaselineId": OWN,
        "Operation": "Scan",
        "OperationStartTime": NOW - timedelta(hours=3),
        "OperationEndTime": NOW - timedelta(hours=2),
        "CriticalNonCompliantCount": 0,
        "SecurityNonCompliantCount": 0,
        "OtherNonCompliantCount": 0,
        "MissingCount": 0,
        "FailedCount": 0,
        "InstalledPendingRebootCount": 0,
        **settings,
    }


def states(aws: Cloud, *found: dict[str, Any]) -> list[list[str]]:
    """Answer for the instances that are asked about; gives the batches in which they were."""
    batches: list[list[str]] = []

    def answer(params: dict[str, Any], *_: str) -> dict[str, Any]:
        batches.append(params["InstanceIds"])
        assert len(params["InstanceIds"]) <= 50
        return {"InstancePatchStates": [one for one in found if one["InstanceId"] in params["InstanceIds"]]}

    aws.serve("ssm.DescribeInstancePatchStates", answer)
    return batches


def rule(days: int | None = 7, until: str | None = None, **filters: list[str]) -> dict[str, Any]:
    when = {} if days is None else {"ApproveAfterDays": days}
    narrowed = [{"Key": key, "Values": values} for key, values in filters.items()]
    return {"PatchFilterGroup": {"PatchFilters": narrowed}, **when, **({"ApproveUntilDate": until} if until else {})}


def baselines(aws: Cloud, *rules: dict[str, Any]) -> None:
    """An own baseline with these rules, and one of Amazon's."""
    about = {"BaselineName": "monthly", "OperatingSystem": "AMAZON_LINUX_2", "DefaultBaseline": False}
    listed = [{"BaselineId": OWN, **about}, {"BaselineId": AMAZONS, **about}]
    aws.serve("ssm.DescribePatchBaselines", {"BaselineIdentities": listed})
    aws.serve("ssm.GetPatchBaseline", {"BaselineId": OWN, "ApprovalRules": {"PatchRules": list(rules)}})


@pytest.fixture
def scene(aws: Cloud) -> Cloud:
    """One running instance that is managed, was scanned two hours ago, and lacks nothing."""
    instances(aws, instance("i-0"))
    nodes(aws, i_0="Online")
    states(aws, state("i-0"))
    baselines(aws, rule())
    return aws


@pytest.mark.parametrize("check", [MANAGED, SCANNED, PATCHED])
def test_a_managed_and_patched_instance_passes(scene: Cloud, check: str) -> None:
    assert asked(scene, check).status(check, "/i-0") == "pass"


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        (MANAGED, "i-1 is not a managed node"),
        (SCANNED, "i-1 was never scanned for patches"),
        (PATCHED, "i-1 was never scanned for patches"),
    ],
)
def test_an_instance_that_systems_manager_does_not_know_fails(scene: Cloud, check: str, reason: str) -> None:
    instances(scene, instance("i-0"), instance("i-1"))
    seen = asked(scene, check)
    assert (seen.status(check, "/i-0"), seen.status(check, "/i-1")) == ("pass", "fail")
    assert seen.reason(check, "/i-1") == reason


EXCUSED: list[tuple[dict[str, Any], str]] = [
    ({"State": {"Name": "stopped"}}, "is stopped"),
    ({"State": {"Name": "terminated"}}, "is terminated"),
    ({"Operator": {"Managed": True, "Principal": "eks.amazonaws.com"}}, "operated by eks.amazonaws.com"),
    ({"LaunchTime": NOW - timedelta(hours=1)}, "is new; it is due on 2026-05-0"),
]


@pytest.mark.parametrize("check", [MANAGED, SCANNED, PATCHED])
def test_an_instance_that_cannot_be_held_to_account_is_not_judged(scene: Cloud, check: str) -> None:
    instances(scene, *(instance(f"i-{n}", **settings) for n, (settings, _) in enumerate(EXCUSED, 1)))
    seen = asked(scene, check)
    for n, (_, words) in enumerate(EXCUSED, 1):
        assert (n, seen.status(check, f"/i-{n}")) == (n, "not_applicable")
        assert words in seen.reason(check, f"/i-{n}")


@pytest.mark.parametrize("check", [MANAGED, SCANNED, PATCHED])
def test_an_instance_does_not_become_new_by_a_restart(scene: Cloud, check: str) -> None:
    launched = {"LaunchTime": NOW - timedelta(hours=1)}
    interfaces = [{"NetworkInterfaceId": "eni-1", "Attachment": {"AttachTime": OLD}}]
    volumes = [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeId": "vol-1", "AttachTime": OLD}}]
    instances(
        scene,
        instance("i-1", **launched, NetworkInterfaces=interfaces),
        instance("i-2", **launched, BlockDeviceMappings=volumes),
    )
    seen = asked(scene, check)
    assert (seen.status(check, "/i-1"), seen.status(check, "/i-2")) == ("fail", "fail")


@pytest.mark.parametrize("ping", ["ConnectionLost", "Inactive"])
def test_a_node_that_does_not_answer_fails(scene: Cloud, ping: str) -> None:
    nodes(scene, i_0=ping)
    seen = asked(scene, MANAGED)
    assert seen.reason(MANAGED, "/i-0") == f"i-0 is a managed node that does not answer ({ping})"


def test_an_old_scan_fails_and_says_of_when_it_is(scene: Cloud) -> None:
    states(scene, state("i-0", OperationEndTime=datetime(2026, 4, 20, tzinfo=UTC)))
    seen = asked(scene, SCANNED)
    assert seen.reason(SCANNED, "/i-0") == "i-0 was last scanned for patches on 2026-04-20; the limit is 7 days"
    assert asked(scene, SCANNED, max_age_days=30).status(SCANNED, "/i-0") == "pass"


@pytest.mark.parametrize("check", [SCANNED, PATCHED])
def test_a_scan_that_lies_ahead_is_no_pass(scene: Cloud, check: str) -> None:
    states(scene, state("i-0", OperationEndTime=NOW + timedelta(days=1)))
    assert asked(scene, check).status(check, "/i-0") == "unknown"


COUNTS: list[tuple[dict[str, Any], str]] = [
    ({"CriticalNonCompliantCount": 2}, "lacks approved patches as of 2026-05-04: 2 critical"),
    ({"SecurityNonCompliantCount": 3, "FailedCount": 1}, "3 security, 1 that failed to install"),
    ({"MissingCount": 4, "OtherNonCompliantCount": 4}, ""),
    ({"InstalledPendingRebootCount": 1, "LastNoRebootInstallOperationTime": OLD}, "1 that await a reboot since 2026-02-03"),
    ({"InstalledPendingRebootCount": 1, "LastNoRebootInstallOperationTime": NOW - timedelta(days=2)}, ""),
]


def test_what_is_counted_as_missing_decides(scene: Cloud) -> None:
    instances(scene, *(instance(f"i-{n}") for n in range(len(COUNTS))))
    states(scene, *(state(f"i-{n}", **counts) for n, (counts, _) in enumerate(COUNTS)))
    seen = asked(scene, PATCHED)
    for n, (_, reason) in enumerate(COUNTS):
        assert (n, seen.status(PATCHED, f"/i-{n}")) == (n, "fail" if reason else "pass")
        assert reason in seen.reason(PATCHED, f"/i-{n}")


def test_an_agent_that_counts_without_classes_is_believed_in_what_it_counts(scene: Cloud) -> None:
    expected = {"fail": {"MissingCount": 1}, "pass": {"MissingCount": 0}, "unknown": {}}
    instances(scene, *(instance(f"i-{word}") for word in expected))
    counted = {"CriticalNonCompliantCount", "SecurityNonCompliantCount", "MissingCount"}
    plain = {key: value for key, value in state("i").items() if key not in counted}
    states(scene, *({**plain, **missing, "InstanceId": f"i-{word}"} for word, missing in expected.items()))
    seen = asked(scene, PATCHED)
    assert {word: seen.status(PATCHED, f"/i-{word}") for word in expected} == {word: word for word in expected}


def test_an_operation_that_has_not_ended_says_nothing_yet(scene: Cloud) -> None:
    states(scene, state("i-0", OperationStartTime=NOW - timedelta(minutes=5)))
    seen = asked(scene, PATCHED)
    assert seen.status(PATCHED, "/i-0") == "unknown"
    assert "has not ended" in seen.reason(PATCHED, "/i-0")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([rule(7, CLASSIFICATION=["Security"], SEVERITY=["Critical", "Important"])], ""),
        ([rule(0, CLASSIFICATION=["Bugfix"]), rule(14, CLASSIFICATION=["*"])], ""),
        ([rule(14, PRODUCT=["AmazonLinux2"])], ""),
        ([rule(None)], ""),
        ([rule(None, until="2026-04-30")], ""),
        ([rule(30)], f"i-0 is held to the patch baseline {OWN}, which approves no critical security patch within 14 days"),
        ([rule(None, until="2025-12-31")], "approves no critical security patch within 14 days"),
        ([rule(0, CLASSIFICATION=["Bugfix"])], "approves no critical security patch by rule"),
        ([rule(0, PATCH_SET=["APPLICATION"])], "approves no critical security patch by rule"),
        ([rule(0, CLASSIFICATION=["SecurityUpdates"], MSRC_SEVERITY=["Low"])], "approves no critical security patch by rule"),
        ([rule(0, CLASSIFICATION=["Security"], SEVERITY=["Important"])], "approves no critical security patch by rule"),
        ([rule(0, CLASSIFICATION=["CriticalUpdates"])], "approves no critical security patch by rule"),
        ([rule(0, CLASSIFICATION=["CriticalUpdates", "SecurityUpdates"], MSRC_SEVERITY=["Critical"])], ""),
        ([], "approves no critical security patch by rule"),
    ],
)
def test_a_baseline_that_hides_late_patches_is_no_pass(scene: Cloud, rules: list[dict[str, Any]], words: str) -> None:
    baselines(scene, *rules)
    seen = asked(scene, PATCHED)
    assert seen.status(PATCHED, "/i-0") == ("fail" if words else "pass")
    assert words in seen.reason(PATCHED, "/i-0")


@pytest.mark.parametrize("named", [AMAZONS, AMAZONS.rpartition("/")[2]])
def test_amazons_own_baselines_approve_within_a_week(scene: Cloud, named: str) -> None:
    states(scene, state("i-0", BaselineId=named))
    assert asked(scene, PATCHED).status(PATCHED, "/i-0") == "pass"
    seen = asked(scene, PATCHED, deadline_days=3)
    assert "approves patches up to 7 days after release" in seen.reason(PATCHED, "/i-0")


def test_a_baseline_that_is_not_there_leaves_the_question_open(scene: Cloud) -> None:
    states(scene, state("i-0", BaselineId="pb-0123456789abcdeee"))
    assert asked(scene, PATCHED).status(PATCHED, "/i-0") == "unknown"


def test_states_are_asked_in_batches_of_running_instances(scene: Cloud) -> None:
    running = [instance(f"i-{n:03}") for n in range(60)]
    stopped = [instance(f"i-s{n}", State={"Name": "stopped"}) for n in range(5)]
    instances(scene, *running, *stopped)
    batches = states(scene, *(state(one["InstanceId"]) for one in running))
    seen = asked(scene, SCANNED)
    assert sorted(str(f.status) for f in seen.of(SCANNED)) == ["not_applicable"] * 5 + ["pass"] * 60
    assert {len(batch) for batch in batches} <= {50, 10}
    assert not any(name.startswith("i-s") for batch in batches for name in batch)


def test_nothing_is_asked_where_nothing_runs(scene: Cloud) -> None:
    instances(scene)
    seen = asked(scene, SCANNED)
    assert seen.findings == ()
    assert ("ssm.DescribeInstancePatchStates", "eu-west-1") not in scene.calls


def test_a_hybrid_node_is_listed_and_is_no_instance(scene: Cloud) -> None:
    found = [
        {"InstanceId": "mi-1", "PingStatus": "Online", "ResourceType": "ManagedInstance"},
        {"InstanceId": "i-0", "PingStatus": "Online", "ResourceType": "EC2Instance"},
    ]
    scene.serve("ssm.DescribeInstanceInformation", {"InstanceInformationList": found})
    seen = asked(scene, MANAGED)
    assert [uid.rpartition("/")[2] for uid in seen.facts("aws.ssm.node")] == ["mi-1", "i-0"]
    assert [uid.rpartition("/")[2] for uid in seen.facts("aws.ec2.instance", "managed")] == ["i-0"]


@pytest.mark.parametrize(
    ("check", "action", "about"),
    [
        (MANAGED, "ssm:DescribeInstanceInformation", "/i-0"),
        (MANAGED, "ec2:DescribeInstances", "aws:123456789012:eu-west-1"),
        (SCANNED, "ssm:DescribeInstancePatchStates", "/i-0"),
        (SCANNED, "ec2:DescribeInstances", "aws:123456789012:eu-west-1"),
        (PATCHED, "ssm:DescribeInstancePatchStates", "/i-0"),
        (PATCHED, "ec2:DescribeInstances", "aws:123456789012:eu-west-1"),
        (PATCHED, "ssm:DescribePatchBaselines", "/i-0"),
        (PATCHED, "ssm:GetPatchBaseline", "/i-0"),
    ],
)
def test_what_is_denied_is_unknown(scene: Cloud, check: str, action: str, about: str) -> None:
    scene.deny(action)
    seen = asked(scene, check)
    assert seen.status(check, about) == "unknown"
    assert f"{action} was denied" in seen.reason(check, about)
