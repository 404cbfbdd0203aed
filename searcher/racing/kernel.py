"""How alike the scores of two fits are: of one configuration, of one fold, of neighbours."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int_]
Booleans = NDArray[np.bool_]

FLAT = 1e4
"""Variance of a fold's own difficulty: so large that only differences within a fold count."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Length over which configurations are alike, and four variances in units of the scale.

    Attributes
    ----------
    length
        Distance over which neighbours are alike, where configurations are at most about 1 apart.
    common
        Of what neighbours share in all folds.
    interaction
        Of what neighbours share in one fold only.
    own
        Of what one configuration has in all folds.
    residual
        Of what one configuration has in one fold.
    """

    length: float = 0.3
    common: float = 0.3
    interaction: float = 0.3
    own: float = 0.1
    residual: float = 0.3

    @property
    def total(self) -> float:
        """Variance within a fold."""
        return self.common + self.interaction + self.own + self.residual

    def variances(self) -> tuple[float, float, float, float]:
        """Return all but the length."""
        return self.common, self.interaction, self.own, self.residual


NAMES = tuple(field.name for field in fields(Settings))


def matern(squared: Floats, length: float) -> Floats:
    """Matérn's correlation with smoothness 5/2 (Rasmussen and Williams 2006, equation 4.17).

    Parameters
    ----------
    squared
        Squared distances, of any shape.
    """
    ratio = np.sqrt(5 * squared) / length
    correlation: Floats = (1 + ratio + ratio**2 / 3) * np.exp(-ratio)
    return correlation


def covariance(
    settings: Settings,
    alike: Floats,
    cells: tuple[Integers, Integers],
    others: tuple[Integers, Integers],
) -> Floats:
    """Covariance of the scores of fits, shape (n_cells, n_others).

    Parameters
    ----------
    alike
        Correlation of neighbours, shape (n_configurations, n_configurations).
    cells, others
        Configuration and fold of each fit.
    """
    near = alike[np.ix_(cells[0], others[0])]
    same_fold = cells[1][:, None] == others[1]
    same = cells[0][:, None] == others[0]
    found: Floats = (
        settings.common * near
        + same_fold * (FLAT + settings.interaction * near)
        + same * (settings.own + settings.residual * same_fold)
    )
    return found


def with_means(
    settings: Settings, alike: Floats, cells: tuple[Integers, Integers], n_folds: int
) -> Floats:
    """Covariance of fits with every configuration's mean over all folds, (n_cells, n)."""
    near = alike[cells[0]]
    found = (settings.common + settings.interaction / n_folds) * near + FLAT / n_folds
    found[np.arange(len(found)), cells[0]] += settings.own + settings.residual / n_folds
    return found


def of_means(settings: Settings, alike: Floats, n_folds: int) -> Floats:
    """Covariance of the configurations' means over all folds, (n, n)."""
    found = (settings.common + settings.interaction / n_folds) * alike + FLAT / n_folds
    found[np.diag_indices_from(found)] += settings.own + settings.residual / n_folds
    return found
