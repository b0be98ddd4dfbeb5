"""Two targets that reach one account: what one of them could not see stays unknown, whatever the other sees."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import AWS, Command

if TYPE_CHECKING:
    from tests.collectors.aws.overlay import Cloud

EVERYWHERE = '[[target]]\nname = "everywhere"\nkind = "aws"\n'
CHECK = "aws_rds_encrypted"


def regions(command: Command, *words: str) -> list[tuple[str, str]]:
    ran = command("run", "--check", CHECK, "--format", "json", "--quiet", *words)
    return [(f["resource"]["region"], f["status"]) for f in ran.findings(CHECK)]


@pytest.mark.parametrize("config", [EVERYWHERE + AWS, AWS + EVERYWHERE], ids=["first", "last"])
def test_regions_that_one_target_could_not_list_stay_unknown(
    aws: "Cloud", command: Command, tmp_path: Path, config: str
) -> None:
    (tmp_path / "annexa.toml").write_text(config)
    aws.deny("ec2:DescribeRegions")
    assert regions(command) == [("all", "unknown")]
    regions(command, "--target", "prod")
    gaps = command("gaps", "--format", "json").json
    assert "ec2:DescribeRegions was denied" in str(gaps)
    assert "verdicts were performed again and hold" in command("evidence", "verify").out
    aws.allow("ec2:DescribeRegions")
    assert ("all", "unknown") not in regions(command)
