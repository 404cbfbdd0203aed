"""How well one column alone tells the answer: a table of answers for each bin of its values."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import Column
from searcher.checks.case import Positions, Values, is_missing

MOST_BINS = 256
ROWS_A_BIN = 20
FOLDS = 3


def to_bins(column: Column, values: Values) -> Positions:
    """Give values (n_rows,) their bins: categories, or quantiles of numbers; missing is one."""
    if column.is_coded:
        return np.unique(values, return_inverse=True)[1].reshape(-1)
    missing = is_missing(column, values)
    present = values[~missing]
    n_bins = int(np.clip(len(values) // ROWS_A_BIN, 4, MOST_BINS))
    edges = (
        np.unique(np.quantile(present, np.linspace(0, 1, n_bins + 1)[1:-1]))
        if len(present)
        else [0.0]
    )
    bins = np.searchsorted(edges, values, side="right")
    return np.where(missing, len(edges) + 1, bins)


def score_column(bins: Positions, y: NDArray[Any], *, n_classes: int, seed: int) -> float:
    """Cross-validated score of the answers' distribution in each bin.

    Parameters
    ----------
    bins : array of shape (n_rows,)
        From ``to_bins``.
    y : array of shape (n_rows,)
        Class codes, or values.

    Returns
    -------
    float
        ROC AUC for two classes, balanced accuracy for more (chance is 1 / n_classes), R2 of the
        targets' ranks for quantities, so that no scale and no single row decides. Larger is better.
    """
    folds = np.random.default_rng(seed).permutation(len(y)) % FOLDS
    if not n_classes:
        ranks = np.unique(y, return_inverse=True)[1].reshape(-1).astype(np.float64)
        return _r2(ranks, _means(bins, ranks, folds))
    known = _shares(bins, y, folds, n_classes)
    if n_classes == 2:  # noqa: PLR2004
        return _auc(y, known[:, 1])
    return _balanced_accuracy(y, known)


def _shares(
    bins: Positions, y: NDArray[Any], folds: Positions, n_classes: int
) -> NDArray[np.float64]:
    """Share of each class in a row's bin, over the other folds' rows; all rows' where it is new."""
    shares = np.empty((len(y), n_classes))
    n_bins = int(bins.max()) + 1
    for fold in range(FOLDS):
        rest = folds != fold
        prior = np.bincount(y[rest], minlength=n_classes) / max(rest.sum(), 1)
        counts = np.bincount(bins[rest] * n_classes + y[rest], minlength=n_bins * n_classes)
        table = counts.reshape(n_bins, n_classes) + prior
        shares[~rest] = (table / table.sum(axis=1, keepdims=True))[bins[~rest]]
    return shares


def _means(bins: Positions, y: Values, folds: Positions) -> Values:
    means = np.empty(len(y))
    n_bins = int(bins.max()) + 1
    for fold in range(FOLDS):
        rest = folds != fold
        sums = np.bincount(bins[rest], y[rest], minlength=n_bins) + y[rest].mean()
        means[~rest] = (sums / (np.bincount(bins[rest], minlength=n_bins) + 1))[bins[~rest]]
    return means


def _auc(y: NDArray[Any], scores: Values) -> float:
    """Mann and Whitney's share of pairs in the right order; ties count half."""
    values, places = np.unique(scores, return_inverse=True)
    positives = np.bincount(places.reshape(-1), y == 1, minlength=len(values))
    negatives = np.bincount(places.reshape(-1), y == 0, minlength=len(values))
    pairs = positives.sum() * negatives.sum()
    if not pairs:
        return 0.5
    below = np.cumsum(negatives) - negatives
    return float((positives * (below + negatives / 2)).sum() / pairs)


def _balanced_accuracy(y: NDArray[Any], shares: NDArray[np.float64]) -> float:
    """Mean over the classes of the share that the likeliest class gets right, classes levelled."""
    counts = np.bincount(y, minlength=shares.shape[1])
    told = np.argmax(shares / np.maximum(counts, 1), axis=1)
    right = np.bincount(y[told == y], minlength=len(counts))
    return float((right[counts > 0] / counts[counts > 0]).mean())


def _r2(y: Values, told: Values) -> float:
    return float(1 - ((y - told) ** 2).sum() / ((y - y.mean()) ** 2).sum())
