"""Which nodes turn a classifier's scores into probabilities, as CalibratedClassifierCV does."""

from dataclasses import replace
from typing import Any

import numpy as np

from searcher.export.emitters.converted import add_converted
from searcher.export.emitters.linear import add_scores
from searcher.export.emitters.svm import add_svm_scores
from searcher.export.estimators import Predicted, add_argmax
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel

LINEAR = ("LinearSVC", "LogisticRegression")
"""Classifiers of scikit-learn whose decision function is linear."""


def add_calibrated(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a CalibratedClassifierCV (scikit-learn 1.9, ``calibration.py``).

    Ours are a support vector machine with one sigmoid a class; others are converted.
    """
    fitted = model.estimator.calibrated_classifiers_
    if len(fitted) != 1 or fitted[0].method != "sigmoid" or not _has_scores(fitted[0].estimator):
        return add_converted(graph, model, features)
    inner = replace(model, estimator=fitted[0].estimator)
    if type(inner.estimator).__name__ in LINEAR:
        scores = add_scores(graph, inner, features)
    else:
        scores = add_svm_scores(graph, inner.estimator, features)
    sigmoids = _add_sigmoids(graph, fitted[0].calibrators, scores)
    if len(model.classes) == 2:  # noqa: PLR2004 - binary or not
        one = graph.constant(np.array(1.0), "one")
        first = graph.add("Sub", one, sigmoids)
        probabilities = graph.add("Concat", first, sigmoids, axis=1)
    else:
        probabilities = _share(graph, sigmoids, len(model.classes))
    return Predicted(codes=add_argmax(graph, probabilities), probabilities=probabilities)


def _has_scores(estimator: Any) -> bool:
    is_sklearns = type(estimator).__module__.startswith("sklearn.")
    return is_sklearns and type(estimator).__name__ in (*LINEAR, "SVC")


def _add_sigmoids(graph: GraphBuilder, calibrators: Any, scores: str) -> str:
    """Add 1 / (1 + exp(a * score + b)), each column with its own a and b."""
    slopes, offsets = (
        np.array([[getattr(calibrator, name) for calibrator in calibrators]], dtype=np.float64)
        for name in ("a_", "b_")
    )
    products = graph.add("Mul", scores, graph.constant(slopes, "slopes"))
    exponents = graph.add("Add", products, graph.constant(offsets, "offsets"))
    one = graph.constant(np.array(1.0), "one")
    return graph.add("Div", one, graph.add("Add", one, graph.add("Exp", exponents)))


def _share(graph: GraphBuilder, sigmoids: str, n_classes: int) -> str:
    """Divide by the sum; where all are 0, every class is as probable."""
    axis = graph.constant(np.array([1], dtype=np.int64), "axis")
    total = graph.add("ReduceSum", sigmoids, axis, keepdims=1)
    is_nothing = graph.add("Equal", total, graph.constant(np.array(0.0), "zero"))
    even = graph.constant(np.full((1, n_classes), 1 / n_classes), "even")
    return graph.add("Where", is_nothing, even, graph.add("Div", sigmoids, total))
