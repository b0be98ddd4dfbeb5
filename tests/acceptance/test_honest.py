"""Honest evidence is never called contradicted, whatever changed between runs or stood wrong while one went on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import AWS, RECORDS, Command
from tests.checks.aws.iam_scene import identities, report, reported, user

if TYPE_CHECKING:
    from tests.collectors.aws.overlay import Cloud

CHECK = "aws_iam_user_console_mfa"


MACHINE = """[[target]]
name = "golden"
kind = "host"
root = "image"
"""
ACCOUNTS = "host_accounts_known"


@pytest.fixture
def machine(tmp_path: Path, command: Command) -> Path:
    """An image with one login account, and records that name whose it is; one run has been made."""
    etc = tmp_path / "image" / "etc"
    etc.mkdir(parents=True)
    (etc / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (etc / "hostname").write_text("golden\n")
    (etc / "os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    (etc / "passwd").write_text("ann:x:1000:1000::/home/ann:/bin/bash\n")
    (etc / "group").write_text("ann:x:1000:\n")
    (etc / "shadow").write_text("ann:$y$j9T$salt$hash:19000:0:99999:7:::\n")
    command("init")
    (tmp_path / "isms" / "people.toml").write_text(
        '[[person]]\nid = "ann"\nname = "Ann"\nstatus = "active"\naccounts = ["ann"]\n'
    )
    records(tmp_path, "isms")
    assert asked(command) == {"pass"}
    return tmp_path


def records(tmp_path: Path, path: str) -> None:
    """Read the image, and the records in this directory."""
    (tmp_path / "annexa.toml").write_text(f'{MACHINE}[[target]]\nname = "isms"\nkind = "records"\npath = "{path}"\n')


def asked(command: Command) -> set[str]:
    return {f["status"] for f in command("run", "--check", ACCOUNTS, "--format", "json", "--quiet").findings(ACCOUNTS)}


def verified(command: Command) -> bool:
    ran = command("evidence", "verify")
    return ran.code == 0 and "verdicts were performed again and hold" in ran.out


def test_records_that_could_not_be_read_this_time_are_not_those_of_last_time(machine: Path, command: Command) -> None:
    (machine / "isms").rename(machine / "away")
    assert "pass" not in asked(command)
    assert verified(command)


def test_records_that_are_no_longer_configured_are_not_looked_up(machine: Path, command: Command) -> None:
    command("init", "other")
    records(machine, "other/isms")
    assert asked(command) == {"fail"}
    assert verified(command)


def test_records_are_not_all_there_while_one_of_their_directories_cannot_be_read(machine: Path, command: Command) -> None:
    command("init", "more")
    with (machine / "annexa.toml").open("a") as file:
        file.write('[[target]]\nname = "more"\nkind = "records"\npath = "more/isms"\n')
    (machine / "isms" / "people.toml").rename(machine / "more" / "isms" / "people.toml")
    assert asked(command) == {"pass"}
    (machine / "more").rename(machine / "away")
    assert asked(command) == {"unknown"}
    assert verified(command)
    (machine / "away").rename(machine / "more")
    assert asked(command) == {"pass"}
    assert verified(command)


def test_a_report_that_is_dated_ahead_is_unknown_and_the_same_when_verified(
    aws: "Cloud", tmp_path: Path, command: Command
) -> None:
    (tmp_path / "annexa.toml").write_text(AWS)
    identities(aws, users=[user("alice")])
    report(aws, reported("alice", password_enabled=True, mfa_active=True), generated=datetime.now(UTC) + timedelta(hours=1))
    ran = command("run", "--check", CHECK, "--format", "json", "--quiet")
    reasons = {f["status"]: f["reason"] for f in ran.findings(CHECK)}
    assert "speaks of a time that lies ahead" in reasons["unknown"]
    assert verified(command)


def test_a_place_of_the_isms_scope_that_no_target_reads_leaves_the_run_incomplete_and_is_named(
    command: Command, tmp_path: Path
) -> None:
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)
    assert command("run").code == 0
    (tmp_path / "isms" / "scope.toml").write_text('[scope]\nstatement = "All of it."\ntargets = ["aws:999988887777"]\n')
    ran = command("run")
    assert ran.code == 3
    assert "In the ISMS scope, and read by no target: aws:999988887777." in ran.out
    assert command("run", "--control", "4.3").code == 0
