"""SIGHUP: a real daemon reads its configuration again, and puts a good one in force as a whole."""

import json
import os
import pty
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daemon.settings import Schedule
from evidence_store import keys
from evidence_store.database import Store, open_store
from tests.acceptance.conftest import RECORDS, Command, command
from tests.acceptance.daemons import HANG, ROOT, Running, Start, children, silent, start, until

__all__ = ["command", "silent", "start"]  # fixtures

HANGING = '[[target]]\nname = "prod"\nkind = "aws"\nregions = ["eu-west-1"]\n'
DAEMON = '[daemon]\nlisten = "127.0.0.1:0"\n'
YEAR = timedelta(days=365)


class Site:
    """A configuration, the store that it names, and the daemon that runs it."""

    def __init__(self, directory: Path, url: str) -> None:
        self.directory, self.url, self.store = directory, url, open_store(url)
        self.file = directory / "annexa.toml"

    def write(self, *schedules: str, targets: str = RECORDS, store: str = "", daemon: str = DAEMON) -> None:
        tables = "".join(f"[[schedule]]\n{schedule}\n" for schedule in schedules)
        draft = self.directory / "draft.toml"
        draft.write_text(f'[store]\nurl = "{self.url}"\n{store}{targets}{daemon}{tables}')
        draft.replace(self.file)  # at once: a daemon may be reading it

    def definitions(self) -> dict[str, str]:
        return {s.name: s.definition["cron"] or s.definition["every"] for s in self.store.firings.standings()}

    def make_due(self, name: str) -> None:
        """As if nobody had run it for the last year."""
        [standing] = [s for s in self.store.firings.standings() if s.name == name]
        assert self.store.firings.redefine(standing, standing.definition, datetime.now(UTC) - YEAR, None)


@pytest.fixture
def site(tmp_path: Path, url: str, command: Command) -> Iterator[Site]:
    command("init")
    made = Site(tmp_path, url)
    yield made
    made.store.close()


@pytest.fixture
def lite_site(tmp_path: Path, command: Command) -> Iterator[Site]:
    """On SQLite alone, for what does not depend on the database."""
    command("init")
    made = Site(tmp_path, f"sqlite:///{tmp_path}/annexa.db")
    yield made
    made.store.close()


def reload(daemon: Running, event: str = "daemon.reloaded") -> dict[str, object]:
    """Tell it, and wait for the word that it ends with."""
    before = len(told(daemon, event))
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: len(told(daemon, event)) > before, lambda: json.dumps(daemon.events(), indent=1))
    return told(daemon, event)[-1]


def told(daemon: Running, event: str) -> list[dict[str, object]]:
    return [line for line in daemon.events() if line["event"] == event]


def test_schedules_are_added_removed_and_changed_and_the_log_says_which(site: Site, start: Start) -> None:
    site.write('name = "a"\nevery = "365d"', 'name = "b"\nevery = "300d"', 'name = "c"\nevery = "200d"')
    daemon = start()
    daemon.wait_for("daemon.started")
    site.write('name = "a"\nevery = "366d"\nmax_run = "1h"', 'name = "c"\nevery = "200d"', 'name = "d"\ncron = "0 3 1 1 *"')
    assert reload(daemon)["count"] == 3
    [changed], [added], [removed] = (told(daemon, f"schedule.{what}") for what in ("changed", "added", "removed"))
    assert (changed["schedule"], changed["changed"]) == ("a", "every, max_run")
    assert (added["schedule"], str(added["due"])[4:]) == ("d", "-01-01T03:00:00Z")
    assert removed["schedule"] == "b"
    assert site.definitions() == {"a": "366d", "c": "200d", "d": "0 3 1 1 *"}
    assert daemon.ask("/readyz")[0] == 200
    metrics = daemon.ask("/metrics")[1]
    assert 'annexa_next_due_timestamp_seconds{schedule="d"}' in metrics
    assert 'annexa_runs_total{outcome="complete",schedule="d"} 0.0' in metrics
    assert 'schedule="b"' not in metrics
    assert told(daemon, "schedule.replaced") == []
    assert daemon.stop() == 0


