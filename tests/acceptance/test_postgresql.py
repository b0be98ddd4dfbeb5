"""The same commands on a store in PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import RECORDS, Command
from tests.postgresql import PostgreSQL


@pytest.fixture
def url(postgresql: PostgreSQL) -> Iterator[str]:
    with postgresql.database() as made:
        yield made


def test_a_scan_is_kept_sealed_reported_and_verified(url: str, command: Command, tmp_path: Path) -> None:
    command("init")
    (tmp_path / "annexa.toml").write_text(f'[store]\nurl = "{url}"\n{RECORDS}')
    assert command("run").code == 0
    again = command("run", "--format", "json")
    assert again.code == 0
    assert again.json["checkpoint"]["size"] > 5
    assert command("soa", "--format", "json").json["schema"].startswith("annexa.soa/")
    assert command("gaps", "--format", "json").code == 0
    verified = command("evidence", "verify", "--format", "json")
    assert verified.code == 0
    assert verified.json["verdicts"]["conclusion"]["outcome"] == "holds"
    command("evidence", "export", "-o", "pack.zip")
    assert command("evidence", "verify", "pack.zip").code == 0
