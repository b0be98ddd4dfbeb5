"""Zones of Cloud DNS."""

from typing import Any

import pytest

from tests.checks.gcp.scene import asked
from tests.collectors.gcp.cloud import Cloud

SIGNED = "gcp_dnssec"


def on(*algorithms: str) -> dict[str, Any]:
    return {
        "dnssecConfig": {
            "state": "on",
            "defaultKeySpecs": [{"algorithm": name, "keyType": "zoneSigning"} for name in algorithms],
        }
    }


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (on("ecdsap256sha256"), "pass", ""),
        (on(), "pass", ""),
        (on("rsasha256", "RSASHA1"), "fail", "signed with rsasha1, which is broken"),
        ({"dnssecConfig": {"state": "off"}}, "fail", "is not signed"),
        ({"dnssecConfig": {"state": "transfer"}}, "fail", "is not signed"),
        ({"visibility": "public"}, "fail", "is not signed"),
        ({}, "fail", "zone example.org. is not signed"),
        ({"visibility": "private"}, "not_applicable", "is private"),
    ],
)
def test_public_zones_are_signed(gcp: Cloud, data: dict[str, Any], status: str, words: str) -> None:
    gcp.add("dns.googleapis.com/ManagedZone", "main", {"name": "main", "dnsName": "example.org.", **data})
    seen = asked(gcp, SIGNED)
    assert seen.status(SIGNED) == status
    assert words in seen.reason(SIGNED)
