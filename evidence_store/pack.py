"""A pack: evidence in one file that an auditor verifies without us.

- A zip of canonical JSON lines, one file for each table; the same rows give the same bytes.
- Limited to some checks, what lies outside is left out or stands as hashes, so that every root still recomputes; how much
  was withheld is said.
- A pack is streamed, written and read; performing checks again keeps the resources in memory.
"""

import base64
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TypeVar

from evidence_store import bodies, canonical
from evidence_store.records import Json, Scope
from evidence_store.verification.evidence import (
    FindingColumns,
    IntervalRow,
    LeafRow,
    Selection,
    StateRow,
)

SCHEMA = "annexa.pack/1"
_LONGEST_LINE = 1 << 28
_BROKEN = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    IndexError,
    OSError,
    EOFError,
    RuntimeError,
    zlib.error,
    zipfile.BadZipFile,
)
Row = TypeVar("Row")
_README = """This file holds evidence that Annexa collected, as its store recorded it.

To verify it you need the public key of the log, from a source that you trust, and the package `evidence_store`:

    python -m evidence_store.verification PACK --key PUBLICKEY

Add `--against FILE` with a checkpoint that you kept from an earlier audit: then a log that was made anew is found too.

  annexa.json         what this pack holds, and what was withheld
  leaves.jsonl        the log: each line is one leaf of the Merkle tree (RFC 6962)
  checkpoints.jsonl   its signed roots (C2SP signed notes, Ed25519)
  streams.jsonl       the sources, by scope
  states.jsonl        what was seen: facts, compressed, under the digest that the manifests hold
  intervals.jsonl     which state held from when until when
  findings.jsonl      what was concluded, from when until when
  documents.jsonl     the check catalogue, mapping and configuration that runs name by digest

Secrets were replaced before anything was recorded. A supported control is a statement about evidence, not a certificate.
"""


class PackError(Exception):
    """A file is not a pack, or not a whole one."""


