"""Which nodes compute a Gaussian naive Bayes model as scikit-learn does, in float64."""

from typing import Any

import numpy as np

from searcher.errors import ExportError
from searcher.export.emitters.blocks import add_in_blocks
from searcher.export.emitters.sums import add_pairwise_sum
from searcher.export.estimators import Predicted, add_argmax
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel


def add_naive_bayes(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a GaussianNB (scikit-learn 1.9, ``naive_bayes.py``, ``_joint_log_likelihood``).

    A feature that is constant in a class has almost no variance there, so that a likelihood may
    be -1e12, whose last bit is 1e-4: it decides labels and probabilities, hence numpy's order of
    addition. The label is taken from the likelihoods, as in the library.

    Raises
    ------
    ExportError
        If no feature varied in training: then the library divides by 0.
    """
    estimator = model.estimator
    if not estimator.var_.all():
        raise ExportError("GaussianNB has variances of 0, and so no answer: no feature varies")
    n_classes, n_features = estimator.theta_.shape
    likelihoods = add_in_blocks(
        graph,
        features,
        n_columns=n_features,
        width=n_classes,
        n_compared=n_classes * n_features,
        answer=lambda inner, block: _add_likelihoods(inner, block, estimator),
    )
    return Predicted(
        codes=add_argmax(graph, likelihoods), probabilities=_normalise(graph, likelihoods)
    )


def _add_likelihoods(graph: GraphBuilder, block: str, estimator: Any) -> str:
    """Add log(P(class)) + log(P(row | class)): (block, n_classes)."""
    rows = graph.add("Unsqueeze", block, graph.constant(np.array([1], dtype=np.int64), "axis"))
    apart = graph.add("Sub", rows, graph.constant(estimator.theta_[None], "means"))
    squares = graph.add("Mul", apart, apart)
    ratios = graph.add("Div", squares, graph.constant(estimator.var_[None], "variances"))
    total = add_pairwise_sum(graph, ratios, estimator.theta_.shape[1])
    half = graph.add("Mul", graph.constant(np.array(0.5), "half"), total)
    norms = np.array([-0.5 * np.sum(np.log(2.0 * np.pi * variance)) for variance in estimator.var_])
    density = graph.add("Sub", graph.constant(norms[None], "norms"), half)
    priors = graph.constant(np.log(estimator.class_prior_)[None], "priors")
    return graph.add("Add", priors, density)


def _normalise(graph: GraphBuilder, likelihoods: str) -> str:
    """Add exp(likelihood - log(sum(exp(likelihoods))))."""
    axis = graph.constant(np.array([1], dtype=np.int64), "axis")
    largest = graph.add("ReduceMax", likelihoods, axis, keepdims=1)
    terms = graph.add("Exp", graph.add("Sub", likelihoods, largest))
    log_sum = graph.add("Log", graph.add("ReduceSum", terms, axis, keepdims=1))
    evidence = graph.add("Add", largest, log_sum)
    return graph.add("Exp", graph.add("Sub", likelihoods, evidence))
