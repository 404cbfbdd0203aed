"""How what a family builds is fitted on rows that may lack a class, and predicts alike every time.

A fold of a rare class (groups, time, few rows) may have no training row of it. Estimators differ in
what they make of the gap in the class codes: some raise, some answer with fewer columns. So codes
are closed up before the fit, and answers widened again: a class never seen has probability 0.
"""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from search_spaces.columns import Profile
from search_spaces.families.base import Family
from search_spaces.networks import Network
from search_spaces.space import Configuration

NESTED = ("estimator", "estimator_", "estimators_", "final_estimator_", "calibrated_classifiers_")
"""Attributes under which scikit-learn's meta-estimators, and ours, keep what they have fitted."""


class WidenedClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """A fitted classifier that saw only some of the classes, answering for all of them.

    Parameters
    ----------
    estimator
        Unfitted classifier; sees codes 0..len(present)-1.
    n_classes
        How many classes there are.
    """

    def __init__(self, estimator: Any, n_classes: int) -> None:
        self.estimator, self.n_classes = estimator, n_classes

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> Self:
        """Fit on rows whose codes ``y`` (n_samples,) have gaps."""
        self.present_, closed = np.unique(y, return_inverse=True)
        self.classes_ = np.arange(self.n_classes)
        self.n_features_in_ = X.shape[1]
        self.estimator.fit(X, closed)
        return self

    def predict(self, X: NDArray[Any]) -> NDArray[np.int64]:
        """Class codes, shape (n_samples,)."""
        codes: NDArray[np.int64] = self.present_[np.asarray(self.estimator.predict(X)).reshape(-1)]
        return codes

    def predict_proba(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Probabilities, shape (n_samples, n_classes): 0 for classes never seen."""
        probabilities = np.zeros((len(X), self.n_classes))
        probabilities[:, self.present_] = self.estimator.predict_proba(X)
        return probabilities


def untrained(
    family: Family, configuration: Configuration, profile: Profile, *, seed: int, cpus: int
) -> Any:
    """Return what a family makes of a configuration as an estimator that can be fitted.

    Parameters
    ----------
    configuration
        Without the preprocessing parameters.
    """
    made = family.build(configuration, profile, seed=seed, cpus=cpus)
    if not isinstance(made, Network):
        return made
    from searcher.training import NetworkEstimator  # torch, which not everybody has

    return NetworkEstimator(made, n_classes=profile.n_classes, seed=seed, cpus=cpus)


def fit_estimator(estimator: Any, X: NDArray[Any], y: NDArray[Any], *, n_classes: int) -> Any:
    """Fit on features X (n_samples, n_features) and codes or values y (n_samples,); return it.

    Parameters
    ----------
    n_classes
        Of the task; 0 for regression. Where ``y`` has fewer, what comes back is a
        ``WidenedClassifier`` around the estimator, unless that was told how many there are.
    """
    told = getattr(estimator, "n_classes", None) == n_classes
    if n_classes and not told and len(np.unique(y)) < n_classes:
        estimator = WidenedClassifier(estimator, n_classes)
    estimator.fit(X, y)
    predict_on_one_thread(estimator)
    return estimator


def predict_on_one_thread(estimator: Any) -> None:
    """Make a fitted estimator's answers independent of how its threads are scheduled.

    A scikit-learn forest (1.9, ``ensemble/_forest.py``, ``_accumulate_prediction``) adds its
    trees in the order in which its threads finish, so the last bit of a probability may differ
    from one call to the next. Fitting keeps all its threads.
    """
    if hasattr(estimator, "n_jobs"):
        estimator.n_jobs = 1
    for inner in _inner(estimator):
        predict_on_one_thread(inner)


def _inner(estimator: Any) -> Iterator[Any]:
    for name in NESTED:
        found = getattr(estimator, name, None)
        parts = found if isinstance(found, list | tuple) else [found]
        yield from (part for part in parts if isinstance(part, BaseEstimator))
