"""Secrets: whether they are due to be renewed."""

from typing import Any

import pytest

from tests.checks.gcp.scene import asked
from tests.collectors.gcp.cloud import Cloud

ROTATION = "gcp_secret_rotation"
QUARTERLY = {"rotationPeriod": "7776000s", "nextRotationTime": "2026-06-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        ({"rotation": QUARTERLY}, "pass", ""),
        ({"rotation": {"nextRotationTime": "2026-06-01T00:00:00Z"}}, "pass", ""),
        ({"expireTime": "2026-09-01T00:00:00Z"}, "pass", ""),
        ({}, "fail", "has no rotation and no expiry"),
        ({"expireTime": "2030-09-01T00:00:00Z"}, "fail", "has no rotation; it ends on 2030-09-01"),
        ({"rotation": {**QUARTERLY, "rotationPeriod": "63072000s"}}, "fail", "is due every 730 days; the limit is 365"),
        ({"rotation": {"nextRotationTime": "2029-01-01T00:00:00Z"}}, "fail", "is next due on 2029-01-01"),
        ({"rotation": {"nextRotationTime": "2026-02-01T00:00:00Z"}}, "fail", "was due to be renewed on 2026-02-01"),
        ({"rotation": {"rotationPeriod": "7776000s"}}, "fail", "is never due"),
        ({"rotation": {**QUARTERLY, "rotationPeriod": "often"}}, "unknown", "'often' is not a span"),
        ({"rotation": {**QUARTERLY, "nextRotationTime": "soon"}}, "unknown", "'soon' is not a time"),
        ({"rotation": {**QUARTERLY, "nextRotationTime": 7}}, "unknown", "7 is not a time"),
    ],
)
def test_a_secret_is_renewed_or_ends(gcp: Cloud, data: dict[str, Any], status: str, words: str) -> None:
    gcp.add("secretmanager.googleapis.com/Secret", "token", {"name": "projects/111111111111/secrets/token", **data})
    seen = asked(gcp, ROTATION)
    assert seen.status(ROTATION) == status
    assert words in seen.reason(ROTATION)


def test_the_limit_is_declared(gcp: Cloud) -> None:
    gcp.add("secretmanager.googleapis.com/Secret", "token", {"name": "s/token", "rotation": QUARTERLY})
    assert asked(gcp, ROTATION, max_period_days=30).status(ROTATION) == "fail"
