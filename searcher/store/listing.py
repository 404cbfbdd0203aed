"""The part of ``Store`` that lists trials: those that fit, in an order, in pages or in a stream."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection

from searcher.errors import QuestionError
from searcher.records import TrialState
from searcher.store.answers import LearningCurves, StoredTrial, TrialPage
from searcher.store.curves import curves_of
from searcher.store.fields import parameters_of
from searcher.store.pages import Trials


class Listing(ABC):
    """What ``Store`` answers about many trials at once."""

    def trials(
        self,
        search_id: str,
        *,
        where: str | None = None,
        sort: str = "score",
        outer_fold: str | None = None,
        state: TrialState | None = None,
        family: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> TrialPage:
        """Return trials that fit, in an order; a page of them knows where the next begins.

        Parameters
        ----------
        search_id
            Which search.
        where
            A condition, such as ``"score > 0.8 and learning_rate < 0.1"`` (docs/store.md).
        sort
            ``"score"``: completed ones and the best first; ``"number"``: by outer fold, as they
            were proposed; any column or parameter, upwards. A minus turns it around.
        outer_fold, state, family
            Only trials that have these.
        limit
            At most so many.
        after
            What ``next`` of the page before says.

        Raises
        ------
        NotFoundError
            When there is no such search, or no such outer fold in it.
        QuestionError
            When ``where``, ``sort``, ``state`` or ``after`` is none; points at the place.
        """
        with self._asking() as connection:
            found = self._resolve(connection, search_id)
            asked = {"outer_fold": outer_fold, "state": state, "family": family}
            fitting = Trials(connection, found, where=where, sort=sort, **asked)
            return fitting.page(limit=limit, after=after)

    @contextmanager
    def each_trial(
        self,
        search_id: str,
        *,
        where: str | None = None,
        sort: str = "score",
        outer_fold: str | None = None,
        state: TrialState | None = None,
        family: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Iterator[Iterable[StoredTrial]]:
        """Give trials one by one, without holding all of them; the arguments are ``trials``'.

        Within ``with``, they can be gone through as often as wanted, and are of one moment:

        >>> with store.each_trial("20260131-12", where="score > 0.8") as trials:
        ...     for trial in trials:
        ...         print(trial.trial_id)
        """
        with self._asking() as connection:
            found = self._resolve(connection, search_id)
            asked = {"outer_fold": outer_fold, "state": state, "family": family}
            fitting = Trials(connection, found, where=where, sort=sort, **asked)
            yield fitting.part(limit=limit, after=after)

    def parameters(self, search_id: str) -> tuple[str, ...]:
        """Return the names of the parameters that trials of a search have."""
        with self._asking() as connection:
            asked = parameters_of(self._resolve(connection, search_id))
            return tuple(connection.execute(asked).scalars())

    def learning_curves(
        self,
        search_id: str,
        *,
        trials: Iterable[str] | None = None,
        best: int | None = None,
        outer_fold: str | None = None,
        metric: str | None = None,
    ) -> LearningCurves:
        """Return mean scores after each inner fold: of some trials, of the best, or of all.

        Parameters
        ----------
        search_id
            Which search.
        trials
            Ids of trials.
        best
            So many of the best; not together with ``trials``.
        outer_fold
            Only trials of this one.
        metric
            Only this one; default: every metric.
        """
        if trials is not None and best is not None:
            raise QuestionError("learning curves are of some trials or of the best, not of both")
        with self._asking() as connection:
            found = self._resolve(connection, search_id)
            if best is not None:
                page = Trials(connection, found, outer_fold=outer_fold).page(limit=best)
                trials = [trial.trial_id for trial in page]
            return curves_of(connection, found, trials, outer_fold=outer_fold, metric=metric)

    @abstractmethod
    def _asking(self) -> AbstractContextManager[Connection]:
        """One transaction: every answer is of one moment."""

    @abstractmethod
    def _resolve(self, connection: Connection, search_id: str) -> str:
        """Return the id that begins like this."""
