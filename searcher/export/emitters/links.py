"""Which nodes turn scores into probabilities, in float64."""

import numpy as np
from onnx import TensorProto

from searcher.export.estimators import Predicted, add_argmax, add_cast, add_squeeze
from searcher.export.graph import GraphBuilder


def add_sigmoid(graph: GraphBuilder, scores: str, *, slope: float = 1.0) -> str:
    """Add both probabilities (rows, 2) of scores (rows, 1): 1 / (1 + exp(-slope * score))."""
    one = graph.constant(np.array(1.0), "one")
    steep = graph.add("Mul", scores, graph.constant(np.array(-slope), "slope"))
    second = graph.add("Div", one, graph.add("Add", one, graph.add("Exp", steep)))
    return graph.add("Concat", graph.add("Sub", one, second), second, axis=1)


def add_softmax(graph: GraphBuilder, scores: str) -> str:
    """Add exp(score - largest) / sum: (rows, n_classes)."""
    axes = graph.constant(np.array([1], dtype=np.int64), "axes")
    largest = graph.add("ReduceMax", scores, axes, keepdims=1)
    exponentials = graph.add("Exp", graph.add("Sub", scores, largest))
    return graph.add("Div", exponentials, graph.add("ReduceSum", exponentials, axes, keepdims=1))


def add_classes_by_score(
    graph: GraphBuilder, scores: str, n_classes: int, *, comparison: str
) -> Predicted:
    """Label by the scores, (rows, 1) or (rows, n_classes), as scikit-learn's boosters do.

    ``comparison`` with zero ("Greater", "GreaterOrEqual") makes the second of two classes.
    """
    if n_classes > 2:  # noqa: PLR2004
        return Predicted(codes=add_argmax(graph, scores), probabilities=add_softmax(graph, scores))
    above = graph.add(comparison, scores, graph.constant(np.array(0.0), "zero"))
    codes = add_squeeze(graph, add_cast(graph, above, TensorProto.INT64))
    return Predicted(codes=codes, probabilities=add_sigmoid(graph, scores))
