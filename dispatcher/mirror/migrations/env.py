"""Alembic's entry: it migrates over the connection that it is given."""

from alembic import context

from dispatcher.mirror.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite alters a table by copying it.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
