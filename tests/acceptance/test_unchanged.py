"""Cost follows change: a rescan of an unchanged account writes a few rows, however many resources it has."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from commands import opening
from tests.acceptance.conftest import AWS, Command, changed, rows

if TYPE_CHECKING:
    from tests.collectors.aws.overlay import Cloud


def fill(aws: "Cloud", count: int) -> None:
    """A number of resources, of four kinds."""
    s3, iam, ec2, logs = (aws.client(name) for name in ("s3", "iam", "ec2", "logs"))
    ec2.run_instances(ImageId="ami-12c6146b", MinCount=count // 4, MaxCount=count // 4)
    for number in range(count // 4):
        s3.create_bucket(Bucket=f"bucket-{number}", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        iam.create_user(UserName=f"user-{number}")
        logs.create_log_group(logGroupName=f"/group/{number}")


@pytest.mark.parametrize("count", [20, 200])
def test_an_unchanged_rescan_writes_at_most_twenty_rows(aws: "Cloud", command: Command, tmp_path: Path, count: int) -> None:
    (tmp_path / "annexa.toml").write_text(AWS)
    fill(aws, count)
    command("run")
    before = rows(tmp_path)
    assert len(before["ev_finding"]) > count
    command("run")
    assert 1 <= changed(before, rows(tmp_path)) <= 20


def test_one_change_writes_a_few_rows_more(aws: "Cloud", command: Command, tmp_path: Path) -> None:
    (tmp_path / "annexa.toml").write_text(AWS)
    fill(aws, 20)
    command("run")
    before = rows(tmp_path)
    aws.client("iam").create_user(UserName="new")
    command("run")
    assert changed(before, rows(tmp_path)) <= 40


def test_the_same_states_one_day_later_change_no_reason(
    aws: "Cloud", command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "annexa.toml").write_text(AWS)
    fill(aws, 20)
    first = command("run", "--format", "json")
    today = opening.now()
    monkeypatch.setattr("commands.run.now", lambda: today + timedelta(days=1))
    second = command("run", "--format", "json")
    said = [{(f["check"], f["resource"]["id"]): f["reason"] for f in ran.json["findings"]} for ran in (first, second)]
    assert said[0] == said[1]
