"""What a model card says, taken from the store alone."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from searcher.export.graph import IR_VERSION, ML_DOMAIN, ML_OPSET, OPSET
from searcher.records import FINAL, Note, Role
from searcher.report.words import explain_metric
from searcher.store import StoredSearch

Card: TypeAlias = dict[str, Any]
"""JSON values, by section."""

ROLES: tuple[Role, ...] = ("winner", "default", "dummy")


def describe_model(found: StoredSearch, notes: Sequence[Note]) -> Card:
    """Gather a search's model card.

    Parameters
    ----------
    notes
        Of the same search; the newest about latency counts.

    Returns
    -------
    dict
        Sections ``model``, ``data``, ``evaluation``, ``parity``, ``latency`` (None if it was not
        measured), ``limits`` (sentences) and ``licence`` (None if the spec states none).
    """
    return {
        "model": _model(found),
        "data": _data(found),
        "evaluation": _evaluation(found),
        "parity": _parity(found),
        "latency": _latency(notes),
        "limits": _limits(found),
        "licence": found.spec.get("licence"),
    }


def _model(found: StoredSearch) -> Card:
    configuration = dict(found.best_configuration or {})
    return {
        "name": found.name,
        "search_id": found.search_id,
        "trial_id": found.best_trial_id,
        "task": found.task,
        "family": configuration.pop("family", None),
        "configuration": configuration,
        "file": None if found.model_path is None else found.model_path.rsplit("/", 1)[-1],
        "format": f"ONNX opset {OPSET}, {ML_DOMAIN} {ML_OPSET}, IR {IR_VERSION}",
        "made_at": None if found.ended_at is None else found.ended_at.isoformat(),
        "error": found.error,
        "versions": found.environment.get("versions", {}),
    }


def _data(found: StoredSearch) -> Card:
    data = found.data
    return {
        "path": found.spec.get("data", {}).get("path"),
        "fingerprint": found.fingerprint,
        "rows": data.get("rows"),
        "target": data.get("target"),
        "classes": data.get("classes", []),
        "columns": data.get("columns", []),
        "notices": data.get("notices", []),
    }


def _evaluation(found: StoredSearch) -> Card:
    metrics = dict.fromkeys([found.metric, *(score.metric for score in found.outer_scores_of)])
    return {
        "metric": found.metric,
        "larger_is_better": explain_metric(found.metric),
        "outer_mean": found.outer_mean,
        "interval": None if found.interval is None else list(found.interval),
        "optimism": found.optimism,
        "default_difference": found.default_difference,
        "default_interval": None
        if found.default_interval is None
        else list(found.default_interval),
        "outer_scores": [
            {"outer_fold": fold, "metric": metric}
            | {role: found.scores(role, metric).get(fold) for role in ROLES}
            for metric in metrics
            for fold in found.outer_folds
            if fold != FINAL
        ],
        "trials": found.trials,
        "validation": found.spec.get("validation", {}),
        "strategy": found.spec.get("strategy", {}),
        "seed": found.spec.get("seed"),
    }


def _parity(found: StoredSearch) -> Card | None:
    verdict = found.parity
    if verdict is None:
        return None
    return {
        "passed": verdict.passed,
        "rows": verdict.rows,
        "labels_unequal": verdict.labels_unequal,
        "worst_absolute": verdict.worst_absolute,
        "failure": verdict.failure,
    }


def _latency(notes: Sequence[Note]) -> Mapping[str, Any] | None:
    found = [note.payload for note in notes if note.kind == "latency"]
    return dict(found[-1]) if found else None


def _limits(found: StoredSearch) -> list[str]:
    """Say what the numbers do not say, as far as the store knows."""
    folds = len([fold for fold in found.outer_folds if fold != FINAL])
    says = [
        f"The score is the mean of {folds} models, each chosen and fitted without the rows that it "
        "was scored on. It estimates what this way of making models achieves on rows like these; "
        "the file holds one more model, chosen and fitted on all rows.",
        "Rows from another time, place or way of measuring may be answered worse; nothing here "
        "tells by how much.",
        "Infinite numbers are refused. A category that the training rows did not have is taken as "
        "unknown, not refused.",
        "Which groups of people or things it is worse for was not looked at.",
    ]
    if not found.beats_default:
        says.insert(1, "It is not shown to be better than the family's default configuration.")
    if found.parity is None or not found.parity.passed:
        says.insert(0, "There is no released file: it did not pass the parity gate.")
    return says
