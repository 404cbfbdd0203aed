"""Which nodes give every row the same answer, as a dummy does."""

from typing import Any

import numpy as np

from searcher.errors import ExportError
from searcher.export.estimators import Predicted
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel


def add_constant_probabilities(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a DummyClassifier(strategy="prior"): the same probabilities for every row."""
    _check_strategy(model, ("prior",))
    prior = np.asarray(model.estimator.class_prior_, dtype=np.float64)
    return Predicted(
        codes=_repeat(graph, features, np.array([np.argmax(prior)], dtype=np.int64)),
        probabilities=_repeat(graph, features, prior[None, :]),
    )


def add_constant_value(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a DummyRegressor: the same value for every row."""
    _check_strategy(model, ("mean", "median", "quantile", "constant"))
    constant = np.asarray(model.estimator.constant_, dtype=np.float64).reshape(1)
    return Predicted(values=_repeat(graph, features, constant))


def _check_strategy(model: FittedModel, allowed: tuple[str, ...]) -> None:
    if model.estimator.strategy not in allowed:
        raise ExportError(
            f"{type(model.estimator).__name__} with strategy {model.estimator.strategy!r} can't be "
            f"exported; allowed: {', '.join(allowed)}"
        )


def _repeat(graph: GraphBuilder, features: str, value: Any) -> str:
    """Repeat ``value``, of first dimension 1, for every row."""
    shape = graph.add("Shape", features, start=0, end=1)
    if value.ndim > 1:
        width = graph.constant(np.array(value.shape[1:], dtype=np.int64), "width")
        shape = graph.add("Concat", shape, width, axis=0)
    return graph.add("Expand", graph.constant(value, "constant"), shape)
