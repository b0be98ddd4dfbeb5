"""`scanner run --control A.8.8` on an Azure tenant: only the reads that it needs, and the unpatched machine by name."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import Command

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

MACHINE = "Microsoft.Compute/virtualMachines"
ASSESSMENT = f"{MACHINE}/patchAssessmentResults"


def ago(**time: float) -> str:
    return (datetime.now(UTC) - timedelta(**time)).isoformat()


@pytest.fixture
def machines(azure: "Cloud", tmp_path: Path) -> None:
    """Two machines that were assessed today, one of which misses a security update since long ago."""
    (tmp_path / "annexa.toml").write_text(f'[[target]]\nname = "tenant"\nkind = "azure"\nendpoint = "{azure.endpoint}"\n')
    azure.add(MACHINE, "patched")
    azure.assess(azure.add(MACHINE, "unpatched"), {"patchName": "openssl", "publishedDateTime": ago(days=40)})
    for name, count in (("patched", 0), ("unpatched", 1)):
        counts = {"security": count, "critical": 0, "other": 2}
        says = {"lastModifiedDateTime": ago(hours=3), "availablePatchCountByClassification": counts}
        azure.add(ASSESSMENT, f"{name}/latest", properties=says)


def test_the_unpatched_machine_is_named(machines: None, command: Command) -> None:
    ran = command("run", "--control", "A.8.8", "--format", "json")
    found = {f["resource"]["id"].rsplit("/", 1)[-1]: f for f in ran.findings("azure_update_compliance")}
    assert found["unpatched"]["status"] == "fail"
    assert found["unpatched"]["reason"].startswith("unpatched lacks updates past their deadline")
    assert "openssl (published on " in found["unpatched"]["reason"]
    assert found["patched"]["status"] == "pass", found["patched"]["reason"]
    control = next(c for c in ran.json["controls"] if c["id"] == "A.8.8")
    assert control["assessment"] == "gap"


def test_only_the_reads_that_the_control_needs_are_made(machines: None, azure: "Cloud", command: Command) -> None:
    command("run", "--control", "A.8.8")
    tables = {call.name for call in azure.calls if call.name.startswith("resourcegraph.")}
    needed = {"appserviceresources", "patchassessmentresources", "resources", "securityresources"}
    assert tables == {f"resourcegraph.{table}" for table in needed}
    asked = " ".join(str(call.body) for call in azure.calls).lower()
    assert "storageaccounts" not in asked
    assert "roleassignments" not in asked


def test_assessments_that_may_not_be_read_are_unknown_by_name_and_incomplete(
    machines: None, azure: "Cloud", command: Command
) -> None:
    azure.deny(f"{ASSESSMENT}/*")
    ran = command("run", "--control", "A.8.8", "--format", "json")
    assert {f["status"] for f in ran.findings("azure_update_compliance")} == {"unknown"}
    assert f"{ASSESSMENT}/* was denied" in ran.findings("azure_update_compliance")[0]["reason"]
    assert ran.code == 3
