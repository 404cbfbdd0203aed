"""How the store is asked: typed records out, never rows, and never a lock on the search."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self
from weakref import finalize

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from searcher.records import (
    Artifact,
    Decision,
    Fold,
    FoldScore,
    Note,
    OuterPredictions,
)
from searcher.store import predictions, questions
from searcher.store.answers import (
    QueryResult,
    SearchSummary,
    StoredSearch,
    StoredTrial,
)
from searcher.store.engine import DEFAULT_URL, open_for_reading, parse_url, plain_errors
from searcher.store.history import PastTrial, history
from searcher.store.listing import Listing
from searcher.store.naming import resolve, unknown_trial
from searcher.store.pages import TRIAL, trial
from searcher.store.query import Rows, explain
from searcher.store.query import rows as query_rows
from searcher.store.revisions import require_head
from searcher.store.schema import searches, trials
from searcher.store.telling import Telling


class Store(Listing, Telling):
    """A store to be asked; it can't be changed through this.

    Wherever a ``search_id`` is asked for, its beginning is enough if only one begins so.

    Raises
    ------
    NotFoundError
        When there is no such file.
    StoreError
        When it is no store, or one that this code can't read; says what helps.
    """

    def __init__(self, url: str = DEFAULT_URL) -> None:
        self._url = parse_url(url)
        self._engine = open_for_reading(self._url)
        finalize(self, self._engine.dispose)  # a server keeps what nobody closes
        with self._asking() as connection:
            require_head(self._url, connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def searches(self, *, limit: int | None = None) -> tuple[SearchSummary, ...]:
        """Return all searches, the newest first."""
        with self._asking() as connection:
            rows = connection.execute(questions.summaries().limit(limit))
            return tuple(SearchSummary(**questions.summary(row)) for row in rows)

    def search(self, search_id: str) -> StoredSearch:
        """Return everything about a search that is not about one trial.

        Raises
        ------
        NotFoundError
            When no search, or more than one, begins like this.
        """
        with self._asking() as connection:
            found = self._resolve(connection, search_id)
            row = connection.execute(questions.summaries(found)).one()
            documents = select(searches.c.spec, searches.c.data, searches.c.environment)
            stored = connection.execute(documents.where(searches.c.search_id == found)).one()
            outer = tuple(questions.outer_scores_of(connection, found))
            return StoredSearch(
                **questions.summary(row),
                outer_scores=tuple(
                    score.score
                    for score in outer
                    if score.role == "winner" and score.metric == row.metric
                    if score.score is not None
                ),
                outer_scores_of=outer,
                winners=tuple(questions.winners_of(connection, found)),
                outer_folds=questions.outer_folds_of(connection, found),
                parity=questions.parity_of(connection, found),
                **stored._mapping,
            )

    def trial(self, trial_id: str) -> StoredTrial:
        """Return one trial, by its whole id.

        Raises
        ------
        NotFoundError
            When there is none; names the nearest ids.
        """
        with self._asking() as connection:
            question = select(*TRIAL).where(trials.c.trial_id == trial_id)
            row = connection.execute(question).one_or_none()
            if row is None:
                raise unknown_trial(connection, trial_id)
            return trial(row)

    def fold_scores(self, search_id: str) -> tuple[FoldScore, ...]:
        """Return every score on an inner fold; NaN stands for one that was not finite."""
        with self._asking() as connection:
            found = self._resolve(connection, search_id)
            return tuple(questions.fold_scores_of(connection, found))

    def past(self, search_id: str) -> dict[str, tuple[PastTrial, ...]]:
        """Return every trial by outer fold with its place in the order of events."""
        with self._asking() as connection:
            return history(connection, self._resolve(connection, search_id))

    def decisions(self, search_id: str) -> tuple[Decision, ...]:
        """Return what the scheduler decided, in the order in which it did."""
        with self._asking() as connection:
            found = self._resolve(connection, search_id)
            return tuple(questions.decisions_of(connection, found))

    def events(self, search_id: str) -> tuple[Note, ...]:
        """Return the notes of a search, in the order in which they came."""
        with self._asking() as connection:
            return tuple(questions.events_of(connection, self._resolve(connection, search_id)))

    def artifacts(self, search_id: str) -> tuple[Artifact, ...]:
        """Return the files that a search left, the newest last."""
        with self._asking() as connection:
            return tuple(questions.artifacts_of(connection, self._resolve(connection, search_id)))

    def folds(self, search_id: str) -> tuple[Fold, ...]:
        """Return the folds as the search got them; positions are int64 arrays of shape (n,)."""
        with self._asking() as connection:
            return tuple(questions.folds_of(connection, self._resolve(connection, search_id)))

    def outer_predictions(self, search_id: str) -> tuple[OuterPredictions, ...]:
        """Return what was predicted of outer test rows, by role and outer fold.

        Class codes come back as float64; of binary tasks the first class's probability is one
        minus the second's. ``at`` is when the outer fold was scored.
        """
        with self._asking() as connection:
            found = self._resolve(connection, search_id)
            return tuple(predictions.read(connection, found))

    def query(self, sql: str, *, max_rows: int = 10_000, timeout_s: float = 30.0) -> QueryResult:
        """Answer one SELECT (or WITH ... SELECT); docs/store.md has the views to ask.

        Parameters
        ----------
        sql
            On SQLite, times are text such as ``2026-01-31 12:00:00.123456+00:00``.
        max_rows
            More are cut off, and the result says so.
        timeout_s
            Seconds after which the query is stopped.

        Raises
        ------
        StoreError
            When it is something else, unknown names (with the near ones), or takes too long.
        """
        with self.each_row(sql, max_rows=max_rows, timeout_s=timeout_s) as rows:
            found = list(rows)
            return QueryResult(rows.columns, found, rows.truncated)

    @contextmanager
    def each_row(
        self, sql: str, *, max_rows: int = 10_000, timeout_s: float = 30.0
    ) -> Iterator[Rows]:
        """Give the answer to one SELECT row by row; the arguments are ``query``'s.

        What is given has ``columns``, and ``truncated`` after the last row. Within ``with``, it can
        be gone through as often as wanted: the query runs again, on the same moment's data.
        """
        try:
            with (
                self._engine.connect() as connection,
                connection.begin(),
                query_rows(connection, sql, max_rows=max_rows, timeout_s=timeout_s) as rows,
            ):
                yield rows
        except SQLAlchemyError as error:
            with self._asking() as connection:
                raise explain(error, sql, connection) from error

    @contextmanager
    def _asking(self) -> Iterator[Connection]:
        """One transaction: every answer is of one moment."""
        with plain_errors(self._url), self._engine.connect() as connection, connection.begin():
            yield connection

    def _resolve(self, connection: Connection, search_id: str) -> str:
        return resolve(connection, search_id)
