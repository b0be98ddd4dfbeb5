"""The gate: what fails it, what a baseline and an exception admit, and that its answer always arrives."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.acceptance.conftest import AWS, RECORDS, Command

ROOT = Path(__file__).parent.parent.parent
CHECK = "rec_soa_complete"
GATE = ("run", "--check", CHECK, "--quiet", "--fail-on", "critical")


@pytest.fixture
def records(tmp_path: Path, command: Command) -> Path:
    """Fresh records, which decide on no control: a critical finding."""
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)
    return tmp_path


def except_it(records: Path, last_day: int, **changed: str | timedelta) -> None:
    """Approve the failure until so many days from today. Values are written as they stand, a span as the day so far from it."""
    today = datetime.now(UTC).date()
    entry: dict[str, str | timedelta] = {
        "id": '"EX-1"',
        "check": f'"{CHECK}"',
        "resources": '["*"]',
        "reason": '"the statement is being written"',
        "owner": '"ann"',
        "approved_by": '"bob"',
        "starts": f"{today - timedelta(days=30)}",
        "expires": f"{today + timedelta(days=last_day)}",
        "risk": '"R-1"',
        **changed,
    }
    lines = [f"{key} = {today + value if isinstance(value, timedelta) else value}" for key, value in entry.items()]
    (records / "isms" / "exceptions.toml").write_text("\n".join(["[[exception]]", *lines, ""]))


def break_suppliers(records: Path) -> None:
    """Make one file of the records one that cannot be read."""
    (records / "isms" / "suppliers.toml").write_text("= no TOML")


def test_a_finding_as_bad_as_named_fails_the_gate(records: Path, command: Command) -> None:
    assert command(*GATE).code == 1


def test_a_baseline_admits_what_is_known(records: Path, command: Command) -> None:
    command("run", "--check", CHECK, "--quiet", "--format", "json", "--output", "known.json")
    assert command(*GATE, "--baseline", "known.json").code == 0


def test_an_exception_admits_a_failure_until_its_last_day(records: Path, command: Command) -> None:
    day = code = None
    while day != datetime.now(UTC).date():  # again where a midnight came between
        day = datetime.now(UTC).date()
        except_it(records, last_day=0)
        code = command(*GATE).code
    assert code == 0
    except_it(records, last_day=-1)
    assert command(*GATE).code == 1


def test_an_expired_exception_fails_again_whatever_the_baseline(records: Path, command: Command) -> None:
    except_it(records, last_day=1)
    command("run", "--check", CHECK, "--quiet", "--format", "json", "--output", "known.json")
    assert json.loads((records / "known.json").read_text())["findings"][0]["exception"]["id"] == "EX-1"
    except_it(records, last_day=-1)
    assert command(*GATE, "--baseline", "known.json").code == 1


def test_a_baseline_does_not_keep_alive_what_an_exception_let_expire(records: Path, command: Command) -> None:
    command("run", "--check", CHECK, "--quiet", "--format", "json", "--output", "known.json")
    except_it(records, last_day=1)
    assert command(*GATE, "--baseline", "known.json").code == 0
    except_it(records, last_day=-1)
    ran = command("run", "--check", CHECK, "--fail-on", "critical", "--baseline", "known.json")
    assert ran.code == 1
    assert "EX-1 has run out" in " ".join(ran.out.split())


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"starts": timedelta(days=2)}, "it starts on"),
        ({"approved_by": '"Ann"'}, "its owner approved it; another person has to"),
        ({"approved_by": '""'}, "names no approver"),
        ({"resources": "[]"}, "names no resources"),
        ({"closed_on": timedelta(days=-1)}, "it was given up on"),
    ],
    ids=["starts later", "approved by its owner", "approved by nobody", "of no resource", "given up"],
)
def test_an_exception_that_does_not_count_opens_no_gate_and_says_why(
    records: Path, command: Command, changed: dict[str, str | timedelta], why: str
) -> None:
    except_it(records, last_day=10, **changed)
    ran = command("run", "--check", CHECK, "--fail-on", "critical")
    assert ran.code == 1
    assert why in " ".join(ran.out.split())


@pytest.mark.parametrize(("pattern", "code"), [('["isms*"]', 0), ('["other*"]', 1)])
def test_an_exception_covers_what_its_pattern_names(records: Path, command: Command, pattern: str, code: int) -> None:
    uid = command("run", "--check", CHECK, "--quiet", "--format", "json").findings(CHECK)[0]["resource"]["id"]
    except_it(records, last_day=1, resources=pattern.replace("isms", uid[:-4]))
    assert command(*GATE).code == code


def test_what_could_not_be_read_is_3_and_a_failed_gate_comes_before_it(records: Path, command: Command) -> None:
    break_suppliers(records)
    assert command("run", "--quiet").code == 3
    assert command("run", "--quiet", "--fail-on", "critical").code == 1
    except_it(records, last_day=1)
    assert command("run", "--quiet", "--fail-on", "critical").code == 3


BROKEN = """
import dataclasses, sys
import scanner
from checks import check

