"""What is wrong with a records directory, said before a run: for `scanner doctor` and when the configuration is loaded."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from collectors.records.directory import IDENTITY, Files, account, load_kind
from collectors.records.kinds import KINDS
from collectors.records.parsing import FormatError, Problem
from collectors.source import UnreadError


def problems(path: Path) -> list[Problem]:
    """The first problem of each register, and the files that no kind of record claims. Never raises for what it reads."""
    files = Files(path)
    asked: list[tuple[str, Callable[[], object]]] = [(IDENTITY, partial(account, files))]
    if path.is_dir():
        asked += [(kind.file, partial(load_kind, kind, files)) for kind in KINDS.values()]
    found = [problem for call, ask in asked if (problem := _problem(call, ask)) is not None]
    return found + [Problem(name, 1, "", f"no kind of record is kept here{hint}") for name, hint in unclaimed(files.names())]


def _problem(call: str, ask: Callable[[], object]) -> Problem | None:
    try:
        ask()
    except UnreadError as error:
        why = error.__context__
        return why.problem if isinstance(why, FormatError) else Problem(call, 1, "", str(error.unread))
    return None


def unclaimed(names: Iterable[str]) -> list[tuple[str, str]]:
    """Record files that belong to no kind, each with a hint at the name that was probably meant."""
    folders = {k.folder for k in KINDS.values()}
    known = {f"{folder}.toml" for folder in folders} | {f"{folder}/" for folder in folders} | {IDENTITY}
    odd = [n for n in names if n not in known and n.endswith((".toml", "/")) and not n.startswith(".")]
    return [(name, f" (did you mean {close[0]}?)" if (close := get_close_matches(name, known, 1)) else "") for name in odd]
