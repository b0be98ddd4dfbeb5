"""Kubernetes clusters that AWS runs: that their control plane writes its logs."""

from typing import Any

import pytest

from tests.collectors.aws.overlay import Cloud, Refuse
from tests.harness import look

LOGS = "aws_eks_control_plane_logs"


def clusters(aws: Cloud, **found: dict[str, Any]) -> None:
    aws.serve("eks.ListClusters", {"clusters": list(found)})

    def answer(params: dict[str, Any], *_: str) -> dict[str, Any]:
        name = params["name"]
        if not found[name]:
            raise Refuse("ResourceNotFoundException", f"No cluster found for name: {name}.", 404)
        return {"cluster": {"name": name, "status": "ACTIVE", "version": "1.33", **found[name]}}

    aws.serve("eks.DescribeCluster", answer)


def logs(*entries: tuple[bool, str]) -> dict[str, Any]:
    return {"logging": {"clusterLogging": [{"types": kinds.split(), "enabled": on} for on, kinds in entries]}}


CASES: list[tuple[dict[str, Any], str, str]] = [
    (logs((True, "api audit authenticator"), (False, "controllerManager scheduler")), "pass", ""),
    (logs((True, "audit"), (True, "api authenticator")), "pass", ""),
    (logs((True, "api audit"), (False, "authenticator")), "fail", "does not write its authenticator log"),
    (logs((False, "api audit authenticator")), "fail", "does not write its api, audit, authenticator log"),
    ({"roleArn": "r"}, "fail", "does not write its api, audit, authenticator log"),
    ({"status": "DELETING"}, "not_applicable", "is being deleted"),
    ({}, "unknown", "gone"),
]


def test_the_control_plane_writes_its_logs(aws: Cloud) -> None:
    clusters(aws, **{f"c{n}": settings for n, (settings, _, _) in enumerate(CASES)})
    seen = look(aws.connect(), LOGS)
    for n, (_, status, words) in enumerate(CASES):
        assert (n, seen.status(LOGS, f"/c{n}")) == (n, status)
        assert words in seen.reason(LOGS, f"/c{n}")


def test_the_log_types_are_those_of_the_configuration(aws: Cloud) -> None:
    clusters(aws, shop=logs((True, "audit")))
    assert look(aws.connect(), LOGS, parameters={LOGS: {"types": ["audit"]}}).status(LOGS, "/shop") == "pass"


@pytest.mark.parametrize(
    ("action", "about"), [("eks:ListClusters", "aws:123456789012:eu-west-1"), ("eks:DescribeCluster", "/shop")]
)
def test_what_is_denied_is_unknown(aws: Cloud, action: str, about: str) -> None:
    clusters(aws, shop=logs((True, "api audit authenticator")))
    aws.deny(action)
    seen = look(aws.connect(), LOGS)
    assert seen.status(LOGS, about) == "unknown"
    assert f"{action} was denied" in seen.reason(LOGS, about)
