"""The command line as a user meets it, in a directory of its own."""

import json
import signal
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import scanner

AWS = '[[target]]\nname = "prod"\nkind = "aws"\nregions = ["eu-west-1"]\n'
RECORDS = '[[target]]\nname = "isms"\nkind = "records"\npath = "isms"\n'


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def findings(self, check: str) -> list[dict[str, Any]]:
        return [f for f in self.json["findings"] if f["check"] == check]

    def statuses(self) -> set[str]:
        return {f["status"] for f in self.json["findings"]}


Command = Callable[..., Ran]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """Run `scanner ...` in the test's directory. What it makes of signals ends with the test: they are for pytest then."""
    signals = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ANNEXA_CONFIG", raising=False)

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        try:
            code = scanner.main(arguments)
        except SystemExit as ended:  # the argument parser's own
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    yield run
    for number, handler in signals.items():
        signal.signal(number, handler)


def rows(tmp_path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the store, in order."""
    with sqlite3.connect(tmp_path / "annexa.db") as store:
        tables = [name for (name,) in store.execute("select name from sqlite_master where type = 'table' order by name")]
        return {table: store.execute(f'select * from "{table}" order by 1').fetchall() for table in tables}


def changed(before: dict[str, list[tuple[Any, ...]]], after: dict[str, list[tuple[Any, ...]]]) -> int:
    """How many rows were inserted, updated or deleted."""
    count = 0
    for table in before.keys() | after.keys():
        old = {row[0]: row for row in before.get(table, [])}
        new = {row[0]: row for row in after.get(table, [])}
        count += len(old.keys() ^ new.keys()) + sum(old[key] != new[key] for key in old.keys() & new.keys())
    return count
