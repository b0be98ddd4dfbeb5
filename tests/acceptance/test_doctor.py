"""`scanner doctor`: every credential tried, every missing permission named, nothing kept."""

import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evidence_store import keys
from tests.acceptance.conftest import AWS, RECORDS, Command

if TYPE_CHECKING:
    from tests.collectors.aws.overlay import Cloud

HOST = '[[target]]\nname = "here"\nkind = "host"\n'


def test_the_permission_that_is_missing_is_named_and_the_rest_is_counted(
    aws: "Cloud", command: Command, tmp_path: Path
) -> None:
    (tmp_path / "annexa.toml").write_text(AWS)
    aws.deny("rds:DescribeDBInstances", "iam:GetAccountAuthorizationDetails")
    ran = command("doctor")
    refused = [line for line in ran.out.splitlines() if line.startswith("FAIL") and "was denied" in line]
    assert ran.code == 3
    assert len(refused) == 2
    assert any("rds:DescribeDBInstances" in line for line in refused)
    assert any("iam:GetAccountAuthorizationDetails" in line for line in refused)
    assert "reads answer" in ran.out


def test_a_store_that_is_gone_is_told_before_a_run_refuses_it(command: Command, tmp_path: Path) -> None:
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)
    assert "ok    store: not there yet" in command("doctor").out
    command("run")
    assert "ok    store: 5 entries, sealed up to 5" in command("doctor").out
    (tmp_path / "annexa.db").unlink()
    ran = command("doctor")
    assert ran.code == 3
    assert "FAIL  store: holds nothing, and annexa.key.checkpoints tells of a log; restore it" in ran.out
    assert not (tmp_path / "annexa.db").exists()
    refused = command("run")
    assert refused.code == 4
    assert "restore it from its backup, or name a key of its own for a new log" in refused.err


def test_nothing_is_written_by_looking(aws: "Cloud", command: Command, tmp_path: Path) -> None:
    (tmp_path / "annexa.toml").write_text(AWS + HOST)
    command("doctor", "--format", "json")
    assert [path.name for path in tmp_path.iterdir()] == ["annexa.toml"]
    others = {call for call, _ in aws.calls if not call.split(".")[1].startswith(("Get", "List", "Describe", "Batch"))}
    assert others <= {"iam.GenerateCredentialReport"}  # a report for whoever may read it: it changes nothing


