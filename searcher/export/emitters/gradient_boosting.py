"""Which nodes compute scikit-learn's ``GradientBoosting*``, in its order of additions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.errors import ExportError
from searcher.export.emitters.forests import to_tree
from searcher.export.emitters.links import add_classes_by_score
from searcher.export.emitters.trees import LESS_OR_EQUAL, add_rounds
from searcher.export.estimators import Predicted, add_cast, add_squeeze
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel

CONSTANT = ("DummyClassifier", "DummyRegressor")
"""What the estimator starts from unless told otherwise: the same scores for every row."""


def add_gradient_boosting_classifier(
    graph: GraphBuilder, model: FittedModel, features: str
) -> Predicted:
    """Add a GradientBoostingClassifier; it labels by the score, the second class from 0 on."""
    if model.estimator.loss != "log_loss":
        raise ExportError(
            f"GradientBoostingClassifier with loss {model.estimator.loss!r} can't be exported; "
            "allowed: log_loss"
        )
    scores = _scores(graph, model, features)
    return add_classes_by_score(graph, scores, len(model.classes), comparison="GreaterOrEqual")


def add_gradient_boosting_regressor(
    graph: GraphBuilder, model: FittedModel, features: str
) -> Predicted:
    """Add a GradientBoostingRegressor: the scores are the values, whatever its loss."""
    return Predicted(values=add_squeeze(graph, _scores(graph, model, features)))


def _scores(graph: GraphBuilder, model: FittedModel, features: str) -> str:
    """Start from the first guess and add each tree times the learning rate: (rows, n_outputs)."""
    rate = model.estimator.learning_rate
    trees = [
        to_tree(fitted.tree_, rate * fitted.tree_.value[:, 0, 0])
        for fitted in model.estimator.estimators_.ravel()  # round after round
    ]
    guess = _first_guess(model.estimator)
    return add_rounds(graph, add_cast(graph, features), guess, trees, mode=LESS_OR_EQUAL)


def _first_guess(estimator: Any) -> NDArray[np.float64]:
    first = estimator.init_
    if first != "zero" and type(first).__name__ not in CONSTANT:
        raise ExportError(
            f"{type(estimator).__name__} that starts from a {type(first).__name__} can't be "
            "exported; allowed: init=None, init='zero'"
        )
    row = np.zeros((1, estimator.n_features_in_), dtype=np.float32)
    # Private, but the one place that has the guess as it is added: clipped, and on its scale.
    return np.asarray(estimator._raw_predict_init(row)[0], dtype=np.float64)
