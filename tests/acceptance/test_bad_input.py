"""Each bad input gets one clear sentence, the designed exit code, and nothing is scanned."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from evidence_store.database import open_store
from tests.acceptance.conftest import RECORDS, Command

ROOT = Path(__file__).parent.parent.parent


def one_sentence(err: str) -> str:
    """The error, which is one line and names no traceback."""
    lines = [line for line in err.splitlines() if line]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    return lines[0]


@pytest.fixture
def records(tmp_path: Path, command: Command) -> Path:
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("run", "--config", "none.toml"), "none.toml: no such configuration file"),
        (("run", "--control", "A.8.99"), "A.8.99"),
        (("run", "--control", "A.88"), "A.88"),
        (("run", "--check", "rec_soa_complet"), "did you mean 'rec_soa_complete'?"),
        (("run", "--target", "ismss"), "did you mean 'isms'?"),
        (("run", "--check", "aws_rds_encrypted"), "need a target of kind aws"),
        (("run", "--output", "missing/report.json"), "the directory missing does not exist"),
        (("run", "--baseline", "none.json"), "--baseline none.json: cannot be read"),
        (("run", "--baseline", "annexa.toml"), "not a JSON report"),
        (("soa",), "scanner run"),
        (("soa", "--at", "yesterday"), "--at yesterday: not a time"),
        (("soa", "--format", "xlsx"), "--output"),
        (("gaps",), "scanner run"),
        (("permissions", "awss"), "no such provider"),
        (("permissions", "aws", "--check", "rec_soa_complete"), "nothing that was chosen is asked there"),
        (("controls", "--control", "A.9.1"), "A.9.1"),
        (("evidence", "verify", "annexa.toml", "--public-key", "A" * 43 + "="), "annexa.toml"),
        (("evidence", "verify", "none.zip", "--public-key", "A" * 43 + "="), "none.zip"),
        (("evidence", "verify", "--public-key", "short"), "public key"),
        (("evidence", "verify", "--public-key", "A" * 43 + "=", "--against", "none"), "--against none: cannot be read"),
        (("init",), "overwrites nothing"),
        (("init", "isms/isms.toml"), "isms/isms.toml: is a file; name a directory"),
        (("run", "--config", ""), "no such configuration file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_bad_input_is_named(records: Path, command: Command, arguments: tuple[str, ...], expected: str) -> None:
    ran = command(*arguments)
    assert ran.code == 2
    assert expected in one_sentence(ran.err)
    assert not ran.out


@pytest.mark.parametrize(
    ("file", "what"),
    [
        ("annexa.db", "the store"),
        ("annexa.db.lock", "the store"),
        ("annexa.db-wal", "the store"),
        ("annexa.toml", "the configuration"),
        ("annexa.key", "the signing key"),
        ("annexa.key.redaction", "the redaction key"),
        ("annexa.key.checkpoints", "the file of the checkpoints"),
        ("isms/../annexa.db", "the store"),
        ("link", "the store"),
    ],
)
def test_no_report_takes_the_place_of_what_the_evidence_depends_on(
    records: Path, command: Command, file: str, what: str
) -> None:
    command("run")
    (records / "link").symlink_to("annexa.db")
    before = {kept.name: kept.read_bytes() for kept in records.glob("annexa*")}
    for arguments in (
        ("run", "--output", file),
        ("run", "--report", f"json={file}"),
        ("soa", "--output", file),
        ("evidence", "export", "-o", file),
    ):
        ran = command(*arguments)
        assert ran.code == 2
        assert f"{file}: is {what}" in one_sentence(ran.err)
        assert not ran.out
    assert {kept.name: kept.read_bytes() for kept in records.glob("annexa*")} == before


@pytest.mark.parametrize("format_", ["text", "json", "xlsx"])
def test_a_statement_that_cannot_be_written_is_named(records: Path, command: Command, format_: str) -> None:
    command("run")
    ran = command("soa", "--format", format_, "--output", "/dev/full")
    assert ran.code == 2
    assert one_sentence(ran.err) == "scanner: --output /dev/full: cannot be written: No space left on device"


def test_what_a_run_ends_with_is_what_a_verification_is_held_against(records: Path, command: Command) -> None:
    (records / "report.txt").write_text(command("run").out)
    command("run")
    for kept in ("report.txt", "annexa.key.checkpoints"):
        assert "integrity     holds" in command("evidence", "verify", "--against", kept).out
    ran = command("evidence", "verify", "--against", "annexa.toml")
    assert ran.code == 2
    assert "--against annexa.toml: holds no checkpoint" in one_sentence(ran.err)


def test_a_pack_takes_the_place_of_nothing_but_a_file(records: Path, command: Command) -> None:
    command("run")
    os.mkfifo(records / "pipe")
    ran = command("evidence", "export", "-o", "pipe")
    assert ran.code == 2
    assert "pipe: is no ordinary file" in one_sentence(ran.err)
    assert (records / "pipe").is_fifo()


@pytest.mark.parametrize("seconds", ["-1", "nan", "soon"])
def test_a_wait_is_a_number_of_seconds(records: Path, command: Command, seconds: str) -> None:
    ran = command("run", f"--wait={seconds}")
    assert ran.code == 2
    assert f"--wait: '{seconds}': expected seconds, 0 or more" in ran.err
    assert not (records / "annexa.db").exists()


def test_a_list_up_to_a_time_counts_what_it_lists(records: Path, command: Command) -> None:
    command("run")
    assert command("evidence", "list", "--at", "2020-01-01").out.startswith("0 of 5 entries, 5 sealed;")
    assert "\n5 entries, 5 sealed;" in command("evidence", "list").out


def test_a_wrong_format_or_command_is_the_parsers_own_error(command: Command) -> None:
    for arguments in (("run", "--format", "yaml"), ("scan",), ("run", "--fail-on", "bad")):
        ran = command(*arguments)
        assert ran.code == 2
        assert "invalid choice" in ran.err


def test_the_nearest_control_is_named(records: Path, command: Command) -> None:
    assert "did you mean" in command("run", "--control", "A.8.244").err


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a = [", "is not valid TOML"),
        ('[[target]]\nname = "x"\nkind = "awss"\n', "did you mean 'aws'?"),
        ('[[target]]\nname = "x"\nkind = "aws"\nregion = ["eu-west-1"]\n', "did you mean 'regions'?"),
        ('[[target]]\nname = "x"\nkind = "aws"\nregions = "everywhere"\n', "regions"),
        (RECORDS + "[checks.rec_soa_complete]\nlimit = 3\n", "limit"),
    ],
)
def test_a_bad_configuration_names_file_and_key(tmp_path: Path, command: Command, content: str, expected: str) -> None:
    (tmp_path / "annexa.toml").write_text(content)
    ran = command("run")
    assert ran.code == 2
    assert "annexa.toml" in one_sentence(ran.err)
    assert expected in ran.err
    assert not (tmp_path / "annexa.db").exists()


def test_a_store_that_cannot_be_written_is_named(records: Path, command: Command) -> None:
    (records / "annexa.toml").write_text('[store]\nurl = "sqlite:////proc/annexa.db"\n' + RECORDS)
    ran = command("run")
    assert ran.code == 2
    assert "/proc/annexa.db" in one_sentence(ran.err)


def test_a_file_that_is_no_store_is_named(records: Path, command: Command) -> None:
    (records / "annexa.db").write_text("this is not a database, and long enough to look like one" * 50)
    ran = command("run")
    assert ran.code == 2
    assert "annexa.db" in one_sentence(ran.err)


def test_a_wrong_key_is_named(records: Path, command: Command) -> None:
    command("run")
    (records / "annexa.key").write_text("no key")
    assert "annexa.key" in one_sentence(command("run").err)
    (records / "annexa.key").unlink()
    ran = command("run")
    assert ran.code in {2, 4}
    assert "key" in one_sentence(ran.err)


def test_a_key_that_others_may_read_is_refused(records: Path, command: Command) -> None:
    command("run")
    (records / "annexa.key").chmod(0o644)
    assert "chmod 600" in one_sentence(command("run").err)


def test_a_truncated_pack_is_named(records: Path, command: Command) -> None:
    command("run")
    command("evidence", "export", "-o", "pack.zip")
    whole = (records / "pack.zip").read_bytes()
    (records / "cut.zip").write_bytes(whole[: len(whole) // 2])
    ran = command("evidence", "verify", "cut.zip")
    assert ran.code == 2
    assert "cut.zip" in one_sentence(ran.err)


def test_a_malformed_record_is_named_with_file_line_and_field(records: Path, command: Command) -> None:
    file = next((records / "isms").rglob("risk*.toml"))
    file.write_text('[[risk]]\nid = "R-1"\nlikelihood = "often"\ncolour = "red"\n')
    ran = command("run", "--check", "rec_risk_assessment_current")
    assert ran.code == 3
    assert f"{file.name}:" in ran.out
    told = command("doctor").out
    assert f"{file.name}:" in told
    assert "colour" in told


def test_an_extra_that_is_not_installed_is_named_with_its_install_command(records: Path) -> None:
    (records / "annexa.toml").write_text('[[target]]\nname = "x"\nkind = "aws"\nregions = ["eu-west-1"]\n')
    block = "import sys; sys.modules['boto3'] = None; import scanner; sys.exit(scanner.main(['run']))"
    ran = subprocess.run(
        [sys.executable, "-c", block],
        cwd=records,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "pip install 'annexa[aws]'" in one_sentence(ran.stderr)


@pytest.mark.parametrize("number", ["7000", "9" * 26], ids=["beyond the log", "beyond the database"])
def test_an_entry_that_the_log_does_not_have_is_named(records: Path, command: Command, number: str) -> None:
    command("run", "--check", "rec_soa_complete", "--quiet")
    ran = command("evidence", "show", number)
    assert ran.code == 2
    assert "the log has entries 0 to" in one_sentence(ran.err)


@pytest.mark.parametrize("reader", ["soa", "gaps", "evidence show"])
def test_a_time_before_the_first_run_is_named(records: Path, command: Command, reader: str) -> None:
    command("run", "--check", "rec_soa_complete", "--quiet")
    what = ("evidence", "show", "anything") if reader == "evidence show" else (reader,)
    ran = command(*what, "--at", "2020-01-01")
    assert ran.code == 2
    assert "no run was sealed by" in one_sentence(ran.err)


def test_a_store_without_a_run_is_named(records: Path, command: Command) -> None:
    command("run", "--check", "rec_soa_complete", "--quiet")
    (records / "annexa.toml").write_text(RECORDS + '[store]\nurl = "sqlite:///other.db"\n')
    open_store(f"sqlite:///{records / 'other.db'}").close()
    for what in (("soa",), ("gaps",), ("history", "--control", "A.8.8")):
        ran = command(*what)
        assert ran.code == 2, what
        assert "no sealed run yet" in one_sentence(ran.err)


def test_an_export_without_a_store_makes_no_key(records: Path, command: Command) -> None:
    assert command("evidence", "export", "-o", "a.pack").code == 2
    assert not list(records.glob("annexa.key*"))
