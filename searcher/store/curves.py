"""How trials' scores developed from inner fold to inner fold."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, select

from searcher.store.answers import CurvePoint, LearningCurves
from searcher.store.schema import fold_fits, fold_scores, trials
from searcher.store.values import text

HUGE = 1e150
"""Scores beyond it have squares that doubles can't hold."""

AT_ONCE = 500
"""Trials that one statement names: databases have limits."""

OF_TRIAL = tuple(
    trials.c[name] for name in ("search_id", "outer_fold", "trial_id", "number", "family", "state")
)


def curves_of(
    connection: Connection,
    search_id: str,
    trial_ids: Iterable[str] | None,
    *,
    outer_fold: str | None,
    metric: str | None,
) -> LearningCurves:
    """Return the curves of some trials of a search, or of all; trials in the order asked for."""
    question = _question(outer_fold, metric)
    if trial_ids is None:
        question = question.where(trials.c.search_id == search_id)
        rows = connection.execute(question.order_by(trials.c.id, *_within()))
        return LearningCurves(CurvePoint(*row) for row in rows)
    # Without naming the search: SQLite would rather go through all of its trials.
    place = {text(trial_id): i for i, trial_id in enumerate(trial_ids)}
    points = [
        CurvePoint(*row)
        for some in _parts(list(place))
        for row in connection.execute(
            question.where(trials.c.trial_id.in_(some)).order_by(*_within())
        )
    ]
    of_search = (point for point in points if point.search_id == search_id)
    return LearningCurves(sorted(of_search, key=lambda point: place[point.trial_id]))


def _question(outer_fold: str | None, metric: str | None) -> Select[Any]:
    """Ask for means so far; a mean over folds of which one has no score is no mean."""
    score = fold_scores.c.score
    so_far: Any = {
        "partition_by": (fold_fits.c.trial_id, fold_scores.c.metric),
        "order_by": fold_fits.c.resource,
    }
    whole = func.count(score).over(**so_far) == func.count().over(**so_far)
    # PostgreSQL's avg squares what it averages, so what is huge is added up apart (views_0003).
    is_huge = func.abs(score) > HUGE
    usual = func.avg(case((is_huge, 0.0), else_=score)).over(**so_far)
    huge = func.sum(case((is_huge, score / 1024.0), else_=0.0)).over(**so_far)
    mean = case((whole, usual + huge / func.count().over(**so_far) * 1024.0))
    same_fit = and_(
        fold_scores.c.trial_id == fold_fits.c.trial_id,
        fold_scores.c.inner_fold == fold_fits.c.inner_fold,
    )
    question = (
        select(*OF_TRIAL, fold_scores.c.metric, fold_fits.c.resource, mean.label("score"))
        .join(fold_fits, fold_fits.c.trial_id == trials.c.trial_id)
        .join(fold_scores, same_fit)
    )
    for column, wanted in ((trials.c.outer_fold, outer_fold), (fold_scores.c.metric, metric)):
        if wanted is not None:
            question = question.where(column == text(wanted))
    return question


def _within() -> tuple[Any, ...]:
    return fold_scores.c.metric, fold_fits.c.resource


def _parts(of: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(of), AT_ONCE):
        yield of[start : start + AT_ONCE]
