"""Nearest neighbours whose answer depends on no order of visiting and on no rounding.

scikit-learn's ``KNeighborsClassifier`` takes the first k of equally distant rows in the order in
which its algorithm meets them, and its distances differ in the last bit from one algorithm, number
of threads and BLAS to the next. Real rows repeat, so that decides labels. Here

- features are rounded to a grid of 1/4096 and clipped, so that every distance is a whole number of
  units below 2**53: exact in float64, whatever the order of addition;
- all rows as near as the k-th nearest take part;
- weights are whole numbers too, so that votes are exact.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

UNITS = 4096.0
"""Steps of the grid in 1: far finer than what scaled features mean, coarse enough to be exact."""

LARGEST = 256.0
"""Features are clipped to +-256, fewer where more than 2,048 of them are added."""

FULL_WEIGHT = 2.0**32
"""Weight of the nearest row; whole weights of up to 2,000,000 rows have an exact sum."""

BLOCK = 2**22  # distances held at a time: 32 MiB


def largest_unit(n_features: int) -> float:
    """Largest coordinate, in units, whose squared distances stay below 2**53.

    Two rows differ by at most twice that in each of the features, and the squares are added.
    """
    spare_bits = 53 - 2 - (n_features - 1).bit_length()
    return float(min(LARGEST * UNITS, 2.0 ** (spare_bits // 2)))


def to_grid(X: NDArray[Any], limit: float) -> NDArray[np.float64]:
    """Round features to whole units within ``limit``: (n_samples, n_features), float64."""
    scaled = np.asarray(X, dtype=np.float64) * UNITS
    return np.rint(np.clip(scaled, -limit, limit))


class _Neighbours(BaseEstimator):  # type: ignore[misc]
    """What classes and values have in common: the weight that each training row has in an answer.

    Parameters
    ----------
    n_neighbors
        k; all training rows where there are fewer.
    weights
        ``"uniform"``, or ``"distance"``: inverse to the distance, rows at distance 0 alone if any.
    metric
        ``"euclidean"`` or ``"manhattan"``.
    """

    def __init__(
        self, n_neighbors: int = 5, *, weights: str = "uniform", metric: str = "euclidean"
    ) -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.metric = metric

    def _fit_rows(self, X: Any, y: Any) -> NDArray[Any]:
        if self.weights not in {"uniform", "distance"}:
            raise ValueError(f"weights must be uniform or distance, got {self.weights!r}")
        if self.metric not in {"euclidean", "manhattan"}:
            raise ValueError(f"metric must be euclidean or manhattan, got {self.metric!r}")
        if self.n_neighbors < 1:
            raise ValueError(f"n_neighbors must be at least 1, got {self.n_neighbors}")
        X, y = validate_data(self, X, y, dtype=np.float64)
        self.limit_ = largest_unit(X.shape[1])
        self.rows_ = to_grid(X, self.limit_)
        self.n_used_ = min(self.n_neighbors, len(X))
        return np.asarray(y)

    def _blend(self, X: Any) -> NDArray[np.float64]:
        """Add up weights times targets: (n_samples, n_targets)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        size = max(1, BLOCK // len(self.rows_))
        blocks = [X[start : start + size] for start in range(0, len(X), size)]
        return np.concatenate([self._add(self._weigh(block)) for block in blocks])

    def _add(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Multiply weights (n_samples, n_train) by the targets."""
        return np.asarray(weights @ self.targets_)

    def _weigh(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weigh the training rows: whole numbers, (n_samples, n_train)."""
        distance = self._distance(to_grid(X, self.limit_))
        farthest = np.partition(distance, self.n_used_ - 1, axis=1)[:, self.n_used_ - 1, None]
        is_near = distance <= farthest
        if self.weights == "uniform":
            return is_near.astype(np.float64)
        nearest = distance.min(axis=1, keepdims=True)
        ratio = np.divide(nearest, distance, out=np.ones_like(distance), where=distance > 0)
        if self.metric == "euclidean":
            ratio = np.sqrt(ratio)
        return np.where(is_near, np.floor(ratio * FULL_WEIGHT), 0.0)

    def _distance(self, units: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distances in units, squared if euclidean: exact, (n_samples, n_train)."""
        if self.metric == "manhattan":
            from scipy.spatial.distance import cdist

            return np.asarray(cdist(units, self.rows_, "cityblock"))
        squares = (units**2).sum(axis=1)[:, None] + (self.rows_**2).sum(axis=1)
        return np.asarray(squares - 2 * (units @ self.rows_.T))


class NeighboursClassifier(ClassifierMixin, _Neighbours):  # type: ignore[misc]
    """Vote of the nearest rows; the first of equally voted classes."""

    def fit(self, X: Any, y: Any) -> Self:
        """Keep the rows, rounded to the grid."""
        y = self._fit_rows(X, y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.targets_ = np.eye(len(self.classes_))[codes]
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Classes with most votes: (n_samples,)."""
        votes = self._blend(X)
        return np.asarray(self.classes_[np.argmax(votes, axis=1)])

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Shares of the votes: (n_samples, n_classes)."""
        votes = self._blend(X)
        return np.asarray(votes / votes.sum(axis=1, keepdims=True))


class NeighboursRegressor(RegressorMixin, _Neighbours):  # type: ignore[misc]
    """Weighted mean of the nearest rows."""

    def fit(self, X: Any, y: Any) -> Self:
        """Keep the rows, rounded to the grid, and their values beside weights of one."""
        y = self._fit_rows(X, y).astype(np.float64)
        self.targets_ = np.column_stack([y, np.ones_like(y)])
        return self

    def _add(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Multiply as numpy adds: BLAS rounds by where in memory the numbers happen to be."""
        columns = [(weights * target).sum(axis=1) for target in self.targets_.T]
        return np.column_stack(columns)

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Values: (n_samples,)."""
        sums = self._blend(X)
        return np.asarray(sums[:, 0] / sums[:, 1])
