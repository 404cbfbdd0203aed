"""What of a record can be stored: the same record, made of plain, safe values.

Cleaning happens where a record is added, so that a bad one is refused where it was made, and so
that nothing that the caller changes afterwards reaches the database.
"""

from dataclasses import fields, replace
from functools import singledispatch
from typing import Any, get_args

from searcher.errors import StoreError
from searcher.records import (
    Artifact,
    ArtifactKind,
    CheckpointSaved,
    Decision,
    FoldScore,
    InnerSearchEnded,
    Note,
    Origin,
    OuterPredictions,
    OuterScore,
    ParityChecked,
    ParityVerdict,
    Record,
    Replaced,
    Role,
    SearchEnded,
    SearchExtended,
    SearchResumed,
    SearchStarted,
    TrialAgain,
    TrialEnded,
    TrialStarted,
    Unit,
    UnitScore,
)
from searcher.store import predictions
from searcher.store.values import (
    VERDICT,
    count,
    finite,
    identifier,
    json_object,
    json_value,
    name,
    number,
    one_of,
    optional_text,
    seconds,
    text,
    utc,
)


def clean(record: Record) -> Record:
    """Return ``record`` as it can be stored.

    Raises
    ------
    StoreError
        When it is no record, or a field of it has no storable form; says which and why.
    """
    cleaned: Record = _clean(record)
    return cleaned


@singledispatch
def _clean(record: Any) -> Any:
    raise StoreError(f"a {type(record).__name__} is no record of searcher.records")


@_clean.register
def _(record: SearchStarted) -> SearchStarted:
    return replace(
        record,
        search_id=identifier(record.search_id, "search_id"),
        name=text(str(record.name)),
        spec=json_object(record.spec, "spec"),
        metric=name(record.metric, "metric"),
        task=name(record.task, "task"),
        fingerprint=name(record.fingerprint, "fingerprint"),
        data=json_object(record.data, "data"),
        environment=json_object(record.environment, "environment"),
        folds=tuple(
            replace(fold, outer_fold=identifier(fold.outer_fold, "outer_fold"))
            for fold in record.folds
        ),
        at=utc(record.at, "SearchStarted.at"),
    )


@_clean.register
def _(record: SearchResumed) -> SearchResumed:
    return SearchResumed(
        search_id=identifier(record.search_id, "search_id"), at=utc(record.at, "SearchResumed.at")
    )


@_clean.register
def _(record: SearchExtended) -> SearchExtended:
    return SearchExtended(
        search_id=identifier(record.search_id, "search_id"),
        before=json_object(record.before, "before"),
        budget=json_object(record.budget, "budget"),
        at=utc(record.at, "SearchExtended.at"),
    )


@_clean.register
def _(record: TrialAgain) -> TrialAgain:
    return TrialAgain(
        trial_id=identifier(record.trial_id, "trial_id"),
        attempt=count(record.attempt, "attempt"),
        reason=text(str(record.reason)),
        lost_s=_seconds(record.lost_s, "lost_s"),
        at=utc(record.at, "TrialAgain.at"),
    )


@_clean.register
def _(record: TrialStarted) -> TrialStarted:
    expected = f"{record.search_id}.{record.outer_fold}.{record.number}"
    if record.trial_id != expected:
        raise StoreError(f"trial_id is {record.trial_id!r}; by its other fields it is {expected!r}")
    configuration = json_object(record.configuration, "configuration")
    for parameter in configuration:
        name(parameter, "a parameter's name")
    return replace(
        record,
        trial_id=identifier(record.trial_id, "trial_id"),
        search_id=identifier(record.search_id, "search_id"),
        outer_fold=identifier(record.outer_fold, "outer_fold"),
        number=count(record.number, "a trial's number"),
        family=name(record.family, "family"),
        configuration=configuration,
        origin=one_of(record.origin, "origin", get_args(Origin)),
        source_trial_id=_maybe(record.source_trial_id, "source_trial_id"),
        unit=one_of(record.unit, "unit", get_args(Unit)),
        at=utc(record.at, "TrialStarted.at"),
    )


