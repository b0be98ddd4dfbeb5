"""What the command line says of itself."""

import pytest

import scanner
from tests.acceptance.conftest import Command

EVIDENCE = [("evidence", action) for action in ("list", "show", "verify", "export")]


@pytest.mark.parametrize("words", [(), *((name,) for name in scanner.COMMANDS), *EVIDENCE], ids=" ".join)
def test_help_fits_a_terminal_of_80_columns(command: Command, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ran = command(*words, "--help")
    assert ran.code == 0
    assert not [line for line in ran.out.splitlines() if len(line) > 80]


def test_each_command_has_one_line_in_the_help(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = command("--help").out.splitlines()
    for name, (summary, _, _) in scanner.COMMANDS.items():
        assert f"    {name:<11}  {summary}" in shown


def test_the_version_is_told_in_one_line(command: Command) -> None:
    assert command("-V").out == command("--version").out
    assert command("-V").out.startswith("annexa ")
