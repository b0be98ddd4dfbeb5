"""API keys of Google Cloud."""

from typing import Any

import pytest

from tests.checks.gcp.scene import asked
from tests.collectors.gcp.cloud import Cloud

LIMITED = "gcp_api_keys_restricted"
MAPS = {"apiTargets": [{"service": "maps-backend.googleapis.com"}]}
SITE = {"browserKeyRestrictions": {"allowedReferrers": ["https://shop.example.org/*"]}}


def key(gcp: Cloud, restrictions: dict[str, Any] | None, **data: Any) -> None:
    whole = {"name": "projects/1/locations/global/keys/k", "displayName": "maps", "createTime": "2026-04-01T00:00:00Z", **data}
    gcp.add("apikeys.googleapis.com/Key", "k", whole | ({} if restrictions is None else {"restrictions": restrictions}))


@pytest.mark.parametrize(
    ("restrictions", "status", "words"),
    [
        ({**MAPS, **SITE}, "pass", ""),
        ({**MAPS, "serverKeyRestrictions": {"allowedIps": ["198.51.100.0/24"]}}, "pass", ""),
        ({**MAPS, "androidKeyRestrictions": {"allowedApplications": [{"packageName": "org.example"}]}}, "pass", ""),
        ({**MAPS, "iosKeyRestrictions": {"allowedBundleIds": ["org.example"]}}, "pass", ""),
        (MAPS, "fail", "API key maps of project shop serves every caller"),
        (SITE, "fail", "opens every API"),
        (None, "fail", "opens every API and serves every caller"),
        ({**MAPS, "serverKeyRestrictions": {"allowedIps": ["0.0.0.0/0"]}}, "fail", "serves every caller"),
        ({**MAPS, "browserKeyRestrictions": {"allowedReferrers": ["*"]}}, "fail", "serves every caller"),
        ({**MAPS, "browserKeyRestrictions": {"allowedReferrers": []}}, "fail", "serves every caller"),
    ],
)
def test_a_key_opens_little_to_few(gcp: Cloud, restrictions: dict[str, Any] | None, status: str, words: str) -> None:
    key(gcp, restrictions)
    seen = asked(gcp, LIMITED)
    assert seen.status(LIMITED) == status
    assert words in seen.reason(LIMITED)


def test_a_key_is_young(gcp: Cloud) -> None:
    key(gcp, {**MAPS, **SITE}, createTime="2025-04-01T00:00:00Z")
    assert asked(gcp, LIMITED).reason(LIMITED) == "API key maps of project shop is of 2025-04-01, older than 90 days allow"
    assert asked(gcp, LIMITED, max_age_days=500).status(LIMITED) == "pass"


def test_a_deleted_key_opens_nothing(gcp: Cloud) -> None:
    key(gcp, None, deleteTime="2026-05-01T00:00:00Z")
    assert asked(gcp, LIMITED).status(LIMITED) == "not_applicable"
