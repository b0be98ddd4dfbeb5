"""The log as its writer sees it: its size, its tree, its newest time.

Leaves are small canonical records. `append` puts them into a transaction; the tree moves on only when that is committed.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from evidence_store import bodies, canonical, merkle, schema
from evidence_store.errors import StoreError
from evidence_store.records import Json, format_time, parse_time

_CHUNK = 5000


class Log:
    """The tree over every leaf, and the time of the newest."""

    def __init__(self) -> None:
        self.tree = merkle.Frontier()
        self.time = datetime(1970, 1, 1, tzinfo=UTC)
        self.started: str | None = None  # the run that began last
        self.ended: int | None = None  # the leaf of the last run end
        self.judged: list[int] = []  # the leaves of findings since then

    @property
    def size(self) -> int:
        return self.tree.size

    def copy(self) -> "Log":
        twin = Log()
        twin.tree, twin.time = self.tree.copy(), self.time
        twin.started, twin.ended, twin.judged = self.started, self.ended, list(self.judged)
        return twin

    def append(
        self, connection: sa.Connection, kind: str, now: datetime, run: str, fields: dict[str, Json], detail: Json = None
    ) -> int:
        """Write one leaf; its index. Times never decrease: a clock that was set back stands still here."""
        self.time = max(self.time, now)
        record = {"kind": kind, "time": format_time(self.time), "run": run, **fields}
        packed = None
        if detail is not None:
            record["detail_digest"], packed = bodies.pack_detail(canonical.encode(detail))
        body = canonical.encode(record)
        index = self.size
        connection.execute(schema.leaf.insert().values(idx=index, body=body, detail=packed))
        self._grow(body)
        return index

    def _grow(self, body: bytes) -> None:
        index = self.size
        self.tree.append(merkle.leaf_hash(body))
        if b'"kind":"run_start"' in body:
            self.started = read_body(body, index).get("run")
        elif b'"kind":"run_end"' in body:
            self.ended, self.judged = index, []
        elif b'"kind":"findings"' in body:
            self.judged.append(index)


def load(connection: sa.Connection, sealed: int) -> tuple[Log, bytes]:
    """The log, read whole, and its root at the size that was last sealed. Raises `StoreError` for a gap."""
    log, root_then, last = Log(), merkle.EMPTY, b""
    leaf = schema.leaf.c
    query = sa.select(leaf.idx, leaf.body).order_by(leaf.idx)
    rows = connection.execute(query, execution_options={"yield_per": _CHUNK})
    for index, body in rows:
        of_leaf(body, index)
        if index != log.size:
            raise StoreError(f"ev_leaf: leaf {log.size} is missing; run `scanner evidence verify`")
        last = body
        log._grow(body)
        if log.size == sealed:
            root_then = log.tree.root()
    if last:
        log.time = parse_time(read_body(last, log.size - 1)["time"])
    return log, root_then


def of_leaf(body: Any, index: int) -> bytes:
    """What a leaf holds: a database may give back anything. Raises `StoreError`."""
    if not isinstance(body, bytes):
        raise StoreError(f"ev_leaf: leaf {index} is not a record; run `scanner evidence verify`")
    return body


def read_body(body: bytes, index: int) -> dict[str, Any]:
    """Raises `StoreError`."""
    try:
        record = canonical.decode(of_leaf(body, index))
    except canonical.CanonicalError:
        record = None
    if not isinstance(record, dict) or not isinstance(record.get("kind"), str) or not isinstance(record.get("time"), str):
        raise StoreError(f"ev_leaf: leaf {index} is not a record; run `scanner evidence verify`")
    return record


def read_detail(detail: bytes | None, index: int) -> Json:
    """The detail of a leaf, or `None` where there is none. Raises `StoreError`."""
    if detail is None:
        return None
    try:
        return canonical.decode(bodies.open_detail(detail)[1])
    except (bodies.BodyError, canonical.CanonicalError) as error:
        raise StoreError(f"ev_leaf: the detail of leaf {index} cannot be read: {error}") from None
