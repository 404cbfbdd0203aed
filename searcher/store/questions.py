"""Which rows answer a question, and how they become records again."""

import math
from collections.abc import Iterator
from dataclasses import fields
from itertools import groupby
from typing import Any, get_args

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from searcher.records import (
    Artifact,
    Decision,
    Fold,
    FoldScore,
    Note,
    ParityVerdict,
    TrialState,
)
from searcher.store import arrays
from searcher.store.answers import InnerWinner, OuterScoreOf
from searcher.store.schema import (
    artifacts,
    decisions,
    events,
    fold_fits,
    fold_scores,
    folds,
    index_arrays,
    inner_searches,
    outer_scores,
    parity_verdicts,
    searches,
    trials,
)
from searcher.store.units import last_configuration
from searcher.store.views import v_searches


def in_fold_order(column: ColumnElement[str]) -> tuple[ColumnElement[Any], ...]:
    """Order "0", "1", ..., "10", "final": shorter names first does it, as "final" is longest."""
    return func.length(column), column


def summaries(search_id: str | None = None) -> Select[Any]:
    """Ask for searches in one line each, the newest first."""
    question = (
        select(v_searches)
        .join(searches, searches.c.search_id == v_searches.c.search_id)
        .order_by(searches.c.id.desc())
    )
    return question if search_id is None else question.where(searches.c.search_id == search_id)


def summary(row: Row[Any]) -> dict[str, Any]:
    """Return a row of ``summaries`` as the fields of a SearchSummary."""
    fields = dict(row._mapping)
    states = get_args(TrialState)
    fields["trials"] = {state: fields.pop(state) for state in states}
    for name in ("interval", "default_interval"):
        low, high = fields.pop(f"{name}_low"), fields.pop(f"{name}_high")
        fields[name] = None if low is None else (low, high)
    family, configuration = fields.pop("best_family"), fields["best_configuration"]
    if configuration is not None:
        fields["best_configuration"] = {"family": family, **configuration}
    return fields


def winners_of(connection: Connection, search_id: str) -> Iterator[InnerWinner]:
    """Yield what the inner searches chose, "final" last."""
    question = (
        select(
            inner_searches.c.outer_fold,
            inner_searches.c.trial_id,
            inner_searches.c.inner_score,
            trials.c.family,
            last_configuration().label("configuration"),
            inner_searches.c.ended_at,
        )
        .join(trials, trials.c.trial_id == inner_searches.c.trial_id)
        .where(inner_searches.c.search_id == search_id)
        .order_by(*in_fold_order(inner_searches.c.outer_fold))
    )
    for row in connection.execute(question):
        yield InnerWinner(**row._mapping)


def outer_folds_of(connection: Connection, search_id: str) -> dict[str, str]:
    """Return outer fold -> state of its inner search, "final" last."""
    question = (
        select(inner_searches.c.outer_fold, inner_searches.c.state)
        .where(inner_searches.c.search_id == search_id)
        .order_by(*in_fold_order(inner_searches.c.outer_fold))
    )
    return {row.outer_fold: row.state for row in connection.execute(question)}


def outer_scores_of(connection: Connection, search_id: str) -> Iterator[OuterScoreOf]:
    """Yield the outer scores by role, metric and outer fold."""
    names = ("outer_fold", "role", "metric", "score", "trial_id", "fit_s")
    question = (
        select(*(outer_scores.c[name] for name in names), outer_scores.c.scored_at.label("at"))
        .where(outer_scores.c.search_id == search_id)
        .order_by(
            outer_scores.c.role.desc(),  # the winners first
            outer_scores.c.metric,
            *in_fold_order(outer_scores.c.outer_fold),
        )
    )
    for row in connection.execute(question):
        yield OuterScoreOf(**row._mapping)


def fold_scores_of(connection: Connection, search_id: str) -> Iterator[FoldScore]:
    """Yield what each trial scored on each inner fold, in the order of trials and resource."""
    same_fit = (fold_scores.c.trial_id == fold_fits.c.trial_id) & (
        fold_scores.c.inner_fold == fold_fits.c.inner_fold
    )
    question = (
        select(fold_fits, fold_scores.c.metric, fold_scores.c.score)
        .join(trials, trials.c.trial_id == fold_fits.c.trial_id)
        .outerjoin(fold_scores, same_fit)
        .where(trials.c.search_id == search_id)
        .order_by(trials.c.id, fold_fits.c.resource, fold_fits.c.inner_fold, fold_scores.c.metric)
    )
    rows = connection.execute(question)
    for _, group in groupby(rows, key=lambda row: (row.trial_id, row.inner_fold)):
        same = list(group)
        yield FoldScore(
            trial_id=same[0].trial_id,
            resource=same[0].resource,
            inner_fold=same[0].inner_fold,
            scores={row.metric: _number(row.score) for row in same if row.metric is not None},
            fit_s=same[0].fit_s,
            score_s=same[0].score_s,
            cpu_s=same[0].cpu_s,
            at=same[0].ended_at,
        )


