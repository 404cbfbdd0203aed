"""What two features say together: their products."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin


class Products(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """The features, then each product of two of them, squares included.

    As scikit-learn's ``PolynomialFeatures(degree=2, include_bias=False)``, but it takes NaN, and
    each feature is one multiplication.

    Attributes
    ----------
    first_, second_ : arrays of shape (n_products,), int64
        Which features are multiplied.
    """

    def fit(self, X: NDArray[np.float64], y: Any = None) -> Self:
        """Learn how many features X (n_samples, n_features) has."""
        self.n_features_in_ = X.shape[1]
        self.first_, self.second_ = (i.astype(np.int64) for i in np.triu_indices(X.shape[1]))
        return self

    def transform(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Multiply: (n_samples, n_features + n_products)."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return np.hstack([X, X[:, self.first_] * X[:, self.second_]])
