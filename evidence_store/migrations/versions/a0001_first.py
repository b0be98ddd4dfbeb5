"""The first schema: log, checkpoints, streams, states, intervals, findings, documents, and the writer's fence."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _id(name: str) -> sa.Column[int]:
    return sa.Column(name, _ID, primary_key=True, autoincrement=False)


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]


def upgrade() -> None:
    _log()
    _estate()
    _findings()
    op.create_table(
        "writer_fence",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", _ID, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
    )


def _log() -> None:
    op.create_table(
        "ev_leaf", _id("idx"), sa.Column("body", sa.LargeBinary, nullable=False), sa.Column("detail", sa.LargeBinary)
    )
    op.create_table("ev_checkpoint", _id("size"), sa.Column("note", sa.Text, nullable=False))
    op.create_table(
        "ev_document",
        sa.Column("digest", _TEXT, primary_key=True),
        *_text("kind"),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def _estate() -> None:
    op.create_table("ev_stream", _id("id"), *_text("provider", "account", "region", "source"))
    op.create_index("ix_stream_key", "ev_stream", ["provider", "account", "region", "source"], unique=True)
    op.create_table("ev_state", _id("id"), *(sa.Column(n, sa.LargeBinary, nullable=False) for n in ("digest", "salt", "body")))
    op.create_table(
        "ev_interval",
        _id("id"),
        sa.Column("stream", _ID, nullable=False),
        *_text("type", "uid", "facet"),
        sa.Column("state", _ID, nullable=False),
        sa.Column("opened", _ID, nullable=False),
        sa.Column("closed", _ID),
    )
    _open_index("ix_interval_open", "ev_interval", ["stream", "type", "uid", "facet", "state"])
    op.create_index("ix_interval_uid", "ev_interval", ["uid"])


def _findings() -> None:
    op.create_table(
        "ev_finding",
        _id("id"),
        *_text("check"),
        sa.Column("version", sa.Integer, nullable=False),
        *_text("parameters", "severity", "provider", "account", "region", "type", "uid", "status", "reason", "lookups"),
        sa.Column("since", _ID, nullable=False),
        sa.Column("opened", _ID, nullable=False),
        sa.Column("closed", _ID),
    )
    _open_index("ix_finding_open", "ev_finding", ["check", "provider", "account", "region", "uid", "status", "severity"])
    op.create_index("ix_finding_uid", "ev_finding", ["uid"])


def _open_index(name: str, table: str, columns: list[str]) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text("closed IS NULL"), postgresql_where=sa.text("closed IS NULL"))
