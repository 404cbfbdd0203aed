"""Which statements write, and in which order within a transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import itemgetter

from sqlalchemy import (
    BindParameter,
    Connection,
    Dialect,
    Double,
    ScalarSelect,
    Select,
    Table,
    Text,
    Update,
    bindparam,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from searcher.errors import StoreError
from searcher.store import schema
from searcher.store.rows import Row, seconds_between
from searcher.store.values import finite

# Written into the statements, so that their only parameters are the columns of the rows.
RUNNING = literal_column("'running'", Text)
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
    of_outer_folds = (schema.outer_scores, schema.outer_predictions)
    of_searches = (*of_outer_folds, schema.artifacts, schema.parity_verdicts, schema.events)
    return (
        *(_insert(table, dialect) for table in (*first, *of_trials, schema.decisions)),
        Statement("trial_ends", _end_trial(), every_row=True),
        Statement("inner_search_ends", _end_inner_search(), every_row=True),
        *(_insert(table, dialect) for table in of_searches),
        Statement("search_ends", _end_search(), every_row=True),
    )


class Prepared:
    """A statement compiled once for rows of the same keys.

    SQLAlchemy's own executemany looks at every parameter of every row, which took more time than
    SQLite did; here only those values are converted that the database's driver does not take.
    """

    def __init__(self, statement: Statement, keys: Iterable[str], dialect: Dialect) -> None:
        compiled = statement.executable.compile(dialect=dialect, column_keys=list(keys))
        self._sql = str(compiled)
        self._places = compiled.positiontup  # None: the driver takes names
        self._converters = {
            name: convert
            for name, bind in compiled.binds.items()
            if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }

    def execute(self, connection: Connection, rows: list[Row]) -> int:
        """Execute for every row; return how many rows of the table changed."""
        for name, convert in self._converters.items():
            for row in rows:
                row[name] = convert(row[name])
        if self._places is None:
            return connection.exec_driver_sql(self._sql, rows).rowcount
        values = list(map(itemgetter(*self._places), rows))
        return connection.exec_driver_sql(self._sql, values).rowcount


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
        for statement in self._statements:
            rows = self._rows[statement.name]
            if not rows:
                continue
            if statement.name not in self._prepared:
                self._prepared[statement.name] = Prepared(statement, rows[0], self._dialect)
            changed = self._prepared[statement.name].execute(connection, rows)
            if statement.every_row and changed != len(rows):
                raise StoreError(
                    f"{statement.name}: {len(rows)} were still running when this process looked, "
                    f"{changed} when it wrote; another process is writing this search"
                )
            rows.clear()


def end_what_runs(connection: Connection, search_id: str, *, state: str, at: datetime) -> None:
    """Stop what a search that ended as ``state`` left running.

    Its trials are stopped with the score of the folds that they finished; its inner searches
    get the search's state.
    """
    inner = schema.inner_searches
    connection.execute(
        update(inner)
        .where(inner.c.search_id == search_id, inner.c.state == RUNNING)
        .values(state=state, ended_at=at)
    )
    rows = [
        {
            "of_trial": trial.trial_id,
            "new_state": "stopped",
            "new_score": finite(trial.score),
            "new_resource": trial.resource,
            "new_reason": f"search {state}",
            "new_traceback": None,
            "new_ended_at": at,
            "new_seconds": seconds_between(trial.started_at, at),
        }
        for trial in connection.execute(_running_trials(search_id))
    ]
    if rows:
        connection.execute(_end_trial(), rows)


def _running_trials(search_id: str) -> Select[tuple[str, datetime, int, float | None]]:
    """Ask for running trials with their resource and the mean of the optimised metric."""
    trials, fits, scores = schema.trials, schema.fold_fits, schema.fold_scores
    same_fit = (scores.c.trial_id == fits.c.trial_id) & (scores.c.inner_fold == fits.c.inner_fold)
    optimised = scores.c.metric == schema.searches.c.metric
    return (
        select(
            trials.c.trial_id,
            trials.c.started_at,
            func.coalesce(func.max(fits.c.resource), 0).label("resource"),
            func.avg(scores.c.score).label("score"),
        )
        .join(schema.searches, schema.searches.c.search_id == trials.c.search_id)
        .outerjoin(fits, fits.c.trial_id == trials.c.trial_id)
        .outerjoin(scores, same_fit & optimised)
        .where(trials.c.search_id == search_id, trials.c.state == RUNNING)
        .group_by(trials.c.trial_id, trials.c.started_at)
    )


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
        .values(_new(*told) | {"fit_s": _total("fit_s"), "cpu_s": _total("cpu_s")})
    )


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


def _total(column: str) -> ScalarSelect[float]:
    """Add up a trial's fits from the rows themselves, so that nothing is counted twice."""
    fits = schema.fold_fits
    of_trial = fits.c.trial_id == schema.trials.c.trial_id
    total = select(func.coalesce(func.sum(fits.c[column]), ZERO)).where(of_trial)
    return total.scalar_subquery()
