"""What a trained model is: preprocessing and estimator, fitted together on the same rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import search_spaces.preprocessing as preprocessing_steps
from search_spaces.columns import Column, Profile
from search_spaces.families.base import Family
from searcher.fitting import fit_by_schedule, fit_estimator, untrained
from searcher.stepwise import ALONE, Place


@dataclass(frozen=True, slots=True, eq=False)
class FittedModel:
    """A refitted configuration, as it is scored and as it is exported.

    The estimator sees what the ONNX graph's estimator will see: features computed in float64 and
    rounded to float32 (``dtype`` says which array type carries those values).
    """

    family: str
    configuration: Mapping[str, Any]
    profile: Profile
    target: str
    classes: tuple[str | int, ...]  # position = class code; () for regression
    preprocessing: Any  # fitted sklearn ColumnTransformer over the columns of X
    estimator: Any  # fitted sklearn-compatible estimator over the features
    dtype: Literal["float32", "float64"]

    def features(self, X: NDArray[np.float64]) -> NDArray[Any]:
        """Compute what the estimator sees of ``X``: (n_samples, n_features)."""
        return to_features(self.preprocessing.transform(X), self.dtype)

    def with_columns(self, columns: Sequence[Column]) -> "FittedModel":
        """Return this model for rows coded by longer tables of texts than it was fitted with.

        Parameters
        ----------
        columns
            Those of the profile, in the same order, each with the same strings in front.
        """
        from search_spaces.transformers.texts import with_columns

        return replace(
            self,
            profile=replace(self.profile, columns=tuple(columns)),
            preprocessing=with_columns(self.preprocessing, columns),
        )

    def predict(self, X: NDArray[np.float64]) -> NDArray[Any]:
        """Class codes (int64) or values (float64), shape (n_samples,)."""
        return np.asarray(self.estimator.predict(self.features(X))).reshape(-1)

    def predict_proba(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Class probabilities in the order of ``classes``, shape (n_samples, n_classes)."""
        return np.asarray(self.estimator.predict_proba(self.features(X)))


def to_features(matrix: NDArray[np.float64], dtype: Literal["float32", "float64"]) -> NDArray[Any]:
    """Round float64 ``matrix`` to float32 values, carried in an array of ``dtype``."""
    return np.ascontiguousarray(matrix, dtype=np.float32).astype(dtype, copy=False)


def fit_model(
    family: Family,
    configuration: Mapping[str, Any],
    X: NDArray[np.float64],
    y: NDArray[Any],
    *,
    profile: Profile,
    target: str,
    classes: tuple[str | int, ...],
    seed: int,
    cpus: int,
    way: Sequence[tuple[int, Mapping[str, Any]]] = (),
    generation: int | None = None,
    place: Place = ALONE,
) -> FittedModel:
    """Fit preprocessing and estimator on exactly these rows.

    Parameters
    ----------
    configuration
        That of the model; of a member of a population the last one.
    way
        Of such a member: its configurations, each with the units after which it holds.
    generation
        Units after which members of its population could be replaced.
    place
        Among the processes that train a network together, all of which call this; all have the
        same model at the end, in the memory of the CPU.
    X : array of shape (n_samples, n_columns), float64
        Rows coded as in ``search_spaces.columns``.
    y : array of shape (n_samples,)
        Class codes or values.
    """
    prepare, rest = preprocessing_steps.split(dict(configuration))
    transformer = preprocessing_steps.build(prepare, profile, seed=seed)
    features = to_features(transformer.fit_transform(X, y), family.dtype)
    if place != ALONE or (way and generation is not None):
        whole = way or ((0, configuration),)
        schedule = [(since, preprocessing_steps.split(dict(one))[1]) for since, one in whole]
        estimator = fit_by_schedule(
            family,
            schedule,
            features,
            y,
            profile=profile,
            seed=seed,
            cpus=cpus,
            generation=generation,
            place=place,
        )
    else:
        estimator = fit_estimator(
            untrained(family, rest, profile, seed=seed, cpus=cpus),
            features,
            y,
            n_classes=profile.n_classes,
        )
    return FittedModel(
        family=family.name,
        configuration=dict(configuration),
        profile=profile,
        target=target,
        classes=classes,
        preprocessing=transformer,
        estimator=estimator,
        dtype=family.dtype,
    )
