"""How two trials compare: their scores on the inner folds that both have seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from searcher.comparison.pairing import (
    FEWEST,
    MetricCompared,
    Pair,
    Scores,
    compare_metrics,
    have_the_same_rows,
    is_tested,
    pair,
    verdict,
)
from searcher.differences import Difference, differences
from searcher.errors import SpecError
from searcher.lineage import last_configurations
from searcher.records import Configuration
from searcher.store import DEFAULT_URL, Store, StoredTrial
from searcher.store.histories import Split, TrialHistory


@dataclass(frozen=True, slots=True)
class TrialComparison:
    """Two trials beside each other, by their scores on the same inner folds."""

    a: StoredTrial
    b: StoredTrial
    configuration_a: Configuration  # that it ended with, whose scores are compared
    configuration_b: Configuration
    metrics: tuple[MetricCompared, ...]
    obstacles: tuple[str, ...]
    notes: tuple[str, ...]
    differences: tuple[Difference, ...]  # of family and of these configurations
    verdict: str


def compare_trials(a: str, b: str, *, store: str = DEFAULT_URL) -> TrialComparison:
    """Compare two trials: their scores on the inner folds that both have seen.

    As ``compare``, on inner folds with the same rows: those of one inner search, or of two searches
    whose folds are the same. The better of many trials flatters itself: what is chosen by inner
    scores is judged by outer ones.

    Parameters
    ----------
    a, b
        Whole ids of trials.

    Raises
    ------
    NotFoundError
        If there is no such trial.
    SpecError
        If both are the same trial.
    """
    with Store(store) as opened:
        return compare_trials_in(opened, a, b)


def compare_trials_in(store: Store, a: str, b: str) -> TrialComparison:
    """Compare two trials of a store that is open already."""
    if a == b:
        raise SpecError(f"{a} is one trial; name two")
    trials = trial_a, trial_b = store.trial(a), store.trial(b)
    searches = [store.search(trial.search_id) for trial in trials]
    inner = [_inner_splits(store, trial) for trial in trials]
    scores = [_inner_scores(store.trial_history(trial.trial_id)) for trial in trials]
    same_rows = have_the_same_rows(*searches)
    pairs = list(pair(inner[0], inner[1])) if same_rows else []
    metrics = compare_metrics(scores[0], scores[1], pairs, first=searches[0].metric)
    obstacles = () if is_tested(metrics) else tuple(_trial_obstacles(trials, same_rows, pairs))
    last = [_last_configuration(store, trial) for trial in trials]
    described = [{"family": t.family, **of} for t, of in zip(trials, last, strict=True)]
    return TrialComparison(
        a=trial_a,
        b=trial_b,
        configuration_a=last[0],
        configuration_b=last[1],
        metrics=metrics,
        obstacles=obstacles,
        notes=tuple(_notes(trials, last, pairs)),
        differences=differences(*described),
        verdict=verdict(metrics, obstacles, "inner"),
    )


def _last_configuration(store: Store, trial: StoredTrial) -> Configuration:
    last = last_configurations(store.lineage(trial.search_id))
    return last.get(trial.trial_id, trial.configuration)


def _notes(
    trials: tuple[StoredTrial, StoredTrial], last: Sequence[Configuration], pairs: Sequence[Pair]
) -> Iterator[str]:
    if pairs:
        yield "inner scores: what is chosen by them looks better than it is"
    for label, trial, configuration in zip("AB", trials, last, strict=True):
        if configuration != trial.configuration:
            yield (
                f"{label} is described by what it ended with, not by what it began with; "
                f"`searcher show {trial.trial_id}` tells its way"
            )


def _inner_splits(store: Store, trial: StoredTrial) -> list[Split]:
    return [
        split
        for split in store.splits(trial.search_id)
        if split.outer_fold == trial.outer_fold and split.inner_fold is not None
    ]


def _inner_scores(history: TrialHistory) -> Scores:
    scores: dict[str, dict[str, float]] = {}
    for fold in history.folds:
        for metric, score in fold.scores.items():
            if np.isfinite(score):
                scores.setdefault(metric, {})[str(fold.inner_fold)] = score
    return scores


def _trial_obstacles(
    trials: tuple[StoredTrial, StoredTrial],
    same_rows: bool,
    pairs: Sequence[Pair],
) -> Iterator[str]:
    if not same_rows:
        yield "the trials are of searches of different rows"
    elif early := [t for t in trials if t.unit != "inner_folds" and t.state != "completed"]:
        yield f"{early[0].trial_id} has scores by fold only once it is trained to its end"
    elif not pairs:
        folds = " and ".join(trial.outer_fold for trial in trials)
        yield f"the trials have no inner fold in common: their outer folds are {folds}"
    elif min((t.resource for t in trials if t.unit == "inner_folds"), default=FEWEST) < FEWEST:
        a, b = (f"{trial.resource} ({trial.state})" for trial in trials)
        yield f"fewer than two inner folds are scored in both: A has {a}, B {b}"
