"""The same commands on a store in PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pgserver.postgres_server import get_server  # the package does not name what it exports

from tests.acceptance.conftest import RECORDS, Command


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL on a socket of its own."""
    server = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


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
