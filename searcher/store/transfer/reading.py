"""Which trials, curves and values of a search other tools are given, a few in memory at a time."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Select, func, literal_column, select, union_all

from searcher.store.answers import StoredSearch
from searcher.store.engine import open_for_reading, parse_url, plain_errors
from searcher.store.reader import Store
from searcher.store.schema import fold_fits, fold_scores, trials, unit_scores
from searcher.store.units import last_configuration

FETCH = 2_000
OPTIONS = {"stream_results": True, "yield_per": FETCH}

LEFT_OUT = ("traceback", "configuration_hash", "sequence", "ended_sequence")

Curve = dict[int, float]


@contextmanager
def reading(url: str, search_id: str) -> Iterator[tuple[StoredSearch, "Reading"]]:
    """Open a store to read one search of it, as of one moment."""
    with Store(url) as store:
        search = store.search(search_id)
    parsed = parse_url(url)
    engine = open_for_reading(parsed)
    try:
        with plain_errors(parsed), engine.connect() as connection, connection.begin():
            yield search, Reading(connection, search)
    finally:
        engine.dispose()


class Reading:
    """A search that is being read."""

    def __init__(self, connection: Connection, search: StoredSearch) -> None:
        self._connection, self._search = connection, search

    def count(self, outer_fold: str | None = None) -> int:
        """Count trials."""
        question = self._of(select(func.count()).select_from(trials), outer_fold)
        return int(self._connection.scalar(question) or 0)

    def trials(self, outer_fold: str | None = None) -> Iterator[Row[Any]]:
        """Give trials in the order of proposal, each with its ``last_configuration``."""
        columns = [column for column in trials.columns if column.name not in LEFT_OUT]
        last = last_configuration().label("last_configuration")
        question = self._of(select(*columns, last), outer_fold)
        order = trials.c.number if outer_fold is not None else trials.c.id
        yield from self._connection.execute(question.order_by(order), execution_options=OPTIONS)

    def curves(self, outer_fold: str | None = None) -> Iterator[tuple[str, Curve]]:
        """Give trials, in the same order, with the mean of the metric by resource."""
        place = trials.c.number if outer_fold is not None else trials.c.id
        found = self._connection.execute(
            union_all(
                self._of(_by_fold(place), outer_fold).where(
                    fold_scores.c.metric == self._search.metric
                ),
                self._of(_by_unit(place), outer_fold),
            ).order_by(literal_column("place"), literal_column("resource")),
            execution_options=OPTIONS,
        )
        for trial_id, rows in groupby(found, key=lambda row: str(row.trial_id)):
            points = [(row.unit, row.resource, row.score) for row in rows]
            curve = [(resource, score) for _, resource, score in points]
            in_lockstep = points[0][0] != "inner_folds"
            yield trial_id, dict(curve) if in_lockstep else running_means(curve)

    def with_curves(self, outer_fold: str | None = None) -> Iterator[tuple[Row[Any], Curve]]:
        """Give trials in the order of proposal, each with its curve."""
        curves = self.curves(outer_fold)
        pending = next(curves, None)
        for trial in self.trials(outer_fold):
            curve: Curve = {}
            if pending is not None and pending[0] == trial.trial_id:
                curve, pending = pending[1], next(curves, None)
            yield trial, curve

    def _of(self, question: Select[Any], outer_fold: str | None) -> Select[Any]:
        question = question.where(trials.c.search_id == self._search.search_id)
        return question if outer_fold is None else question.where(trials.c.outer_fold == outer_fold)


def first_configuration(trial: Row[Any]) -> dict[str, Any] | None:
    """Return what a trial began with, if it ended with another configuration; else None."""
    began: dict[str, Any] = trial.configuration
    return None if began == trial.last_configuration else began


def _by_fold(place: Any) -> Select[Any]:
    same_fit = (fold_scores.c.trial_id == fold_fits.c.trial_id) & (
        fold_scores.c.inner_fold == fold_fits.c.inner_fold
    )
    names = trials.c.trial_id, trials.c.unit, place.label("place")
    return (
        select(*names, fold_fits.c.resource.label("resource"), fold_scores.c.score.label("score"))
        .join(fold_fits, fold_fits.c.trial_id == trials.c.trial_id)
        .join(fold_scores, same_fit)
        .where(trials.c.unit == "inner_folds")
    )


def _by_unit(place: Any) -> Select[Any]:
    names = trials.c.trial_id, trials.c.unit, place.label("place")
    return select(*names, unit_scores.c.resource, unit_scores.c.score).join(
        unit_scores, unit_scores.c.trial_id == trials.c.trial_id
    )


def running_means(scores: list[tuple[int, float | None]]) -> Curve:
    """Return resource -> mean so far, up to the first score that was not finite."""
    means: Curve = {}
    known: list[float] = []
    for resource, score in scores:
        if score is None:
            break
        known.append(score)
        means[int(resource)] = math.fsum(known) / len(known)
    return means
