"""Which nodes compute our nearest neighbours: whole numbers, so exact in whatever order.

See ``search_spaces.estimators.neighbours`` for the arithmetic that is repeated here.
"""

from typing import Any

import numpy as np
from onnx import TensorProto, helper

from search_spaces.estimators.neighbours import FULL_WEIGHT, UNITS
from searcher.export.emitters.blocks import add_compact_constant, add_in_blocks
from searcher.export.estimators import Predicted, add_argmax, add_squeeze
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel


def add_neighbours_classifier(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a NeighboursClassifier: shares of the votes, and the class with most of them."""
    votes = _blend(graph, model.estimator, features)
    axis = graph.constant(np.array([1], dtype=np.int64), "axis")
    total = graph.add("ReduceSum", votes, axis, keepdims=1)
    return Predicted(codes=add_argmax(graph, votes), probabilities=graph.add("Div", votes, total))


def add_neighbours_regressor(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a NeighboursRegressor: the weighted sum, divided by the sum of weights."""
    sums = _blend(graph, model.estimator, features)
    value, weight = (
        graph.add("Gather", sums, graph.constant(np.array([i], dtype=np.int64), "column"), axis=1)
        for i in (0, 1)
    )
    return Predicted(values=add_squeeze(graph, graph.add("Div", value, weight)))


def _blend(graph: GraphBuilder, estimator: Any, features: str) -> str:
    """Add weights @ targets: (rows, n_targets)."""
    n_train, n_features = estimator.rows_.shape
    limit = graph.constant(np.array(estimator.limit_), "limit")
    scaled = graph.add("Mul", features, graph.constant(np.array(UNITS), "units"))
    clipped = graph.add("Clip", scaled, graph.add("Neg", limit), limit)
    transposed = add_compact_constant(graph, estimator.rows_.T, "training_rows")
    targets = graph.constant(estimator.targets_, "targets")

    def answer(inner: GraphBuilder, block: str) -> str:
        far = _add_manhattan if estimator.metric == "manhattan" else _add_euclidean
        distance = far(inner, block, transposed, estimator.rows_)
        return inner.add("MatMul", _add_weights(inner, distance, estimator), targets)

    return add_in_blocks(
        graph,
        graph.add("Round", clipped),
        n_columns=n_features,
        width=estimator.targets_.shape[1],
        n_compared=n_train,
        answer=answer,
    )


def _add_euclidean(graph: GraphBuilder, block: str, transposed: str, rows: Any) -> str:
    """Add squared distances (block, n_train)."""
    axis = graph.constant(np.array([1], dtype=np.int64), "axis")
    own = graph.add("ReduceSum", graph.add("Mul", block, block), axis, keepdims=1)
    theirs = graph.constant((rows**2).sum(axis=1), "squares")
    products = graph.add("MatMul", block, transposed)
    twice = graph.add("Mul", products, graph.constant(np.array(2.0), "two"))
    return graph.add("Sub", graph.add("Add", own, theirs), twice)


def _add_manhattan(graph: GraphBuilder, block: str, transposed: str, rows: Any) -> str:
    """Add distances (block, n_train), feature after feature: all at once would be too large."""
    n_train = graph.constant(np.array([len(rows)], dtype=np.int64), "n_train")
    size = graph.add("Concat", graph.add("Shape", block, start=0, end=1), n_train, axis=0)
    nothing = graph.add("ConstantOfShape", size, value=np.zeros(1))
    inner = graph.inner()
    so_far = inner.input(inner.unique("so_far"), TensorProto.DOUBLE, ["block_rows", len(rows)])
    ours = inner.input(inner.unique("ours"), TensorProto.DOUBLE, ["block_rows"])
    theirs = inner.input(inner.unique("theirs"), TensorProto.DOUBLE, [len(rows)])
    axis = inner.constant(np.array([1], dtype=np.int64), "axis")
    apart = inner.add("Abs", inner.add("Sub", inner.add("Unsqueeze", ours, axis), theirs))
    total = inner.add("Add", so_far, apart)
    inner.output(total, TensorProto.DOUBLE, ["block_rows", len(rows)])
    by_feature = graph.add("Transpose", block, perm=[1, 0])
    return graph.add("Scan", nothing, by_feature, transposed, body=inner.body(), num_scan_inputs=2)


def _add_weights(graph: GraphBuilder, distance: str, estimator: Any) -> str:
    """Add the weight of each training row (block, n_train)."""
    smallest = _add_smallest(graph, distance, estimator.n_used_)
    last = graph.constant(np.array([estimator.n_used_ - 1], dtype=np.int64), "last")
    is_near = graph.add("LessOrEqual", distance, graph.add("Gather", smallest, last, axis=1))
    if estimator.weights == "uniform":
        return graph.add("Cast", is_near, to=TensorProto.DOUBLE)
    first = graph.constant(np.array([0], dtype=np.int64), "first")
    zero, one = (graph.constant(np.array(value), "number") for value in (0.0, 1.0))
    quotient = graph.add("Div", graph.add("Gather", smallest, first, axis=1), distance)
    ratio = graph.add("Where", graph.add("Equal", distance, zero), one, quotient)
    if estimator.metric == "euclidean":
        ratio = graph.add("Sqrt", ratio)
    whole = graph.add("Mul", ratio, graph.constant(np.array(FULL_WEIGHT), "full_weight"))
    return graph.add("Where", is_near, graph.add("Floor", whole), zero)


def _add_smallest(graph: GraphBuilder, distance: str, k: int) -> str:
    """Add the k smallest distances in order (block, k); which rows they belong to is not asked."""
    count = graph.constant(np.array([k], dtype=np.int64), "k")
    smallest = graph.unique("smallest")
    outputs = [smallest, graph.unique("places")]
    node = helper.make_node("TopK", [distance, count], outputs, name=smallest, largest=0)
    graph.append([node], [])
    return smallest