def test_what_was_put_in_force_is_run_and_what_was_removed_is_not(site: Site, start: Start) -> None:
    site.write('name = "old"\nevery = "365d"')
    daemon = start()
    daemon.wait_for("daemon.started")
    site.write('name = "new"\nevery = "300d"')
    reload(daemon)
    site.make_due("new")
    reload(daemon)  # it looks at once then
    ended = daemon.wait_for("run.ended")
    assert (ended["schedule"], ended["outcome"]) == ("new", "complete")
    assert 'annexa_runs_total{outcome="complete",schedule="new"} 1.0' in daemon.ask("/metrics")[1]
    assert daemon.stop() == 0
    assert [leaf.fields["about"]["due"] for leaf in site.store.leaves("run_start")] == [ended["due"]]


WRONG = {
    'name = "a"\nevry = "6h"': "annexa.toml: schedule 1 (a): unknown key 'evry' (did you mean 'every'?)",
    'name = "a"\nevery = "30s"': "annexa.toml: schedule 1 (a): every = '30s': must be at least 1m",
    'name = "a"\nevery = "1h"\ncontrols = ["A.9.99"]': "schedule a: ",
    'name = "a"\nevery = "1h"\ntargets = ["x"]': "no such target 'x'",
    "= no TOML": "annexa.toml: is not valid TOML",
}


def test_what_is_wrong_is_said_and_the_old_schedules_stay(lite_site: Site, start: Start) -> None:
    lite_site.write('name = "a"\nevery = "365d"')
    daemon = start()
    daemon.wait_for("daemon.started")
    for schedule, expected in WRONG.items():
        lite_site.write(schedule)
        failed = reload(daemon, "reload.failed")
        assert failed["level"] == "error"
        assert expected in str(failed["error"])
    lite_site.file.unlink()
    assert "no such configuration file" in str(reload(daemon, "reload.failed")["error"])
    assert lite_site.definitions() == {"a": "365d"}
    assert daemon.ask("/readyz")[0] == 200
    lite_site.write('name = "a"\nevery = "300d"')
    assert reload(daemon)["count"] == 1
    assert lite_site.definitions() == {"a": "300d"}
    assert reload(daemon)["count"] == 0, "nothing to be changed is said, too"
    assert daemon.stop() == 0


def test_what_needs_a_restart_is_named_and_nothing_of_the_file_is_put_in_force(lite_site: Site, start: Start) -> None:
    lite_site.write('name = "a"\nevery = "365d"')
    daemon = start()
    daemon.wait_for("daemon.started")
    new = 'name = "a"\nevery = "300d"'
    lite_site.write(new, store='key = "other.key"\n', daemon='[daemon]\nlisten = ""\ngrace = "5s"\n')
    said = str(reload(daemon, "reload.failed")["error"])
    assert "annexa.toml: needs a restart: key in [store], listen in [daemon], grace in [daemon]; nothing of the file" in said
    lite_site.url, url = "postgresql+psycopg://u:hunter22@127.0.0.1:1/db", lite_site.url
    lite_site.write(new)
    said = str(reload(daemon, "reload.failed")["error"])
    assert "needs a restart: url in [store]; nothing" in said
    assert "hunter22" not in json.dumps(daemon.events())
    assert lite_site.definitions() == {"a": "365d"}
    assert not (lite_site.directory / "other.key").exists()
    lite_site.url = url
    lite_site.write(new)
    reload(daemon)
    assert lite_site.definitions() == {"a": "300d"}
    assert daemon.stop() == 0


