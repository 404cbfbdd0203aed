"""Which nodes compute a linear model as scikit-learn does, in float64.

Written by hand rather than converted: it is five nodes, and the library takes the label from the
score, not from the probability, which rounds to 0.5 long before the score is 0.
"""

import numpy as np
from onnx import TensorProto

from searcher.export.estimators import Predicted, add_argmax, add_cast, add_squeeze
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel


def add_logistic_regression(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a LogisticRegression (scikit-learn 1.9, ``linear_model/_logistic.py``).

    Two classes: the second where the score is above 0, probability 1 / (1 + exp(-score)).
    More: the largest score, softmax of the scores.
    """
    scores = add_scores(graph, model, features)
    if len(model.classes) > 2:  # noqa: PLR2004 - binary or not
        return Predicted(
            codes=add_argmax(graph, scores),
            probabilities=graph.add("Softmax", scores, axis=1),
        )
    one = graph.constant(np.array(1.0), "one")
    zero = graph.constant(np.array(0.0), "zero")
    exponential = graph.add("Exp", graph.add("Neg", scores))
    second = graph.add("Div", one, graph.add("Add", one, exponential))
    codes = add_cast(graph, graph.add("Greater", scores, zero), TensorProto.INT64)
    return Predicted(
        codes=add_squeeze(graph, codes),
        probabilities=graph.add("Concat", graph.add("Sub", one, second), second, axis=1),
    )


def add_linear_regression(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a LinearRegression, Ridge, Lasso, ElasticNet or LinearSVR."""
    return Predicted(values=add_squeeze(graph, add_scores(graph, model, features)))


def add_scores(graph: GraphBuilder, model: FittedModel, features: str) -> str:
    """Add features @ coefficients + intercepts: (rows, 1 or n_classes), float64."""
    wide = features if model.dtype == "float64" else add_cast(graph, features)
    weights = np.atleast_2d(np.asarray(model.estimator.coef_, dtype=np.float64)).T
    intercepts = np.broadcast_to(
        np.asarray(model.estimator.intercept_, dtype=np.float64), (1, weights.shape[1])
    )
    products = graph.add("MatMul", wide, graph.constant(weights, "coefficients"))
    return graph.add("Add", products, graph.constant(intercepts, "intercepts"))
