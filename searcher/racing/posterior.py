"""What the scores seen say of every configuration's mean over all folds."""

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from searcher.racing.kernel import (
    FLAT,
    Floats,
    Integers,
    Settings,
    covariance,
    matern,
    of_means,
    with_means,
)

JITTER = 1e-8


class Posterior:
    """Gaussian process over fits, conditioned on one score after the other.

    Attributes
    ----------
    means
        Expected mean score of each configuration over all folds, shape (n,), up to a constant.
    covariances
        Of these means, shape (n, n). Only differences of configurations mean anything.
    """

    def __init__(  # noqa: PLR0917 - what a model of scores needs, made in one place
        self,
        settings: Settings,
        squared: Floats,
        n_folds: int,
        cells: tuple[Integers, Integers],
        scores: Floats,
        noise: Floats,
    ) -> None:
        self.settings, self._n_folds = settings, n_folds
        self._alike = matern(squared, settings.length)
        self._cells = cells
        matrix = covariance(settings, self._alike, cells, cells)
        matrix[np.diag_indices_from(matrix)] += noise + JITTER
        self._root = cholesky(matrix, lower=True, check_finite=False)
        self._weights = self._solve(with_means(settings, self._alike, cells, n_folds))
        self._white = self._solve(scores)
        self.means: Floats = self._weights.T @ self._white
        prior = of_means(settings, self._alike, n_folds)
        self.covariances: Floats = prior - self._weights.T @ self._weights

    def add(self, cell: tuple[int, int], score: float | None, noise: float = 0.0) -> None:
        """Condition on one more fit; with no score, on that it will be known.

        A score that is not known yet leaves the means as they are and makes the configurations
        more certain (Desautels, Krause and Burdick 2014, JMLR 15).
        """
        place = np.array([cell[0]]), np.array([cell[1]])
        row = self._solve(covariance(self.settings, self._alike, self._cells, place))[:, 0]
        left = FLAT + self.settings.total + noise + JITTER - float(row @ row)
        length = np.sqrt(max(left, JITTER))
        gain = with_means(self.settings, self._alike, place, self._n_folds)[0]
        gain = (gain - row @ self._weights) / length
        surprise = 0.0 if score is None else (score - float(row @ self._white)) / length
        self._grow(row, length, gain, surprise, place)
        self.means = self.means + gain * surprise
        self.covariances = self.covariances - np.outer(gain, gain)

    def deviations(self, reference: int) -> Floats:
        """Return the standard deviation of each mean minus that of ``reference``, (n,)."""
        found = self.covariances
        variance = found.diagonal() + found[reference, reference] - 2 * found[:, reference]
        deviation: Floats = np.sqrt(np.maximum(variance, 0))
        return deviation

    def reductions(
        self,
        configuration: int,
        folds: Integers,
        reference: int | None,
        noise: Floats | float = 0.0,
    ) -> Floats:
        """How much less variance each fold would leave the configuration's mean, (n_folds,).

        Parameters
        ----------
        reference
            Of the difference from this configuration's mean; None: of the mean itself.
        noise
            Variance of each fold's score beyond the model's.
        """
        place = np.full(len(folds), configuration), folds
        rows = self._solve(covariance(self.settings, self._alike, self._cells, place))
        left = FLAT + self.settings.total + noise - np.einsum("ij,ij->j", rows, rows)
        shared = with_means(self.settings, self._alike, place, self._n_folds)
        shared -= rows.T @ self._weights
        about = shared[:, configuration]
        if reference is not None:
            about = about - shared[:, reference]
        reduction: Floats = about**2 / np.maximum(left, JITTER)
        return reduction

    def copy(self) -> "Posterior":
        """Return one that can be added to without changing this one."""
        other = object.__new__(Posterior)
        other.__dict__.update(self.__dict__)
        return other

    def _solve(self, right: Floats) -> Floats:
        solved: Floats = solve_triangular(self._root, right, lower=True, check_finite=False)
        return solved

    def _grow(
        self,
        row: Floats,
        length: float,
        gain: Floats,
        surprise: float,
        place: tuple[Integers, Integers],
    ) -> None:
        n = len(row)
        root = np.zeros((n + 1, n + 1))
        root[:n, :n], root[n, :n], root[n, n] = self._root, row, length
        self._root = root
        self._weights = np.vstack([self._weights, gain])
        self._white = np.append(self._white, surprise)
        self._cells = (
            np.append(self._cells[0], place[0]),
            np.append(self._cells[1], place[1]),
        )
