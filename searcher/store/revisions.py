"""Which revision a store's schema has, and how it gets to the one that this code knows."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from searcher.errors import StoreError
from searcher.store.engine import (
    DEFAULT_URL,
    open_for_writing,
    parse_url,
    plain_errors,
    shown,
    start_log,
)

if TYPE_CHECKING:  # importing Alembic takes longer than most questions, and few need it
    from alembic.config import Config

HEAD = "0005"
"""The revision that this code reads and writes; a test keeps it equal to the newest file."""

SCHEMA_LOCK = 0x5EA7C4E7
"""Which of PostgreSQL's advisory locks a change of the schema takes."""

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(url: str = DEFAULT_URL) -> str:
    """Bring a store to the newest schema, or create it.

    Returns
    -------
    revision
        The one it had before, ``""`` when there was nothing.

    Raises
    ------
    StoreError
        When the database is something else, is newer than this code, or can't be written.
    """
    parsed = parse_url(url)
    engine = open_for_writing(parsed)
    try:
        with plain_errors(parsed):
            with engine.begin() as connection:
                _wait_for_others(connection)
                before = revision_of(connection)
                _refuse_strangers(connection, parsed, before)
                _refuse_newer(parsed, before)
                migrate(connection, "head")
            start_log(engine)
    finally:
        engine.dispose()
    return before


def downgrade(url: str, revision: str) -> None:
    """Take a store back to an older ``revision``; what the older schema lacks is lost.

    ``"base"`` is no schema at all.
    """
    parsed = parse_url(url)
    engine = open_for_writing(parsed)
    try:
        with plain_errors(parsed), engine.begin() as connection:
            _wait_for_others(connection)
            _refuse_strangers(connection, parsed, revision_of(connection))
            migrate(connection, revision, down=True)
    finally:
        engine.dispose()


def prepare(url: URL, connection: Connection) -> None:
    """Create the schema in an empty database; refuse one of another revision.

    Raises
    ------
    StoreError
        Says the command that helps.
    """
    if not inspect(connection).get_table_names():
        _wait_for_others(connection)
        if not inspect(connection).get_table_names():
            migrate(connection, "head")
    require_head(url, connection)


def _wait_for_others(connection: Connection) -> None:
    """Let one process at a time change the schema, until its transaction ends.

    SQLite needs no more than its own lock, which the transaction has had from its beginning.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})"))


def require_head(url: URL, connection: Connection) -> None:
    """Refuse a database that this code can't read.

    Raises
    ------
    StoreError
        When it is no store, an older or a newer one; says the command that helps.
    """
    if _says_head(connection):
        return
    revision = revision_of(connection)
    _refuse_strangers(connection, url, revision)
    _refuse_newer(url, revision)
    if revision != HEAD:
        found = f"the older schema {revision}" if revision else "no schema yet"
        raise StoreError(
            f"{shown(url)} has {found}, this searcher needs {HEAD}; "
            f"run `searcher store upgrade --store {shown(url)}`"
        )


def _says_head(connection: Connection) -> bool:
    """Return whether it is what nearly every store is; looking at its tables takes longer."""
    # The join reads no row; it fails where another program has a revision of the same name.
    question = text("SELECT version_num FROM alembic_version LEFT JOIN searches ON 1 = 0")
    try:
        with connection.begin_nested():  # or a failure would end PostgreSQL's transaction
            return connection.scalars(question).all() == [HEAD]
    except DBAPIError:
        return False


def revision_of(connection: Connection) -> str:
    """Return the schema's revision, ``""`` when it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")


def migrate(connection: Connection, revision: str, *, down: bool = False) -> None:
    """Run the revisions up or down to ``revision``, within the caller's transaction."""
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    (command.downgrade if down else command.upgrade)(config, revision)


def known_revisions() -> list[str]:
    """Return every revision that this code has, the newest first."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config())
    return [script.revision for script in scripts.walk_revisions()]


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _refuse_strangers(connection: Connection, url: URL, revision: str) -> None:
    """Refuse a database with tables that are not ours: other programs use Alembic too."""
    tables = set(inspect(connection).get_table_names()) - {"alembic_version"}
    if (tables or revision) and "searches" not in tables:
        found = ", ".join(sorted(tables)[:3]) or "an empty schema"
        raise StoreError(f"{shown(url)} is no store of searcher (it has {found}); name another")


def _refuse_newer(url: URL, revision: str) -> None:
    if revision not in ("", HEAD) and revision not in known_revisions():
        raise StoreError(
            f"{shown(url)} has schema {revision}, which is newer than this searcher (it knows "
            f"{HEAD}); run `pip install --upgrade searcher`"
        )
