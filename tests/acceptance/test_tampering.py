"""Whoever changes the store is found: by `evidence verify`, in the store and in a pack, with the entry named."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.acceptance.conftest import RECORDS, Command

TAMPERING = {
    "a verdict": "update ev_finding set status = 'pass', reason = '' where id = (select min(id) from ev_finding)",
    "a reason": "update ev_finding set reason = 'all is well' where id = 3",
    "a null filled in": "update ev_finding set closed = opened where id = (select max(id) from ev_finding)",
    "an interval ended": "update ev_interval set closed = 5 where id = 1",
    "a state": "update ev_state set body = (select body from ev_state where id = 2) where id = 1",
    "a row deleted": "delete from ev_finding where id = 1",
    "a row copied": "insert into ev_state select 10000, digest, salt, body from ev_state where id = 1",
    "an entry": "update ev_leaf set body = replace(body, 'snapshots', 'findings') where idx = 2",
    "an entry of its own kind": "update ev_leaf set body = cast(replace(body, 'Z', 'z') as blob) where idx = 2",
    "the last entry deleted": "delete from ev_leaf where idx = (select max(idx) from ev_leaf)",
    "a checkpoint": "update ev_checkpoint set note = (select min(note) from ev_checkpoint)",
    "the last checkpoint deleted": "delete from ev_checkpoint where size = (select max(size) from ev_checkpoint)",
    "a document": "update ev_document set kind = 'mapping' where kind = 'checks'",
    "a stream": "update ev_stream set account = 'elsewhere' where id = 1",
}


@pytest.fixture
def kept(tmp_path: Path, command: Command) -> Path:
    """A store with two sealed runs."""
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)
    assert command("run").code == 0
    assert command("run").code == 0
    assert command("evidence", "verify").code == 0
    return tmp_path


@pytest.mark.parametrize("statement", TAMPERING.values(), ids=TAMPERING.keys())
def test_a_change_is_found_and_the_entry_named(kept: Path, command: Command, statement: str) -> None:
    with sqlite3.connect(kept / "annexa.db") as store:
        assert store.execute(statement).rowcount > 0
    verified = command("evidence", "verify")
    assert verified.code == 4
    assert "ev_" in verified.out


def test_without_the_file_beside_the_key_a_lost_last_checkpoint_is_told_as_unsealed(kept: Path, command: Command) -> None:
    with sqlite3.connect(kept / "annexa.db") as store:
        store.execute(TAMPERING["the last checkpoint deleted"])
    (kept / "annexa.key.checkpoints").unlink()
    verified = command("evidence", "verify")
    assert verified.code == 0
    assert "leaves are not sealed yet; a run ended among them without a checkpoint" in verified.out
    assert "not anchored" in verified.out


def test_a_store_restored_from_yesterday_is_found_by_the_file_beside_the_key(kept: Path, command: Command) -> None:
    shutil.copy(kept / "annexa.db", kept / "yesterday.db")
    assert command("run").code == 0
    for file in kept.glob("annexa.db*"):
        if not file.name.endswith(".lock"):
            file.unlink()
    shutil.copy(kept / "yesterday.db", kept / "annexa.db")
    assert command("evidence", "verify").code == 4
    ran = command("run")
    assert ran.code == 4
    assert "rolled back" in ran.err


def test_a_pack_verifies_without_the_store_and_a_changed_one_does_not(kept: Path, command: Command) -> None:
    exported = command("evidence", "export", "-o", "pack.zip")
    key = exported.out.rsplit(" ", 1)[-1].strip()
    (kept / "elsewhere").mkdir()
    shutil.move(kept / "pack.zip", kept / "elsewhere" / "pack.zip")
    (kept / "annexa.db").unlink()
    verified = command("evidence", "verify", "elsewhere/pack.zip", "--public-key", key)
    assert verified.code == 0
    assert "performed again and hold" in verified.out
    other = command("evidence", "verify", "elsewhere/pack.zip", "--public-key", "A" * 43 + "=")
    assert other.code == 4


def test_a_pack_of_one_control_withholds_the_rest_and_still_verifies(kept: Path, command: Command) -> None:
    exported = command("evidence", "export", "-o", "pack.zip", "--control", "A.5.19")
    assert "withheld" in exported.out
    key = exported.out.rsplit(" ", 1)[-1].strip()
    assert command("evidence", "verify", "pack.zip", "--public-key", key).code == 0


def test_an_earlier_checkpoint_that_the_auditor_kept_anchors_the_log(kept: Path, command: Command) -> None:
    notes = (kept / "annexa.key.checkpoints").read_text()
    (kept / "kept.note").write_text(notes.split("\n\n— ")[0] + "\n\n— " + notes.split("\n\n— ")[1].split("\n")[0] + "\n")
    anchored = command("evidence", "verify", "--against", "kept.note")
    assert anchored.code == 0
    assert "not anchored" not in anchored.out.split("\n")[1]


KINDS = {
    "a leaf as text": "update ev_leaf set body = cast(body as text) where idx = 1",
    "a leaf's detail as a number": "update ev_leaf set detail = 7 where idx = 2",
    "a checkpoint as bytes": "update ev_checkpoint set note = cast(note as blob)",
    "a source's name in bytes that are no text": "update ev_stream set source = cast(x'ff1b5b324a' as text) where id = 1",
    "a state's body as a number": "update ev_state set body = 5 where id = 1",
    "a state's body with more after it": "update ev_state set body = cast(body || 'junk' as blob) where id = 1",
    "a state's id as the greatest number": "update ev_state set id = 9223372036854775807 where id = 2",
    "an interval's state as text": "update ev_interval set state = 'first' where id = 1",
    "an interval's end as a negative number": "update ev_interval set closed = -9223372036854775808 where id = 1",
    "a verdict as bytes": "update ev_finding set status = cast(status as blob) where id = 1",
    "a version as a number with a fraction": "update ev_finding set version = 1.5 where id = 1",
    "a document as text": "update ev_document set body = 'x' where kind = 'checks'",
    "a document as another": "update ev_document set body = (select body from ev_document where kind = 'config')",
}


@pytest.mark.parametrize("statement", KINDS.values(), ids=KINDS.keys())
def test_a_value_of_another_kind_is_found_and_the_entry_named(kept: Path, command: Command, statement: str) -> None:
    with sqlite3.connect(kept / "annexa.db") as store:
        assert store.execute(statement).rowcount > 0
    verified = command("evidence", "verify")
    assert verified.code == 4
    assert "ev_" in verified.out
    assert "\x1b" not in verified.out


@pytest.mark.parametrize("statement", KINDS.values(), ids=KINDS.keys())
def test_a_value_of_another_kind_is_no_bug_of_ours_to_those_who_read_it(kept: Path, command: Command, statement: str) -> None:
    with sqlite3.connect(kept / "annexa.db") as store:
        store.execute(statement)
    for arguments in (["run"], ["soa"], ["gaps"], ["evidence", "list"]):
        ran = command(*arguments)
        assert ran.code in {0, 1, 2, 3, 4, 6}, f"{arguments}: {ran.err}"
        assert "\x1b" not in ran.err
