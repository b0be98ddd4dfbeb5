"""Read record files into records, or say precisely why not.

- A file that cannot be understood makes its kind unread: file, line, field and what is expected are named.
- Nothing is guessed: an unknown field is an error that names the nearest known one; two records with one id are an error.
- `[defaults]` in a file gives fields to every record of that file that leaves them out.
- What comes out is what can be stored: texts, whole numbers, booleans, lists; days as `2026-01-31`, times in UTC.
"""

import difflib
import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from collectors.records.layout import Layout, Path, layout
from collectors.records.schema import Field, Kind, Type
from evidence_store.records import Json, format_time, sorted_by_utf8

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,199}")
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9._@-]+")
_DURATION = re.compile(r"(\d{1,6})\s*(m|min|h|d)")
_MINUTES = {"m": 1, "min": 1, "h": 60, "d": 24 * 60}
_FENCE = "+++"
PLACEHOLDER = "..."


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with one file."""

    file: str  # below the records directory
    line: int
    field: str  # empty where it concerns the whole file
    message: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.field}: {self.message}"
            if self.field
            else f"{self.file}:{self.line}: {self.message}"
        )


class FormatError(Exception):
    """A file does not say what its kind of record says."""

    def __init__(self, file: str, line: int, field: str, message: str) -> None:
        self.problem = Problem(file, line, field, message)
        super().__init__(str(self.problem))


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was written."""

    id: str
    facts: Mapping[str, Json]  # every field of its kind
    file: str
    first: int  # its lines in the file
    last: int
    shared: tuple[int, int] = (0, -1)  # the lines of the file's `[defaults]`, which speak for it too

    @property
    def lines(self) -> tuple[int, ...]:
        """Every line that says something of it."""
        return (*range(self.first, self.last + 1), *range(self.shared[0], self.shared[1] + 1))


def load(kind: Kind, files: Iterable[tuple[str, bytes]]) -> list[Record]:
    """Every record of a kind, in order of ids. Raises `FormatError`."""
    found: dict[str, Record] = {}
    for file, content in files:
        for record in _records(kind, file, content):
            if record.id in found:
                other = found[record.id]
                raise FormatError(
                    file,
                    record.first,
                    "id",
                    f"{record.id} is already used at {other.file}:{other.first}; give each record an id",
                )
            found[record.id] = record
    _derive(kind, found)
    return [found[id_] for id_ in sorted_by_utf8(found)]


def _records(kind: Kind, file: str, content: bytes) -> Iterator[Record]:
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise FormatError(file, content[: error.start].count(b"\n") + 1, "", "expected UTF-8 text") from None
    if file.endswith(".md"):
        yield _document(kind, file, text)
        return
    places = layout(text)
    parsed = _toml(file, text, 1)
    defaults = _defaults(kind, file, parsed.pop("defaults", {}), places)
    body = parsed.pop(kind.name, [])
    for key in parsed:
        hint = _nearest(key, (kind.name, "defaults"))
        raise FormatError(file, places.line((key,)), key, f"expected [[{kind.name}]] tables here{hint}")
    yield from _listed(kind, file, body, defaults, places)


def _listed(kind: Kind, file: str, body: object, defaults: Mapping[str, Json], places: Layout) -> Iterator[Record]:
    """The records of a file of tables; of a single table, the one record, named after its kind."""
    rows = body if isinstance(body, list) else [body]
    shared = (places.line(("defaults",)), places.ends[("defaults",)]) if defaults else (0, -1)
    for index, row in enumerate(rows):
        path: Path = (kind.name, index) if isinstance(body, list) else (kind.name,)
        if not isinstance(row, dict):
            raise FormatError(file, places.line(path), kind.name, f"expected a table, found {row!r}")
        lone = "" if isinstance(body, list) else kind.name
        id_ = _id(kind, file, {**defaults, **row}, path, places, lone)
        facts = {**defaults, **_facts(kind, file, row, path, places)}
        first = places.line(path)
        yield Record(id_, _filled(kind, facts, file, first), file, first, places.ends.get(path, first), shared)


def _document(kind: Kind, file: str, text: str) -> Record:
    """A Markdown file with its fields between `+++` lines; without an id, it is named after the file."""
    lines = text.split("\n")
    end = next((n for n, line in enumerate(lines) if n and line.strip() == _FENCE), None)
    if lines[0].strip() != _FENCE or end is None:
        raise FormatError(file, 1, "", f"expected the fields of the document between two lines of {_FENCE}")
    front = "\n".join(lines[1:end])
    places = layout(front, first=2)
    row = _toml(file, front, 2)
    stem = file.rsplit("/", 1)[-1].removesuffix(".md")
    id_ = _id(kind, file, row, (), places, stem)
    body = "\n".join(lines[end + 1 :]).strip()
    facts = _filled(kind, _facts(kind, file, row, (), places), file, 1)
    if kind.document:
        digest = hashlib.sha256(body.encode()).hexdigest() if body else None
        facts = {**facts, "text_words": len(body.split()), "text_sha256": digest}
    return Record(id_, facts, file, 1, len(lines))


def _toml(file: str, text: str, first: int) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=_Fraction)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        raise FormatError(file, line + first - 1, "", f"not valid TOML: {str(error).split(' (at ')[0].lower()}") from None


