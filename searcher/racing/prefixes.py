"""What a score after some boosting rounds says of the score after all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from searcher.racing.kernel import Floats, Integers

RIDGE = 2.0
"""Penalty on standardised inputs: there may be only twenty complete curves to learn from."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A ridge regression of what is still gained."""

    mean: float
    centres: Floats
    spreads: Floats
    slopes: Floats
    variance: float  # of its errors, each complete curve left out in turn

    @classmethod
    def fit(cls, inputs: Floats, gained: Floats) -> "_Line":
        centres, spreads = inputs.mean(axis=0), inputs.std(axis=0)
        spreads = np.where(spreads > 0, spreads, 1.0)
        scaled, mean = (inputs - centres) / spreads, float(gained.mean())
        solved = np.linalg.solve(scaled.T @ scaled + RIDGE * np.eye(inputs.shape[1]), scaled.T)
        slopes = solved @ (gained - mean)
        leverage = np.einsum("ij,ji->i", scaled, solved) + 1 / len(gained)
        errors = (gained - mean - scaled @ slopes) / (1 - np.minimum(leverage, 0.9))
        return cls(mean, centres, spreads, slopes, float(np.mean(errors**2)))

    def __call__(self, inputs: Floats) -> float:
        return self.mean + float((inputs - self.centres) / self.spreads @ self.slopes)


class Prefixes:
    """Foresees last scores from shorter fits, by the complete curves seen so far.

    The gain still to come is a linear function of the score, against the others of its fold, and
    of the last gains. Its errors are taken for independent from fit to fit.

    Parameters
    ----------
    curves
        Scores of complete fits after each size, shape (n_fits, n_sizes), at least two fits.
    folds
        Of these fits, shape (n_fits,).
    n_folds
        Of a configuration that is not stopped.
    """

    def __init__(self, curves: Floats, folds: Integers, n_folds: int) -> None:
        self._centres: Floats = np.tile(np.median(curves, axis=0), (n_folds, 1))
        for fold in np.unique(folds):
            self._centres[fold] = np.median(curves[folds == fold], axis=0)
        self._lines = [
            _Line.fit(self._inputs(curves[:, : size + 1], folds), curves[:, -1] - curves[:, size])
            for size in range(curves.shape[1] - 1)
        ]

    def variance(self, n_sizes: int) -> float:
        """Variance of what is foreseen after the first ``n_sizes`` sizes; 0 after all of them."""
        return self._lines[n_sizes - 1].variance if n_sizes <= len(self._lines) else 0.0

    def foresee(self, curve: Sequence[float], fold: int) -> float:
        """Score after all rounds, from those after the first sizes."""
        line = self._lines[len(curve) - 1]
        known = np.array([curve], dtype=float)
        return float(curve[-1]) + line(self._inputs(known, np.array([fold]))[0])

    def _inputs(self, curves: Floats, folds: Integers) -> Floats:
        last = curves.shape[1] - 1
        against = curves[:, last] - self._centres[folds, last]
        gains = [
            curves[:, size] - curves[:, size - 1] for size in range(max(1, last - 1), last + 1)
        ]
        return np.column_stack([against, *gains])
