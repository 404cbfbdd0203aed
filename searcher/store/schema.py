"""Which tables the store has.

The database itself is made by ``migrations``; a test keeps the two equal. What each column means
is told in docs/store.md. Rows point at each other by text ids (``trial_id``) and not by numbers,
so that they can move to another database unchanged; ``id`` is the order in which rows came.
Longer than our files are: it is one list, and read as one.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from searcher.store.types import JsonObject, UtcDateTime

BIGGEST = 1.7976931348623157e308
"""The largest finite double: what is not within it is infinite, or NaN on PostgreSQL."""

COUNTED = ("running", "paused", "completed", "stopped", "failed")
"""States of a trial, each with a counter ``n_<state>`` in its search."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _order() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def _search(**options: Any) -> Column[str]:
    owner = ForeignKey("searches.search_id", ondelete="CASCADE")
    return Column("search_id", Text, owner, nullable=False, **options)


def _trial(*, owner: bool = False, **options: Any) -> Column[str]:
    """Point at a trial; its owned rows go when it goes, the others keep it from going alone.

    Wherever no key begins with it, it has an index: a database looks there for each trial that is
    deleted.
    """
    key = ForeignKey("trials.trial_id", ondelete="CASCADE" if owner else None)
    return Column("trial_id", Text, key, **{"nullable": False, **options})


def _counter(name: str, kind: Any) -> Column[Any]:
    """Count in the transaction that changes what is counted."""
    return Column(name, kind, nullable=False, server_default="0")


def _attempt() -> Column[int]:
    return Column("attempt", Integer, nullable=False, server_default="1")


def _one_of(column: str, *values: str) -> CheckConstraint:
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)


def _finite(column: str) -> CheckConstraint:
    return CheckConstraint(f"abs({column}) <= {BIGGEST!r}", name=f"{column}_finite")


searches = Table(
    "searches",
    metadata,
    _order(),
    Column("search_id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("spec", JsonObject, nullable=False),
    Column("data", JsonObject, nullable=False),
    Column("environment", JsonObject, nullable=False),
    Column("outer_mean", Double),
    Column("interval_low", Double),
    Column("interval_high", Double),
    Column("optimism", Double),
    Column("default_difference", Double),
    Column("default_interval_low", Double),
    Column("default_interval_high", Double),
    Column("error", Text),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("seconds", Double),
    *(_counter(f"n_{state}", Integer) for state in COUNTED),
    _counter("cpu_s", Double),
    _one_of("state", "running", "completed", "failed", "interrupted"),
    sqlite_autoincrement=True,
)

leases = Table(
    "leases",
    metadata,
    _search(primary_key=True),
    Column("owner", Text, nullable=False),
    Column("holder", JsonObject, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("acquired_at", Double, nullable=False),
    Column("heartbeat_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("released", Boolean, nullable=False),
    Column("stop_requested", Boolean, nullable=False),
)

index_arrays = Table(
    "index_arrays",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("encoding", Text, nullable=False),
    Column("length", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

folds = Table(
    "folds",
    metadata,
    _search(primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("outer_fold", Text, nullable=False),
    Column("inner_fold", Integer),
    Column("train_sha256", Text, ForeignKey("index_arrays.sha256"), nullable=False),
    Column("test_sha256", Text, ForeignKey("index_arrays.sha256"), nullable=False),
)

inner_searches = Table(
    "inner_searches",
    metadata,
    _search(primary_key=True),
    Column("outer_fold", Text, primary_key=True),
    Column("state", Text, nullable=False),
    _trial(nullable=True, index=True),
    Column("inner_score", Double),
    Column("ended_at", UtcDateTime),
    _one_of("state", "running", "completed", "failed", "interrupted"),
)

trials = Table(
    "trials",
    metadata,
    _order(),
    Column("trial_id", Text, nullable=False, unique=True),
    _search(),
    Column("outer_fold", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("family", Text, nullable=False),
    Column("configuration", JsonObject, nullable=False),
    Column("configuration_hash", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("score", Double),
    Column("resource", Integer, nullable=False),
    Column("reason", Text),
    Column("traceback", Text),
    Column("fit_s", Double),
    Column("cpu_s", Double),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("seconds", Double),
    Column("source_trial_id", Text),
    _attempt(),
    Column("sequence", Integer),
    Column("ended_sequence", Integer),
    Column("unit", Text, nullable=False, server_default="inner_folds"),
    _one_of("origin", "default", "dummy", "strategy", "reused"),
    _one_of("state", *COUNTED),
    _finite("score"),
    CheckConstraint("state <> 'completed' OR score IS NOT NULL", name="completed_has_score"),
    CheckConstraint("state <> 'failed' OR score IS NULL", name="failed_has_no_score"),
    UniqueConstraint("search_id", "outer_fold", "number"),
    Index(None, "search_id", "score"),
    Index(None, "search_id", "state", "score"),  # the best completed trials, and counts
    sqlite_autoincrement=True,
)

trial_parameters = Table(
    "trial_parameters",
    metadata,
    _trial(owner=True, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("number", Double),
    Column("text", Text),
    sqlite_with_rowid=False,
)
# Most parameters are either a number or a text: partial indexes cost half of full ones.
for _column in (trial_parameters.c.number, trial_parameters.c.text):
    Index(
        None,
        trial_parameters.c.name,
        _column,
        sqlite_where=_column.is_not(None),
        postgresql_where=_column.is_not(None),
    )

fold_fits = Table(
    "fold_fits",
    metadata,
    _trial(owner=True, primary_key=True),
    Column("inner_fold", Integer, primary_key=True, autoincrement=False),
    Column("resource", Integer, nullable=False),
    Column("fit_s", Double, nullable=False),
    Column("score_s", Double, nullable=False),
    Column("cpu_s", Double, nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
    _attempt(),
    Column("sequence", Integer),
    sqlite_with_rowid=False,
)

fold_scores = Table(
    "fold_scores",
    metadata,
    Column("trial_id", Text, primary_key=True),
    Column("inner_fold", Integer, primary_key=True, autoincrement=False),
    Column("metric", Text, primary_key=True),
    Column("score", Double),
    ForeignKeyConstraint(
        ["trial_id", "inner_fold"],
        ["fold_fits.trial_id", "fold_fits.inner_fold"],
        ondelete="CASCADE",
    ),
    _finite("score"),
    sqlite_with_rowid=False,
)

unit_scores = Table(
    "unit_scores",
    metadata,
    _trial(owner=True, primary_key=True),
    Column("resource", Integer, primary_key=True, autoincrement=False),
    Column("score", Double, nullable=False),
    Column("scores", JsonObject, nullable=False),
    Column("is_last", Boolean, nullable=False),
    Column("fit_s", Double, nullable=False),
    Column("score_s", Double, nullable=False),
    Column("cpu_s", Double, nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
    _attempt(),
    Column("sequence", Integer),
    _finite("score"),
    sqlite_with_rowid=False,
)

lineage = Table(
    "lineage",
    metadata,
    _trial(owner=True, primary_key=True),
    Column("resource", Integer, primary_key=True, autoincrement=False),
    Column(
        "source_trial_id",
        Text,
        ForeignKey("trials.trial_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("configuration", JsonObject, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

decisions = Table(
    "decisions",
    metadata,
    _order(),
    _trial(owner=True),
    Column("resource", Integer, nullable=False),
    Column("score", Double),
    Column("decision", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("rank", Integer),
    Column("rivals", Integer),
    Column("cutoff", Double),
    Column("decided_at", UtcDateTime, nullable=False),
    _one_of("decision", "continue", "stop"),
    UniqueConstraint("trial_id", "resource"),
    sqlite_autoincrement=True,
)

attempts = Table(
    "attempts",
    metadata,
    _trial(owner=True, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("lost_s", Double, nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

checkpoints = Table(
    "checkpoints",
    metadata,
    _trial(owner=True, primary_key=True),
    Column("resource", Integer, primary_key=True, autoincrement=False),
    Column("path", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("score", Double),
    Column("created_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

outer_scores = Table(
    "outer_scores",
    metadata,
    _search(primary_key=True),
    Column("outer_fold", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("score", Double),
    _trial(index=True),
    Column("fit_s", Double, nullable=False),
    Column("scored_at", UtcDateTime, nullable=False),
    _one_of("role", "winner", "default", "dummy"),
    _finite("score"),
)

outer_predictions = Table(
    "outer_predictions",
    metadata,
    _search(primary_key=True),
    Column("outer_fold", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("row_number", Integer, primary_key=True, autoincrement=False),
    Column("truth", Double),
    Column("predicted", Double),
    Column("probability", Double),
    Column("probabilities", JsonObject),
    _one_of("role", "winner", "default", "dummy"),
    _finite("truth"),
    _finite("predicted"),
    _finite("probability"),
    sqlite_with_rowid=False,
)

artifacts = Table(
    "artifacts",
    metadata,
    _order(),
    Column("record_key", Text, nullable=False, unique=True),
    _search(index=True),
    _trial(nullable=True, index=True),
    Column("kind", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    _one_of("kind", "model", "report", "model_card"),
    sqlite_autoincrement=True,
)

parity_verdicts = Table(
    "parity_verdicts",
    metadata,
    _order(),
    Column("record_key", Text, nullable=False, unique=True),
    _search(index=True),
    _trial(index=True),
    Column("passed", Boolean, nullable=False),
    Column("rows_compared", Integer, nullable=False),
    Column("labels_unequal", Integer, nullable=False),
    Column("worst", Double),
    Column("worst_absolute", Double),
    Column("rtol", Double, nullable=False),
    Column("atol", Double, nullable=False),
    Column("probes", JsonObject, nullable=False),
    Column("details", JsonObject),
    Column("failure", Text),
    Column("seconds", Double, nullable=False),
    Column("checked_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    _order(),
    Column("record_key", Text, nullable=False, unique=True),
    _search(index=True),
    Column("kind", Text, nullable=False),
    Column("payload", JsonObject, nullable=False),
    Column("happened_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)
