"""A classifier that saw only some of the classes, answering for all of them."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin


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

    @classmethod
    def around(cls, fitted: Any, present: NDArray[Any], *, n_classes: int, n_features: int) -> Self:
        """Wrap a classifier that is fitted on closed codes; ``present`` (n_present,) sorted."""
        widened = cls(fitted, n_classes)
        widened.present_, widened.classes_ = present, np.arange(n_classes)
        widened.n_features_in_ = n_features
        return widened

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
