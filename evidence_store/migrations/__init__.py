"""Migrations of the store's schema. Imported only when a database is not at the newest one."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from evidence_store.errors import DamagedError


def upgrade(connection: Connection) -> None:
    """Bring a database to the newest schema, within the transaction of the connection."""
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent))
    configuration.attributes["connection"] = connection
    try:
        command.upgrade(configuration, "head")
    except CommandError as error:
        raise DamagedError(f"the store says that it is of a schema that there never was: {error}") from None
