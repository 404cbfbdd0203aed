"""What stands around an estimator whose own numbers are no probabilities, or have no scale."""

from typing import Any

from search_spaces.estimators.folds import RareClassFolds


def calibrated(classifier: Any, n_folds: int, *, seed: int) -> Any:
    """Untrained classifier whose scores become probabilities (Platt 1999, "Probabilistic outputs").

    The sigmoid is fitted to the scores that each row gets from a model of the other folds; the
    classifier itself is then fitted to all rows.
    """
    from sklearn.calibration import CalibratedClassifierCV

    folds = RareClassFolds(n_folds, seed=seed)
    return CalibratedClassifierCV(classifier, method="sigmoid", ensemble=False, cv=folds)


def of_a_standardised_target(regressor: Any) -> Any:
    """Untrained regressor that learns (y - mean) / deviation and answers in y's own unit."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    return TransformedTargetRegressor(regressor, transformer=StandardScaler())
