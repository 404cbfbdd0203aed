"""What the store answers with, where the records of ``searcher.records`` don't say it already."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from searcher.records import (
    Configuration,
    Origin,
    ParityVerdict,
    Role,
    SearchState,
    TrialState,
    Unit,
)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class SearchSummary:
    """A search in one line. Scores: larger is better; None where it did not get that far."""

    search_id: str
    name: str
    state: SearchState
    metric: str  # the one that is optimised, and that all numbers below are in
    task: str
    outer_mean: float | None
    interval: Interval | None
    optimism: float | None
    default_difference: float | None
    default_interval: Interval | None
    best_trial_id: str | None  # the winner of the final inner search
    best_configuration: Configuration | None  # its parameters, and "family" first
    trials: dict[str, int]  # state -> how many; all five states, in the order of TrialState
    cpu_s: float  # CPU seconds of the trials that have ended
    model_path: str | None  # the newest
    report_path: str | None
    parity_passed: bool | None  # of the newest verdict
    fingerprint: str  # of the rows
    started_at: datetime  # UTC, as all times here
    ended_at: datetime | None
    seconds: float | None  # wall
    error: str | None

    @property
    def beats_default(self) -> bool | None:
        """Whether the winners beat the defaults beyond chance; None where that can't be said."""
        return None if self.default_interval is None else self.default_interval[0] > 0


@dataclass(frozen=True, slots=True)
class InnerWinner:
    """What an inner search chose."""

    outer_fold: str
    trial_id: str
    inner_score: float | None  # mean over the inner folds: optimistic
    family: str
    configuration: Configuration  # of a member of a population the one that it ended with
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class OuterScoreOf:
    """One metric of one model that was refitted on an outer fold's training rows."""

    outer_fold: str
    role: Role
    metric: str
    score: float | None  # None when it was not finite
    trial_id: str
    fit_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class StoredSearch(SearchSummary):
    """Everything about a search that is not about one trial."""

    outer_scores: tuple[float, ...]  # of the winners, in the order of the outer folds
    outer_scores_of: tuple[OuterScoreOf, ...]  # every role and metric
    winners: tuple[InnerWinner, ...]  # of the inner searches that have ended, "final" last
    outer_folds: dict[str, str]  # outer fold -> state of its inner search, "final" last
    parity: ParityVerdict | None  # the newest
    spec: dict[str, Any]
    data: dict[str, Any]
    environment: dict[str, Any]

    def scores(self, role: Role, metric: str | None = None) -> dict[str, float | None]:
        """Return outer fold -> score; of the optimised metric unless another is named."""
        return {
            outer.outer_fold: outer.score
            for outer in self.outer_scores_of
            if outer.role == role and outer.metric == (metric or self.metric)
        }


@dataclass(frozen=True, slots=True)
class StoredTrial:
    """One trial as it stands."""

    trial_id: str
    search_id: str
    outer_fold: str
    number: int
    family: str
    configuration: Configuration  # that it began with; how it changed is in ``Store.lineage``
    origin: Origin
    state: TrialState
    score: float | None  # mean of the optimised metric over the inner folds so far
    resource: int  # units finished
    reason: str | None
    traceback: str | None
    started_at: datetime
    ended_at: datetime | None
    seconds: float | None  # wall; None while running, as the next two
    fit_s: float | None  # wall seconds of its fits
    cpu_s: float | None
    attempt: int = 1  # 1 + how often a lost worker or driver made it start again
    source_trial_id: str | None = None  # the trial of another search that it was copied from
    unit: Unit = "inner_folds"  # what its resource is counted in


class TrialPage(tuple[StoredTrial, ...]):
    """Trials in order, and where the next ones begin.

    Attributes
    ----------
    next
        What to give as ``after`` to have the next page; None when there is none.
    """

    next: str | None

    def __new__(cls, trials: Iterable[StoredTrial] = (), next: str | None = None) -> Self:
        """Make a page of trials."""
        page = super().__new__(cls, trials)
        page.next = next
        return page

    def to_arrow(self) -> "pa.Table":
        """Return a table with a column ``param.<name>`` for each parameter."""
        from searcher.store.columns import trials_table

        return trials_table(self)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a frame with a column ``param.<name>`` for each parameter."""
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What a trial's scores were, on average, after some of its inner folds."""

    search_id: str
    outer_fold: str
    trial_id: str
    number: int
    family: str
    state: TrialState
    metric: str
    resource: int  # inner folds finished
    score: float | None  # mean over them; None from the first that was not finite


class LearningCurves(tuple[CurvePoint, ...]):
    """Points of learning curves, trial by trial, metric by metric, in order of resource."""

    __slots__ = ()

    def to_arrow(self) -> "pa.Table":
        """Return a table with a row for each point."""
        from searcher.store.columns import curves_table

        return curves_table(self)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a frame with a row for each point."""
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer to a SQL query; unpacks into columns and rows."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    truncated: bool  # whether there were more rows than asked for

    def __iter__(self) -> Iterator[Any]:
        return iter((self.columns, self.rows))

    def to_arrow(self) -> "pa.Table":
        """Return a table; columns of one name get numbers, mixed ones are text."""
        from searcher.store.columns import rows_table

        return rows_table(self.columns, self.rows)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a frame; columns of one name get numbers, mixed ones are text."""
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame
