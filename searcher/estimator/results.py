"""What a search tried, laid out as scikit-learn lays out ``cv_results_``."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.lineage import last_configurations
from searcher.records import Configuration, FoldScore, Replaced
from searcher.store import StoredTrial


def tabulate(
    trials: Sequence[StoredTrial],
    scores: Sequence[FoldScore],
    *,
    metrics: Sequence[str],
    n_splits: int,
    multimetric: bool,
    lineage: Sequence[Replaced] = (),
) -> dict[str, Any]:
    """Lay out the trials of one inner search, in order of proposal.

    Parameters
    ----------
    scores
        Of these trials' inner folds; those of other trials are passed over.
    metrics
        Scorer names, the one that is optimised first.
    n_splits
        Inner folds.
    multimetric
        Whether columns are named after the metrics, as scikit-learn does for several.
    lineage
        Which members of populations were replaced by which; those of other trials are passed over.

    Returns
    -------
    dict of str to arrays of length n_trials
        ``split<i>_test_<metric>`` is NaN where a trial was stopped or failed before that fold;
        then its mean is NaN too, because a mean over other folds is of other rows, and its rank is
        the last. ``params`` has the family as ``"family"``; of a member of a population it is what
        the member ended with, whose score it is. Where members were replaced, ``first_params`` is
        what each trial began with.
    """
    numbers = {trial.trial_id: number for number, trial in enumerate(trials)}
    table: dict[str, Any] = {}
    for name in ("fit_s", "score_s"):
        seconds = _by_split(scores, numbers, n_splits, lambda fold, name=name: getattr(fold, name))
        column = f"{name.removesuffix('_s')}_time"
        table |= {f"mean_{column}": _mean(seconds), f"std_{column}": _std(seconds)}
    first = {trial.trial_id: trial.configuration for trial in trials}
    last = {i: of for i, of in last_configurations(lineage).items() if i in first}
    params = _params(trials, first | last)
    table |= _parameters(params)
    table["params"] = params
    if last:
        table["first_params"] = _params(trials, first)
    for metric in metrics:
        values = _by_split(scores, numbers, n_splits, lambda fold, m=metric: fold.scores[m])
        suffix = metric if multimetric else "score"
        table |= {f"split{i}_test_{suffix}": values[:, i] for i in range(n_splits)}
        mean = values.mean(axis=1)  # NaN where a fold is
        table |= {f"mean_test_{suffix}": mean, f"std_test_{suffix}": values.std(axis=1)}
        table[f"rank_test_{suffix}"] = _rank(mean)
    for name in ("state", "origin", "trial_id"):
        table[name] = np.array([getattr(trial, name) for trial in trials])
    return table


def _by_split(
    scores: Sequence[FoldScore], numbers: dict[str, int], n_splits: int, value: Any
) -> NDArray[np.float64]:
    table = np.full((len(numbers), n_splits), np.nan)
    for fold in scores:
        if fold.trial_id in numbers:
            table[numbers[fold.trial_id], fold.inner_fold] = value(fold)
    return table


def _params(
    trials: Sequence[StoredTrial], configurations: Mapping[str, Configuration]
) -> list[dict[str, Any]]:
    return [{"family": trial.family, **configurations[trial.trial_id]} for trial in trials]


def _parameters(params: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One masked array for each parameter that any trial has."""
    table = {}
    for name in dict.fromkeys(name for each in params for name in each):
        column = np.ma.MaskedArray(np.empty(len(params), dtype=object), mask=True)
        for i, each in enumerate(params):
            if name in each:
                column[i] = each[name]
        table[f"param_{name}"] = column
    return table


def _mean(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the folds that were run; NaN where none was."""
    counts = (~np.isnan(seconds)).sum(axis=1)
    return np.where(counts, np.nansum(seconds, axis=1) / np.maximum(counts, 1), np.nan)


def _std(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(_mean((seconds - _mean(seconds)[:, None]) ** 2))


def _rank(mean: NDArray[np.float64]) -> NDArray[np.int32]:
    """1 for the best; equals share a rank, those without a mean come last."""
    from scipy.stats import rankdata

    worst = np.nanmin(mean) - 1 if not np.isnan(mean).all() else 0.0
    ranks = rankdata(-np.where(np.isnan(mean), worst, mean), method="min")
    return np.asarray(ranks, dtype=np.int32)
