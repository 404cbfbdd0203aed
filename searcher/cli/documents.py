"""Which fields a search and a trial have in JSON, csv and parquet: what scripts build on."""

from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from searcher.cli.output import Rows

if TYPE_CHECKING:  # SQLAlchemy takes half a second, and --help needs none of it
    from searcher.store import SearchSummary, StoredSearch, StoredTrial

SUMMARY_COLUMNS = (
    "search_id",
    "name",
    "state",
    "metric",
    "task",
    "outer_mean",
    "interval_low",
    "interval_high",
    "optimism",
    "default_difference",
    "default_interval_low",
    "default_interval_high",
    "best_trial_id",
    "best_configuration",
    "trials_running",
    "trials_completed",
    "trials_stopped",
    "trials_failed",
    "cpu_s",
    "model_path",
    "report_path",
    "parity_passed",
    "fingerprint",
    "started_at",
    "ended_at",
    "seconds",
    "error",
)

TRIAL_COLUMNS = (
    "trial_id",
    "search_id",
    "outer_fold",
    "number",
    "family",
    "origin",
    "state",
    "score",
    "resource",
    "reason",
    "started_at",
    "ended_at",
    "seconds",
    "fit_s",
    "cpu_s",
)


def search_document(search: "StoredSearch") -> dict[str, Any]:
    """Everything about one search, as ``show`` and ``run`` give it."""
    document = {field.name: getattr(search, field.name) for field in fields(search)}
    scores = document.pop("outer_scores_of")
    first = ("search_id", "name", "state", "metric", "task", "outer_scores")
    return {key: document[key] for key in first} | document | {"scores": scores}


def summary_rows(searches: "Iterable[SearchSummary]") -> Rows:
    """One row a search; pairs and counts become columns of their own."""
    return Rows.of(map(_flat_summary, searches), SUMMARY_COLUMNS)


def _flat_summary(search: "SearchSummary") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name in SUMMARY_COLUMNS:
        stem, _, end = name.rpartition("_")
        if stem.endswith("interval"):
            ends = getattr(search, stem)
            flat[name] = None if ends is None else ends[end == "high"]
        elif stem == "trials":
            flat[name] = search.trials[end]
        else:
            flat[name] = getattr(search, name)
    return flat


def trial_rows(trials: "Iterable[StoredTrial]") -> Rows:
    """One row a trial; parameters become columns ``param.<name>``."""
    records = [
        {name: getattr(trial, name) for name in TRIAL_COLUMNS}
        | {f"param.{name}": value for name, value in trial.configuration.items()}
        for trial in trials
    ]
    return Rows.of(records, TRIAL_COLUMNS)
