"""Who wrote a record, when, and how surely: what git knows of its lines.

- One `git blame`, one `git rev-list` and one `git log` for each file, whatever the number of its records.
- A record's commit is the last one that changed any of its lines; what is not committed has none.
- `verified` is a record whose last commit carries a good signature of the person it names as its approver. The author
  of a commit is a text that anyone may write, so without a signature a record stays `self-declared`.
- Git is run with fixed arguments, without a shell, without prompts, without hooks, and only to read.
"""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from collectors.source import UnreadError
from evidence_store.records import Json, Unread, Why, format_time

FACTS = ("commit", "commit_author", "commit_time", "signature", "signer", "line", "strength")

_TIMEOUT = 120
_BLAME_LINE = re.compile(rb"([0-9a-f]{40,64}) (\d+) (\d+)(?: \d+)?")
_ADDRESS = re.compile(r"<([^<>]+)>")
GOOD = "good"
_STATES = {
    "G": GOOD,
    "U": "good, of unknown validity",
    "B": "bad",
    "X": "good, expired",
    "Y": "good, by an expired key",
    "R": "good, by a revoked key",
    "E": "not checked: the key is missing",
    "N": "unsigned",
}


@dataclass(frozen=True, slots=True)
class Commit:
    """What git says of one commit."""

    id: str
    author: str  # an address
    time: str
    signature: str
    signer: str  # an address, or what the signature names


@dataclass(frozen=True, slots=True)
class Blame:
    """The commits of one file's lines."""

    lines: Mapping[int, tuple[str, int]]  # line -> commit, and the line's number in it
    order: Mapping[str, int]  # commit -> its place, the newest first
    commits: Mapping[str, Commit]

    def last(self, lines: Sequence[int]) -> tuple[Commit, int] | None:
        """The newest commit among some lines, and the first of them in it; `None` where one is not committed."""
        ids = {self.lines[n][0] for n in lines if n in self.lines}
        if not ids or not ids <= self.commits.keys():
            return None
        newest = min(ids, key=lambda c: (self.order.get(c, len(self.order)), c))
        return self.commits[newest], next(self.lines[n][1] for n in lines if n in self.lines and self.lines[n][0] == newest)


class Git:
    """The work tree that a directory stands in, if any. Raises `UnreadError` where there is one and git cannot read it."""

    def __init__(self, directory: Path, program: str = "git") -> None:
        self._directory = directory
        self._program = program
        self.calls = 0

    @property
    def is_work_tree(self) -> bool:
        """Whether the directory or one above it holds a `.git`: known without git."""
        return any((place / ".git").exists() for place in (self._directory, *self._directory.parents))

    def state(self) -> dict[str, Json]:
        """Head and whether anything below the directory is not committed."""
        if not self.is_work_tree:
            return {"git": "none", "head": None}
        changed = self._run("status", "--porcelain", "-z", "--", ".")
        head = self._run("rev-parse", "--verify", "-q", "HEAD", fine=(0, 1)).decode().strip()
        return {"git": "changed" if changed else "committed", "head": head or None}

    def blame(self, file: str) -> Blame:
        """The commits of a file's lines; empty where git does not know the file."""
        if not self._run("ls-files", "-z", "--", file):
            return Blame({}, {}, {})
        if not self._run("rev-parse", "--verify", "-q", "HEAD", fine=(0, 1)):
            return Blame({}, {}, {})
        lines: dict[int, tuple[str, int]] = {}
        for raw in self._run("blame", "--porcelain", "--ignore-revs-file=", "--", file).split(b"\n"):
            if not raw.startswith(b"\t") and (found := _BLAME_LINE.fullmatch(raw)):
                lines[int(found[3])] = (found[1].decode(), int(found[2]))
        newest_first = self._run("rev-list", "--topo-order", "--full-history", "HEAD", "--", file).decode().split()
        order = {commit: n for n, commit in enumerate(newest_first)}
        return Blame(lines, order, self._commits({c for c, _ in lines.values() if c.strip("0")}))

    def _commits(self, ids: set[str]) -> dict[str, Commit]:
        if not ids:
            return {}
        listed = "\n".join(sorted(ids)).encode()
        form = "--format=%H%x1f%ae%x1f%at%x1f%G?%x1f%GS%x1e"
        said = self._run("log", "--no-walk=unsorted", "--stdin", form, given=listed).decode(errors="replace")
        return {c.id: c for c in map(_commit, said.split("\x1e")) if c is not None}

    def _run(self, *arguments: str, given: bytes = b"", fine: Sequence[int] = (0,)) -> bytes:
        self.calls += 1
        action = f"git {arguments[0]}"
        fixed = ["--no-pager", "--no-replace-objects", "--literal-pathspecs"]
        fixed += ["-c", "core.fsmonitor=false", "-c", "core.quotePath=false"]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        try:
            done = subprocess.run(  # noqa: S603 - a fixed program and a list of arguments, never a shell
                [self._program, "-C", str(self._directory), *fixed, *arguments],
                input=given,
                capture_output=True,
                timeout=_TIMEOUT,
                env=environment,
                check=False,
            )
        except FileNotFoundError:
            raise UnreadError(Unread(Why.UNSUPPORTED, action, "git is not installed")) from None
        except subprocess.TimeoutExpired:
            raise UnreadError(Unread(Why.TIMEOUT, action, f"no end after {_TIMEOUT} s")) from None
        if done.returncode not in fine:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise UnreadError(Unread(Why.UNSUPPORTED, action, said[0][:200] if said else f"exit {done.returncode}"))
        return done.stdout


def _commit(text: str) -> Commit | None:
    parts = text.strip("\n").split("\x1f")
    if len(parts) != 5:
        return None
    id_, author, at, state, signer = parts
    moment = format_time(datetime.fromtimestamp(int(at), UTC))
    address = _ADDRESS.search(signer)
    return Commit(id_, author, moment, _STATES.get(state, state), address[1] if address else signer)


def facts(found: tuple[Commit, int] | None, approver_address: str | None) -> dict[str, Json]:
    """The provenance of a record last changed by this commit. Without one all of it is `None`, and its word is its own."""
    if found is None:
        return {**dict.fromkeys(FACTS, None), "strength": "self-declared"}
    commit, line = found
    signed = commit.signature == GOOD and approver_address is not None
    verified = signed and commit.signer.casefold() == (approver_address or "").casefold()
    return {
        "commit": commit.id,
        "commit_author": commit.author,
        "commit_time": commit.time,
        "signature": commit.signature,
        "signer": commit.signer or None,
        "line": line,
        "strength": "verified" if verified else "self-declared",
    }
