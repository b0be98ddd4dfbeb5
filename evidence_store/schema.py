"""The tables. Those that hold evidence are named `ev_*`, and verification covers every column of theirs.

Indices are chosen so that appending does not slow down with size: none on a random digest, and what is open is found
through partial indices that do not grow with history.
"""

from sqlalchemy import BigInteger, Column, Dialect, Index, Integer, LargeBinary, MetaData, Table, Text

REVISION = "0002"  # the newest migration

metadata = MetaData()


class Bytes(LargeBinary):
    """Bytes as both drivers take and give them; SQLAlchemy would wrap each value, at a cost that shows in every state."""

    def bind_processor(self, dialect: Dialect) -> None:  # noqa: ARG002 - the interface's
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> None:  # noqa: ARG002 - the interface's
        return None


_Id = BigInteger().with_variant(Integer, "sqlite")
# Orders are of UTF-8 bytes, whatever the database's own collation.
_Text = Text().with_variant(Text(collation="C"), "postgresql")

leaf = Table(
    "ev_leaf",
    metadata,
    Column("idx", _Id, primary_key=True, autoincrement=False),  # contiguous from 0
    Column("body", Bytes(), nullable=False),  # canonical JSON; its leaf hash is in the tree
    Column("detail", Bytes()),  # zstd of salt and canonical JSON; its digest stands in the body
)
checkpoint = Table(
    "ev_checkpoint",
    metadata,
    Column("size", _Id, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
)
stream = Table(
    "ev_stream",  # one source in one scope
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),  # in the order in which snapshots first name them, from 1
    Column("provider", _Text, nullable=False),
    Column("account", _Text, nullable=False),
    Column("region", _Text, nullable=False),
    Column("source", _Text, nullable=False),
    Index("ix_stream_key", "provider", "account", "region", "source", unique=True),
)
state = Table(
    "ev_state",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),  # contiguous from 1
    Column("digest", Bytes(), nullable=False),  # SHA-256 of salt and canonical facts
    Column("salt", Bytes(), nullable=False),  # a column of its own: comparing reads no bodies
    Column("body", Bytes(), nullable=False),  # zstd of the canonical redacted facts
)
interval = Table(
    "ev_interval",  # which state of a facet held, from one snapshot until another
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),  # contiguous from 1
    Column("stream", _Id, nullable=False),
    Column("type", _Text, nullable=False),
    Column("uid", _Text, nullable=False),
    Column("facet", _Text, nullable=False),
    Column("state", _Id, nullable=False),
    Column("opened", _Id, nullable=False),
    Column("closed", _Id),
)
Index(
    "ix_interval_open",
    interval.c.stream,
    interval.c.type,
    interval.c.uid,
    interval.c.facet,
    interval.c.state,
    sqlite_where=interval.c.closed.is_(None),
    postgresql_where=interval.c.closed.is_(None),
)
Index("ix_interval_uid", interval.c.uid)
finding = Table(
    "ev_finding",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),  # contiguous from 1
    Column("check", _Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("parameters", _Text, nullable=False),
    Column("severity", _Text, nullable=False),
    Column("provider", _Text, nullable=False),
    Column("account", _Text, nullable=False),
    Column("region", _Text, nullable=False),
    Column("type", _Text, nullable=False),
    Column("uid", _Text, nullable=False),
    Column("status", _Text, nullable=False),
    Column("reason", _Text, nullable=False),
    Column("lookups", _Text, nullable=False),  # canonical JSON: [[type, uid or null, [[fact, value], ...]], ...]
    Column("since", _Id, nullable=False),
    Column("opened", _Id, nullable=False),
    Column("closed", _Id),
)
Index(
    "ix_finding_open",  # covers the counts of what is open
    finding.c.check,
    finding.c.provider,
    finding.c.account,
    finding.c.region,
    finding.c.uid,
    finding.c.status,
    finding.c.severity,
    sqlite_where=finding.c.closed.is_(None),
    postgresql_where=finding.c.closed.is_(None),
)
Index("ix_finding_uid", finding.c.uid)
document = Table(
    "ev_document",
    metadata,
    Column("digest", _Text, primary_key=True),  # SHA-256 of the canonical document, hex
    Column("kind", _Text, nullable=False),
    Column("body", Bytes(), nullable=False),  # zstd of the canonical document
)
# Not evidence: who may write. A writer whose number is no longer the newest has lost the store.
fence = Table(
    "writer_fence",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", _Id, nullable=False),
    Column("holder", Text, nullable=False),
)
# Not evidence: what is to be run when, and who runs it. The log says what was run and what was missed.
schedule = Table(
    "schedule",
    metadata,
    Column("name", _Text, primary_key=True),
    Column("definition", Text, nullable=False),  # canonical JSON
    Column("settled", _Id, nullable=False),  # milliseconds, as all times here: each due time up to it was claimed or missed
    Column("due", _Id),  # the firing that is under way
    Column("number", _Id, nullable=False),  # of the last claim; whoever holds an older one has lost the firing
    Column("attempts", Integer, nullable=False),
    Column("holder", Text, nullable=False),
    Column("expires", _Id, nullable=False),  # by the database's clock
    Column("outcome", Text),  # of the last firing that is no longer under way
    Column("sealed_due", _Id),  # the last firing that ended in a sealed run
    Column("sealed_at", _Id),
)
schedule_missed = Table(
    "schedule_missed",  # waits for the next leaf
    metadata,
    Column("id", _Id, primary_key=True),
    Column("definition", Text, nullable=False),
    Column("times", Integer, nullable=False),
    Column("first", _Id, nullable=False),
    Column("last", _Id, nullable=False),
    Column("why", Text, nullable=False),
)
