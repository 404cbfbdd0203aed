"""How trials are asked for: those that fit, in an order, a page at a time or all in a stream."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any, get_args

from sqlalchemy import Connection, Row, Select, select

from searcher.errors import NotFoundError, QuestionError, near
from searcher.records import TrialState
from searcher.store import ordering
from searcher.store.answers import StoredTrial, TrialPage
from searcher.store.conditions import conditions
from searcher.store.ordering import Place, Stage
from searcher.store.questions import outer_folds_of
from searcher.store.schema import trials
from searcher.store.values import text

TRIAL = tuple(trials.c[field.name] for field in fields(StoredTrial))

AT_ONCE = 1_000
"""Rows that a stream fetches at a time."""


def trial(row: Row[Any]) -> StoredTrial:
    """Return a row that begins with the columns ``TRIAL`` as a record."""
    return StoredTrial(*row[: len(TRIAL)])


class Trials:
    """The trials of a search that fit, in an order.

    Parameters
    ----------
    connection
        Within a transaction: then everything that is asked here is of one moment.
    search_id
        A whole id.
    where
        A condition (``where``) on columns and parameters.
    sort
        The name of an order (``ordering.stages``).
    outer_fold, state, family
        Only trials that have these.

    Raises
    ------
    QuestionError
        When the condition, the order or the state is none.
    NotFoundError
        When the search has no such outer fold.
    """

    def __init__(
        self,
        connection: Connection,
        search_id: str,
        *,
        where: str | None = None,
        sort: str = "score",
        outer_fold: str | None = None,
        state: str | None = None,
        family: str | None = None,
    ) -> None:
        self._connection = connection
        self._search_id = search_id
        self._sort = sort
        _check_state(state)
        if outer_fold is not None:
            _check_outer_fold(connection, search_id, outer_fold)
        self._conditions = conditions(connection, search_id, where)
        wanted = ((trials.c.outer_fold, outer_fold), (trials.c.state, state))
        for column, value in (*wanted, (trials.c.family, family)):
            if value is not None:
                self._conditions.append(column == text(value))
        self._stages = ordering.stages(connection, search_id, sort)

    def part(self, *, limit: int | None = None, after: str | None = None) -> Iterable[StoredTrial]:
        """Return what yields so many of them, those after a place, each time it is asked to."""
        return _Part(lambda: (trial(row) for _, row in self._rows(limit, after)))

    def page(self, *, limit: int | None = None, after: str | None = None) -> TrialPage:
        """Return as many of them, those after a place, and where the next ones begin."""
        rows = list(self._rows(None if limit is None else limit + 1, after))
        more = limit is not None and len(rows) > limit
        found = rows[:limit]
        end = self._token(*found[-1]) if more and found else None
        return TrialPage((trial(row) for _, row in found), end)

    def _rows(self, limit: int | None, after: str | None) -> Iterator[tuple[int, Row[Any]]]:
        place = None
        if after is not None:
            place = ordering.place_of(self._search_id, self._sort, after, self._stages)
        left = limit
        for n, stage in enumerate(self._stages):
            if left == 0 or (place is not None and n < place.stage):
                continue
            question = self._question(stage, place if place and n == place.stage else None)
            for row in self._answers(
                question.limit(left), few=left is not None and left <= AT_ONCE
            ):
                yield n, row
                left = None if left is None else left - 1

    def _answers(self, question: Select[Any], *, few: bool) -> Iterable[Row[Any]]:
        if few:
            return self._connection.execute(question).all()
        return self._connection.execute(question.execution_options(yield_per=AT_ONCE))

    def _question(self, stage: Stage, place: Place | None) -> Select[Any]:
        keys = [key.of.label(f"key_{i}") for i, key in enumerate(stage.keys)]
        question = select(*TRIAL, trials.c.id, *keys).where(*self._conditions, *stage.only)
        if place is not None:
            question = question.where(stage.after(place))
        return question.order_by(*stage.order())

    def _token(self, stage: int, row: Row[Any]) -> str:
        trial_id, *values = row[len(TRIAL) :]
        return ordering.token(self._search_id, self._sort, Place(stage, tuple(values), trial_id))


@dataclass(frozen=True, slots=True)
class _Part:
    begin: Callable[[], Iterator[StoredTrial]]

    def __iter__(self) -> Iterator[StoredTrial]:
        return self.begin()


def _check_state(state: str | None) -> None:
    allowed = get_args(TrialState)
    if state is not None and state not in allowed:
        raise QuestionError(
            f"state is {text(state)!r}; allowed: {', '.join(allowed)}.{near(state, allowed)}"
        )


def _check_outer_fold(connection: Connection, search_id: str, outer_fold: str) -> None:
    known = outer_folds_of(connection, search_id)
    if outer_fold not in known:
        raise NotFoundError(
            f"search {search_id} has no outer fold {outer_fold!r}; known: {', '.join(known)}"
        )
