"""The organization that is started by hand: what is well kept in it passes at any time, what is careless fails."""

from datetime import UTC, datetime

import pytest

from checks.check import checks
from tests.collectors.gcp import scene
from tests.collectors.gcp.cloud import Cloud
from tests.harness import Looked, look

ALL = tuple(name for name in checks() if name.startswith("gcp_"))


@pytest.fixture(params=["2026-01-15T08:00:00+00:00", "2031-12-31T23:59:59+00:00"])
def seen(gcp: Cloud, request: pytest.FixtureRequest) -> Looked:
    now = datetime.fromisoformat(request.param).astimezone(UTC)
    scene.fill(gcp.estate, now)
    return look(gcp.connect(), *ALL, at=now)


def test_what_is_well_kept_passes_whatever_the_day(seen: Looked) -> None:
    kept = [f for f in seen.findings if f.scope.account != "lab"]
    assert [(f.check, f.uid, f.reason) for f in kept if f.status not in ("pass", "not_applicable")] == []
    assert seen.status("gcp_os_patch_state", "instances/web") == "pass"


def test_the_careless_machine_is_told_by_what_it_misses(seen: Looked) -> None:
    assert seen.status("gcp_os_patch_state", "instances/trial") == "fail"
    assert "misses updates beyond the deadline: openssl 3.0.19" in seen.reason("gcp_os_patch_state", "instances/trial")
    assert len({f.check for f in seen.findings if f.scope.account == "lab" and f.status == "fail"}) > 15
