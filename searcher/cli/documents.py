"""Which fields a search and a trial have in JSON, csv and parquet: what scripts build on."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
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
    "trials_paused",
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
    "attempt",
    "source_trial_id",
    "unit",
)

ALL_TRIAL_COLUMNS = (*TRIAL_COLUMNS, "configuration", "traceback")
"""What may be chosen; csv and parquet have no whole tracebacks unless they are."""


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
    parameters: dict[str, None] = {}
    for trial in trials:
        parameters.update(dict.fromkeys(trial.configuration))

    def cells() -> Iterator[list[Any]]:
        for trial in trials:
            given = trial.configuration
            own = [getattr(trial, name) for name in TRIAL_COLUMNS]
            yield own + [given.get(name) for name in parameters]

    columns = (*TRIAL_COLUMNS, *(f"param.{name}" for name in parameters))
    return Rows(columns, Again(cells), of_trials=True)


def chosen_rows(trials: "Iterable[StoredTrial]", names: Sequence[str]) -> Rows:
    """One row a trial, with these columns and parameters only."""
    return Rows(
        tuple(names),
        Again(lambda: ([_cell(trial, name) for name in names] for trial in trials)),
        of_trials=True,
    )


def chosen_items(trials: "Iterable[StoredTrial]", names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Give the same as objects."""
    for trial in trials:
        yield {name: _cell(trial, name) for name in names}


def _cell(trial: "StoredTrial", name: str) -> Any:
    if name in ALL_TRIAL_COLUMNS:
        return getattr(trial, name)
    return trial.configuration.get(name.removeprefix("parameters."))


@dataclass(frozen=True, slots=True)
class Again:
    """What begins anew each time it is gone through."""

    begin: Callable[[], Iterator[Sequence[Any]]]

    def __iter__(self) -> Iterator[Sequence[Any]]:
        return self.begin()