class Pack:
    """Rows of a pack, as verification reads them. Raises `PackError` wherever the file does not hold."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._about: Mapping[str, Json] = {}
        self._resources: _Resources | None = None
        with self._opened() as archive:
            try:
                self._about = canonical.decode(archive.read("annexa.json"))
                if self._about["schema"] != SCHEMA:
                    raise PackError(f"{self.path}: is of the form {self._about['schema']!r}; this version reads {SCHEMA}")
                self.selection = _selection(self._about["selection"])
                self.key = str(self._about["key"])  # as the pack says; trust the one you got from elsewhere
            except _BROKEN as error:
                raise PackError(f"{self.path}: is not a whole pack: {error}") from None

    def leaves(self) -> Iterator[LeafRow]:
        return self._rows("leaves", _leaf)

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        return self._rows("checkpoints", lambda line: (line["size"], line["note"]))

    def streams(self) -> Iterator[tuple[int, str, str, str, str]]:
        return self._rows("streams", lambda line: (line["id"], *line["scope"], line["source"]))

    def states(self) -> Iterator[StateRow]:
        return self._rows("states", _state)

    def intervals(self) -> Iterator[IntervalRow]:
        return self._rows("intervals", _interval)

    def findings(self) -> Iterator[FindingColumns]:
        return self._rows("findings", tuple)

    def documents(self) -> Iterator[tuple[str, str, bytes]]:
        return self._rows("documents", lambda line: (line["digest"], line["kind"], base64.b64decode(line["body"])))

    def named(self, uids: Collection[str], type_: str, at: int) -> Iterator[tuple[Scope, str, dict[str, Json]]]:
        found = (self._loaded().resource(uid, type_, at) for uid in uids)
        return (resource for resource in found if resource is not None)

    def find(
        self, within: Scope | str | None, type_: str, facts: Mapping[str, Json], at: int | None = None
    ) -> Iterator[tuple[Scope, str, dict[str, Json]]]:
        return self._loaded().find(within, type_, facts, at)

    def _loaded(self) -> "_Resources":
        if self._resources is None:
            self._resources = _Resources(self)
        return self._resources

    def _opened(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except OSError as error:
            raise PackError(f"{self.path}: cannot be read: {error.strerror or error}") from None
        except (zipfile.BadZipFile, ValueError, RuntimeError) as error:
            raise PackError(f"{self.path}: is not a pack, or was cut short: {error}") from None

    def _rows(self, name: str, row: Callable[[Any], Row]) -> Iterator[Row]:
        """The rows of one table. What is wrong with a line is told as wrong with the pack, whoever reads it."""
        number = 0
        try:
            with self._opened() as archive, archive.open(f"{name}.jsonl") as file:
                while line := file.readline(_LONGEST_LINE):
                    number += 1
                    yield row(canonical.decode(line))
        except _BROKEN as error:
            raise PackError(f"{self.path}: {name}.jsonl, line {number}: does not hold: {error}") from None


class _Resources:
    """The resources of a pack in memory, by uid, at any leaf."""

    def __init__(self, pack: Pack) -> None:
        self._bodies = {identity: body for identity, _, _, body in pack.states()}
        self._scopes = {identity: Scope(*scope) for identity, *scope, _ in pack.streams()}
        self._rows: dict[str, list[IntervalRow]] = {}
        for row in pack.intervals():
            if row[8] is None:
                self._rows.setdefault(row[3], []).append(row)

    def resource(self, uid: str, type_: str | None, at: int | None) -> tuple[Scope, str, dict[str, Json]] | None:
        rows = [row for row in self._rows.get(uid, ()) if type_ in (None, row[2]) and _in_force(row, at)]
        if not rows:
            return None
        facets = {row[4]: canonical.decode(bodies.unpack(self._bodies[row[5]])) for row in rows}
        return min((row[4] != "config", self._scopes[row[1]]) for row in rows)[1], uid, facets

    def find(
        self, within: Scope | str | None, type_: str, facts: Mapping[str, Json], at: int | None
    ) -> Iterator[tuple[Scope, str, dict[str, Json]]]:
        for uid in sorted(self._rows):
            if not any(row[2] == type_ and self._reaches(row, within) for row in self._rows[uid]):
                continue
            found = self.resource(uid, type_, at)
            if found is not None and all(_has(found[2], name, value) for name, value in facts.items()):
                yield found

    def _reaches(self, row: IntervalRow, within: Scope | str | None) -> bool:
        scope = self._scopes[row[1]]
        return within in (None, scope, scope.account)


def _has(facets: Mapping[str, Json], name: str, value: Json) -> bool:
    return any(isinstance(facts, dict) and name in facts and facts[name] == value for facts in facets.values())


def _in_force(row: IntervalRow, at: int | None) -> bool:
    return row[7] is None if at is None else row[6] <= at and (row[7] is None or row[7] > at)


def _leaf(line: Any) -> LeafRow:
    records = line.get("records")
    shown = None if records is None else tuple(_record(one) for one in records)
    return LeafRow(line["idx"], line["body"].encode(), _bytes_or_none(line["detail"]), shown)


def _state(line: Any) -> StateRow:
    return line["id"], bytes.fromhex(line["digest"]), bytes.fromhex(line["salt"]), base64.b64decode(line["body"])


def _interval(line: Any) -> IntervalRow:
    span = (line["opened"], line["closed"])
    if (hidden := line.get("withheld")) is not None:
        return line["id"], line["stream"], "", "", "", 0, *span, (hidden[0], bytes.fromhex(hidden[1]))
    return line["id"], line["stream"], line["type"], line["uid"], line["facet"], line["state"], *span, None


def _record(one: Json) -> Json | bytes:
    return bytes.fromhex(one["hash"]) if "hash" in one else one["record"]


def _bytes_or_none(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _selection(value: Json) -> Selection | None:
    if value is None:
        return None
    return Selection(frozenset(value["checks"]), frozenset(value["types"]), dict(value["withheld"]))


def write_lines(archive: zipfile.ZipFile, name: str, rows: Iterator[Json]) -> int:
    """One file of the pack; how many lines it has."""
    count = 0
    with _entry(archive, f"{name}.jsonl") as file:
        for row in rows:
            file.write(canonical.encode(row) + b"\n")
            count += 1
    return count


def _entry(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    # A fixed date and mode: the same evidence gives the same file.
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return archive.open(entry, "w", force_zip64=True)


def unannounced(_draft: Path) -> None:
    """Nobody is told of a pack before it is in its place."""


def write(
    path: str | Path, fill: Callable[[zipfile.ZipFile], Mapping[str, Json]], announce: Callable[[Path], None] = unannounced
) -> None:
    """Write a pack whole or not at all. `fill` writes the tables and returns what `annexa.json` says of them.

    `announce` is given the pack when it is whole and on the disk, before it takes its place; where that fails, there is none.
    """
    target = Path(path)
    if target.exists() and not target.is_file():
        raise PackError(f"{target}: is no ordinary file, and a pack takes the place of what is there; name another")
    draft = target.with_name(f".{target.name}.part")
    try:
        with _draft(draft, target) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            with _entry(archive, "README.txt") as entry:
                entry.write(_README.encode())
            about = fill(archive)
            with _entry(archive, "annexa.json") as entry:
                entry.write(canonical.encode({"schema": SCHEMA, **about}) + b"\n")
        with draft.open("rb") as whole:
            os.fsync(whole.fileno())
        announce(draft)
        draft.replace(target)
    except OSError as error:
        raise PackError(f"{target}: cannot be written: {error.strerror or error}") from None
    finally:
        draft.unlink(missing_ok=True)


def _draft(path: Path, target: Path) -> IO[bytes]:
    """A new file for its owner alone, as what a pack holds asks for; or with the mode of the one that it will replace."""
    path.unlink(missing_ok=True)  # of a process that was killed
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    if target.exists():
        os.fchmod(descriptor, stat.S_IMODE(target.stat().st_mode))
    return os.fdopen(descriptor, "w+b")
