"""How things came about: folds that were split, incumbents, and one trial's way to its end."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select
from sqlalchemy import func as sql

from searcher.records import Decision, FoldScore
from searcher.store.questions import in_fold_order
from searcher.store.schema import (
    attempts,
    decisions,
    fold_fits,
    fold_scores,
    folds,
    index_arrays,
    trials,
)

RIVALS = 10
"""How many rivals of a decision are told on either side: a first rung may have thousands."""


@dataclass(frozen=True, slots=True)
class Split:
    """Which rows stand on which side of a split, by hash: equal hashes are equal rows."""

    outer_fold: str
    inner_fold: int | None  # None: the outer split itself
    train_sha256: str
    test_sha256: str
    n_train: int
    n_test: int

    @property
    def rows(self) -> tuple[str, str]:
        """What two splits of the same rows have in common, whatever they are called."""
        return self.train_sha256, self.test_sha256


@dataclass(frozen=True, slots=True)
class Incumbent:
    """A trial that was better than all of its inner search that had completed before it."""

    outer_fold: str
    trial_id: str
    family: str
    score: float  # mean over the inner folds: optimistic
    completed: int  # trials of this inner search that had completed by then, this one included
    at: datetime


@dataclass(frozen=True, slots=True)
class Rival:
    """A trial that had reached the same rung before, or this one itself."""

    trial_id: str
    score: float | None
    decision: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the scheduler decided about a trial at a rung, and beside whom."""

    decision: Decision
    rivals: tuple[Rival, ...]  # the nearest ones, the best first, this trial among them


@dataclass(frozen=True, slots=True)
class Attempt:
    """A time that a trial was lost with its worker or driver, and had to start again."""

    attempt: int
    reason: str
    lost_s: float  # wall seconds of the inner fold that was lost
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class TrialHistory:
    """One trial's way to its end."""

    folds: tuple[FoldScore, ...]  # in the order in which they were finished; NaN: not finite
    judgements: tuple[Judgement, ...]  # by rung
    attempts: tuple[Attempt, ...]  # before the last one


def splits_of(connection: Connection, search_id: str) -> Iterator[Split]:
    """Yield the splits in the order in which they were made, without their positions."""
    train, test = index_arrays.alias("train"), index_arrays.alias("test")
    question = (
        select(folds, train.c.length.label("n_train"), test.c.length.label("n_test"))
        .join(train, train.c.sha256 == folds.c.train_sha256)
        .join(test, test.c.sha256 == folds.c.test_sha256)
        .where(folds.c.search_id == search_id)
        .order_by(folds.c.position)
    )
    for row in connection.execute(question):
        yield Split(
            row.outer_fold,
            row.inner_fold,
            row.train_sha256,
            row.test_sha256,
            row.n_train,
            row.n_test,
        )


def incumbents_of(connection: Connection, search_id: str) -> Iterator[Incumbent]:
    """Yield the best trials so far, by inner search and time."""
    fold, order = trials.c.outer_fold, (trials.c.ended_at, trials.c.id)
    best_before = sql.max(trials.c.score).over(partition_by=fold, order_by=order, rows=(None, -1))
    known = (
        select(
            trials.c.outer_fold,
            trials.c.trial_id,
            trials.c.family,
            trials.c.score,
            trials.c.ended_at.label("at"),
            trials.c.id,
            best_before.label("best_before"),
            sql.row_number().over(partition_by=fold, order_by=order).label("completed"),
        )
        .where(trials.c.search_id == search_id, trials.c.state == "completed")
        .subquery()
    )
    better = or_(known.c.best_before.is_(None), known.c.score > known.c.best_before)
    question = (
        select(known).where(better).order_by(*in_fold_order(known.c.outer_fold), known.c.completed)
    )
    for row in connection.execute(question):
        yield Incumbent(row.outer_fold, row.trial_id, row.family, row.score, row.completed, row.at)


def history_of(connection: Connection, trial_id: str) -> TrialHistory:
    """Return what a trial scored, what was decided about it, and how often it was lost."""
    lost = select(attempts).where(attempts.c.trial_id == trial_id).order_by(attempts.c.attempt)
    return TrialHistory(
        folds=tuple(_folds(connection, trial_id)),
        judgements=tuple(_judgements(connection, trial_id)),
        attempts=tuple(
            Attempt(row.attempt, row.reason, row.lost_s, row.ended_at)
            for row in connection.execute(lost)
        ),
    )


def _folds(connection: Connection, trial_id: str) -> Iterator[FoldScore]:
    same_fit = and_(
        fold_scores.c.trial_id == fold_fits.c.trial_id,
        fold_scores.c.inner_fold == fold_fits.c.inner_fold,
    )
    question = (
        select(fold_fits, fold_scores.c.metric, fold_scores.c.score)
        .outerjoin(fold_scores, same_fit)
        .where(fold_fits.c.trial_id == trial_id)
        .order_by(fold_fits.c.resource, fold_fits.c.inner_fold, fold_scores.c.metric)
    )
    for _, rows in groupby(connection.execute(question), key=lambda row: row.inner_fold):
        same = list(rows)
        yield FoldScore(
            trial_id=trial_id,
            resource=same[0].resource,
            inner_fold=same[0].inner_fold,
            scores={row.metric: _number(row.score) for row in same if row.metric is not None},
            fit_s=same[0].fit_s,
            score_s=same[0].score_s,
            cpu_s=same[0].cpu_s,
            attempt=same[0].attempt,
            at=same[0].ended_at,
        )


def _judgements(connection: Connection, trial_id: str) -> Iterator[Judgement]:
    question = (
        select(decisions, trials.c.search_id, trials.c.outer_fold)
        .join(trials, trials.c.trial_id == decisions.c.trial_id)
        .where(decisions.c.trial_id == trial_id)
        .order_by(decisions.c.resource)
    )
    for row in connection.execute(question).all():
        decision = Decision(
            trial_id=row.trial_id,
            resource=row.resource,
            score=_number(row.score),
            decision=row.decision,
            reason=row.reason,
            rank=row.rank,
            rivals=row.rivals,
            cutoff=row.cutoff,
            at=row.decided_at,
        )
        yield Judgement(decision, tuple(_rivals(connection, row)))


def _rivals(connection: Connection, of: Row[Any]) -> Iterator[Rival]:
    """Yield those that had reached the rung by then, and are nearest to the trial in score."""
    question = (
        select(decisions.c.trial_id, decisions.c.score, decisions.c.decision)
        .join(trials, trials.c.trial_id == decisions.c.trial_id)
        .where(
            trials.c.search_id == of.search_id,
            trials.c.outer_fold == of.outer_fold,
            decisions.c.resource == of.resource,
            decisions.c.id <= of.id,
        )
    )
    if of.score is None:
        return
    score, itself = decisions.c.score, decisions.c.trial_id == of.trial_id
    above = question.where(score >= of.score, ~itself).order_by(score, decisions.c.id.desc())
    below = question.where(score < of.score).order_by(score.desc(), decisions.c.id)
    better = [Rival(**row._mapping) for row in connection.execute(above.limit(RIVALS))]
    worse = [Rival(**row._mapping) for row in connection.execute(below.limit(RIVALS))]
    yield from reversed(better)
    yield Rival(of.trial_id, of.score, of.decision)
    yield from worse


def _number(value: float | None) -> float:
    """NULL stands for a score that was not finite."""
    return math.nan if value is None else value
