"""What the target is on average beside each category, learnt without looking at the row itself."""

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import TargetEncoder

from search_spaces.columns import Task

N_FOLDS = 5  # scikit-learn's
TWO = 2

TARGET_TYPES = {"regression": "continuous", "binary": "binary", "multiclass": "multiclass"}


class TargetMeans(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """scikit-learn's ``TargetEncoder``, told what the target is.

    Left alone it guesses, and takes whole-numbered prices for classes. A category becomes the
    target's mean beside it, pulled towards the mean of all rows the more the fewer rows it has
    (``smooth="auto"``: Micci-Barreca 2001, SIGKDD Explorations 3(1)); of more than two classes,
    one mean for each class. A category that no training row has gets the mean of all rows.

    ``fit_transform`` is cross-fitted: each training row gets the means of other rows.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
    seed : int
        For the folds of cross-fitting.

    Attributes
    ----------
    encoder_ : TargetEncoder
    """

    def __init__(self, task: Task, seed: int) -> None:
        self.task, self.seed = task, seed

    def fit(self, X: NDArray[np.float64], y: NDArray[Any]) -> Self:
        """Learn from codes X (n_samples, n_columns) and the target (n_samples,)."""
        self.encoder_ = self._encoder(y).fit(X, y)
        self.n_features_in_ = X.shape[1]
        return self

    def fit_transform(self, X: NDArray[np.float64], y: NDArray[Any]) -> NDArray[np.float64]:
        """Learn, and encode each row by what other rows say."""
        self.encoder_ = self._encoder(y)
        self.n_features_in_ = X.shape[1]
        with warnings.catch_warnings():
            # of a class with fewer rows than folds: some fold lacks it, which is no harm
            warnings.simplefilter("ignore", UserWarning)
            encoded: NDArray[np.float64] = self.encoder_.fit_transform(X, y)
        return encoded

    def transform(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Encode new rows: (n_samples, n_columns), or n_columns * n_classes of them."""
        encoded: NDArray[np.float64] = self.encoder_.transform(X)
        return encoded

    def _encoder(self, y: NDArray[Any] | None) -> TargetEncoder:
        if self.task not in TARGET_TYPES:
            known = ", ".join(TARGET_TYPES)
            raise ValueError(f"means of the target need a task of {known}, got {self.task!r}")
        if y is None or len(y) < TWO:
            n_rows = "no target" if y is None else f"{len(y)}"
            raise ValueError(f"means of the target need at least 2 rows of it, got {n_rows}")
        if self.task == "regression":
            cv = KFold(min(N_FOLDS, len(y)), shuffle=True, random_state=self.seed)
            return TargetEncoder(target_type="continuous", cv=cv)
        counts = np.unique(y, return_counts=True)[1]
        # a fold of a multiclass problem may have two classes left: one mean says it all
        kind = "binary" if len(counts) <= TWO else TARGET_TYPES[self.task]
        return TargetEncoder(target_type=kind, cv=self._folds(counts))

    def _folds(self, counts: NDArray[np.int64]) -> KFold | StratifiedKFold:
        n_folds = min(N_FOLDS, int(counts.max()))
        if n_folds < TWO:  # each row a class of its own: nothing to stratify by
            return KFold(TWO, shuffle=True, random_state=self.seed)
        return StratifiedKFold(n_folds, shuffle=True, random_state=self.seed)
