"""Plain text for people: columns, wrapping, and colour where a terminal wants it.

- A line is at most `WIDTH` columns wide, and no wider than the terminal; a wide character takes two.
- Whatever is written here has gone through `one_line`: a name in the estate cannot move the cursor.
- Colour never carries meaning alone.
"""

import os
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TextIO, TypeAlias

from reports.hostile import one_line

WIDTH = 100
NARROWEST = 72  # columns; in a terminal narrower than that lines wrap
_LEAST = 10  # columns of a column that is made narrower, or of a paragraph
LONGEST = 2_000  # characters of one text that are shown to a person
Row: TypeAlias = Sequence[tuple[str, str] | str]  # a cell is text, or text with a style
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "magenta": "35"}


def wants_colour(out: TextIO) -> bool:
    """Whether the stream is a terminal whose user has not set NO_COLOR (https://no-color.org) or a dumb TERM."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width_of(out: TextIO) -> int:
    """How wide a line may be: `WIDTH`, or as wide as the terminal where that is narrower."""
    if not out.isatty():
        return WIDTH
    try:
        return max(NARROWEST, min(WIDTH, os.get_terminal_size(out.fileno()).columns))
    except (OSError, ValueError):
        return WIDTH


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, width: int) -> str:
    """The text in at most `width` columns, with an ellipsis where something was cut."""
    return text if columns(text) <= width else f"{_head(text, width - 1)}…"


def _head(text: str, width: int) -> str:
    """As much of the text's beginning as fits."""
    taken = 0
    for position, character in enumerate(text):
        taken += columns(character)
        if taken > width:
            return text[:position]
    return text


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns; a word that is longer (an ARN) is broken."""
    lines: list[str] = []
    line = ""
    for word in one_line(text, LONGEST).split(" "):
        rest = word
        if line and columns(line) + 1 + columns(rest) <= width:
            line = f"{line} {rest}"
            continue
        if line:
            lines.append(line)
        while columns(rest) > width:
            head = _head(rest, width)
            lines.append(head)
            rest = rest[len(head) :]
        line = rest
    return [*lines, line] if line or not lines else lines


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table. The last column of a table may wrap; the others are cut."""

    title: str
    width: int
    right: bool = False
    whole: bool = False  # never made narrower: half a time says nothing


class Paper:
    """Where text goes, line by line."""

    def __init__(self, out: TextIO, *, colour: bool | None = None) -> None:
        self._out = out
        self._colour = wants_colour(out) if colour is None else colour
        self._width = width_of(out)

    def styled(self, text: str, style: str) -> str:
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self._colour and style in _CODES else text

    def blank(self) -> None:
        self._out.write("\n")

    def title(self, text: str) -> None:
        self._out.write(f"\n{self.styled(text.upper(), 'bold')}\n")

    def say(
        self, text: str, *, indent: int = 0, hang: int | None = None, style: str = "", lead: tuple[str, str] = ("", "")
    ) -> None:
        """A paragraph after its `lead` (text and style); further lines start at `hang`, or where the first one did."""
        label, label_style = lead
        start = indent + columns(label)
        further = start if hang is None else hang
        first, *rest = wrapped(text, max(_LEAST, self._width - max(start, further)))
        self._out.write(f"{' ' * indent}{self.styled(label, label_style)}{self.styled(first, style)}\n")
        for line in rest:
            self._out.write(f"{' ' * further}{self.styled(line, style)}\n")

    def pairs(self, rows: Iterable[tuple[str, str]], *, indent: int = 2, width: int = 20) -> None:
        """A label and what it says, side by side."""
        for label, text in rows:
            first, *rest = wrapped(text, max(_LEAST, self._width - indent - width))
            self._out.write(f"{' ' * indent}{cut(one_line(label), width - 1):<{width}}{first}\n")
            for line in rest:
                self._out.write(f"{' ' * (indent + width)}{line}\n")

    def table(self, layout: Sequence[Column], rows: Iterable[Row], *, indent: int = 2, titles: bool = True) -> None:
        """Rows under their titles."""
        layout = _fitted(layout, self._width - indent)
        if titles:
            self._out.write(self.styled(_aligned(layout, [column.title for column in layout], indent), "dim") + "\n")
        for row in rows:
            for line in self._lines(layout, row, indent):
                self._out.write(line + "\n")

    def _lines(self, layout: Sequence[Column], row: Row, indent: int) -> Iterator[str]:
        cells = [entry if isinstance(entry, tuple) else (entry, "") for entry in row]
        last = wrapped(cells[-1][0], layout[-1].width)
        if layout[-1].right:
            last = [_padded(line, layout[-1]) for line in last]
        line = " " * indent
        for column, (text, style) in zip(layout[:-1], cells[:-1], strict=True):
            line += self.styled(_padded(one_line(text), column), style) + "  "
        yield (line + self.styled(last[0], cells[-1][1])).rstrip()
        margin = indent + sum(column.width + 2 for column in layout[:-1])
        for further in last[1:]:
            yield " " * margin + self.styled(further, cells[-1][1])


def _fitted(layout: Sequence[Column], room: int) -> Sequence[Column]:
    """The layout with its widest columns of text made narrower, until it fits."""
    widths = [column.width for column in layout]
    over = sum(widths) + 2 * (len(widths) - 1) - room
    while over > 0:
        widest = max(range(len(widths)), key=lambda i: 0 if layout[i].right or layout[i].whole else widths[i])
        if widths[widest] <= _LEAST:
            break
        widths[widest] -= 1
        over -= 1
    return [replace(column, width=width) for column, width in zip(layout, widths, strict=True)]


def _padded(text: str, column: Column) -> str:
    shown = cut(text, column.width)
    blanks = " " * (column.width - columns(shown))
    return blanks + shown if column.right else shown + blanks


def _aligned(layout: Sequence[Column], texts: Sequence[str], indent: int) -> str:
    line = "  ".join(_padded(text, column) for text, column in zip(texts, layout, strict=True))
    return " " * indent + line.rstrip()


def listed(names: Sequence[str], at_most: int) -> str:
    """`a, b and c`; beyond `at_most`: `a, b and 12 more`."""
    if len(names) > at_most:
        return f"{', '.join(names[:at_most])} and {len(names) - at_most:,} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else list(names))


def counted(number: int, one: str) -> str:
    """`1 check`, `1,200 checks`."""
    return f"{number:,} {one if number == 1 else one + 's'}"