class _Fraction(str):
    """A number with a fraction, as written: always refused."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _id(kind: Kind, file: str, row: Mapping[str, Any], path: Path, places: Layout, lone: str) -> str:
    """The record's id: its own, or made of its key fields, or that of the only record here."""
    own = row.get("id")
    if own is None:
        parts = [row.get(name) for name in kind.key]
        if kind.key and all(parts):
            made = "+".join(_NOT_IN_ID.sub("-", str(part)).strip("-") for part in parts)
            return made[:200] if _ID.match(made) else f"x{made}"[:200]
        if not lone:
            needed = f", or {' and '.join(kind.key)} to make one of" if kind.key else ""
            raise FormatError(file, places.line(path), "id", f"expected an id{needed}")
        own = lone
    if not isinstance(own, str) or not _ID.fullmatch(own):
        expected = "a text of letters, digits and . _ @ + - that begins with a letter or digit"
        raise FormatError(file, places.line((*path, "id")), "id", f"expected {expected}, found {_shown(own)}")
    return own


def _facts(kind: Kind, file: str, row: Mapping[str, Any], path: Path, places: Layout) -> dict[str, Json]:
    """The fields that stand in a record."""
    return _table(kind.fields, {k: v for k, v in row.items() if k != "id"}, file, path, places)


def _filled(kind: Kind, facts: Mapping[str, Json], file: str, line: int) -> dict[str, Json]:
    """The facts with the kind's own defaults, and every required field present."""
    filled = {f.name: f.default if facts.get(f.name) is None else facts[f.name] for f in kind.fields}
    for f in kind.fields:
        if f.required and filled[f.name] in (None, ""):
            raise FormatError(file, line, f.name, f"expected {f.expected}, found nothing: {f.meaning}")
    if kind.document:
        filled |= {"text_words": 0, "text_sha256": None}
    return filled


def _defaults(kind: Kind, file: str, given: object, places: Layout) -> dict[str, Json]:
    if not isinstance(given, dict):
        raise FormatError(file, places.line(("defaults",)), "defaults", f"expected a table, found {given!r}")
    return _table(kind.fields, given, file, ("defaults",), places)


def _table(fields: Sequence[Field], row: Mapping[str, Any], file: str, path: Path, places: Layout) -> dict[str, Json]:
    known = {f.name: f for f in fields}
    for name in row:
        if name not in known:
            hint = _nearest(name, ("id", *known))
            raise FormatError(file, places.line((*path, name)), name, f"no such field{hint}")
    return {name: _value(known[name], value, file, (*path, name), places) for name, value in row.items()}


def _value(f: Field, value: Any, file: str, path: Path, places: Layout) -> Json:
    if f.type is Type.TABLES:
        if isinstance(value, list) and all(isinstance(row, dict) for row in value):
            return [_inner(f, row, file, (*path, n), places) for n, row in enumerate(value)]
    elif (read := _plain(f, value)) is not None:
        return read
    raise FormatError(file, places.line(path), f.name, f"expected {f.expected}, found {_shown(value)}")


def _inner(f: Field, row: Mapping[str, Any], file: str, path: Path, places: Layout) -> dict[str, Json]:
    facts = dict.fromkeys((inner.name for inner in f.fields), None) | _table(f.fields, row, file, path, places)
    for inner in f.fields:
        if inner.required and not facts[inner.name]:
            raise FormatError(file, places.line(path), f"{f.name}.{inner.name}", f"expected {inner.expected}, found nothing")
    return facts


def _plain(f: Field, value: Any) -> Json:
    """The value as it is stored; `None` where it is not what the field holds."""
    match f.type, value:
        case Type.FLAG, bool():
            return value
        case Type.WHOLE, int() if not isinstance(value, bool) and abs(value) < 2**53:
            return value
        case Type.DAY, date() if not isinstance(value, datetime):
            return value.isoformat()
        case Type.MOMENT, datetime() if value.tzinfo is not None:
            return format_time(value)
        case Type.DURATION, str() if (found := _DURATION.fullmatch(value.strip())) is not None:
            return int(found[1]) * _MINUTES[found[2]]
        case Type.TEXT, str() if _is_text(f, value):
            return value.strip()
        case Type.TEXTS, list() if all(_is_text(f, entry) for entry in value):
            return [entry.strip() for entry in value]
    return None


def _is_text(f: Field, value: object) -> bool:
    """Whether a value is one of the texts that the field allows; the `...` of an example is none."""
    return type(value) is str and value.strip() != PLACEHOLDER and (not f.choices or value in f.choices)


def _shown(value: Any) -> str:
    """A value as its writer knows it; long ones cut."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return f"{value.isoformat()}, which has no zone"
    shown = value.isoformat() if isinstance(value, date | time) else repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _nearest(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f" (did you mean {close[0]}?)" if close else f" (known: {', '.join(known)})"


def _derive(kind: Kind, records: dict[str, Record]) -> None:
    """Work out the dates that records speak of, and which one is the last of its series."""
    if not kind.effective:
        return
    latest: dict[tuple[Json, ...], tuple[str, str]] = {}
    for id_, record in records.items():
        on = max((record.facts[name] for name in kind.effective if record.facts[name]), default=None)
        facts: dict[str, Json] = {**record.facts, "effective_on": on}
        if kind.latest_by is not None:
            facts["latest"] = False
            series = tuple(facts[name] for name in kind.latest_by)
            if on:
                latest[series] = max(latest.get(series, ("", "")), (on, id_))
        records[id_] = replace(record, facts=facts)
    for _, id_ in latest.values():
        records[id_] = replace(records[id_], facts={**records[id_].facts, "latest": True})
