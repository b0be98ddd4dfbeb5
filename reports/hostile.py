"""Text from an estate is hostile until it is shown harmless: whoever names a bucket writes into our reports.

- `one_line` leaves no character that moves a cursor, ends a line or turns the direction of reading.
- `cell` leaves no text that a spreadsheet would compute.
- `markdown` leaves no text that a Markdown page would make a link, a mention, a reference, a tag or a table of; `code`
  shows a name in a code span, where none of that happens and from which it can be copied.
- All keep what they take out visible, as an escape, so that a reader sees that something stood there.
"""

import re

# C0 and C1 controls, line and paragraph separators, bidirectional overrides and isolates, invisible joiners,
# byte order marks, lone surrogates and non-characters: none of them belongs in one line of plain text.
_UNPRINTABLE = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# What starts a formula in a spreadsheet, in its full-width form too.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")

# What Markdown, as GitHub and GitLab read it, gives a meaning to. Within a word `_` has none, and ids are full of it.
_MARKUP = re.compile(
    r"[\\`*\[\]<>|~#&!$^{}@]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[-+=]|(?<=^\d)[.)](?=\s)|(?<=^\d\d)[.)](?=\s)"
)
# Names after `@`, numbers after `#` and hosts after `://` or `www.` are linked even where they are escaped: a space of no
# width parts them.
_LINKED = re.compile(r"(?<=[@#!$~&])(?=\w)|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
_NO_WIDTH = "\u200b"

CELL_LIMIT = 32_000  # a cell of a spreadsheet holds 32,767 characters


def one_line(text: str, limit: int | None = None) -> str:
    """The text on one line, harmless to a terminal and legal in XML; cut with an ellipsis beyond `limit`."""
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return text if text.isascii() and text.isprintable() else _UNPRINTABLE.sub(_escape, text)


def in_json(text: str) -> str:
    """A JSON text of many lines that means the same, with JSON's own escapes for what a terminal would obey."""
    return "\n".join(_UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", line) for line in text.split("\n"))


def cell(text: str) -> str:
    """The text as one cell of CSV: one line, and never a formula, even behind leading blanks."""
    clean = one_line(text, CELL_LIMIT)
    return f"'{clean}" if clean.lstrip(" \u00a0\u3000").startswith(_FORMULA) else clean


def markdown(text: str, limit: int | None = None) -> str:
    """The text as a part of a paragraph of Markdown: it reads as it stands there, and does nothing."""
    return _escaped(one_line(text, limit).strip())


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", _LINKED.sub(_NO_WIDTH, text))


def prose(text: str) -> str:
    """A sentence of ours as Markdown: what stands in backticks is code, and nothing else does anything."""
    parts = re.split(r"`([^`]+)`", text.strip())
    return "".join(code(part) if index % 2 else _escaped(one_line(part)) for index, part in enumerate(parts))


def code(text: str, limit: int | None = None) -> str:
    """The text as a code span of Markdown, in more backticks than stand in it (CommonMark §6.1)."""
    shown = one_line(text, limit)
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    pad = " " if not shown.strip() or shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    return _NAMED.get(character) or (f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}")
