"""Which rows a record becomes, statement by statement."""

from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import datetime
from functools import singledispatch
from typing import Any

from searcher.records import (
    Artifact,
    CheckpointSaved,
    Decision,
    FoldScore,
    InnerSearchEnded,
    Note,
    OuterPredictions,
    OuterScore,
    ParityChecked,
    Record,
    Replaced,
    SearchEnded,
    SearchExtended,
    SearchResumed,
    SearchStarted,
    TrialAgain,
    TrialEnded,
    TrialStarted,
    UnitScore,
)
from searcher.store import arrays, predictions
from searcher.store.values import VERDICT, cells, content_hash, finite

Row = dict[str, Any]
Rows = Iterator[tuple[str, Row]]


SEQUENCE: dict[type, str] = {
    TrialStarted: "sequence",
    FoldScore: "sequence",
    UnitScore: "sequence",
    TrialEnded: "new_ended_sequence",
}
"""Records whose place in the order of events is kept, and where in their first row."""


def rows(
    record: Record, started_at: datetime | None = None, sequence: int | None = None
) -> list[tuple[str, Row]]:
    """Return the record's rows, each with the name of the statement (``statements.py``) it is for.

    Parameters
    ----------
    record
        A record that has been through ``clean``.
    started_at
        When the trial or search began whose end the record tells; None for other records.
    sequence
        Place of the record in the order of its search's events, if that is kept.
    """
    made = list(_rows(record))
    if type(record) in SEQUENCE:
        made[0][1][SEQUENCE[type(record)]] = sequence
    if started_at is not None:
        made[0][1]["new_seconds"] = seconds_between(started_at, record.at)
    return made


@singledispatch
def _rows(record: Any) -> Rows:
    raise NotImplementedError(type(record).__name__)


@_rows.register
def _(record: SearchStarted) -> Rows:
    yield (
        "searches",
        {
            "search_id": record.search_id,
            "name": record.name,
            "state": "running",
            "metric": record.metric,
            "task": record.task,
            "fingerprint": record.fingerprint,
            "spec": record.spec,
            "data": record.data,
            "environment": record.environment,
            "started_at": record.at,
        },
    )
    for position, fold in enumerate(record.folds):
        keys = {}
        for part, positions in (("train", fold.train), ("test", fold.test)):
            key, data = arrays.encode(positions)
            keys[f"{part}_sha256"] = key
            array = {"sha256": key, "encoding": arrays.ENCODING, "length": len(positions)}
            yield "index_arrays", array | {"data": data}
        where = {"search_id": record.search_id, "position": position}
        yield (
            "folds",
            where | {"outer_fold": fold.outer_fold, "inner_fold": fold.inner_fold} | keys,
        )
    for outer_fold in dict.fromkeys(fold.outer_fold for fold in record.folds):
        yield (
            "inner_searches",
            {"search_id": record.search_id, "outer_fold": outer_fold, "state": "running"},
        )


@_rows.register
def _(record: TrialStarted) -> Rows:
    yield (
        "trials",
        {
            "trial_id": record.trial_id,
            "search_id": record.search_id,
            "outer_fold": record.outer_fold,
            "number": record.number,
            "family": record.family,
            "configuration": record.configuration,
            "configuration_hash": configuration_hash(record),
            "origin": record.origin,
            "state": "running",
            "resource": 0,
            "started_at": record.at,
            "source_trial_id": record.source_trial_id,
            "unit": record.unit,
        },
    )
    for name, value in record.configuration.items():
        number, text = cells(value)
        row = {"trial_id": record.trial_id, "name": name, "number": number, "text": text}
        yield "trial_parameters", row


@_rows.register
def _(record: SearchResumed) -> Rows:
    yield from _event(record.search_id, "resumed", {}, record.at)


@_rows.register
def _(record: SearchExtended) -> Rows:
    yield from _event(
        record.search_id, "extended", {"before": record.before, "budget": record.budget}, record.at
    )


@_rows.register
def _(record: TrialAgain) -> Rows:
    yield (
        "attempts",
        {
            "trial_id": record.trial_id,
            "attempt": record.attempt - 1,
            "reason": record.reason,
            "lost_s": record.lost_s,
            "ended_at": record.at,
        },
    )
    yield "trial_attempts", {"of_trial": record.trial_id, "new_attempt": record.attempt}


@_rows.register
def _(record: FoldScore) -> Rows:
    yield (
        "fold_fits",
        {
            "trial_id": record.trial_id,
            "inner_fold": record.inner_fold,
            "resource": record.resource,
            "fit_s": record.fit_s,
            "score_s": record.score_s,
            "cpu_s": record.cpu_s,
            "ended_at": record.at,
            "attempt": record.attempt,
        },
    )
    for metric, score in record.scores.items():
        key = {"trial_id": record.trial_id, "inner_fold": record.inner_fold, "metric": metric}
        yield "fold_scores", key | {"score": finite(score)}


@_rows.register
def _(record: UnitScore) -> Rows:
    yield (
        "unit_scores",
        {
            "trial_id": record.trial_id,
            "resource": record.resource,
            "score": record.score,
            "scores": _by_metric(record.folds),
            "is_last": record.is_last,
            "fit_s": record.fit_s,
            "score_s": record.score_s,
            "cpu_s": record.cpu_s,
            "ended_at": record.at,
            "attempt": record.attempt,
        },
    )
    for fold in record.folds if record.is_last else ():
        for name, row in _rows(fold):
            yield name, row | {"sequence": None} if name == "fold_fits" else row