def test_a_run_under_way_goes_on_and_what_the_old_definition_missed_meanwhile_is_told(
    site: Site, start: Start, silent: dict[str, str]
) -> None:
    fifth = 'name = "other"\nevery = "73d"'  # of a year, so that every year has five of them
    site.write('name = "long"\nevery = "365d"', fifth, targets=RECORDS + HANGING)
    daemon = start(**silent)
    daemon.wait_for("daemon.started")
    site.make_due("long")
    reload(daemon)  # it looks at once then
    until(lambda: bool(children(site.directory)) and bool(list(site.store.leaves("run_start"))))
    [child] = children(site.directory)
    site.make_due("other")
    site.write('name = "long"\nevery = "365d"', 'name = "other"\nevery = "90d"', targets=RECORDS + HANGING)
    reload(daemon)
    [missed] = told(daemon, "runs.missed")
    assert (missed["schedule"], missed["outcome"], missed["count"]) == ("other", "down", 5)
    site.write('name = "other"\nevery = "90d"', targets=RECORDS + HANGING)
    reload(daemon)
    assert told(daemon, "schedule.removed")[-1]["schedule"] == "long"
    assert children(site.directory) == [child], "it goes on"
    assert told(daemon, "run.ended") == []
    os.kill(child, signal.SIGTERM)
    until(lambda: bool(told(daemon, "run.ended")))
    until(lambda: set(site.definitions()) == {"other"})
    assert 'schedule="long"' not in daemon.ask("/metrics")[1]
    assert daemon.stop() == 0
    held = keys.load(site.directory / "annexa.key")
    with site.store.writer(held, origin="annexa/test", clock=lambda: datetime.now(UTC), wait=HANG) as writer:
        writer.record_missed()
    assert sorted((leaf.fields["count"], leaf.fields["why"]) for leaf in site.store.leaves("runs_missed")) == [
        (1, "failed"),
        (5, "down"),
    ]


def test_of_two_daemons_the_one_that_was_not_told_is_not_ready_until_it_is(site: Site, start: Start) -> None:
    site.write('name = "a"\nevery = "365d"')
    one, two = start(), start()
    one.wait_for("daemon.started")
    two.wait_for("daemon.started")
    site.write('name = "a"\nevery = "300d"')
    reload(one)
    assert (one.ask("/readyz")[0], two.ask("/readyz")[0]) == (200, 503)
    reload(two)
    assert (one.ask("/readyz")[0], two.ask("/readyz")[0]) == (200, 200)
    assert [daemon.stop() for daemon in (one, two)] == [0, 0]


def test_a_store_that_fails_meanwhile_is_tried_again(lite_site: Site, start: Start) -> None:
    lite_site.write('name = "a"\nevery = "365d"')
    daemon = start()
    daemon.wait_for("daemon.started")
    rename(lite_site.store, "schedule", "elsewhere")
    lite_site.write('name = "a"\nevery = "300d"')
    assert str(reload(daemon, "reload.failed")["error"]).endswith("; it is tried again")
    rename(lite_site.store, "elsewhere", "schedule")
    until(lambda: bool(told(daemon, "daemon.reloaded")), lambda: json.dumps(daemon.events()))
    assert lite_site.definitions() == {"a": "300d"}
    assert daemon.stop() == 0


def rename(store: Store, old: str, new: str) -> None:
    with store.database.writing() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")


