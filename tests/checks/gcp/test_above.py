"""Where what stands above a project was not read, no check that looks there takes it for empty."""

from typing import TYPE_CHECKING

import pytest

from checks.check import checks
from collectors.source import Connection, Place, Source, UnreadError
from evidence_store.records import Unread, Why
from tests.checks.gcp.scene import FOLDER, NOW
from tests.collectors.gcp.scene import fill
from tests.harness import look

if TYPE_CHECKING:
    from tests.collectors.gcp.cloud import Cloud

ASKED = tuple(check.id for check in checks().values() if check.above == "ancestors")
# What these say of the shop hangs on nothing above: a rule that lets in nobody from outside, a policy that grants nothing of
# what is asked, a bucket that refuses public access itself.
SAID_BELOW = {
    "gcp_firewall_admin_ports", "gcp_firewall_rule_logging", "gcp_iam_duty_split", "gcp_iam_sa_not_admin",
    "gcp_storage_no_public",
}  # fmt: skip


class Locked:
    """The way to an organization to which nobody has a key."""

    kind = "gcp"

    def places(self) -> list[Place]:
        raise UnreadError(Unread(Why.CREDENTIALS, "sign-in", "expired"))

    def reader(self, place: Place, source: Source) -> None:
        raise AssertionError(f"{source.name} was asked in {place.scope}")

    def close(self) -> None:
        pass


@pytest.mark.parametrize("beside", ["nothing", "an organization that fails", "the folder"])
def test_what_was_not_read_above_is_never_taken_for_empty(gcp: "Cloud", beside: str) -> None:
    gcp.page = 1000
    fill(gcp.estate, NOW)
    target = FOLDER if beside == "the folder" else "projects/shop"
    targets: dict[str, Connection] = {"below": gcp.connect(target)}
    if beside == "an organization that fails":
        targets["above"] = Locked()
    seen = look(targets, *ASKED, at=NOW)
    told = {check: {str(f.status) for f in seen.of(check)} for check in ASKED}
    assert {check for check, statuses in told.items() if statuses != {"unknown"}} == SAID_BELOW
    assert all("which was not read" in f.reason for check in ASKED if check not in SAID_BELOW for f in seen.of(check))
