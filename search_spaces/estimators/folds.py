"""How rows are cut into folds inside a model, without losing a rare class."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


class RareClassFolds:
    """Stratified folds whose training parts hold every class, however rare.

    scikit-learn's ``StratifiedKFold`` refuses, or drops from a training part, a class of fewer
    rows than folds. Here the rows of a class are dealt out one fold after the other, so that two
    rows suffice; the only row of a class is in its own test part and in every training part.

    Parameters
    ----------
    n_folds
        At least 2; fewer if there are fewer rows.
    seed
        Decides which rows are dealt together.
    """

    def __init__(self, n_folds: int, *, seed: int) -> None:
        if n_folds < 2:  # noqa: PLR2004 - nothing is left to train on
            raise ValueError(f"n_folds must be at least 2, got {n_folds}")
        # Not ``n_splits``: CalibratedClassifierCV would refuse classes of fewer rows.
        self.n_folds, self.seed = n_folds, seed

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds, if there are rows enough."""
        return self.n_folds if y is None else min(self.n_folds, len(y))

    def split(
        self, X: Any, y: Any, groups: Any = None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield positions of (training rows, test rows); every row is in one test part."""
        y = np.asarray(y)
        shuffled = np.random.default_rng(self.seed).permutation(len(y))
        by_class = shuffled[np.argsort(y[shuffled], kind="stable")]
        fold = np.empty(len(y), dtype=np.int64)
        fold[by_class] = np.arange(len(y)) % self.n_folds
        _, code, count = np.unique(y, return_inverse=True, return_counts=True)
        is_alone = count[code] == 1
        for k in range(self.get_n_splits(X, y)):
            yield np.flatnonzero((fold != k) | is_alone), np.flatnonzero(fold == k)

    def __repr__(self) -> str:
        """Write the call that makes it."""
        return f"RareClassFolds({self.n_folds}, seed={self.seed})"
