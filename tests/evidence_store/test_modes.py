"""What the store keeps on disk is for its owner alone, unless its owner said otherwise."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_store.database import open_store
from evidence_store.errors import StoreError
from evidence_store.export import export

from .conftest import Bench

FACTS = {"a": {"Public": True}}


@pytest.fixture(autouse=True)
def _lax() -> Iterator[None]:
    """A umask that keeps nothing from anybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_file_that_the_store_makes_is_readable_by_its_owner_alone(lite: Bench, tmp_path: Path) -> None:
    (tmp_path / "fresh").mkdir()
    fresh = Bench(f"sqlite:///{tmp_path}/fresh/annexa.db", lite.keys)
    with fresh.writer() as writer:
        writer.begin("r1", {})
        files = {path.name: mode(path) for path in (tmp_path / "fresh").iterdir()}
    assert files == dict.fromkeys(("annexa.db", "annexa.db-wal", "annexa.db-shm", "annexa.db.lock"), 0o600)
    fresh.store.close()


def test_checkpoints_and_packs_are_readable_by_their_owner_alone(lite: Bench, tmp_path: Path) -> None:
    lite.run("r1", FACTS)
    with lite.store.evidence() as evidence:
        export(evidence, tmp_path / "a.zip", lite.keys.public)
    assert mode(lite.keys.checkpoints) == 0o600
    assert mode(tmp_path / "a.zip") == 0o600


def test_the_mode_of_what_is_there_stays(lite: Bench, tmp_path: Path) -> None:
    lite.run("r1", FACTS)
    there = [lite.store.database.path, lite.keys.checkpoints, tmp_path / "a.zip"]
    there[2].write_bytes(b"an older pack")
    for path in there:
        path.chmod(0o640)
    lite.run("r2", FACTS)
    with lite.store.evidence() as evidence:
        export(evidence, there[2], lite.keys.public)
    open_store(lite.url).close()
    assert [mode(path) for path in there] == [0o640] * 3
    assert there[2].read_bytes().startswith(b"PK")


def test_a_place_where_no_file_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "annexa.db").symlink_to(tmp_path / "nowhere" / "annexa.db")
    with pytest.raises(StoreError, match="cannot be made"):
        open_store(f"sqlite:///{tmp_path}/annexa.db")