@_clean.register
def _(record: FoldScore) -> FoldScore:
    return FoldScore(
        trial_id=identifier(record.trial_id, "trial_id"),
        resource=count(record.resource, "resource"),
        inner_fold=count(record.inner_fold, "inner_fold"),
        scores=_scores(record.scores),
        fit_s=_seconds(record.fit_s, "fit_s"),
        score_s=_seconds(record.score_s, "score_s"),
        cpu_s=_seconds(record.cpu_s, "cpu_s"),
        attempt=count(record.attempt, "attempt"),
        at=utc(record.at, "FoldScore.at"),
    )


@_clean.register
def _(record: UnitScore) -> UnitScore:
    score = finite(number(record.score, "a unit's score"))
    if score is None or not record.folds:
        raise StoreError(f"trial {record.trial_id}: a unit has a finite score, and inner folds")
    return UnitScore(
        trial_id=identifier(record.trial_id, "trial_id"),
        resource=count(record.resource, "resource"),
        score=score,
        folds=tuple(_clean(fold) for fold in record.folds),
        is_last=bool(record.is_last),
        fit_s=_seconds(record.fit_s, "fit_s"),
        score_s=_seconds(record.score_s, "score_s"),
        cpu_s=_seconds(record.cpu_s, "cpu_s"),
        attempt=count(record.attempt, "attempt"),
        at=utc(record.at, "UnitScore.at"),
    )


@_clean.register
def _(record: Replaced) -> Replaced:
    return Replaced(
        trial_id=identifier(record.trial_id, "trial_id"),
        resource=count(record.resource, "resource"),
        source_trial_id=identifier(record.source_trial_id, "source_trial_id"),
        configuration=json_object(record.configuration, "configuration"),
        at=utc(record.at, "Replaced.at"),
    )


@_clean.register
def _(record: CheckpointSaved) -> CheckpointSaved:
    return CheckpointSaved(
        trial_id=identifier(record.trial_id, "trial_id"),
        resource=count(record.resource, "resource"),
        path=text(record.path),
        sha256=text(record.sha256),
        size_bytes=count(record.size_bytes, "size_bytes"),
        score=finite(number(record.score, "a checkpoint's score")),
        removed=tuple(text(path) for path in record.removed),
        at=utc(record.at, "CheckpointSaved.at"),
    )


@_clean.register
def _(record: Decision) -> Decision:
    return replace(
        record,
        trial_id=identifier(record.trial_id, "trial_id"),
        resource=count(record.resource, "resource"),
        score=number(record.score, "a decision's score"),
        decision=one_of(record.decision, "decision", ("continue", "stop")),
        reason=text(str(record.reason)),
        rank=None if record.rank is None else count(record.rank, "rank"),
        rivals=None if record.rivals is None else count(record.rivals, "rivals"),
        cutoff=finite(number(record.cutoff, "cutoff")),
        at=utc(record.at, "Decision.at"),
    )


@_clean.register
def _(record: TrialEnded) -> TrialEnded:
    state = one_of(record.state, "a trial's last state", ("completed", "stopped", "failed"))
    given = number(record.score, "a trial's score")
    score, reason = finite(given), optional_text(record.reason)
    if state == "completed" and score is None:
        # A completed trial is one that can win; one without a number never can.
        state, reason = "failed", reason or f"score is {given}, not a finite number"
    return replace(
        record,
        trial_id=identifier(record.trial_id, "trial_id"),
        state=state,
        score=None if state == "failed" else score,
        resource=count(record.resource, "resource"),
        reason=reason,
        traceback=optional_text(record.traceback),
        at=utc(record.at, "TrialEnded.at"),
    )


@_clean.register
def _(record: InnerSearchEnded) -> InnerSearchEnded:
    return replace(
        record,
        search_id=identifier(record.search_id, "search_id"),
        outer_fold=identifier(record.outer_fold, "outer_fold"),
        trial_id=identifier(record.trial_id, "trial_id"),
        inner_score=number(record.inner_score, "inner_score"),
        at=utc(record.at, "InnerSearchEnded.at"),
    )


