"""Making a pack of a store: all of it, or what bears on some checks, with the rest withheld."""

import base64
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from evidence_store import bodies, canonical, details, merkle, pack
from evidence_store.errors import StoreError
from evidence_store.records import Json
from evidence_store.verification.evidence import Evidence, IntervalRow, LeafRow

_StreamKey = tuple[str, ...]


def export(
    evidence: Evidence,
    path: str | Path,
    public: bytes,
    *,
    checks: Collection[str] | None = None,
    types: Collection[str] = (),
    documents: Collection[str] | None = None,
    announce: Callable[[Path], None] = pack.unannounced,
) -> dict[str, int]:
    """Write a pack; how many rows of each table were withheld.

    `checks` limits it to these checks and to resources of `types`: those the checks ask about and look up; `documents`
    then limits the documents to these kinds. `announce` is given the whole file before it takes its place. Raises
    `pack.PackError` where the file cannot be written.
    """
    exporter = _Exporter(evidence, None if checks is None else frozenset(checks), frozenset(types), documents)
    pack.write(path, lambda archive: exporter.fill(archive, public), announce)
    return exporter.withheld


class _Exporter:
    def __init__(
        self,
        evidence: Evidence,
        checks: frozenset[str] | None,
        types: frozenset[str],
        documents: Collection[str] | None,
    ) -> None:
        self._evidence = evidence
        self._checks = checks
        self._types = types
        self._kinds = None if checks is None else documents
        self._shown: set[_StreamKey] = set()
        self.withheld: dict[str, int] = {}

    def fill(self, archive: zipfile.ZipFile, public: bytes) -> Mapping[str, Json]:
        evidence = self._evidence
        if self._checks is not None:
            self._choose_streams()
        rows = {"leaves": pack.write_lines(archive, "leaves", self._leaves())}
        rows["checkpoints"] = pack.write_lines(
            archive, "checkpoints", ({"size": size, "note": note} for size, note in evidence.checkpoints())
        )
        streams = {row[0]: row[1:] for row in evidence.streams() if self._checks is None or row[1:] in self._shown}
        rows["streams"] = pack.write_lines(
            archive, "streams", ({"id": i, "scope": list(key[:3]), "source": key[3]} for i, key in streams.items())
        )
        wanted: set[int] = set()
        rows["intervals"] = pack.write_lines(archive, "intervals", self._intervals(set(streams), wanted))
        rows["states"] = pack.write_lines(archive, "states", self._states(wanted))
        rows["findings"] = pack.write_lines(archive, "findings", self._findings())
        rows["documents"] = pack.write_lines(archive, "documents", self._documents())
        selection = None
        if self._checks is not None:
            selection = {"checks": sorted(self._checks), "types": sorted(self._types), "withheld": self.withheld}
        return {"key": base64.b64encode(public).decode(), "rows": rows, "selection": selection}

    def _withhold(self, table: str) -> None:
        self.withheld[table] = self.withheld.get(table, 0) + 1

    # -- leaves --------------------------------------------------------------------------------------------------------

    def _choose_streams(self) -> None:
        """A source is shown where it yields something of a selected type, at whatever time."""
        for row in self._evidence.leaves():
            if b'"kind":"snapshots"' in row.body:
                for record in _detail(row)["records"]:
                    if self._types & set(record["types"]):
                        self._shown.add((*record["scope"], record["source"]))

    def _leaves(self) -> Iterator[Json]:
        for row in self._evidence.leaves():
            line: dict[str, Json] = {"idx": row.idx, "body": row.body.decode(), "detail": None}
            if self._checks is None:
                line["detail"] = None if row.detail is None else base64.b64encode(row.detail).decode()
            elif b'"kind":"snapshots"' in row.body or b'"kind":"findings"' in row.body:
                line["records"] = self._records(_detail(row))
            elif row.detail is not None:
                self._withhold("details")
            yield line

    def _records(self, detail: Mapping[str, Any]) -> list[Json]:
        heading = {key: value for key, value in detail.items() if key != "records"}
        told: list[Json] = [{"record": heading}]
        for record in detail["records"]:
            key = (*record["scope"], record["source"]) if "source" in record else record["check"]
            if key in self._shown or key in (self._checks or ()):
                told.append({"record": record})
            else:
                told.append({"hash": merkle.leaf_hash(canonical.encode(record)).hex()})
                self._withhold("records")
        return told

    # -- rows ----------------------------------------------------------------------------------------------------------

    def _intervals(self, streams: Collection[int], wanted: set[int]) -> Iterator[Json]:
        digests = {} if self._checks is None else {identity: digest for identity, digest, _, _ in self._evidence.states()}
        place, before = 0, None
        for row in self._evidence.intervals():
            identity, stream, type_, uid, facet, state, opened, closed, _ = row
            if stream not in streams:
                self._withhold("intervals")
                continue
            line: dict[str, Json] = {"id": identity, "stream": stream, "opened": opened, "closed": closed}
            place += before != (stream, uid, facet, type_)
            before = (stream, uid, facet, type_)
            if self._checks is None or type_ in self._types:
                wanted.add(state)
                yield {**line, "type": type_, "uid": uid, "facet": facet, "state": state}
            else:
                self._withhold("intervals")
                yield {**line, "withheld": [place, _hidden(row, digests).hex()]}

    def _states(self, wanted: Collection[int]) -> Iterator[Json]:
        for identity, digest, salt, body in self._evidence.states():
            if self._checks is not None and identity not in wanted:
                self._withhold("states")
                continue
            yield {"id": identity, "digest": digest.hex(), "salt": salt.hex(), "body": base64.b64encode(body).decode()}

    def _findings(self) -> Iterator[Json]:
        for row in self._evidence.findings():
            if self._checks is None or row[1] in self._checks:
                yield list(row)
            else:
                self._withhold("findings")

    def _documents(self) -> Iterator[Json]:
        for digest, kind, body in self._evidence.documents():
            if self._kinds is None or kind in self._kinds:
                yield {"digest": digest, "kind": kind, "body": base64.b64encode(body).decode()}
            else:
                self._withhold("documents")


def _detail(row: LeafRow) -> dict[str, Any]:
    if row.detail is None:
        raise StoreError(f"ev_leaf: the detail of leaf {row.idx} is missing; run `scanner evidence verify`")
    found: dict[str, Any] = canonical.decode(bodies.open_detail(row.detail)[1])
    return found


def _hidden(row: IntervalRow, digests: Mapping[int, bytes]) -> bytes:
    return details.item_hash(row[2], row[3], row[4], digests[row[5]])
