"""What each question to Google Cloud answers when its reader may not read."""

import pytest

from checks.check import checks
from tests.collectors.gcp.cloud import Cloud
from tests.harness import look

IDS = tuple(id_ for id_, check in checks().items() if check.provider == "gcp")
PERMISSIONS = ("listResource", "listIamPolicy", "listOrgPolicy", "listOSInventories")


def test_where_nothing_may_be_read_every_question_is_open_and_names_the_permission(gcp: Cloud) -> None:
    gcp.deny_all()
    seen = look(gcp.connect(), *IDS)
    for check in IDS:
        for finding in seen.of(check):
            assert finding.status == "unknown"
            assert "cloudasset.assets.list" in finding.reason
            assert "was denied" in finding.reason
        assert seen.of(check)


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_a_single_denial_makes_no_question_pass_that_needs_it(gcp: Cloud, permission: str) -> None:
    gcp.deny(f"cloudasset.assets.{permission}")
    gcp.add("storage.googleapis.com/Bucket", "assets", {"name": "assets", "iamConfiguration": {}})
    gcp.add("compute.googleapis.com/Instance", "web", {"name": "web", "status": "RUNNING", "networkInterfaces": []})
    seen = look(gcp.connect(), "gcp_storage_no_public", "gcp_os_patch_state", "gcp_org_no_sa_keys", "gcp_iam_no_public_members")
    needs = {
        "listResource": {"gcp_storage_no_public", "gcp_os_patch_state", "gcp_org_no_sa_keys"},
        "listIamPolicy": {"gcp_storage_no_public", "gcp_iam_no_public_members"},
        "listOrgPolicy": {"gcp_storage_no_public", "gcp_org_no_sa_keys"},
        "listOSInventories": {"gcp_os_patch_state"},
    }
    for check in needs[permission]:
        assert {str(f.status) for f in seen.of(check)} == {"unknown"}, check
        assert any(f"cloudasset.assets.{permission} was denied" in f.reason for f in seen.of(check))
