"""Which settings of the model make the scores seen most likely."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from searcher.racing.kernel import FLAT, NAMES, Floats, Integers, Settings, matern

GRID: dict[str, tuple[float, ...]] = {
    "length": (0.1, 0.2, 0.4, 0.8, 1.6),
    "common": (0.03, 0.1, 0.3, 1.0, 3.0),
    "interaction": (0.01, 0.03, 0.1, 0.3, 1.0),
    "own": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
    "residual": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
}
"""Values tried of each setting; the variances are relative to the scale of the scores."""

PULL = 0.3
"""Weight of the prior: half a squared natural logarithm of how far from it a variance is."""

PRIOR = Settings()


class Likelihood:
    """Logarithm of the posterior density of settings, up to a constant.

    Parameters
    ----------
    squared
        Squared distances of the configurations, shape (n, n).
    cells
        Configuration and fold of each score.
    scores
        Centred and scaled, shape (n_cells,).
    noise
        Variance of each score beyond the model's, shape (n_cells,).
    """

    def __init__(
        self, squared: Floats, cells: tuple[Integers, Integers], scores: Floats, noise: Floats
    ) -> None:
        self._squared = squared[np.ix_(cells[0], cells[0])]
        self._fold = (cells[1][:, None] == cells[1]).astype(float)
        self._same = (cells[0][:, None] == cells[0]).astype(float)
        self._scores, self._noise = scores, noise
        self._alike: dict[float, Floats] = {}

    def __call__(self, settings: Settings) -> float:
        """Larger is more likely; minus infinity for what can't be computed."""
        if settings.length not in self._alike:
            self._alike[settings.length] = matern(self._squared, settings.length)
        near = self._alike[settings.length]
        matrix = settings.common * near + self._fold * (FLAT + settings.interaction * near)
        matrix += settings.own * self._same
        matrix[np.diag_indices_from(matrix)] += settings.residual + self._noise
        try:
            root = cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
        except LinAlgError:
            return -np.inf
        white = solve_triangular(root, self._scores, lower=True, check_finite=False)
        away = np.log(settings.variances()) - np.log(PRIOR.variances())
        fit = -0.5 * float(white @ white) - float(np.log(np.diag(root)).sum())
        return fit - PULL * float(away @ away)


def most_likely(likelihood: Likelihood, start: Settings, sweeps: int = 2) -> Settings:
    """Improve one setting after the other over ``GRID``, from ``start``, until none improves."""
    best, found = start, likelihood(start)
    for _ in range(sweeps):
        before = best
        for name in NAMES:
            for other in _others(best, name):
                if (value := likelihood(other)) > found:
                    best, found = other, value
        if best == before:
            break
    return best


def _others(settings: Settings, name: str) -> Iterator[Settings]:
    now = getattr(settings, name)
    return (replace(settings, **{name: value}) for value in GRID[name] if value != now)
