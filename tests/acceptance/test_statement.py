"""The Statement of Applicability as a reader gets it: what was not read is not shown as if it had been."""

from pathlib import Path

import pytest

from tests.acceptance.conftest import RECORDS, Command


@pytest.fixture
def read_once(tmp_path: Path, command: Command) -> Path:
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)
    command("run", "--check", "rec_soa_complete", "--quiet")
    assert "DIFFERENCES BETWEEN STATEMENT AND ASSESSMENT (93)" in command("soa").out
    return tmp_path


def test_a_statement_that_could_not_be_read_is_neither_shown_nor_compared(read_once: Path, command: Command) -> None:
    (read_once / "isms" / "soa.toml").write_text("[[soa]\n")
    assert command("run", "--check", "rec_soa_complete", "--quiet").code == 3
    told = command("soa").out
    assert "no Statement of Applicability was read in this run" in told
    assert "93 not stated" in told
    assert "nothing was compared" in told
    assert {row["soa"] for row in command("soa", "--format", "json").json["controls"]} == {None}
