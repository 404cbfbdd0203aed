"""How the store is asked: typed records out, never rows, and never a lock on the search."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self, get_args

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from searcher.errors import NotFoundError, StoreError, near
from searcher.records import (
    Artifact,
    Decision,
    Fold,
    FoldScore,
    Note,
    OuterPredictions,
    TrialState,
)
from searcher.store import predictions, query, questions
from searcher.store.answers import QueryResult, SearchSummary, StoredSearch, StoredTrial
from searcher.store.engine import DEFAULT_URL, open_for_reading, parse_url, plain_errors
from searcher.store.questions import Order
from searcher.store.revisions import require_head
from searcher.store.schema import searches, trials

NEWEST = 5
"""How many ids a message about an unknown one names."""


class Store:
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

    def trials(
        self,
        search_id: str,
        *,
        outer_fold: str | None = None,
        state: TrialState | None = None,
        family: str | None = None,
        limit: int | None = None,
        order: Order = "score",
    ) -> tuple[StoredTrial, ...]:
        """Return trials: completed ones and the best first, or in order of proposal.

        Raises
        ------
        NotFoundError
            When there is no such search, or no such outer fold in it.
        StoreError
            When ``state`` or ``order`` is none of those there are.
        """
        _check_choice("state", state, get_args(TrialState))
        _check_choice("order", order, get_args(Order))
        with self._asking() as connection:
            found = self._resolve(connection, search_id)
            known = questions.outer_folds_of(connection, found)
            if outer_fold is not None and outer_fold not in known:
                raise NotFoundError(
                    f"search {found} has no outer fold {outer_fold!r}; known: {', '.join(known)}"
                )
            question = questions.trials_of(
                found, outer_fold=outer_fold, state=state, family=family, limit=limit, order=order
            )
            return tuple(questions.trial(row) for row in connection.execute(question))

    def trial(self, trial_id: str) -> StoredTrial:
        """Return one trial, by its whole id.

        Raises
        ------
        NotFoundError
            When there is none; names the nearest ids.
        """
        with self._asking() as connection:
            question = select(*questions.TRIAL).where(trials.c.trial_id == trial_id)
            row = connection.execute(question).one_or_none()
            if row is None:
                raise _unknown_trial(connection, trial_id)
            return questions.trial(row)

    def fold_scores(self, search_id: str) -> tuple[FoldScore, ...]:
        """Return every score on an inner fold; NaN stands for one that was not finite."""
        with self._asking() as connection:
            found = self._resolve(connection, search_id)
            return tuple(questions.fold_scores_of(connection, found))

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
        try:
            with self._engine.connect() as connection, connection.begin():
                return query.run(connection, sql, max_rows=max_rows, timeout_s=timeout_s)
        except SQLAlchemyError as error:
            with self._asking() as connection:
                raise query.explain(error, sql, connection) from error

    @contextmanager
    def _asking(self) -> Iterator[Connection]:
        """One transaction: every answer is of one moment."""
        with plain_errors(self._url), self._engine.connect() as connection, connection.begin():
            yield connection

    def _resolve(self, connection: Connection, search_id: str) -> str:
        ids = select(searches.c.search_id).order_by(searches.c.id.desc())
        begin = func.substr(searches.c.search_id, 1, len(search_id)) == search_id
        found = [str(row[0]) for row in connection.execute(ids.where(begin))]
        if search_id in found:
            return search_id
        if search_id and len(found) == 1:
            return found[0]
        if search_id and found:
            raise NotFoundError(
                f"{len(found)} searches begin with {search_id!r}: {', '.join(found[:NEWEST])}"
            )
        every = [str(row[0]) for row in connection.execute(ids)]
        raise NotFoundError(f"no search {search_id!r}; {_known_searches(search_id, every)}")


def _unknown_trial(connection: Connection, trial_id: str) -> NotFoundError:
    """Say which ids there are, without comparing with each of perhaps a million."""
    search_id = trial_id.rsplit(".", 2)[0]
    last = (
        select(trials.c.outer_fold, func.max(trials.c.number).label("number"))
        .where(trials.c.search_id == search_id)
        .group_by(trials.c.outer_fold)
        .order_by(*questions.in_fold_order(trials.c.outer_fold))
    )
    ranges = [
        f"{search_id}.{row.outer_fold}.0 to .{row.number}" for row in connection.execute(last)
    ]
    if ranges:
        return NotFoundError(f"no trial {trial_id!r}; the search has {', '.join(ranges)}")
    ids = select(searches.c.search_id).order_by(searches.c.id.desc())
    every = [str(row[0]) for row in connection.execute(ids)]
    return NotFoundError(f"no trial {trial_id!r}; {_known_searches(search_id, every)}")


def _known_searches(wanted: str, known: Sequence[str]) -> str:
    if not known:
        return "the store has no searches yet"
    return f"the newest searches are {', '.join(known[:NEWEST])}.{near(wanted, known)}"


def _check_choice(what: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise StoreError(
            f"{what} is {value!r}; allowed: {', '.join(allowed)}.{near(value, allowed)}"
        )
