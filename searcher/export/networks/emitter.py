"""Which nodes compute a fitted network: those of its module, and what its outputs mean."""

import numpy as np
from onnx import TensorProto

from searcher.export.estimators import Predicted, add_argmax, add_cast
from searcher.export.graph import GraphBuilder
from searcher.export.networks.appending import append_network
from searcher.export.networks.tracing import trace_module
from searcher.model import FittedModel


def add_network(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a ``NetworkEstimator``: the class of the largest logit and their softmax, or a value.

    The module computes in float32; softmax, or scale and mean of the target, in float64, as
    ``searcher.training.targets`` does.

    Raises
    ------
    ExportError
        If the module can't be traced.
    """
    estimator = model.estimator
    network = trace_module(estimator.module_, estimator.n_features_in_)
    narrow = features
    if model.dtype != "float32":
        narrow = add_cast(graph, features, TensorProto.FLOAT)
    outputs = append_network(graph, network, narrow)
    wide = add_cast(graph, outputs)
    if model.classes:
        probabilities = graph.add("Softmax", wide, axis=1)
        return Predicted(codes=add_argmax(graph, outputs), probabilities=probabilities)
    scale = graph.constant(np.array(estimator.targets_.scale), "scale")
    mean = graph.constant(np.array(estimator.targets_.mean), "mean")
    return Predicted(values=graph.add("Add", graph.add("Mul", wide, scale), mean))
