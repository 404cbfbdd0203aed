"""What the store answers with, where the records of ``searcher.records`` don't say it already."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from searcher.records import (
    Configuration,
    Origin,
    ParityVerdict,
    Role,
    SearchState,
    TrialState,
)

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
    trials: dict[str, int]  # state -> how many; all four states, in the order of TrialState
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
    configuration: Configuration
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
    configuration: Configuration
    origin: Origin
    state: TrialState
    score: float | None  # mean of the optimised metric over the inner folds so far
    resource: int  # inner folds finished
    reason: str | None
    traceback: str | None
    started_at: datetime
    ended_at: datetime | None
    seconds: float | None  # wall; None while running, as the next two
    fit_s: float | None  # wall seconds of its fits
    cpu_s: float | None


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer to a SQL query; unpacks into columns and rows."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    truncated: bool  # whether there were more rows than asked for

    def __iter__(self) -> Iterator[Any]:
        return iter((self.columns, self.rows))
