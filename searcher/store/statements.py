"""Which statements write, and in which order within a transaction."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Double,
    Table,
    Text,
    Update,
    bindparam,
    case,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from searcher.errors import StoreError
from searcher.store import schema
from searcher.store.prepared import Prepared, execute_all
from searcher.store.rows import Row

# Written into the statements, so that their only parameters are the columns of the rows.
RUNNING = literal_column("'running'", Text)
PAUSED = literal_column("'paused'", Text)
INNER_FOLDS = literal_column("'inner_folds'", Text)
ZERO = literal_column("0.0", Double)

KEYS = {
    "searches": ["search_id"],
    "trials": ["trial_id"],
    "decisions": ["trial_id", "resource"],
    "artifacts": ["record_key"],
    "parity_verdicts": ["record_key"],
    "events": ["record_key"],
}
"""What makes a row the same row, where that is not the primary key."""


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement, executed once for all the rows that a transaction has for it."""

    name: str
    executable: Insert | Update
    every_row: bool  # whether each row must change something


@cache
def statements(dialect: str) -> tuple[Statement, ...]:
    """Return every statement, those first whose rows others point at."""
    first = (schema.searches, schema.index_arrays, schema.folds, schema.inner_searches)
    of_trials = (schema.trials, schema.trial_parameters, schema.fold_fits, schema.fold_scores)
    more_of_trials = (
        schema.unit_scores,
        schema.lineage,
        schema.checkpoints,
        schema.attempts,
        schema.decisions,
    )
    of_outer_folds = (schema.outer_scores, schema.outer_predictions)
    of_searches = (*of_outer_folds, schema.artifacts, schema.parity_verdicts, schema.events)
    return (
        *(_insert(table, dialect) for table in (*first, *of_trials)),
        *(_insert(table, dialect) for table in more_of_trials),
        Statement("trial_attempts", _begin_attempt(), every_row=True),
        Statement("trial_ends", _end_trial(), every_row=True),
        Statement("inner_search_ends", _end_inner_search(), every_row=True),
        *(_insert(table, dialect) for table in of_searches),
        Statement("counters", _count(), every_row=True),
        Statement("search_ends", _end_search(), every_row=True),
    )


class Batch:
    """The rows of one transaction, gathered by statement."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._statements = statements(dialect.name)
        self._rows: dict[str, list[Row]] = {statement.name: [] for statement in self._statements}
        self._prepared: dict[str, Prepared] = {}

    def add(self, name: str, row: Row) -> None:
        """Keep a row for the statement of that name."""
        self._rows[name].append(row)

    def write(self, connection: Connection) -> None:
        """Execute what was gathered, within the caller's transaction."""
        work = [(statement, self._rows[statement.name]) for statement in self._statements]
        work = [(statement, rows) for statement, rows in work if rows]
        if not work:
            return
        changes = execute_all(connection, [(self._prepare(of, rows), rows) for of, rows in work])
        for (statement, rows), changed in zip(work, changes, strict=True):
            if statement.every_row and changed != len(rows):
                raise StoreError(
                    f"{statement.name}: {len(rows)} were still running when this process looked, "
                    f"{changed} when it wrote; another process is writing this search"
                )
            rows.clear()

    def _prepare(self, statement: Statement, rows: list[Row]) -> Prepared:
        if statement.name not in self._prepared:
            made = Prepared(statement.executable, rows[0], self._dialect)
            self._prepared[statement.name] = made
        return self._prepared[statement.name]


def _insert(table: Table, dialect: str) -> Statement:
    """Insert rows, except those whose key is there already: a record that arrives twice.

    Any other conflict (a second trial of the same number) is an error.
    """
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    key = KEYS.get(table.name) or [column.name for column in table.primary_key]
    executable = insert(table).on_conflict_do_nothing(index_elements=key)
    return Statement(table.name, executable, every_row=False)


def _end_trial() -> Update:
    trials = schema.trials
    told = ("state", "score", "resource", "reason", "traceback", "ended_at", "seconds")
    return (
        update(trials)
        .where(trials.c.trial_id == bindparam("of_trial"), trials.c.state == RUNNING)
        .values(
            _new(*told, "ended_sequence") | {"fit_s": _total("fit_s"), "cpu_s": _total("cpu_s")}
        )
    )


def _begin_attempt() -> Update:
    trials = schema.trials
    goes_on = (trials.c.state == RUNNING) | (trials.c.state == PAUSED)
    return (
        update(trials)
        .where(trials.c.trial_id == bindparam("of_trial"), goes_on)
        .values({"state": RUNNING, **_new("attempt")})
    )


def _count() -> Update:
    """Add to a search's counters."""
    searches = schema.searches
    counted = (*(f"n_{state}" for state in schema.COUNTED), "cpu_s")
    more = {name: searches.c[name] + bindparam(f"more_{name}") for name in counted}
    return update(searches).where(searches.c.search_id == bindparam("of_search")).values(more)


def _end_inner_search() -> Update:
    inner = schema.inner_searches
    return (
        update(inner)
        .where(
            inner.c.search_id == bindparam("of_search"),
            inner.c.outer_fold == bindparam("of_fold"),
            inner.c.state == RUNNING,
        )
        .values(_new("state", "trial_id", "inner_score", "ended_at"))
    )


def _end_search() -> Update:
    searches = schema.searches
    numbers = ("outer_mean", "interval_low", "interval_high", "optimism", "default_difference")
    more = ("default_interval_low", "default_interval_high", "error", "ended_at", "seconds")
    return (
        update(searches)
        .where(searches.c.search_id == bindparam("of_search"), searches.c.state == RUNNING)
        .values(_new("state", *numbers, *more))
    )


def _new(*columns: str) -> dict[str, BindParameter[object]]:
    """Name the parameters of an update ``new_<column>``: SQLAlchemy reserves the bare names."""
    return {column: bindparam(f"new_{column}") for column in columns}


def _total(column: str) -> ColumnElement[float]:
    """Add up a trial's fits from the rows themselves, so that nothing is counted twice."""
    by_fold, by_unit = (
        select(func.coalesce(func.sum(table.c[column]), ZERO))
        .where(table.c.trial_id == schema.trials.c.trial_id)
        .scalar_subquery()
        for table in (schema.fold_fits, schema.unit_scores)
    )
    return case((schema.trials.c.unit == INNER_FOLDS, by_fold), else_=by_unit)
