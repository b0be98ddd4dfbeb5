"""A pack is verified by itself, says what it withholds, and cannot be changed unnoticed."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from evidence_store import export, keys, pack, side_file, verification
from evidence_store.records import Status, Verdict
from evidence_store.verification import Outcome
from evidence_store.verification.__main__ import main

from .conftest import IRELAND, OHIO, Bench, fill, finding

TABLES = ("leaves", "checkpoints", "streams", "states", "intervals", "findings", "documents")


def packed(bench: Bench, path: Path, **options: Any) -> pack.Pack:
    with bench.store.evidence() as evidence:
        export.export(evidence, path, bench.keys.public, **options)
    return pack.Pack(path)


@pytest.fixture
def full(lite: Bench, tmp_path: Path) -> Bench:
    fill(lite)
    packed(lite, tmp_path / "full.zip")
    return lite


def lines(path: Path) -> dict[str, list[str]]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(f"{name}.jsonl").decode().splitlines() for name in TABLES}


def rewritten(path: Path, target: Path, table: str, content: list[str]) -> Path:
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(target, "w") as changed:
        for name in archive.namelist():
            data = archive.read(name)
            changed.writestr(name, "".join(line + "\n" for line in content) if name == f"{table}.jsonl" else data)
    return target


def test_a_pack_gives_the_same_verdicts_as_its_store(eventful: Bench, tmp_path: Path) -> None:
    there = eventful.verify(witness=())
    here = verification.verify(packed(eventful, tmp_path / "a.zip"), eventful.keys.public)
    assert here == there
    assert not here.contradicted


def test_the_same_evidence_gives_the_same_file(full: Bench, tmp_path: Path) -> None:
    packed(full, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "full.zip").read_bytes()


@pytest.mark.parametrize("table", TABLES)
def test_every_line_that_is_lost_or_doubled_is_found(full: Bench, tmp_path: Path, table: str) -> None:
    whole = lines(tmp_path / "full.zip")[table]
    assert whole
    for number, line in enumerate(whole):
        for content in ([*whole[:number], *whole[number + 1 :]], [*whole[: number + 1], line, *whole[number + 1 :]]):
            if table == "checkpoints" and number == len(whole) - 1 and len(content) < len(whole):
                continue  # the last one lost: an earlier pack; the auditor's own checkpoint tells
            found = pack.Pack(rewritten(tmp_path / "full.zip", tmp_path / "changed.zip", table, content))
            if table == "checkpoints" and len(content) > len(whole):
                continue  # a checkpoint said twice says nothing new
            assert verification.verify(found, full.keys.public).contradicted, (table, number)


def test_a_log_that_was_shortened_is_found_by_the_auditor_s_own_checkpoint(full: Bench, tmp_path: Path) -> None:
    last = list(side_file.notes(full.keys.checkpoints))[-1]
    whole = lines(tmp_path / "full.zip")
    found = pack.Pack(rewritten(tmp_path / "full.zip", tmp_path / "changed.zip", "leaves", whole["leaves"][:1]))
    report = verification.verify(found, full.keys.public, against=last)
    assert "rolled back" in " ".join(str(p) for p in report.integrity.problems)
    anchored = verification.verify(pack.Pack(tmp_path / "full.zip"), full.keys.public, against=last)
    assert anchored.integrity.outcome is Outcome.HOLDS


def test_an_older_checkpoint_of_the_auditor_anchors_too_and_one_of_another_log_contradicts(full: Bench, tmp_path: Path) -> None:
    found, notes = pack.Pack(tmp_path / "full.zip"), list(side_file.notes(full.keys.checkpoints))
    assert verification.verify(found, full.keys.public, against=notes[0]).integrity.outcome is Outcome.HOLDS
    (tmp_path / "other").mkdir()
    other = Bench(f"sqlite:///{tmp_path}/other/annexa.db", keys.load_or_create(tmp_path / "other/annexa.key"))
    other.run("r1", {"a": {}})
    foreign = next(side_file.notes(other.keys.checkpoints))
    assert verification.verify(found, full.keys.public, against=foreign).contradicted


def test_a_pack_of_an_unknown_key_is_refused(full: Bench, tmp_path: Path) -> None:
    other = keys.load_or_create(tmp_path / "other.key")
    report = verification.verify(pack.Pack(tmp_path / "full.zip"), other.public)
    assert report.integrity.outcome is Outcome.REFUSED
    assert report.contradicted


def two_checks(bench: Bench) -> None:
    """Two checks, two types in one source, and sources of which only some matter to the first check."""
    bench.run("r0", {"a": {"Public": True}}, {"a": Status.FAIL})
    for run in ("r1", "r2"):
        with bench.writer() as writer:
            writer.begin(run, {"config": {}})
            collected = bench.collect({"a": {"Public": run == "r1"}, "b": {"Public": True}})
            topics = bench.collect({"t": {"Private": run}}, source="sns.ListTopics", type_="aws.sns.topic", scope=OHIO)
            writer.snapshots("prod", [collected, topics, mixed(bench, run)])
            bench.judge(writer, {"a": Status.FAIL, "b": Status.FAIL})
            bench.judge(writer, {"t": Status.PASS}, check="aws_sns_encrypted", scope=OHIO)
            writer.end(coverage=[{"target": "prod"}], assessments=[])
            writer.seal()


def mixed(bench: Bench, run: str) -> Any:
    from datetime import timedelta

    from evidence_store import sealing
    from evidence_store.records import Observation, Presence, Snapshot

    sealer = sealing.Sealer(bench.redactor, bench.store.knowing().of(IRELAND, "graph"))
    sealer.add(Observation("aws.s3.bucket", "m", {"Public": False}, "graph"))
    sealer.add(Observation("aws.iam.user", "person", {"Mail": f"{run}@example.com"}, "graph"))
    now = bench.clock.now
    types = ("aws.iam.user", "aws.s3.bucket")
    return sealer.collected(
        Snapshot(IRELAND, "graph", types, Presence.COMPLETE, None, (), 2, "me", 1, now, now + timedelta(seconds=1))
    )


def limited(bench: Bench, path: Path) -> pack.Pack:
    return packed(bench, path, checks=["aws_s3_private"], types=["aws.s3.bucket"], documents=[])


def test_a_pack_of_some_checks_withholds_the_rest_and_its_roots_still_hold(lite: Bench, tmp_path: Path) -> None:
    two_checks(lite)
    part = limited(lite, tmp_path / "part.zip")
    report = verification.verify(part, lite.keys.public)
    assert not report.contradicted, report.first
    assert report.completeness.outcome is Outcome.INCOMPLETE
    assert part.selection is not None
    assert part.selection.withheld == {"details": 3, "documents": 2, "findings": 1, "intervals": 4, "records": 4, "states": 4}
    with zipfile.ZipFile(tmp_path / "part.zip") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    for word in (b"person", b"example.com", b"aws_sns_encrypted", b"sns.ListTopics"):
        assert word not in content


@pytest.mark.parametrize("table", ["leaves", "streams", "states", "intervals", "findings"])
def test_a_limited_pack_cannot_be_changed_either(lite: Bench, tmp_path: Path, table: str) -> None:
    two_checks(lite)
    limited(lite, tmp_path / "part.zip")
    whole = lines(tmp_path / "part.zip")[table]
    for number in range(len(whole)):
        content = [*whole[:number], *whole[number + 1 :]]
        found = pack.Pack(rewritten(tmp_path / "part.zip", tmp_path / "changed.zip", table, content))
        assert verification.verify(found, lite.keys.public).contradicted, (table, number)


@pytest.mark.parametrize("cut", [0, 10, 200, 1500, -1, -40])
def test_a_pack_that_was_cut_short_is_one_clear_error(full: Bench, tmp_path: Path, cut: int) -> None:
    content = (tmp_path / "full.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(content[:cut])
    with pytest.raises(pack.PackError, match=r"cut\.zip"):
        verification.verify(pack.Pack(tmp_path / "cut.zip"), full.keys.public)


def test_every_flipped_byte_is_an_error_or_a_contradiction_or_changes_nothing(full: Bench, tmp_path: Path) -> None:
    content = (tmp_path / "full.zip").read_bytes()
    honest = verification.verify(pack.Pack(tmp_path / "full.zip"), full.keys.public)
    for at in range(0, len(content), max(1, len(content) // 150)):
        (tmp_path / "flipped.zip").write_bytes(content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :])
        try:
            report = verification.verify(pack.Pack(tmp_path / "flipped.zip"), full.keys.public)
        except pack.PackError:
            continue
        assert report.contradicted or report == honest, at


def test_what_is_no_pack_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(pack.PackError, match="cannot be read"):
        pack.Pack(tmp_path / "none.zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("annexa.json", json.dumps({"schema": "annexa.pack/9", "selection": None, "key": ""}))
    with pytest.raises(pack.PackError, match=r"annexa\.pack/9"):
        pack.Pack(tmp_path / "other.zip")


def test_a_pack_that_cannot_be_written_leaves_nothing(lite: Bench, tmp_path: Path) -> None:
    lite.run("r1", {"a": {}})
    with pytest.raises(pack.PackError, match="cannot be written"):
        packed(lite, tmp_path / "none" / "a.zip")


def perform(row: Any, facets: Any, moment: Any, at: Any) -> Verdict | None:
    """The check as it was written: a bucket that is public fails."""
    if row.check != "aws_s3_private":
        return None
    if facets is None:
        return Verdict(Status.UNKNOWN, f"{row.uid} is not there")
    shut = not facets["config"]["Public"]
    return Verdict(Status.PASS, "") if shut else Verdict(Status.FAIL, finding(row.uid, Status.FAIL).reason)


@pytest.mark.parametrize("source", ["store", "pack"])
def test_verdicts_are_performed_again_on_the_stored_facts(lite: Bench, tmp_path: Path, source: str) -> None:
    for number, public in enumerate((True, False, True)):
        lite.run(f"r{number}", {"a": {"Public": public}}, {"a": Status.FAIL if public else Status.PASS})
    found = packed(lite, tmp_path / "a.zip")
    with lite.store.evidence() as evidence:
        report = (
            verification.verify(evidence, lite.keys.public, perform=perform, look=lite.store)
            if source == "store"
            else verification.verify(found, lite.keys.public, perform=perform, look=found)
        )
    assert report.conclusion.outcome is Outcome.HOLDS
    assert report.conclusion.sentence == "3 verdicts were performed again and hold"


def test_a_verdict_that_the_facts_do_not_give_is_named(lite: Bench, tmp_path: Path) -> None:
    lite.run("r0", {"a": {"Public": False}}, {"a": Status.FAIL})
    found = packed(lite, tmp_path / "a.zip")
    report = verification.verify(found, lite.keys.public, perform=perform, look=found)
    assert report.contradicted
    assert report.first is not None
    assert report.first.entry == "ev_finding 1"
    assert "says now pass" in report.first.sentence


def test_what_is_looked_up_when_performing_is_as_it_stood_then(lite: Bench, tmp_path: Path) -> None:
    seen: list[Any] = []

    def look_around(row: Any, facets: Any, moment: Any, at: Any) -> None:
        seen.append((moment.leaf, [uid for _, uid, _ in moment.find(IRELAND.account, "aws.s3.bucket", {"Public": True})]))
        seen.append([(looked.source, looked.presence.value) for looked in moment.looks()])
        assert moment.resources("aws.s3.bucket", {"nowhere"}) == {}
        seen.append(at)

    lite.run("r0", {"a": {"Public": True}, "b": {"Public": False}}, {"a": Status.FAIL})
    lite.run("r1", {"a": {"Public": False}, "b": {"Public": True}}, {"a": Status.PASS})
    found = packed(lite, tmp_path / "a.zip")
    report = verification.verify(found, lite.keys.public, perform=look_around, look=found)
    assert report.conclusion.outcome is Outcome.NOT_PERFORMED
    listings = [("s3.ListBuckets", "complete")]
    times = [lite.store.time_of(leaf.idx) for leaf in lite.store.leaves("snapshots")]
    assert seen == [(3, ["a"]), listings, times[0], (7, ["b"]), listings, times[1]]


def test_the_command_needs_no_database_and_no_sdk(full: Bench, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in \\\n"
        "                ('sqlalchemy', 'alembic', 'psycopg', 'boto3', 'botocore', 'google', 'azure', 'kubernetes'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "from evidence_store.verification.__main__ import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "full.zip"), "--key", full.keys.public_text, "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdicts"]["integrity"]["outcome"] == "not_anchored"


def test_the_command_tells_by_its_exit_code(full: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "full.zip")
    (tmp_path / "key.pub").write_text(full.keys.public_text + "\n")
    (tmp_path / "last").write_text(list(side_file.notes(full.keys.checkpoints))[-1])
    assert main([file, "--key", str(tmp_path / "key.pub"), "--against", str(tmp_path / "last")]) == 0
    assert "integrity     holds" in capsys.readouterr().out
    assert main([file, "--key", keys.load_or_create(tmp_path / "other.key").public_text]) == 4
    assert "refused" in capsys.readouterr().out
    assert main([file, "--key", "nonsense"]) == 2
    assert main([str(tmp_path / "none.zip"), "--key", full.keys.public_text]) == 2
    assert main([file, "--key", full.keys.public_text, "--against", str(tmp_path / "none")]) == 2
    assert main([file, "--key", full.keys.public_text, "--against", file]) == 2
    assert "is no text" in capsys.readouterr().err
