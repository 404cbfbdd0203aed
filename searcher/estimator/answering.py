"""What our estimators have in common: they answer raw rows with a fitted model."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import ClassifierTags, RegressorTags, Tags


class TabularEstimator(BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """A classifier or a regressor of tables, whichever the answers ask for.

    A subclass has the parameter ``task`` and, once fitted, ``task_``.
    """

    task: str

    @property
    def _kind(self) -> str | None:
        """``classification`` or ``regression``; None as long as the answers are to decide."""
        fitted = vars(self).get("task_")
        if fitted is not None:
            return "regression" if fitted == "regression" else "classification"
        return None if self.task == "auto" else self.task

    def __sklearn_tags__(self) -> Tags:
        """Say what it can take: missing values, one column of answers; nothing sparse."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        if self._kind == "classification":
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        if self._kind == "regression":
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
        return tags


def gives_probabilities(estimator: TabularEstimator) -> bool:
    """For ``available_if``: whether it is, or may become, a classifier."""
    if estimator._kind == "regression":
        raise AttributeError(f"a regression has no classes, so {estimator!r} no predict_proba")
    return True


def label(codes: NDArray[Any], classes: NDArray[Any] | None) -> NDArray[Any]:
    """Turn class codes (n_samples,) into labels; values stay what they are."""
    return codes if classes is None else np.asarray(classes)[codes.astype(np.int64)]
