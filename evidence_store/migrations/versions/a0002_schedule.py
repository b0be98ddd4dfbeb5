"""What is to be run when, who runs it, and what was missed and does not stand in the log yet."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "schedule",
        sa.Column("name", _TEXT, primary_key=True),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("settled", _ID, nullable=False),
        sa.Column("due", _ID),
        sa.Column("number", _ID, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("expires", _ID, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("sealed_due", _ID),
        sa.Column("sealed_at", _ID),
    )
    op.create_table(
        "schedule_missed",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("first", _ID, nullable=False),
        sa.Column("last", _ID, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