@_clean.register
def _(record: OuterScore) -> OuterScore:
    return replace(
        record,
        search_id=identifier(record.search_id, "search_id"),
        outer_fold=identifier(record.outer_fold, "outer_fold"),
        role=one_of(record.role, "role", get_args(Role)),
        trial_id=identifier(record.trial_id, "trial_id"),
        scores=_scores(record.scores),
        fit_s=_seconds(record.fit_s, "fit_s"),
        at=utc(record.at, "OuterScore.at"),
    )


@_clean.register
def _(record: OuterPredictions) -> OuterPredictions:
    return predictions.clean(record)


@_clean.register
def _(record: Artifact) -> Artifact:
    return replace(
        record,
        search_id=identifier(record.search_id, "search_id"),
        kind=one_of(record.kind, "an artifact's kind", get_args(ArtifactKind)),
        path=text(str(record.path)),
        sha256=name(record.sha256, "sha256"),
        size_bytes=int(record.size_bytes),
        trial_id=_maybe(record.trial_id, "trial_id"),
        at=utc(record.at, "Artifact.at"),
    )


@_clean.register
def _(record: ParityChecked) -> ParityChecked:
    return replace(
        record,
        search_id=identifier(record.search_id, "search_id"),
        trial_id=identifier(record.trial_id, "trial_id"),
        verdict=_verdict(record.verdict),
        at=utc(record.at, "ParityChecked.at"),
    )


def _verdict(verdict: ParityVerdict) -> ParityVerdict:
    return replace(
        verdict,
        passed=bool(verdict.passed),
        rows=count(verdict.rows, "rows"),
        labels_unequal=count(verdict.labels_unequal, "labels_unequal"),
        worst=number(verdict.worst, "worst"),
        worst_absolute=number(verdict.worst_absolute, "worst_absolute"),
        rtol=_seconds(verdict.rtol, "rtol"),
        atol=_seconds(verdict.atol, "atol"),
        probes=tuple(json_value(list(verdict.probes), "probes")),
        failure=optional_text(verdict.failure),
        seconds=_seconds(verdict.seconds, "seconds"),
        **_details(verdict),
    )


def _details(verdict: ParityVerdict) -> dict[str, Any]:
    details = {}
    for field in fields(verdict):
        if field.name not in VERDICT:
            given = getattr(verdict, field.name)
            value = json_value(given, field.name)
            details[field.name] = tuple(value) if isinstance(given, tuple) else value
    return details


@_clean.register
def _(record: SearchEnded) -> SearchEnded:
    return replace(
        record,
        search_id=identifier(record.search_id, "search_id"),
        state=one_of(record.state, "a search's last state", ("completed", "failed", "interrupted")),
        outer_mean=_known(record.outer_mean, "outer_mean"),
        interval=_interval(record.interval, "interval"),
        optimism=_known(record.optimism, "optimism"),
        default_difference=_known(record.default_difference, "default_difference"),
        default_interval=_interval(record.default_interval, "default_interval"),
        error=optional_text(record.error),
        at=utc(record.at, "SearchEnded.at"),
    )


@_clean.register
def _(record: Note) -> Note:
    return replace(
        record,
        search_id=identifier(record.search_id, "search_id"),
        kind=name(record.kind, "a note's kind"),
        payload=json_object(record.payload, "payload"),
        at=utc(record.at, "Note.at"),
    )


def _maybe(value: str | None, what: str) -> str | None:
    return None if value is None else identifier(value, what)


def _scores(scores: dict[str, float]) -> dict[str, float]:
    return {
        name(metric, "a metric's name"): number(score, f"the score {metric!r}")
        for metric, score in scores.items()
    }


def _seconds(value: float, what: str) -> float:
    return seconds(value, what)


def _known(value: float | None, what: str) -> float | None:
    return finite(number(value, what))


def _interval(value: tuple[float, float] | None, what: str) -> tuple[float, float] | None:
    if value is None:
        return None
    low, high = (finite(number(bound, what)) for bound in value)
    return None if low is None or high is None else (low, high)
