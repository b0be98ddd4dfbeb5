"""Text from an estate is hostile until it is shown harmless: whoever names a bucket writes into our reports.

- `one_line` leaves no character that moves a cursor, ends a line or turns the direction of reading.
- `cell` leaves no text that a spreadsheet would compute.
- Both keep what they take out visible, as an escape, so that a reader sees that something stood there.
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

CELL_LIMIT = 32_000  # a cell of a spreadsheet holds 32,767 characters


def one_line(text: str, limit: int | None = None) -> str:
    """The text on one line, harmless to a terminal and legal in XML; cut with an ellipsis beyond `limit`."""
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return text if text.isascii() and text.isprintable() else _UNPRINTABLE.sub(_escape, text)


def cell(text: str) -> str:
    """The text as one cell of CSV: one line, and never a formula, even behind leading blanks."""
    clean = one_line(text, CELL_LIMIT)
    return f"'{clean}" if clean.lstrip(" \u00a0\u3000").startswith(_FORMULA) else clean


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    return _NAMED.get(character) or (f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}")
