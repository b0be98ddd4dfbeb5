"""Keys of Cloud KMS: rotation, and who may use them."""

from typing import Any

import pytest

from tests.checks.gcp.scene import ORGANIZATION, asked, policy
from tests.collectors.gcp.cloud import Cloud

ROTATION = "gcp_kms_rotation"
PUBLIC = "gcp_kms_not_public"
KEY = "cloudkms.googleapis.com/CryptoKey"
RING = "//cloudkms.googleapis.com/projects/shop/locations/europe-west1/keyRings/ring"
TURNING = {"rotationPeriod": "7776000s", "nextRotationTime": "2026-06-01T00:00:00Z"}
USER = "roles/cloudkms.cryptoKeyDecrypter"


def key(gcp: Cloud, **data: Any) -> str:
    whole = {"name": "orders", "purpose": "ENCRYPT_DECRYPT", "primary": {"state": "ENABLED", "protectionLevel": "SOFTWARE"}}
    return gcp.add(KEY, "orders", {**whole, **data})


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (TURNING, "pass", ""),
        ({**TURNING, "versionTemplate": {"protectionLevel": "HSM"}}, "pass", ""),
        ({}, "fail", "does not rotate"),
        ({**TURNING, "rotationPeriod": "31536000s"}, "fail", "every 365 days; the limit is 90"),
        ({**TURNING, "nextRotationTime": "2028-06-01T00:00:00Z"}, "fail", "rotates next on 2028-06-01"),
        ({"rotationPeriod": "7776000s"}, "fail", "no date of its next rotation"),
        ({**TURNING, "nextRotationTime": "2026-03-01T00:00:00Z"}, "fail", "was due to rotate on 2026-03-01"),
        ({"purpose": "ASYMMETRIC_SIGN"}, "not_applicable", "ASYMMETRIC_SIGN"),
        ({"purpose": "MAC"}, "not_applicable", "MAC"),
        ({"versionTemplate": {"protectionLevel": "EXTERNAL"}}, "not_applicable", "from outside"),
        ({"importOnly": True}, "not_applicable", "from outside"),
        ({**TURNING, "primary": {"state": "DESTROYED"}}, "not_applicable", "DESTROYED"),
    ],
)
def test_a_symmetric_key_rotates(gcp: Cloud, data: dict[str, Any], status: str, words: str) -> None:
    key(gcp, **data)
    seen = asked(gcp, ROTATION)
    assert seen.status(ROTATION) == status
    assert words in seen.reason(ROTATION)


def test_a_period_that_is_no_span_leaves_the_answer_open(gcp: Cloud) -> None:
    key(gcp, **{**TURNING, "rotationPeriod": "quarterly"})
    seen = asked(gcp, ROTATION)
    assert seen.status(ROTATION) == "unknown"
    assert "'quarterly' is not a span in seconds" in seen.reason(ROTATION)


def test_a_key_that_nobody_opened_is_not_public(gcp: Cloud) -> None:
    key(gcp)
    policy(gcp, (KEY, "orders"), (USER, "user:ada@example.org"))
    assert asked(gcp, PUBLIC).status(PUBLIC) == "pass"


@pytest.mark.parametrize(
    "on",
    [(KEY, "orders"), ("cloudkms.googleapis.com/KeyRing", RING), "shop", ORGANIZATION],
    ids=["key", "ring", "project", "top"],
)
def test_a_key_is_public_by_its_policy_or_one_above(gcp: Cloud, on: Any) -> None:
    key(gcp)
    policy(gcp, on, (USER, "allUsers"))
    seen = asked(gcp, PUBLIC)
    assert seen.status(PUBLIC) == "fail"
    assert f"orders grants {USER} to allUsers" in seen.reason(PUBLIC)


def test_what_is_public_of_another_service_opens_no_key(gcp: Cloud) -> None:
    key(gcp)
    policy(gcp, "shop", ("roles/run.invoker", "allUsers"))
    assert asked(gcp, PUBLIC).status(PUBLIC) == "pass"
