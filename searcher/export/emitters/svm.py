"""Which nodes compute a support vector machine with a Gaussian kernel, in float64.

ONNX Runtime's own operators for it compute in float32. Squared distances are expanded into
squares and a product here, where libsvm subtracts first: features are scaled, so that squares
are small and what cancels is about 1e-14; far from all rows the kernel is 0 either way.
"""

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from searcher.errors import ExportError
from searcher.export.emitters.blocks import add_compact_constant, add_in_blocks
from searcher.export.estimators import Predicted, add_squeeze
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel


def add_svm_regressor(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add an SVR."""
    estimator = model.estimator
    values = _add_sums(graph, estimator, features, estimator.dual_coef_.T, estimator.intercept_)
    return Predicted(values=add_squeeze(graph, values))


def add_svm_scores(graph: GraphBuilder, estimator: Any, features: str) -> str:
    """Add the decision function of an SVC: (rows, 1 or n_classes).

    Each pair of classes has a decision; for more than two classes they are counted as votes, and
    their sizes break ties (scikit-learn 1.9, ``utils/multiclass.py``, ``_ovr_decision_function``).
    """
    if len(estimator.classes_) <= 2:  # noqa: PLR2004 - binary or not
        return _add_sums(graph, estimator, features, estimator.dual_coef_.T, estimator.intercept_)
    if estimator.decision_function_shape != "ovr" or estimator.break_ties:
        raise ExportError(
            "SVC can only be exported with decision_function_shape='ovr' and break_ties=False"
        )
    decisions = _add_sums(graph, estimator, features, _pairwise(estimator), estimator.intercept_)
    return _add_votes(graph, decisions, len(estimator.classes_))


def _add_sums(
    graph: GraphBuilder, estimator: Any, features: str, weights: NDArray[Any], intercept: Any
) -> str:
    """Add exp(-gamma * squared distance) @ weights + intercept: (rows, n_decisions)."""
    if estimator.kernel != "rbf":
        raise ExportError(
            f"{type(estimator).__name__} with kernel {estimator.kernel!r} can't be exported; "
            "allowed: 'rbf'"
        )
    vectors = np.asarray(estimator.support_vectors_, dtype=np.float64)
    transposed = add_compact_constant(graph, vectors.T, "support_vectors")
    squares = graph.constant((vectors**2).sum(axis=1), "squares")
    coefficients = graph.constant(np.asarray(weights, dtype=np.float64), "coefficients")
    gamma = graph.constant(np.array(-estimator._gamma), "gamma")

    def answer(inner: GraphBuilder, block: str) -> str:
        axis = inner.constant(np.array([1], dtype=np.int64), "axis")
        own = inner.add("ReduceSum", inner.add("Mul", block, block), axis, keepdims=1)
        products = inner.add("MatMul", block, transposed)
        twice = inner.add("Add", products, products)
        apart = inner.add("Sub", inner.add("Add", own, squares), twice)
        apart = inner.add("Max", apart, inner.constant(np.array(0.0), "zero"))
        return inner.add("MatMul", inner.add("Exp", inner.add("Mul", apart, gamma)), coefficients)

    sums = add_in_blocks(
        graph,
        features,
        n_columns=vectors.shape[1],
        width=weights.shape[1],
        n_compared=len(vectors),
        answer=answer,
    )
    return graph.add("Add", sums, graph.constant(np.asarray(intercept, np.float64), "intercepts"))


def _pairwise(estimator: Any) -> NDArray[np.float64]:
    """Weight of each support vector in the decision of each pair: (n_vectors, n_pairs).

    libsvm keeps the weights of class i's vectors against the other classes in order, so that
    against j they are in row j - 1 if j comes after i, else in row j.
    """
    ends = np.cumsum(estimator.n_support_)
    of_class = [slice(end - n, end) for end, n in zip(ends, estimator.n_support_, strict=True)]
    pairs = list(combinations(range(len(of_class)), 2))
    weights = np.zeros((len(estimator.support_vectors_), len(pairs)))
    for column, (i, j) in enumerate(pairs):
        weights[of_class[i], column] = estimator.dual_coef_[j - 1, of_class[i]]
        weights[of_class[j], column] = estimator.dual_coef_[i, of_class[j]]
    return weights


def _add_votes(graph: GraphBuilder, decisions: str, n_classes: int) -> str:
    """Add votes plus a third at most for the sum of the decisions: (rows, n_classes)."""
    pairs = list(combinations(range(n_classes), 2))
    first, second = np.zeros((2, len(pairs), n_classes))
    for row, (i, j) in enumerate(pairs):
        first[row, i] = second[row, j] = 1.0
    won = graph.add("Less", decisions, graph.constant(np.array(0.0), "zero"))
    for_second = graph.add("Cast", won, to=TensorProto.DOUBLE)
    for_first = graph.add("Sub", graph.constant(np.array(1.0), "one"), for_second)
    votes = graph.add(
        "Add",
        graph.add("MatMul", for_first, graph.constant(first, "first")),
        graph.add("MatMul", for_second, graph.constant(second, "second")),
    )
    sizes = graph.add("MatMul", decisions, graph.constant(first - second, "signs"))
    one = graph.constant(np.array(1.0), "one")
    bound = graph.add("Add", graph.add("Abs", sizes), one)
    bound = graph.add("Mul", bound, graph.constant(np.array(3.0), "three"))
    return graph.add("Add", votes, graph.add("Div", sizes, bound))
