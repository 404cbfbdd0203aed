"""What the fitted model itself says of the probe rows: the truth that a file is held to."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.export.columns import Feeds, to_feeds
from searcher.model import FittedModel

MUST_ANSWER = ("data", "held_out")
"""Probe sets of which the model may refuse no row."""


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A probe set with the model's answers."""

    name: str
    X: NDArray[np.float64]  # (n_rows, n_columns)
    feeds: Feeds
    features: NDArray[Any]  # what the estimator sees, (n_rows, n_features)
    expected: Mapping[str, NDArray[Any]]  # by the name of the graph's output
    left_out: int = 0  # rows that the model can't answer
    refusal: str | None = None  # why it could answer none of them


def ask_model(model: FittedModel, probes: Mapping[str, NDArray[np.float64]]) -> list[Probe]:
    """Compute features, labels, probabilities or values of every probe set.

    Made-up rows whose features overflow float32 are left out: estimators refuse infinity. A
    made-up set that the estimator refuses (NaN, for one that takes none) keeps no row.

    Raises
    ------
    ValueError
        If the model refuses rows of the data themselves.
    """
    model = _on_one_thread(model)
    with np.errstate(over="ignore"):  # what overflows is left out, or refused by the estimator
        return [_ask(model, name, X) for name, X in probes.items()]


def _ask(model: FittedModel, name: str, X: NDArray[np.float64]) -> Probe:
    columns = model.profile.columns
    features = model.features(X)
    kept = ~np.isinf(features).any(axis=1) | (name in MUST_ANSWER)
    left_out = int(np.count_nonzero(~kept))
    X, features = X[kept], features[kept]
    refusal = None
    try:
        expected = _answer(model, X)
    except ValueError as error:
        if name in MUST_ANSWER:
            raise
        refusal, left_out = str(error), left_out + len(X)
        X, features = X[:0], features[:0]
        expected = {}
    return Probe(name, X, to_feeds(columns, X), features, expected, left_out, refusal)


def _answer(model: FittedModel, X: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    if not len(X):
        return {}
    if not model.classes:
        return {"prediction": np.asarray(model.predict(X), dtype=np.float64)}
    texts = isinstance(model.classes[0], str)
    names = np.array(model.classes, dtype=object if texts else np.int64)
    labels = names[model.predict(X)]
    probabilities = np.asarray(model.predict_proba(X), dtype=np.float64)
    return {"label": labels.astype(str) if texts else labels, "probabilities": probabilities}


def _on_one_thread(model: FittedModel) -> FittedModel:
    """Return the model with n_jobs=1.

    A scikit-learn forest adds its trees in the order in which its threads finish, so that the
    label of a row where two classes are equally probable would be a matter of luck.
    """
    if getattr(model.estimator, "n_jobs", None) is None:
        return model
    estimator = copy.copy(model.estimator)
    estimator.n_jobs = 1
    return replace(model, estimator=estimator)
