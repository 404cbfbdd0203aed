"""How trials' scores developed, from inner fold to inner fold or from unit to unit."""

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, select

from searcher.store.answers import CurvePoint, LearningCurves
from searcher.store.schema import fold_fits, fold_scores, searches, trials, unit_scores
from searcher.store.values import text

HUGE = 1e150
"""Scores beyond it have squares that doubles can't hold."""

AT_ONCE = 500
"""Trials that one statement names: databases have limits."""

OF_TRIAL = tuple(
    trials.c[name]
    for name in ("id", "search_id", "outer_fold", "trial_id", "number", "family", "state")
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
    questions = (_by_fold(outer_fold, metric), _by_unit(outer_fold, metric))
    if trial_ids is None:
        named = [question.where(trials.c.search_id == search_id) for question in questions]
        rows = [row for question in named for row in connection.execute(question)]
        return LearningCurves(CurvePoint(*row[1:]) for row in sorted(rows, key=itemgetter(0)))
    # Without naming the search: SQLite would rather go through all of its trials.
    place = {text(trial_id): i for i, trial_id in enumerate(trial_ids)}
    points = [
        CurvePoint(*row[1:])
        for some in _parts(list(place))
        for question in questions
        for row in connection.execute(question.where(trials.c.trial_id.in_(some)))
    ]
    of_search = (point for point in points if point.search_id == search_id)
    return LearningCurves(sorted(of_search, key=lambda point: place[point.trial_id]))


def _by_fold(outer_fold: str | None, metric: str | None) -> Select[Any]:
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
        .where(trials.c.unit == "inner_folds")
        .order_by(trials.c.id, fold_scores.c.metric, fold_fits.c.resource)
    )
    return _narrowed(question, fold_scores.c.metric, outer_fold, metric)


def _by_unit(outer_fold: str | None, metric: str | None) -> Select[Any]:
    """Ask for the means that trials in lockstep have after each unit: of the optimised metric."""
    question = (
        select(*OF_TRIAL, searches.c.metric, unit_scores.c.resource, unit_scores.c.score)
        .join(unit_scores, unit_scores.c.trial_id == trials.c.trial_id)
        .join(searches, searches.c.search_id == trials.c.search_id)
        .order_by(trials.c.id, unit_scores.c.resource)
    )
    return _narrowed(question, searches.c.metric, outer_fold, metric)


def _narrowed(
    question: Select[Any], of_metric: Any, outer_fold: str | None, metric: str | None
) -> Select[Any]:
    for column, wanted in ((trials.c.outer_fold, outer_fold), (of_metric, metric)):
        if wanted is not None:
            question = question.where(column == text(wanted))
    return question


def _parts(of: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(of), AT_ONCE):
        yield of[start : start + AT_ONCE]
