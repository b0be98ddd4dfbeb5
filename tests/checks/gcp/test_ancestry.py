"""What other accounts hide, and what the accounts above hide: how far the checks that look above reach."""

import pytest

from checks.check import checks
from collectors.gcp.permissions import permission_of
from collectors.source import Connection, Place, Source
from evidence_store.records import Scope, Unread, Why
from tests.checks.gcp.scene import FOLDER, NOW, ORGANIZATION
from tests.collectors.gcp.cloud import Cloud
from tests.collectors.gcp.scene import fill
from tests.harness import Looked, look

ABOVE = tuple(id_ for id_, check in checks().items() if check.provider == "gcp" and check.above)
EVERYWHERE = tuple(id_ for id_, check in checks().items() if check.provider == "gcp" and check.within == "provider")
DENIED = Unread(Why.DENIED, permission_of("cloudasset.ListAssets RESOURCE"))


class Refused(Connection):
    """A target with one place, where nothing may be read."""

    kind = "gcp"

    def __init__(self, account: str) -> None:
        self._place = Place(Scope("gcp", account), "", DENIED)

    def places(self) -> list[Place]:
        return [self._place]

    def reader(self, place: Place, source: Source) -> None:
        raise AssertionError(f"{source.name} was asked in {place.scope}")

    def close(self) -> None:
        pass


def answers(seen: Looked, beside: str = "") -> set[tuple[str, str, str, str]]:
    found = (f for f in seen.findings if f.scope.account != beside)
    return {(f.check, f.uid, str(f.status), f.reason) for f in found}


def test_there_are_checks_of_both_kinds() -> None:
    assert len(ABOVE) > 10
    assert set(EVERYWHERE) == {"gcp_iam_no_primitive_roles", "gcp_log_sink_org", "gcp_project_env_separation"}


def test_what_an_account_beside_hides_changes_no_answer_that_hangs_on_what_is_above(gcp: Cloud) -> None:
    fill(gcp.estate, NOW)
    alone = look(gcp.connect(), *ABOVE, at=NOW)
    both = look({"ours": gcp.connect(), "beside": Refused("beside")}, *ABOVE, at=NOW)
    assert answers(alone) == answers(both, beside="beside")
    assert {str(f.status) for f in both.findings if f.scope.account == "beside"} == {"unknown"}
    assert {"pass", "fail"} <= {str(f.status) for f in alone.findings}


def test_what_an_account_beside_hides_may_be_what_a_question_about_all_of_them_needs(gcp: Cloud) -> None:
    fill(gcp.estate, NOW)
    both = look({"ours": gcp.connect(), "beside": Refused("beside")}, "gcp_project_env_separation", at=NOW)
    assert both.status("gcp_project_env_separation", "projects/111111111111") == "unknown"
    assert "(in beside" in both.reason("gcp_project_env_separation", "projects/111111111111")


@pytest.mark.parametrize("parent", ["projects/shop", FOLDER])
def test_what_is_laid_down_above_and_was_not_read_is_no_pass(gcp: Cloud, parent: str) -> None:
    """A narrower target tells of nothing above it: an answer that differs from that of the whole says that it is open."""
    fill(gcp.estate, NOW)
    whole, part = (look(gcp.connect(where), *ABOVE, at=NOW) for where in (ORGANIZATION, parent))
    decided = {(f.check, f.uid): str(f.status) for f in part.findings if str(f.status) in ("pass", "fail")}
    assert decided.items() <= {(f.check, f.uid): str(f.status) for f in whole.findings}.items()
    assert "unknown" in {str(f.status) for f in part.findings}


def test_a_folder_that_stands_above_and_may_not_be_read_leaves_what_is_in_it_open(gcp: Cloud) -> None:
    fill(gcp.estate, NOW)
    seen = look({"ours": gcp.connect("projects/shop"), "above": Refused(FOLDER)}, *ABOVE, at=NOW)
    looked = [f for f in seen.findings if f.scope.account == "shop" and f.lookups]
    assert {str(f.status) for f in looked} == {"unknown"}
    assert all(f"(in {FOLDER}" in f.reason for f in looked)


def test_an_odd_policy_in_one_project_leaves_no_other_open(gcp: Cloud) -> None:
    fill(gcp.estate, NOW)
    odd = "//orgpolicy.googleapis.com/projects/333333333333/policies/storage.publicAccessPrevention"
    gcp.add("orgpolicy.googleapis.com/Policy", odd, {"name": 7, "spec": "none"}, project="lab")
    seen = look(gcp.connect(), "gcp_storage_no_public", at=NOW)
    by_project: dict[str, set[str]] = {}
    for finding in seen.findings:
        by_project.setdefault(finding.scope.account, set()).add(str(finding.status))
    assert "unknown" in by_project["lab"]
    assert "unknown" not in by_project["shop"]
