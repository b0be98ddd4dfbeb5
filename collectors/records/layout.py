"""On which line of a TOML text each table and key stands.

`tomllib` gives values and no places. This reads the same text once more for headers and keys at the start of a line,
skipping what stands in multi-line strings and brackets, so that an error can name its line and a record its lines in git.
A key that stands elsewhere (in an inline table) is placed on the line where its value begins.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]  # ("risk", 3, "owner")

_HEADER = re.compile(r"\s*(\[\[|\[)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_PART = re.compile(r"[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'")
_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#|[\[\]{}]')


@dataclass(slots=True)
class _State:
    """What a line begins in: a multi-line string, open brackets, or neither."""

    quote: str = ""
    depth: int = 0

    def after(self, line: str) -> None:
        """Read one line."""
        at = 0
        while True:
            if self.quote:
                at = self._string_end(line, at)
                if at < 0:
                    return
            found = _TOKEN.search(line, at)
            if found is None or found[0] == "#":
                return
            at = found.end()
            if found[0] in ('"""', "'''"):
                self.quote = found[0]
            elif found[0] in "[{":
                self.depth += 1
            elif found[0] in "]}":
                self.depth -= 1

    def _string_end(self, line: str, at: int) -> int:
        end = line.find(self.quote, at)
        while end > 0 and self.quote == '"""' and (len(line[:end]) - len(line[:end].rstrip("\\"))) % 2:
            end = line.find(self.quote, end + 1)
        if end < 0:
            return -1
        closing = end + 3
        while closing < len(line) and closing < end + 5 and line[closing] == self.quote[0]:
            closing += 1
        self.quote = ""
        return closing


@dataclass(slots=True)
class Layout:
    """The places found in one text; lines count from 1."""

    places: dict[Path, int] = field(default_factory=dict)
    ends: dict[Path, int] = field(default_factory=dict)  # the last line of each table at the top that says something

    def line(self, path: Sequence[str | int]) -> int:
        """The line of a key or table, or of the nearest thing around it."""
        for length in range(len(path), 0, -1):
            if (found := self.places.get(tuple(path[:length]))) is not None:
                return found
        return 1


def layout(text: str, *, first: int = 1) -> Layout:
    """Read the places in a TOML text that begins on line `first` of its file."""
    found = Layout()
    state = _State()
    counts: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.split("\n"), first):
        inside = bool(state.quote) or state.depth > 0
        if not inside and (header := _HEADER.match(line)):
            table = _table(list(_parts(header[2])), array=header[1] == "[[", counts=counts)
            found.places.setdefault(table, number)
        elif not inside and (key := _KEY.match(line)):
            found.places.setdefault((*table, *_parts(key[1])), number)
            if any(mark in line for mark in ('"""', "'''", "[", "{")):
                state.after(line)
        elif inside:
            state.after(line)
        if inside or (line.strip() and not line.lstrip().startswith("#")):
            found.ends[table[:2] if len(table) > 1 and isinstance(table[1], int) else table[:1]] = number
    return found


def _parts(dotted: str) -> Iterator[str]:
    for part in _PART.findall(dotted):
        yield part[1:-1] if part[0] in "\"'" else part


def _table(names: list[str], *, array: bool, counts: dict[Path, int]) -> Path:
    """The path of a table, with the number of each array's element in it: `[[risk]]` is ("risk", 0), then ("risk", 1)."""
    path: Path = ()
    for depth, name in enumerate(names):
        path = (*path, name)
        last = depth == len(names) - 1
        if last and array:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path