def test_a_store_that_does_not_answer_keeps_nobody_from_ending_the_daemon(lite_site: Site, start: Start) -> None:
    lite_site.write('name = "a"\nevery = "365d"')
    daemon = start()
    daemon.wait_for("daemon.started")
    lite_site.write('name = "a"\nevery = "300d"')
    holder = sqlite3.connect(lite_site.directory / "annexa.db", isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.stop() == 0
        assert told(daemon, "daemon.reloaded") == []
    finally:
        holder.close()


def test_a_daemon_whose_terminal_is_gone_ends(lite_site: Site) -> None:
    lite_site.write('name = "a"\nevery = "365d"')
    ours, theirs = pty.openpty()
    log = lite_site.directory / "log"
    with log.open("wb") as err:
        words = [sys.executable, str(ROOT / "scanner.py"), "daemon", "--log-format", "json"]
        process = subprocess.Popen(words, cwd=lite_site.directory, stdin=theirs, stderr=err, start_new_session=True)
    os.close(theirs)
    try:
        until(lambda: '"daemon.started"' in log.read_text(), log.read_text)
        process.send_signal(signal.SIGHUP)
        until(lambda: '"daemon.reloaded"' in log.read_text(), log.read_text)
        os.close(ours)
        process.send_signal(signal.SIGHUP)
        assert process.wait(HANG) == 0
    finally:
        process.kill()
        process.wait()
    assert '"daemon.stopped"' in log.read_text()


@pytest.mark.parametrize("abstract", [False, True])
def test_a_service_manager_is_told_when_it_has_started(
    lite_site: Site, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, abstract: bool
) -> None:
    lite_site.write('name = "a"\nevery = "365d"')
    monkeypatch.chdir(tmp_path)
    address = f"annexa-{tmp_path.name}-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{address}" if abstract else address)
        manager.settimeout(HANG)
        daemon = start(NOTIFY_SOCKET=f"@{address}" if abstract else address)
        assert manager.recv(100) == b"READY=1"
    assert daemon.wait_for("daemon.started")
    assert daemon.stop() == 0


@pytest.mark.parametrize("changed", ["url", "key"])
def test_a_run_keeps_its_evidence_nowhere_but_where_its_daemon_does(lite_site: Site, start: Start, changed: str) -> None:
    lite_site.write('name = "a"\nevery = "365d"')
    daemon = start()
    daemon.wait_for("daemon.started")
    text = lite_site.file.read_text()
    if changed == "url":
        lite_site.file.write_text(text.replace("annexa.db", "other.db"))
    else:
        lite_site.file.write_text(text.replace("[store]", '[store]\nkey = "other.key"'))
    lite_site.make_due("a")
    reload(daemon, "reload.failed")
    ended = daemon.wait_for("run.ended")
    assert ended["outcome"] == "failed"
    assert "names another store or key than when the daemon was started; restart the daemon" in ended["error"]
    assert list(lite_site.directory.glob("other*")) == []
    assert daemon.stop() == 0


def test_a_configuration_is_the_same_however_its_path_is_written(lite_site: Site, tmp_path: Path) -> None:
    lite_site.write('name = "a"\nevery = "365d"')
    lite_site.file.write_text(lite_site.file.read_text().replace(f"sqlite:///{tmp_path}/annexa.db", "sqlite:///annexa.db"))
    (tmp_path / "below").mkdir()
    log = tmp_path / "log"
    lite_site.store.firings.register("a", Schedule("a", every="365d").definition(), datetime.now(UTC) - YEAR)
    with log.open("wb") as err:
        words = [sys.executable, str(ROOT / "scanner.py"), "daemon", "--log-format", "json", "--config", "../annexa.toml"]
        process = subprocess.Popen(words, cwd=tmp_path / "below", stderr=err)
    try:
        until(lambda: '"run.ended"' in log.read_text(), log.read_text)
    finally:
        process.terminate()
        process.wait(HANG)
    [ended] = [line for line in map(json.loads, log.read_text().splitlines()) if line["event"] == "run.ended"]
    assert ended["outcome"] == "complete"


def test_a_word_to_reload_that_comes_while_it_starts_is_not_lost(lite_site: Site, start: Start) -> None:
    lite_site.write('name = "a"\nevery = "365d"')
    holder = sqlite3.connect(lite_site.directory / "annexa.db", isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")  # it cannot make its schedules known yet
        daemon = start()
        until(lambda: len(list(Path(f"/proc/{daemon.process.pid}/task").iterdir())) > 1)  # from now on it hears signals
        daemon.process.send_signal(signal.SIGHUP)
        lite_site.write('name = "a"\nevery = "300d"')
        holder.execute("ROLLBACK")
        until(lambda: bool(told(daemon, "daemon.reloaded")), lambda: json.dumps(daemon.events()))
    finally:
        holder.close()
    assert lite_site.definitions() == {"a": "300d"}
    assert daemon.stop() == 0