known = check.checks()["rec_soa_complete"]
check._registry[known.id] = dataclasses.replace(known, question=lambda resource, **_: {}["a bug"])
sys.exit(scanner.main(sys.argv[1:]))
"""


def test_a_check_that_failed_for_a_bug_of_ours_passes_no_gate(records: Path) -> None:
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    words = [sys.executable, "-c", BROKEN, *GATE]
    ran = subprocess.run(words, cwd=records, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (3, "")
    assert f"{CHECK}: 1 error of ours: please report" in ran.stderr


def test_a_target_that_is_only_looked_up_and_cannot_be_reached_is_named(
    records: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    (records / "annexa.toml").write_text(RECORDS + AWS)
    ran = command("run", "--quiet", "--target", "isms")
    assert ran.code == 3
    assert "had no valid credentials" in ran.err
    assert "in prod: " in ran.err


def test_facets_that_were_not_read_are_named_even_where_no_check_asks_for_them(records: Path, command: Command) -> None:
    (records / "isms" / ".git").write_text("gitdir: /nonexistent\n")
    ran = command("run", "--quiet", "--check", CHECK)
    assert ran.code == 3
    assert "git ls-files was unsupported (fatal: not a git repository" in ran.err
    report = command("run", "--check", CHECK, "--format", "json").json
    assert all(row["reason"] for row in report["coverage"] if row["unread"])


def test_an_exception_for_the_blind_spot_lets_the_run_count_as_done_and_leaves_the_answers_unknown(
    records: Path, command: Command
) -> None:
    break_suppliers(records)
    blind = {"check": '""', "resources": "[]", "scope": '"records:*"', "action": '"read isms/suppliers.toml"'}
    except_it(records, last_day=1, **blind)
    ran = command("run", "--quiet", "--format", "json")
    assert ran.code == 0
    assert "unknown" in ran.statuses()
    except_it(records, last_day=-1, **blind)
    assert command("run", "--quiet").code == 3


# -- reports -----------------------------------------------------------------------------------------------------------


def test_one_run_writes_every_report_that_was_asked_for(records: Path, command: Command) -> None:
    files = {"json": "a.json", "sarif": "a.sarif", "junit": "a.xml", "csv": "a.csv", "markdown": "a.md", "text": "a.txt"}
    asked = [word for format_, file in files.items() for word in ("--report", f"{format_}={file}")]
    ran = command(*GATE, *asked)
    assert ran.code == 1
    assert ran.out == ""
    runs = {
        json.loads((records / "a.json").read_text())["run"]["id"],
        json.loads((records / "a.sarif").read_text())["runs"][0]["invocations"][0]["properties"]["runId"],
    }
    assert len(runs) == 1
    assert (records / "a.md").read_text().startswith("## Annexa: gate failed")
    assert ElementTree.parse(records / "a.xml").getroot().get("failures") == "1"
    assert (records / "a.csv").read_bytes().startswith(b"check,title")
    assert json.loads((records / "a.sarif").read_text())["runs"][0]["invocations"][0]["exitCode"] == 1
    assert runs.pop() in (records / "a.txt").read_text()


def test_a_further_report_leaves_the_one_on_standard_output_as_it_is(records: Path, command: Command) -> None:
    ran = command("run", "--check", CHECK, "--report", "sarif=a.sarif")
    assert "OUTCOME" in ran.out
    ran = command("run", "--check", CHECK, "--report", "sarif=a.sarif", "--format", "json")
    assert ran.json["schema"] == "annexa.run/1"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--report", "a.sarif"], "write FORMAT=FILE"),
        (["--report", "pdf=a.pdf"], "write FORMAT=FILE with one of text, json"),
        (["--report", "sarif="], "write FORMAT=FILE"),
        (["--report", "sarif=none/a.sarif"], "the directory none does not exist"),
        (["--report", "sarif=isms"], "is a directory"),
        (["--report", "json=a", "--report", "csv=./a"], "give each a file of its own"),
        (["--report", "json=a", "--output", "a"], "give each a file of its own"),
        (["--baseline", "isms/soa.toml"], "not a JSON report"),
    ],
)
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_scanned(
    records: Path, command: Command, words: list[str], complaint: str
) -> None:
    ran = command("run", *words)
    assert (ran.code, ran.out) == (2, "")
    assert complaint in ran.err
    assert not (records / "annexa.db").exists()


def test_a_disk_that_fills_while_a_report_is_written_does_not_take_the_others(records: Path, command: Command) -> None:
    ran = command("run", "--check", CHECK, "--quiet", "--report", "json=/dev/full", "--report", "csv=a.csv")
    assert ran.code == 2
    assert "the run is sealed, and a report of it could not be written: /dev/full: No space left" in ran.err
    assert CHECK in (records / "a.csv").read_text()
    assert command("evidence", "verify").code == 0


# -- quiet, for cron ---------------------------------------------------------------------------------------------------


def test_quiet_says_nothing_at_all_when_all_is_well(records: Path, command: Command) -> None:
    ran = command("run", "--check", CHECK, "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    ran = command("run", "--check", CHECK, "--quiet", "--report", "sarif=a.sarif", "--report", "json=a.json")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


@pytest.mark.parametrize(("words", "heard"), [((), False), (("--debug",), True)])
def test_what_an_sdk_tells_developers_is_for_those_who_debug(words: tuple[str, ...], heard: bool) -> None:
    code = "import sys, scanner, warnings; scanner.main(['checks', *sys.argv[1:]]); warnings.warn('deprecated soon')"
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    ran = subprocess.run([sys.executable, "-c", code, *words], env=environment, capture_output=True, text=True, check=True)
    assert ("deprecated soon" in ran.stderr) is heard


def test_quiet_says_in_a_few_lines_what_is_wrong(records: Path, command: Command) -> None:
    ran = command(*GATE)
    assert (ran.code, ran.out) == (1, "")
    assert "Gate (critical) failed by 1 finding: 1 critical." in ran.err
    assert f"critical {CHECK}: " in ran.err
    break_suppliers(records)
    ran = command("run", "--quiet")
    assert (ran.code, ran.out) == (3, "")
    assert "Incomplete: 1 reason" in ran.err
    assert "mend the file where it says" in ran.err
    assert len(ran.err.splitlines()) <= 8


def test_quiet_prints_the_report_whose_format_is_named_and_no_more(records: Path, command: Command) -> None:
    ran = command(*GATE, "--format", "json")
    assert (ran.code, ran.err) == (1, "")
    assert ran.json["gate"]["passed"] is False


def test_a_reader_that_went_away_does_not_open_the_gate(records: Path) -> None:
    gate = [sys.executable, str(ROOT / "scanner.py"), *GATE, "--format", "json"]
    run = subprocess.Popen(gate, cwd=records, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.stdout is not None
    run.stdout.close()
    _, err = run.communicate(timeout=120)
    assert (run.returncode, err) == (1, b"")


def test_a_reader_of_the_few_lines_that_went_away_does_not_open_the_gate(records: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, str(ROOT / "scanner.py"), *GATE], cwd=records, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert run.stderr is not None
    run.stderr.close()
    assert (run.wait(timeout=120), run.stdout.read() if run.stdout else b"") == (1, b"")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_an_output_of_any_encoding_gets_the_whole_report(records: Path, encoding: str) -> None:
    (records / "annexa.toml").write_text('[[target]]\nname = "isms \\u65e5\\U0001f600"\nkind = "records"\npath = "isms"\n')

    def ran(*words: str) -> bytes:
        command = [sys.executable, str(ROOT / "scanner.py"), *words]
        env = {**os.environ, "PYTHONIOENCODING": encoding}
        return subprocess.run(command, cwd=records, env=env, capture_output=True, check=True).stdout

    assert b"EVIDENCE" in ran("run", "--check", "rec_soa_complete")
    shown = ran("evidence", "show", "2").decode(encoding)
    assert json.loads(shown)["detail"]["records"]
    listed = json.loads(ran("run", "--check", "rec_soa_complete", "--format", "json").decode(encoding))
    assert listed["coverage"][0]["target"] == "isms \u65e5\U0001f600"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("run --check rec_soa_complete --fail-on critical >&-", 1, ""),
        ("run --check rec_soa_complete --fail-on critical --quiet 2>&-", 1, ""),
        ("run --check rec_soa_complete >&- 2>&- <&-", 0, ""),
        ("run --check rec_soa_complete >/dev/full", 2, "scanner: standard output cannot be written: No space left on device"),
        ("run --check rec_soa_complete --fail-on critical >/dev/full", 1, "scanner: standard output cannot be written: "),
        ("checks >/dev/full", 2, "scanner: standard output cannot be written: No space left on device"),
        ("checks --help >/dev/full", 2, "scanner: standard output cannot be written: No space left on device"),
        ("checks | true; exit ${PIPESTATUS[0]}", 0, ""),
    ],
)
def test_an_output_that_is_closed_or_full_does_not_change_the_answer_unsaid(
    records: Path, words: str, code: int, said: str
) -> None:
    script = f'"{sys.executable}" "{ROOT / "scanner.py"}" {words}'
    ran = subprocess.run(["bash", "-c", script], cwd=records, capture_output=True, text=True, check=False)
    assert ran.returncode == code, ran.stderr
    assert "Traceback" not in ran.stderr
    assert said in ran.stderr
    assert bool(said) or not ran.stderr
    assert (records / "annexa.db").exists() or "checks" in words
