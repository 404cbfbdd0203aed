"""Boosters that weight classes, stop early and know their categoricals, whatever the library.

The libraries want some of that at ``fit``: rows that tell when to stop, a weight for each row, the
number of features. A wrapped booster works it out from the rows that it is given, so that a fold is
all it ever sees.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone, is_classifier
from sklearn.utils.class_weight import compute_sample_weight
from threadpoolctl import threadpool_limits

from search_spaces.estimators.fitting import FITTERS, Rows
from search_spaces.estimators.holding_out import hold_out


class _Boosted(BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """What a booster of classes and one of values have in common.

    Parameters
    ----------
    estimator
        Unfitted booster of one of the kinds in ``FITTERS``; never changed.
    stop_after
        Rounds without a better loss on the rows held out after which training ends; 0 never ends
        it early. Where no row can be held out (fewer than six rows, or classes of one row each),
        all rounds are trained.
    n_categoricals
        The first so many features are category codes, NaN where unknown.
    class_weight
        "balanced" weights rows by n_samples / (n_classes * rows of their class), as scikit-learn
        does; those held out like the others.
    seed
        For the choice of the rows held out.
    n_jobs
        Threads of a booster that takes those of OpenMP, whatever their number; None leaves it.
    """

    def __init__(
        self,
        estimator: Any,
        *,
        stop_after: int = 0,
        n_categoricals: int = 0,
        class_weight: str | None = None,
        seed: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.stop_after = stop_after
        self.n_categoricals = n_categoricals
        self.class_weight = class_weight
        self.seed = seed
        self.n_jobs = n_jobs

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> Self:
        """Train on ``X`` (n_samples, n_features) and ``y`` (n_samples,)."""
        self.n_features_in_ = X.shape[1]
        with self._threads():
            self.estimator_ = self.fit_booster(clone(self.estimator), X, y)
        return self

    def fit_booster(self, booster: Any, X: NDArray[Any], y: NDArray[Any], **going_on: Any) -> Any:
        """Fit a clone of the booster inside; return it.

        ``going_on`` is for those of ``FITTERS`` that take ``callbacks`` and ``begin_with``.
        """
        y = np.asarray(y)
        held = np.zeros(len(y), dtype=bool)
        if self.stop_after:
            held = hold_out(y, seed=self.seed, is_classifier=is_classifier(self))
        weight = None
        if self.class_weight is not None:
            weight = compute_sample_weight(self.class_weight, y)
        return FITTERS[type(booster).__name__](
            booster,
            Rows(X, y, weight, held),
            stop_after=self.stop_after,
            n_categoricals=self.n_categoricals,
            **going_on,
        )

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Class codes or values, shape (n_samples,)."""
        with self._threads():
            return np.asarray(self.estimator_.predict(X))

    def _threads(self) -> AbstractContextManager[Any]:
        if self.n_jobs is None:
            return nullcontext()
        limits: AbstractContextManager[Any] = threadpool_limits(self.n_jobs, user_api="openmp")
        return limits


class BoostedClassifier(ClassifierMixin, _Boosted):  # type: ignore[misc]  # sklearn is untyped
    """A booster of class codes; see ``_Boosted`` for its parameters."""

    @property
    def classes_(self) -> NDArray[Any]:
        """Class codes in the order of ``predict_proba``'s columns."""
        return np.asarray(self.estimator_.classes_)

    def predict_proba(self, X: NDArray[Any]) -> NDArray[Any]:
        """Class probabilities, shape (n_samples, n_classes)."""
        with self._threads():
            return np.asarray(self.estimator_.predict_proba(X))


class BoostedRegressor(RegressorMixin, _Boosted):  # type: ignore[misc]  # sklearn is untyped
    """A booster of values; see ``_Boosted`` for its parameters."""


def boosted(
    estimator: Any,
    *,
    seed: int,
    stop_after: int = 0,
    n_categoricals: int = 0,
    class_weight: str = "none",
    n_jobs: int | None = None,
) -> Any:
    """Wrap an unfitted booster, if there is anything to add to it; see ``_Boosted``."""
    if not stop_after and not n_categoricals and class_weight == "none" and n_jobs is None:
        return estimator
    wrapper = BoostedClassifier if is_classifier(estimator) else BoostedRegressor
    return wrapper(
        estimator,
        stop_after=stop_after,
        n_categoricals=n_categoricals,
        class_weight=None if class_weight == "none" else class_weight,
        seed=seed,
        n_jobs=n_jobs,
    )


def booster_of(estimator: Any) -> Any:
    """Find the unfitted booster in what ``boosted`` gave."""
    return estimator.estimator if isinstance(estimator, _Boosted) else estimator


def fit_booster(
    estimator: Any, booster: Any, X: NDArray[Any], y: NDArray[Any], **going_on: Any
) -> Any:
    """Fit a clone of ``booster_of(estimator)`` as ``estimator.fit`` does; return it.

    ``going_on`` may be ``callbacks`` and ``begin_with``, as ``fit_xgboost`` and ``fit_lightgbm``
    take them.
    """
    if isinstance(estimator, _Boosted):
        return estimator.fit_booster(booster, X, y, **going_on)
    rows = Rows(X, y, None, np.zeros(len(y), dtype=bool))
    fit = FITTERS[type(booster).__name__]
    return fit(booster, rows, stop_after=0, n_categoricals=0, **going_on)


def with_booster(estimator: Any, booster: Any, *, n_features: int) -> Any:
    """Wrap a fitted booster as ``estimator`` wraps its own; ``estimator`` stays unfitted."""
    if not isinstance(estimator, _Boosted):
        return booster
    wrapper = clone(estimator)
    wrapper.estimator_, wrapper.n_features_in_ = booster, n_features
    return wrapper