def decisions_of(connection: Connection, search_id: str) -> Iterator[Decision]:
    """Yield what the scheduler decided, in the order in which it did."""
    names = ("trial_id", "resource", "score", "decision", "reason", "rank", "rivals", "cutoff")
    question = (
        select(*(decisions.c[name] for name in names), decisions.c.decided_at.label("at"))
        .join(trials, trials.c.trial_id == decisions.c.trial_id)
        .where(trials.c.search_id == search_id)
        .order_by(decisions.c.id)
    )
    for row in connection.execute(question):
        fields = dict(row._mapping)
        yield Decision(**{**fields, "score": _number(fields["score"])})


def events_of(connection: Connection, search_id: str) -> Iterator[Note]:
    """Yield the notes, in the order in which they came."""
    question = select(events).where(events.c.search_id == search_id).order_by(events.c.id)
    for row in connection.execute(question):
        yield Note(row.search_id, row.kind, row.payload, at=row.happened_at)


def artifacts_of(connection: Connection, search_id: str) -> Iterator[Artifact]:
    """Yield the files that a search left, the newest last."""
    names = ("search_id", "kind", "path", "sha256", "size_bytes", "trial_id")
    question = (
        select(*(artifacts.c[name] for name in names), artifacts.c.created_at.label("at"))
        .where(artifacts.c.search_id == search_id)
        .order_by(artifacts.c.id)
    )
    for row in connection.execute(question):
        yield Artifact(**row._mapping)


def parity_of(connection: Connection, search_id: str) -> ParityVerdict | None:
    """Return the newest verdict."""
    question = (
        select(parity_verdicts)
        .where(parity_verdicts.c.search_id == search_id)
        .order_by(parity_verdicts.c.id.desc())
        .limit(1)
    )
    row = connection.execute(question).one_or_none()
    if row is None:
        return None
    return ParityVerdict(
        passed=row.passed,
        rows=row.rows_compared,
        labels_unequal=row.labels_unequal,
        worst=math.inf if row.worst is None else row.worst,
        worst_absolute=math.inf if row.worst_absolute is None else row.worst_absolute,
        rtol=row.rtol,
        atol=row.atol,
        probes=tuple(_probe(probe) for probe in row.probes),
        failure=row.failure,
        seconds=row.seconds,
        **_details(row.details or {}),
    )


def folds_of(connection: Connection, search_id: str) -> Iterator[Fold]:
    """Yield the folds as they were given, each array decoded once."""
    stored = folds.c.search_id == search_id
    used = (
        select(folds.c.train_sha256).where(stored).union(select(folds.c.test_sha256).where(stored))
    )
    question = select(index_arrays).where(index_arrays.c.sha256.in_(used))
    decoded = {
        row.sha256: arrays.decode(row.sha256, row.encoding, row.length, row.data)
        for row in connection.execute(question)
    }
    for row in connection.execute(select(folds).where(stored).order_by(folds.c.position)):
        train, test = decoded[row.train_sha256], decoded[row.test_sha256]
        yield Fold(row.outer_fold, row.inner_fold, train, test)


def _details(stored: dict[str, Any]) -> dict[str, Any]:
    """Return what a verdict says beyond the columns, as far as this code has fields for it."""
    known = {field.name for field in fields(ParityVerdict)}
    return {
        name: tuple(_plain(item) for item in value) if isinstance(value, list) else value
        for name, value in _probe(stored).items()
        if name in known
    }


def _plain(item: Any) -> Any:
    return _probe(item) if isinstance(item, dict) else item


def _number(value: float | None) -> float:
    """NULL stands for a score that was not finite."""
    return math.nan if value is None else value


def _probe(probe: dict[str, Any]) -> dict[str, Any]:
    """Turn the spelt-out numbers that JSON lacks back into floats."""
    spelt = {"NaN", "Infinity", "-Infinity"}
    return {
        key: float(value) if isinstance(value, str) and value in spelt else value
        for key, value in probe.items()
    }