@_rows.register
def _(record: Replaced) -> Rows:
    yield (
        "lineage",
        {
            "trial_id": record.trial_id,
            "resource": record.resource,
            "source_trial_id": record.source_trial_id,
            "configuration": record.configuration,
            "decided_at": record.at,
        },
    )


@_rows.register
def _(record: CheckpointSaved) -> Rows:
    row = {name: getattr(record, name) for name in ("trial_id", "resource", "path", "sha256")}
    more = {"size_bytes": record.size_bytes, "score": record.score, "created_at": record.at}
    yield "checkpoints", row | more


@_rows.register
def _(record: Decision) -> Rows:
    yield (
        "decisions",
        {
            "trial_id": record.trial_id,
            "resource": record.resource,
            "score": finite(record.score),
            "decision": record.decision,
            "reason": record.reason,
            "rank": record.rank,
            "rivals": record.rivals,
            "cutoff": record.cutoff,
            "decided_at": record.at,
        },
    )


@_rows.register
def _(record: TrialEnded) -> Rows:
    yield (
        "trial_ends",
        {
            "of_trial": record.trial_id,
            "new_state": record.state,
            "new_score": record.score,
            "new_resource": record.resource,
            "new_reason": record.reason,
            "new_traceback": record.traceback,
            "new_ended_at": record.at,
        },
    )


@_rows.register
def _(record: InnerSearchEnded) -> Rows:
    yield (
        "inner_search_ends",
        {
            "of_search": record.search_id,
            "of_fold": record.outer_fold,
            "new_state": "completed",
            "new_trial_id": record.trial_id,
            "new_inner_score": finite(record.inner_score),
            "new_ended_at": record.at,
        },
    )


@_rows.register
def _(record: OuterScore) -> Rows:
    for metric, score in record.scores.items():
        yield (
            "outer_scores",
            {
                "search_id": record.search_id,
                "outer_fold": record.outer_fold,
                "role": record.role,
                "metric": metric,
                "score": finite(score),
                "trial_id": record.trial_id,
                "fit_s": record.fit_s,
                "scored_at": record.at,
            },
        )


@_rows.register
def _(record: OuterPredictions) -> Rows:
    for row in predictions.rows(record):
        yield "outer_predictions", row


@_rows.register
def _(record: Artifact) -> Rows:
    row = asdict(record)
    row["created_at"] = row.pop("at")
    key = content_hash(record.search_id, record.kind, record.path, record.sha256, str(record.at))
    yield "artifacts", row | {"record_key": key}


@_rows.register
def _(record: ParityChecked) -> Rows:
    verdict = record.verdict
    yield (
        "parity_verdicts",
        {
            "record_key": content_hash(record.search_id, record.trial_id, str(record.at)),
            "search_id": record.search_id,
            "trial_id": record.trial_id,
            "passed": verdict.passed,
            "rows_compared": verdict.rows,
            "labels_unequal": verdict.labels_unequal,
            "worst": finite(verdict.worst),
            "worst_absolute": finite(verdict.worst_absolute),
            "rtol": verdict.rtol,
            "atol": verdict.atol,
            "probes": list(verdict.probes),
            "details": {
                field.name: getattr(verdict, field.name)
                for field in fields(verdict)
                if field.name not in VERDICT
            },
            "failure": verdict.failure,
            "seconds": verdict.seconds,
            "checked_at": record.at,
        },
    )


@_rows.register
def _(record: SearchEnded) -> Rows:
    low, high = record.interval or (None, None)
    default_low, default_high = record.default_interval or (None, None)
    yield (
        "search_ends",
        {
            "of_search": record.search_id,
            "new_state": record.state,
            "new_outer_mean": record.outer_mean,
            "new_interval_low": low,
            "new_interval_high": high,
            "new_optimism": record.optimism,
            "new_default_difference": record.default_difference,
            "new_default_interval_low": default_low,
            "new_default_interval_high": default_high,
            "new_error": record.error,
            "new_ended_at": record.at,
        },
    )


@_rows.register
def _(record: Note) -> Rows:
    yield from _event(record.search_id, record.kind, record.payload, record.at)


def _event(search_id: str, kind: str, payload: dict[str, Any], at: datetime) -> Rows:
    row = {"search_id": search_id, "kind": kind, "payload": payload, "happened_at": at}
    yield "events", row | {"record_key": content_hash(search_id, kind, payload, str(at))}


def _by_metric(folds: tuple[FoldScore, ...]) -> dict[str, list[float | None]]:
    """Metric -> its scores, in the order in which trials see their inner folds."""
    return {metric: [finite(fold.scores[metric]) for fold in folds] for metric in folds[0].scores}


def configuration_hash(record: TrialStarted) -> str:
    """Name a configuration by its content: equal ones are equal whoever proposed them."""
    return content_hash(record.family, record.configuration)


def search_hash(record: SearchStarted) -> str:
    """Name what a search is about by its content."""
    return content_hash(record.spec, record.metric, record.fingerprint)


def seconds_between(start: datetime, end: datetime) -> float:
    """Wall seconds; never negative, because a clock can be set back."""
    return max(0.0, (end - start).total_seconds())
