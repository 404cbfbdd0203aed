"""What Alembic runs: the revisions, on the connection that ``store.revisions`` hands over."""

from alembic import context

from searcher.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite can't alter tables, Alembic copies them
    transactional_ddl=True,  # all of it or nothing, on SQLite too
)
with context.begin_transaction():
    context.run_migrations()
