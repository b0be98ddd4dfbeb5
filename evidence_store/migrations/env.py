"""Alembic's entry: it migrates over the connection that it is given, in that connection's transaction."""

from alembic import context

from evidence_store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,
    version_table="store_schema",
)
context.run_migrations()
