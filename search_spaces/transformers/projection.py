"""Fewer features that keep most of what varies, by sums that come out the same in any order.

A matrix product is added up in an order that depends on the library, and so does its last bit. Here
both factors are whole numbers of a fixed unit, small enough that every partial sum is one too and
fits into float64: then no sum is ever rounded.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA, TruncatedSVD

Floats = NDArray[np.float64]

UNIT_BITS = 18
UNIT = 2.0**-UNIT_BITS
"""Features and components are rounded to multiples of it (4e-6)."""

LIMIT_BITS = 10
LIMIT = 2.0**LIMIT_BITS
"""Features are clipped to plus and minus this; scaled ones hardly ever get there."""

MAX_L1 = 2.0 ** (53 - 2 * UNIT_BITS - LIMIT_BITS)
"""What the absolute weights of a component may add up to: 128.

Then the sum of any of its products is at most 2**(2 * 18 + 10 + 7) = 2**53 units of 2**-36. Weights
of length 1 add up to at most the square root of their number: 16,000 features are always fine.
"""


class Projection(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """scikit-learn's ``PCA`` or ``TruncatedSVD``, on a grid where sums are exact.

    Parameters
    ----------
    kind : {"pca", "svd"}
        ``svd`` does not centre the features.
    share : float
        Components as a share of the features, in (0, 1]; at least one, at most as many as rows.
    seed : int
        For the randomised solver of ``svd``.

    Attributes
    ----------
    components_ : array of shape (n_features, n_components)
        Multiples of ``UNIT``.
    offset_ : array of shape (1, n_components)
        The projected mean, to be taken off: 0 for ``svd``.
    """

    def __init__(self, kind: str, share: float, seed: int) -> None:
        self.kind, self.share, self.seed = kind, share, seed

    def fit(self, X: Floats, y: Any = None) -> Self:
        """Find the components of X (n_samples, n_features).

        Raises
        ------
        ValueError
            If there are so many features that sums could be rounded.
        """
        X = on_grid(X)
        n, p = X.shape
        n_components = max(1, min(round(self.share * p), p, n))
        model = self._fit_model(X, n_components)
        components = np.rint(model.components_.T * 2.0**UNIT_BITS) * UNIT
        longest = float(np.abs(components).sum(axis=0).max())
        if longest > MAX_L1:
            raise ValueError(
                f"{self.kind} of {p} features has a component whose weights add up to "
                f"{longest:.6g}; sums are exact up to {MAX_L1:.6g} only"
            )
        mean = np.rint(getattr(model, "mean_", np.zeros(p)) * 2.0**UNIT_BITS) * UNIT
        self.n_features_in_ = p
        self.components_ = np.ascontiguousarray(components)
        self.offset_ = mean[None, :] @ self.components_
        return self

    def transform(self, X: Floats) -> Floats:
        """Project X: (n_samples, n_components)."""
        projected = on_grid(X) @ self.components_ - self.offset_
        # the sign of a zero is all that the order of a sum can still change
        return np.where(projected == 0.0, 0.0, projected)

    def _fit_model(self, X: Floats, n_components: int) -> Any:
        n, p = X.shape
        if self.kind == "pca":
            solver = "covariance_eigh" if p <= n else "full"
            return PCA(n_components, svd_solver=solver).fit(X)
        if p == 1:  # which TruncatedSVD refuses
            return _One()
        return TruncatedSVD(n_components, random_state=self.seed).fit(X)


class _One:
    """The only component of one feature."""

    components_ = np.ones((1, 1))


def on_grid(X: Floats) -> Floats:
    """Clip to the limits and round to the unit; NaN stays NaN."""
    low = np.where(X > LIMIT, LIMIT, X)
    clipped = np.where(low < -LIMIT, -LIMIT, low)
    grid: Floats = np.rint(clipped * 2.0**UNIT_BITS) * UNIT
    return grid