def answering(body: str) -> Iterator[str]:
    """A server on the loopback that gives every request one answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Requests are no events."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


CALLER = "<GetCallerIdentityResult><Arn>{}</Arn><Account>1</Account></GetCallerIdentityResult>"
TIME = "<AssumeRoleResult><Credentials><Expiration>password=hunter22hunter22</Expiration></Credentials></AssumeRoleResult>"
SAID = {
    "a name that is none": (CALLER.format("me"), "IndexError: "),
    "a time that is none": (CALLER.format("arn:aws:iam::1:user/a") + TIME, "ValueError: Invalid timestamp"),
}


@pytest.mark.parametrize("said", SAID)
def test_an_answer_that_no_sdk_expects_fails_its_target_and_no_other(
    said: str, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("init")
    role = 'role_arn = "arn:aws:iam::111111111111:role/r"\n'
    (tmp_path / "annexa.toml").write_text(AWS + role + RECORDS)
    answer, told = SAID[said]
    serving = answering(f"<Response>{answer}</Response>")
    for name, value in {"AWS_ENDPOINT_URL": next(serving), "AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "t"}.items():
        monkeypatch.setenv(name, value)
    ran = command("doctor")
    ran_json = command("doctor", "--format", "json")
    recorded = command("run", "--check", "aws_iam_root_mfa", "--format", "json")
    next(serving, None)
    assert (ran.code, ran_json.code, recorded.code) == (3, 3, 3)
    [line] = [line for line in ran.out.splitlines() if "target prod" in line]
    assert line.startswith(f"FAIL  target prod (aws): prod gave an answer of unexpected shape ({told}")
    assert "ok    target isms (records)" in ran.out
    assert [t["well"] for t in ran_json.json["tests"] if "target prod" in t["what"]] == [False]
    assert "hunter22" not in ran.out + ran.err + ran_json.out
    assert {f["status"] for f in recorded.json["findings"]} == {"unknown"}


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        (("annexa.key.redaction",), "annexa.key.redaction: is missing beside"),
        (("annexa.key",), "annexa.key: is missing beside"),
        (("annexa.key", "annexa.key.redaction"), "annexa.key: is not there, and the store was begun with it; restore it"),
    ],
)
def test_a_key_that_is_missing_is_told_in_a_line_and_none_is_made(
    lost: tuple[str, ...], told: str, command: Command, tmp_path: Path
) -> None:
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)
    assert command("run", "--check", "rec_soa_complete").code == 0
    assert command("doctor").code == 0
    for name in lost:
        (tmp_path / name).unlink()
    before = contents(tmp_path)
    ran = command("doctor")
    assert contents(tmp_path) == before
    assert ran.code == 3
    [line] = [line for line in ran.out.splitlines() if " key: " in line]
    assert line.startswith("FAIL  key: ")
    assert told in line
    assert "backup" in line


def test_a_key_that_the_store_was_not_begun_with_is_told(command: Command, tmp_path: Path) -> None:
    command("init")
    command("run", "--check", "rec_soa_complete")
    keys.load_or_create(tmp_path / "other.key")
    (tmp_path / "annexa.toml").write_text('[store]\nkey = "other.key"\n' + RECORDS)
    ran = command("doctor")
    assert ran.code == 3
    assert "FAIL  key: " in ran.out
    assert "the store was begun with another key" in ran.out


def test_what_the_first_run_makes_is_no_fault_where_it_can_be_made(command: Command, tmp_path: Path) -> None:
    command("init")
    told = command("doctor").out
    assert "ok    key: " in told
    assert "ok    store: not there yet; the first run makes it" in told
    (tmp_path / "annexa.toml").write_text('[store]\nurl = "sqlite:///none/a.db"\nkey = "none/a.key"\n' + RECORDS)
    told = command("doctor").out
    assert "FAIL  key: " in told
    assert "FAIL  store: " in told
    assert "there is no directory" in told


def test_a_store_of_an_older_schema_is_left_as_it_is(command: Command, tmp_path: Path) -> None:
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)
    command("run", "--check", "rec_soa_complete")
    with sqlite3.connect(tmp_path / "annexa.db") as store:
        store.execute("UPDATE store_schema SET version_num = '0001'")
        store.execute("DROP TABLE schedule")
        store.execute("DROP TABLE schedule_missed")
    ran = command("doctor")
    told = ran.out
    assert ran.code == 0, told
    assert "ok    store: " in told
    assert "is of an older schema (0001); the next run brings it up to date" in told
    with sqlite3.connect(tmp_path / "annexa.db") as store:
        assert store.execute("SELECT version_num FROM store_schema").fetchall() == [("0001",)]
        assert store.execute("SELECT count(*) FROM sqlite_master WHERE name = 'schedule'").fetchone() == (0,)


def test_verification_makes_no_key(command: Command, tmp_path: Path) -> None:
    command("init")
    command("run", "--check", "rec_soa_complete")
    (tmp_path / "annexa.key.redaction").unlink()
    assert command("evidence", "verify").code == 0
    assert not (tmp_path / "annexa.key.redaction").exists()


def contents(directory: Path) -> dict[str, bytes]:
    """Every file; of what SQLite keeps beside its file while it is open, nothing."""
    files = (path for path in directory.rglob("*") if path.is_file() and not path.name.endswith(("-shm", "-wal")))
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


@pytest.mark.parametrize("statement", ["", "CREATE TABLE somebody_elses (a)"])
def test_a_database_that_holds_no_store_is_left_as_it_is(statement: str, command: Command, tmp_path: Path) -> None:
    command("init")
    (tmp_path / "annexa.toml").write_text(RECORDS)
    (tmp_path / "annexa.db").touch()
    if statement:
        with sqlite3.connect(tmp_path / "annexa.db") as other:
            other.execute(statement)
        other.close()
    before = contents(tmp_path)
    ran = command("doctor")
    assert ran.code == 0
    assert "ok    store: not there yet" in ran.out
    assert contents(tmp_path) == before
