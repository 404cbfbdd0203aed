"""How good a clustering is, judged on rows that it was not made from; larger is better.

There is no known answer, so a score says how clusters look, not whether they are of use. Scores
compare clusterings of the same features; every clustering family therefore prepares rows alike.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

NOISE = -1
MAX_ROWS = 5_000
"""Rows that a silhouette is computed on, since it takes all their distances; drawn with seed 0."""

Scorer = Callable[[Any, NDArray[Any], Any], float]


def silhouette(estimator: Any, X: NDArray[Any], _y: Any = None) -> float:
    """Mean silhouette (Rousseeuw 1987) of rows X (n_samples, n_features), from -1 to 1.

    Rows called noise count 0: a clustering can't gain by leaving hard rows out. NaN if there are
    fewer than two clusters, or as many as rows.
    """
    from sklearn.metrics import silhouette_samples

    rows = np.random.default_rng(0).permutation(len(X))[:MAX_ROWS]
    X, labels = X[rows], np.asarray(estimator.predict(X))[rows]
    found = labels != NOISE
    if not 2 <= len(np.unique(labels[found])) < found.sum():  # noqa: PLR2004
        return np.nan
    return float(silhouette_samples(X[found], labels[found]).sum() / len(labels))


def neg_davies_bouldin(estimator: Any, X: NDArray[Any], _y: Any = None) -> float:
    """Minus the index of Davies & Bouldin 1979, at most 0; rows called noise are left out."""
    from sklearn.metrics import davies_bouldin_score

    labels = np.asarray(estimator.predict(X))
    found = labels != NOISE
    if not 2 <= len(np.unique(labels[found])) < found.sum():  # noqa: PLR2004
        return np.nan
    return -float(davies_bouldin_score(X[found], labels[found]))


def stability(estimator: Any, X: NDArray[Any], _y: Any = None) -> float:
    """How much the clustering agrees with one made afresh from the rows it is judged on.

    Adjusted Rand index (Hubert & Arabie 1985) of the two: 1 is equal, 0 is chance; the idea is
    that of prediction strength (Tibshirani & Walther 2005). NaN where both put all rows in one.
    """
    from sklearn.base import clone
    from sklearn.metrics import adjusted_rand_score

    labels, afresh = np.asarray(estimator.predict(X)), clone(estimator).fit(X).labels_
    if len(np.unique(labels)) == len(np.unique(afresh)) == 1:
        return np.nan
    return float(adjusted_rand_score(labels, afresh))


SCORERS: dict[str, Scorer] = {
    "silhouette": silhouette,
    "neg_davies_bouldin": neg_davies_bouldin,
    "stability": stability,
}
