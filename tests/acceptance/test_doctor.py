"""`scanner doctor`: every credential tried, every missing permission named, nothing kept."""

from pathlib import Path
from typing import TYPE_CHECKING

from tests.acceptance.conftest import AWS, Command

if TYPE_CHECKING:
    from tests.collectors.aws.overlay import Cloud

HOST = '[[target]]\nname = "here"\nkind = "host"\n'


def test_the_permission_that_is_missing_is_named_and_the_rest_is_counted(
    aws: "Cloud", command: Command, tmp_path: Path
) -> None:
    (tmp_path / "annexa.toml").write_text(AWS)
    aws.deny("rds:DescribeDBInstances", "iam:GetAccountAuthorizationDetails")
    ran = command("doctor")
    refused = [line for line in ran.out.splitlines() if line.startswith("FAIL") and "was denied" in line]
    assert ran.code == 3
    assert len(refused) == 2
    assert any("rds:DescribeDBInstances" in line for line in refused)
    assert any("iam:GetAccountAuthorizationDetails" in line for line in refused)
    assert "reads answer" in ran.out


def test_nothing_is_written_by_looking(aws: "Cloud", command: Command, tmp_path: Path) -> None:
    (tmp_path / "annexa.toml").write_text(AWS + HOST)
    command("doctor", "--format", "json")
    assert [path.name for path in tmp_path.iterdir()] == ["annexa.toml"]
    others = {call for call, _ in aws.calls if not call.split(".")[1].startswith(("Get", "List", "Describe", "Batch"))}
    assert others <= {"iam.GenerateCredentialReport"}  # a report for whoever may read it: it changes nothing
