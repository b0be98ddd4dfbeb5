"""Container images in registries: that they are scanned."""

from typing import Any

import pytest

from tests.collectors.aws.overlay import Cloud
from tests.harness import look

SCAN = "aws_ecr_scan"


def repositories(aws: Cloud, **frequencies: str) -> None:
    """Repositories by name, and how often each one is scanned."""
    for name in frequencies:
        aws.client("ecr").create_repository(repositoryName=name)

    def answer(params: dict[str, Any], *_: str) -> dict[str, Any]:
        assert len(params["repositoryNames"]) <= 25
        known = [
            {"repositoryName": name, "scanFrequency": frequencies[name], "scanOnPush": False, "appliedScanFilters": []}
            for name in params["repositoryNames"]
            if frequencies[name]
        ]
        gone = [
            {"repositoryName": name, "failureCode": "REPOSITORY_NOT_FOUND"}
            for name in params["repositoryNames"]
            if not frequencies[name]
        ]
        return {"scanningConfigurations": known, "failures": gone}

    aws.serve("ecr.BatchGetRepositoryScanningConfiguration", answer)


@pytest.mark.parametrize(
    ("frequency", "status"),
    [("SCAN_ON_PUSH", "pass"), ("CONTINUOUS_SCAN", "pass"), ("MANUAL", "fail"), ("", "unknown")],
)
def test_images_are_scanned_without_anyone_asking(aws: Cloud, frequency: str, status: str) -> None:
    repositories(aws, app=frequency, web="SCAN_ON_PUSH", job="SCAN_ON_PUSH")
    seen = look(aws.connect(), SCAN)
    assert seen.status(SCAN, "/app") == status
    assert (seen.status(SCAN, "/web"), seen.status(SCAN, "/job")) == ("pass", "pass")


def test_the_fault_names_the_repository(aws: Cloud) -> None:
    repositories(aws, app="MANUAL")
    assert look(aws.connect(), SCAN).reason(SCAN, "/app") == "app has its images scanned only by hand"


def test_many_repositories_are_asked_about_at_once(aws: Cloud) -> None:
    repositories(aws, **{f"repo-{n:02}": "SCAN_ON_PUSH" for n in range(30)})
    seen = look(aws.connect(), SCAN)
    assert [str(f.status) for f in seen.of(SCAN)] == ["pass"] * 30
    assert aws.calls.count(("ecr.BatchGetRepositoryScanningConfiguration", "eu-west-1")) == 2


def test_the_registrys_rules_apply_to_the_repositories_they_name(aws: Cloud) -> None:
    ecr = aws.client("ecr")
    ecr.create_repository(repositoryName="prod/app")
    ecr.create_repository(repositoryName="lab/app")
    ecr.put_registry_scanning_configuration(
        scanType="BASIC",
        rules=[{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "prod", "filterType": "WILDCARD"}]}],
    )
    seen = look(aws.connect(), SCAN)
    assert seen.status(SCAN, "repository/lab/app") == "fail"
    assert seen.facts("aws.ecr.repository", "scanning").keys() == {f.uid for f in seen.of(SCAN)}


@pytest.mark.parametrize(
    ("action", "about"),
    [
        ("ecr:DescribeRepositories", "aws:123456789012:eu-west-1"),
        ("ecr:BatchGetRepositoryScanningConfiguration", "/app"),
    ],
)
def test_what_is_denied_is_unknown(aws: Cloud, action: str, about: str) -> None:
    repositories(aws, app="SCAN_ON_PUSH")
    aws.deny(action)
    seen = look(aws.connect(), SCAN)
    assert seen.status(SCAN, about) == "unknown"
    assert f"{action} was denied" in seen.reason(SCAN, about)
