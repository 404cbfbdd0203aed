"""How a feature gets a better-behaved distribution by a function that any machine repeats exactly.

scikit-learn's power and quantile transforms need ``pow``, ``log`` and ``erf``, which differ by a
last bit from library to library. Here the fitted transform is tabulated, and between two entries of
the table it is a straight line: one comparison sequence, then ``y0 + (x - x0) * slope``.
"""

import warnings
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import PowerTransformer, QuantileTransformer

Floats = NDArray[np.float64]

N_SEGMENTS = 256
"""Segments of a column, those left and right of its knots included: 8 comparisons find one."""

N_KNOTS = N_SEGMENTS - 1
N_QUANTILES = 128
EDGE = 2e-7
"""Within 1e-7 of an end of the data ``QuantileTransformer`` answers with the end (1.9)."""


class PiecewiseLinear(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """scikit-learn's transform to a normal distribution, as straight lines between knots.

    Knots are where the training rows are (128 quantiles, with both ends), and evenly spaced over
    what the transform answers. NaN stays NaN. A column without two different numbers becomes 0.

    Parameters
    ----------
    kind : {"power", "quantile"}
        ``power``: Yeo-Johnson (2000, Biometrika 87(4)), then standardised; beyond the training rows
        it goes on straight, with the slope of the last segment. ``quantile``: the normal quantile
        of the share of training rows below, from 128 of their quantiles; constant beyond them.

    Attributes
    ----------
    knots_ : array of shape (n_columns, 255)
        In ascending order; NaN behind the last one.
    x0_, y0_, slope_ : arrays of shape (n_columns, 256)
        Of the segment that begins at each knot; the first one lies before all knots.
    """

    def __init__(self, kind: Literal["power", "quantile"]) -> None:
        self.kind = kind

    def fit(self, X: Floats, y: Any = None) -> Self:
        """Tabulate the transform that fits X (n_samples, n_columns); NaN is left out.

        Raises
        ------
        ValueError
            If the transform of some column's numbers is not finite.
        """
        n_columns = self.n_features_in_ = X.shape[1]
        self.knots_ = np.full((n_columns, N_KNOTS), np.nan)
        self.x0_, self.y0_, self.slope_ = (np.zeros((n_columns, N_SEGMENTS)) for _ in range(3))
        for i in range(n_columns):
            values = X[~np.isnan(X[:, i]), i]
            try:
                self._store(i, *_tabulate(values, self.kind))
            except ValueError as error:
                raise ValueError(
                    f"feature {i} has no {self.kind} transform between {values.min():.6g} and "
                    f"{values.max():.6g}, scale it otherwise: {error}"
                ) from error
        return self

    def transform(self, X: Floats) -> Floats:
        """Transform X: (n_samples, n_columns)."""
        # NaN sorts last here and first in other places: whichever segment, it stays NaN
        n_knots = (~np.isnan(self.knots_)).sum(axis=1)
        segments = np.column_stack(
            [
                np.searchsorted(self.knots_[i, : n_knots[i]], X[:, i], side="right")
                for i in range(self.n_features_in_)
            ]
        )
        columns = np.arange(self.n_features_in_)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            away = (X - self.x0_[columns, segments]) * self.slope_[columns, segments]
            moved: Floats = self.y0_[columns, segments] + away
        return moved

    def _store(self, i: int, knots: Floats, answers: Floats) -> None:
        n = len(knots)
        with np.errstate(all="ignore"):
            slopes = np.diff(answers) / np.diff(knots)
        # a gap too narrow, or too wide, to divide by is a step
        slopes = np.where(np.isfinite(slopes), slopes, 0.0)
        ends = (slopes[0], slopes[-1]) if self.kind == "power" and n > 1 else (0.0, 0.0)
        self.knots_[i, :n] = knots
        self.x0_[i, : n + 1] = [knots[0], *knots]
        self.y0_[i, : n + 1] = [answers[0], *answers]
        self.slope_[i, : n + 1] = [ends[0], *slopes, ends[1]]


def _tabulate(values: Floats, kind: str) -> tuple[Floats, Floats]:
    """Knots in ascending order, and what scikit-learn's fitted transform makes of them."""
    if not len(values) or values.min() == values.max():
        return values[:1] if len(values) else np.zeros(1), np.zeros(1)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # what overflows is refused below
        knots, answers = _tabulate_power(values) if kind == "power" else _tabulate_quantile(values)
    if not np.isfinite(answers).all():
        raise ValueError("it is not finite")
    return knots, answers


def _tabulate_power(values: Floats) -> tuple[Floats, Floats]:
    model = PowerTransformer(method="yeo-johnson", standardize=True).fit(values[:, None])
    return _tabulate_model(model, np.unique(_quantiles(values)))


def _tabulate_quantile(values: Floats) -> tuple[Floats, Floats]:
    # Ranks know no unit, but that 1e-7 does: narrow columns are widened, by an exact factor.
    _, exponent = np.frexp(values.max() - values.min())
    factor = 2.0 ** min(max(0, -int(exponent)), 1000)
    model = QuantileTransformer(
        n_quantiles=min(N_QUANTILES, len(values)), output_distribution="normal", subsample=None
    ).fit(values[:, None] * factor)
    knots, answers = _tabulate_model(model, _with_jumps(_quantiles(values * factor)))
    return knots / factor, answers


def _tabulate_model(model: Any, knots: Floats) -> tuple[Floats, Floats]:
    """Add knots that are evenly spaced over the answers, as many as there is room for."""
    low, high = model.transform(knots[[0, -1], None])[:, 0]
    if np.isfinite([low, high]).all():
        even = model.inverse_transform(np.linspace(low, high, N_KNOTS - len(knots) + 2)[1:-1, None])
        inside = even[(even > knots[0]) & (even < knots[-1])]
        knots = np.unique(np.concatenate([knots, inside]))
    return knots, model.transform(knots[:, None])[:, 0]


def _quantiles(values: Floats) -> Floats:
    quantiles: Floats = np.quantile(values, np.linspace(0, 1, N_QUANTILES))
    quantiles[0], quantiles[-1] = values.min(), values.max()  # whatever interpolation made of them
    return quantiles


def _with_jumps(quantiles: Floats) -> Floats:
    """Add knots on both sides of a number that many rows share: there the transform jumps."""
    knots, counts = np.unique(quantiles, return_counts=True)
    shared = knots[counts > 1]
    beside = [np.nextafter(shared, -np.inf), np.nextafter(shared, np.inf)]
    edges = [knots[0] + EDGE, knots[-1] - EDGE]
    more = np.unique(np.concatenate([knots, *beside, edges]))
    inside: Floats = more[(more >= knots[0]) & (more <= knots[-1])]
    return inside
