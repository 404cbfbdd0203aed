"""Estimators of our own: what a library leaves to its user, done the scikit-learn way."""

from search_spaces.estimators.boosting import (
    BoostedClassifier,
    BoostedRegressor,
    boosted,
    booster_of,
    fit_booster,
    with_booster,
)

__all__ = [
    "BoostedClassifier",
    "BoostedRegressor",
    "boosted",
    "booster_of",
    "fit_booster",
    "with_booster",
]
