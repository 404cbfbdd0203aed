"""How missing quantities are filled so that a graph can do the same."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer


class Imputer(SimpleImputer):  # type: ignore[misc]  # sklearn is untyped
    """scikit-learn's ``SimpleImputer``, whose statistics are never -0.0.

    ONNX Runtime's ``Where`` (1.31.1) gives 0.0 for a constant of -0.0, and features are compared
    bit by bit.
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what to fill in from X (n_samples, n_features)."""
        super().fit(X, y)
        self.statistics_: NDArray[np.float64] = np.asarray(vars(self)["statistics_"]) + 0.0
        return self
