"""`scanner daemon` as whoever runs it meets it: started, asked, stopped, killed, started again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

import configuration
from checks.check import checks
from evidence_store.database import open_store
from tests.acceptance.conftest import RECORDS, Command
from tests.acceptance.daemons import Start, children, silent, start, until

__all__ = ["silent", "start"]  # fixtures

ROOT = Path(__file__).parent.parent.parent
# So seldom that no further run comes due while a test lasts.
YEARLY = '[[schedule]]\nname = "yearly"\nevery = "365d"\n[daemon]\nlisten = "127.0.0.1:0"\ngrace = "20s"\n'
HANGING = '[[target]]\nname = "prod"\nkind = "aws"\nregions = ["eu-west-1"]\n'


@pytest.fixture
def overdue(tmp_path: Path, command: Command) -> str:
    """A place where a schedule was due since a daemon was last there; the text of its configuration."""
    command("init")
    return configured(tmp_path, YEARLY)


def configured(tmp_path: Path, text: str) -> str:
    (tmp_path / "annexa.toml").write_text(RECORDS + text)
    (schedule,) = configuration.load(tmp_path / "annexa.toml", checks()).schedules
    before = schedule.timing.after(datetime.now(UTC) - timedelta(days=365)) - timedelta(seconds=1)
    with open_store(f"sqlite:///{tmp_path}/annexa.db") as store:
        store.firings.register(schedule.name, schedule.definition(), before)
    return RECORDS + text


def entries(command: Command, kind: str) -> list[dict[str, Any]]:
    return [e for e in command("evidence", "list", "--format", "json").json["entries"] if e["kind"] == kind]


def test_what_is_overdue_is_run_at_once_reported_and_verified(
    overdue: str, start: Start, command: Command, tmp_path: Path
) -> None:
    daemon = start()
    ended = daemon.wait_for("run.ended")
    assert (ended["schedule"], ended["outcome"]) == ("yearly", "complete")
    assert daemon.ask("/healthz")[0] == 200
    status, ready = daemon.ask("/readyz")
    assert (status, json.loads(ready)["ready"]) == (200, True)
    families = {f.name: f for f in text_string_to_metric_families(daemon.ask("/metrics")[1])}
    assert sum(s.value for s in families["annexa_runs"].samples if s.labels["outcome"] == "complete") == 1
    assert sum(s.value for s in families["annexa_findings"].samples) > 20
    assert command("doctor").out.count("ok    schedule yearly: due next at 20") == 1
    assert daemon.stop() == 0
    assert [e["event"] for e in daemon.events()][-2:] == ["daemon.stopping", "daemon.stopped"]
    (begun,) = entries(command, "run_start")
    assert (begun["run"], begun["about"]["due"]) == (ended["run"], ended["due"])
    assert f"due at {ended['due']}" in command("evidence", "list").out
    assert command("evidence", "verify").code == 0
    assert command("history", "--control", "A.5.1").code == 0
    again = start()
    again.wait_for("daemon.listening")
    assert again.stop(signal.SIGINT) == 0
    assert len(entries(command, "run_start")) == 1
    command("evidence", "export", "-o", "pack.zip", "--control", "A.5.1")
    assert command("evidence", "verify", "pack.zip").code == 0


@pytest.mark.parametrize("twice", [False, True])
def test_a_daemon_that_is_stopped_during_a_run_ends_soon_and_the_next_makes_the_run(
    overdue: str, silent: dict[str, str], start: Start, command: Command, tmp_path: Path, *, twice: bool
) -> None:
    (tmp_path / "annexa.toml").write_text(overdue + HANGING)
    daemon = start(**silent)
    until(lambda: bool(children(tmp_path)) and "snapshots" in command("evidence", "list").out)
    started = time.monotonic()
    if twice:
        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_for("daemon.stopping")
    assert daemon.stop() == 0
    assert time.monotonic() - started < 40
    assert children(tmp_path) == []
    assert daemon.wait_for("run.ended")["outcome"] == "interrupted"
    (tmp_path / "annexa.toml").write_text(overdue)
    following = start()
    assert following.wait_for("run.ended")["outcome"] == "complete"
    assert following.stop() == 0
    assert [e["about"]["due"] for e in entries(command, "run_start")] == [daemon.wait_for("run.started")["due"]] * 2
    assert len(entries(command, "run_abandoned")) == len(entries(command, "run_end")) == 1
    assert entries(command, "runs_missed") == []
    assert command("evidence", "verify").code == 0


def test_a_daemon_that_is_killed_takes_its_run_along_and_loses_nothing_sealed(
    overdue: str, silent: dict[str, str], start: Start, command: Command, tmp_path: Path
) -> None:
    assert command("run").code == 0
    sealed = command("evidence", "verify", "--format", "json").json["sealed"]
    (tmp_path / "annexa.toml").write_text(overdue + HANGING)
    daemon = start(**silent)
    until(lambda: bool(children(tmp_path)) and "not sealed yet" in command("evidence", "list").out)
    daemon.process.kill()
    daemon.process.wait()
    until(lambda: children(tmp_path) == [])
    verified = command("evidence", "verify", "--format", "json")
    assert (verified.code, verified.json["sealed"]) == (0, sealed)
    (tmp_path / "annexa.toml").write_text(overdue)
    with open_store(f"sqlite:///{tmp_path}/annexa.db") as store, store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE schedule SET expires = 0")  # the minute that the lease lasts is over
    following = start()
    assert following.wait_for("run.ended")["outcome"] == "complete"
    assert following.stop() == 0
    assert len(entries(command, "run_abandoned")) == 1
    verified = command("evidence", "verify", "--format", "json")
    assert (verified.code, verified.json["size"]) == (0, verified.json["sealed"])


def test_a_run_that_is_killed_is_missed_and_the_daemon_goes_on(
    overdue: str, silent: dict[str, str], start: Start, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "annexa.toml").write_text(overdue + HANGING)
    daemon = start(**silent)
    until(lambda: bool(children(tmp_path)) and "snapshots" in command("evidence", "list").out)
    for child in children(tmp_path):
        os.kill(child, signal.SIGKILL)
    ended = daemon.wait_for("run.ended")
    assert (ended["outcome"], ended["error"]) == ("failed", "exit -9")
    until(lambda: len(entries(command, "runs_missed")) == 1)
    status, ready = daemon.ask("/readyz")
    assert status == 503
    assert "failed" in json.loads(ready)["problems"][0]
    assert daemon.stop() == 0
    doctor = command("doctor")
    assert "FAIL  schedule yearly: the run that was due at" in doctor.out
    assert "1 run that was due was missed" in command("evidence", "verify").out
    assert f"1 due at {ended['due']}: failed" in command("evidence", "list").out


def test_a_store_that_another_run_holds_is_waited_for_and_then_the_run_is_missed(
    start: Start, command: Command, tmp_path: Path
) -> None:
    command("init")
    configured(tmp_path, YEARLY.replace('"365d"\n', '"365d"\nwait = "0s"\n'))
    script = (
        "import time; from evidence_store import keys; from evidence_store.database import open_store\n"
        "from datetime import datetime, UTC\n"
        "with open_store('sqlite:///annexa.db') as s, "
        "s.writer(keys.load_or_create('annexa.key'), origin='annexa/t', clock=lambda: datetime.now(UTC)):\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "PATH": ""}, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        ended = start().wait_for("run.ended")
        assert ended["outcome"] == "missed"
        assert f"process {holder.pid}" in ended["error"]
    finally:
        holder.kill()
        holder.wait()
    assert command("run").code == 0
    (missed,) = entries(command, "runs_missed")
    assert (missed["why"], missed["first"]) == ("held", ended["due"])


def test_a_store_that_was_rolled_back_is_said_once_and_makes_the_daemon_not_ready(
    overdue: str, start: Start, command: Command, tmp_path: Path
) -> None:
    assert command("run").code == 0
    for file in tmp_path.glob("annexa.db*"):
        file.unlink()
    configured(tmp_path, YEARLY)
    daemon = start()
    assert "rolled back" in daemon.wait_for("run.ended")["error"]
    assert "rolled back" in daemon.wait_for("evidence.contradicted")["error"]
    status, ready = daemon.ask("/readyz")
    assert status == 503
    assert "scanner evidence verify" in json.loads(ready)["problems"][-1]
    assert daemon.stop() == 0
    assert [e["event"] for e in daemon.events()].count("evidence.contradicted") == 1


def test_two_daemons_make_one_run(overdue: str, start: Start, command: Command) -> None:
    both = [start(), start()]
    until(lambda: any(e["event"] == "run.ended" for daemon in both for e in daemon.events()))
    for daemon in both:
        daemon.wait_for("daemon.listening")
    assert [daemon.stop() for daemon in both] == [0, 0]
    assert len(entries(command, "run_start")) == 1
    assert [e["event"] for daemon in both for e in daemon.events()].count("run.started") == 1


def test_a_port_in_use_is_one_sentence_and_nothing_is_begun(overdue: str, command: Command, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (tmp_path / "annexa.toml").write_text(overdue.replace(":0", f":{port}"))
        refused = command("daemon")
    assert refused.code == 2
    assert f"127.0.0.1:{port} cannot be listened on: Address already in use" in refused.err
    assert command("evidence", "list", "--format", "json").json["size"] == 0


def test_a_store_that_cannot_be_reached_is_a_failure_to_try_again_for(command: Command, tmp_path: Path) -> None:
    command("init")
    unreachable = '[store]\nurl = "postgresql+psycopg://u:hunter22@127.0.0.1:1/db"\n'
    (tmp_path / "annexa.toml").write_text(unreachable + RECORDS + YEARLY)
    failed = command("daemon")
    assert failed.code == 6
    assert json.loads(failed.err)["event"] == "daemon.failed"
    assert "hunter22" not in failed.err


def test_a_daemon_that_waits_for_a_silent_database_ends_at_once_when_it_is_told_to(
    command: Command, start: Start, tmp_path: Path
) -> None:
    command("init")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        url = f"postgresql+psycopg://u@127.0.0.1:{server.getsockname()[1]}/db"
        (tmp_path / "annexa.toml").write_text(f'[store]\nurl = "{url}"\n' + RECORDS + YEARLY)
        daemon = start()
        waits, _ = server.accept()
        with waits:
            started = time.monotonic()
            assert daemon.stop() == 0
    assert time.monotonic() - started < 20
    assert [event["event"] for event in daemon.events()] == ["daemon.stopped"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[schedule]\n", "schedule: must be written as [[schedule]]"),
        ("[[schedule]]\n", "schedule 1: name = '': expected 1 to 64 letters"),
        ('[[schedule]]\nname = "a b"\nevery = "1h"\n', "name = 'a b': expected"),
        ('[[schedule]]\nname = "a"\n', "schedule 1 (a): either cron or every"),
        ('[[schedule]]\nname = "a"\nevery = "1h"\ncron = "@daily"\n', "either cron or every"),
        ('[[schedule]]\nname = "a"\nevry = "1h"\n', "unknown key 'evry' (did you mean 'every'?)"),
        ('[[schedule]]\nname = "a"\nevery = 3\n', "every = 3: expected a text"),
        ('[[schedule]]\nname = "a"\nevery = "1x"\n', "every = '1x' is no span of time"),
        ('[[schedule]]\nname = "a"\nevery = "30s"\n', "every = '30s': must be at least 1m"),
        ('[[schedule]]\nname = "a"\nevery = "1h"\ntimezone = "Europe/Berlin"\n', "every counts in UTC"),
        ('[[schedule]]\nname = "a"\nevery = "1h"\njitter = "1h"\n', "must be shorter than every"),
        ('[[schedule]]\nname = "a"\ncron = "0 25 * * *"\n', "cron = '0 25 * * *': '25' is no hour"),
        ('[[schedule]]\nname = "a"\ncron = "@daily"\ntimezone = "Europe/Berlni"\n', "no such time zone"),
        ('[[schedule]]\nname = "a"\ncron = "@daily"\ntimezone = "../../etc/passwd"\n', "no such time zone"),
        ('[[schedule]]\nname = "a"\ncron = "@daily"\nmax_run = "1s"\n', "max_run = '1s': must be at least 1m"),
        ('[[schedule]]\nname = "a"\ncron = "@daily"\n' * 2, "schedule 2 (a): the name 'a' is taken"),
        ('[[schedule]]\nname = "a"\ncron = "@daily"\ntargets = ["ism"]\n', "no such target 'ism' (did you mean 'isms'?)"),
        ('[[schedule]]\nname = "a"\ncron = "@daily"\nchecks = ["rec_x"]\n', "checks: no such check 'rec_x'"),
        ('[[schedule]]\nname = "a"\ncron = "@daily"\ncontrols = ["A.9.99"]\n', "schedule a: "),
        ('[[schedule]]\nname = "a"\ncron = "@daily"\nchecks = ["aws_iam_access_key_age"]\n', "schedule a: nothing to do"),
        ('[daemon]\nlisten = "0.0.0.0:9464"\n', "others can reach this address; name a token_file"),
        ('[daemon]\nlisten = "somewhere:9464"\n', "'somewhere' is no address"),
        ('[daemon]\nlisten = "127.0.0.1"\n', "expected an address and a port"),
        ('[daemon]\nlisten = "127.0.0.1:99999"\n', "expected an address and a port"),
        ('[daemon]\ngrace = "soon"\n', "grace = 'soon' is no span of time"),
        ('[daemon]\ntoken_file = "none"\n', "cannot be read: No such file"),
        ('[daemon]\ntoken_file = "open"\n', "others may read it (mode 0644)"),
        ('[daemon]\ntoken_file = "short"\n', "at least 16 characters"),
    ],
)
def test_each_fault_of_the_configuration_is_named_and_nothing_is_begun(
    command: Command, tmp_path: Path, text: str, expected: str
) -> None:
    command("init")
    for name, mode in (("open", 0o644), ("short", 0o600)):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(mode)
    (tmp_path / "annexa.toml").write_text(RECORDS + text)
    refused = command("daemon")
    assert refused.code == 2
    said = json.loads(refused.err)
    assert (said["event"], said["level"]) == ("daemon.failed", "error")
    assert expected in said["error"]
    assert not (tmp_path / "annexa.db").exists()
