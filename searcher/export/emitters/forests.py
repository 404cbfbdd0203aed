"""Which nodes compute a scikit-learn tree or forest, bit by bit as one thread of it would."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto

from searcher.export.emitters.trees import LESS_OR_EQUAL, Tree, add_ordered_sum, add_trees, split
from searcher.export.estimators import Predicted, add_argmax, add_cast, add_squeeze
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel


def add_forest_classifier(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a tree or forest: class probabilities summed over the trees, divided by their number.

    The trees answer with the number of the leaf, and a table has the leaf's probabilities: each
    tree is written once, however many classes there are.
    """
    wide = add_cast(graph, features)
    forest = _trees(model.estimator)
    parts = []
    for run in split(len(forest), len(model.classes)):
        is_leaf = np.concatenate([tree.children_left < 0 for tree in forest[run]])
        numbers = np.cumsum(is_leaf) - 1.0
        sizes = [tree.node_count for tree in forest[run]]
        pieces = np.split(numbers, np.cumsum(sizes)[:-1])
        trees = [to_tree(*pair) for pair in zip(forest[run], pieces, strict=True)]
        leaves = add_trees(graph, wide, trees, mode=LESS_OR_EQUAL)
        table = np.concatenate([tree.value[:, 0, :] for tree in forest[run]])[is_leaf]
        rows = add_cast(graph, leaves, TensorProto.INT64)
        parts.append(graph.add("Gather", graph.constant(table, "leaves"), rows, axis=0))
    probabilities = _mean(graph, parts, len(forest))
    return Predicted(codes=add_argmax(graph, probabilities), probabilities=probabilities)


def add_forest_regressor(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a tree or forest: values summed over the trees, divided by their number."""
    wide = add_cast(graph, features)
    forest = _trees(model.estimator)
    axes = graph.constant(np.array([2], dtype=np.int64), "axes")
    parts = []
    for run in split(len(forest), 1):
        trees = [to_tree(tree, tree.value[:, 0, 0]) for tree in forest[run]]
        values = add_trees(graph, wide, trees, mode=LESS_OR_EQUAL)
        parts.append(graph.add("Unsqueeze", values, axes))
    return Predicted(values=add_squeeze(graph, _mean(graph, parts, len(forest))))


def _trees(estimator: Any) -> list[Any]:
    """Return the trees of a forest; a tree is a forest of one, down to the last bit."""
    return [tree.tree_ for tree in getattr(estimator, "estimators_", [estimator])]


def _mean(graph: GraphBuilder, parts: Sequence[str], n_trees: int) -> str:
    """Add the answers (rows, n, width) of one tree after another, and divide: (rows, width)."""
    if n_trees == 1:
        return graph.add("Squeeze", parts[0], graph.constant(np.array([1]), "axes"))
    sums = add_ordered_sum(graph, parts)
    return graph.add("Div", sums, graph.constant(np.array(float(n_trees)), "n_trees"))


def to_tree(fitted: Any, value: Any) -> Tree:
    """Read a scikit-learn ``Tree``, which compares float32 features with float64 thresholds.

    ``value`` (n_nodes,) is what its leaves answer.
    """
    return Tree(
        left=fitted.children_left,
        right=fitted.children_right,
        feature=fitted.feature,
        threshold=fitted.threshold,
        missing_left=fitted.missing_go_to_left.astype(bool),
        value=np.asarray(value, dtype=np.float64),
    )
