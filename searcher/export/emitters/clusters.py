"""Which nodes say to which cluster a row belongs, in float64.

As in the library: |x - c|^2 is taken as |c|^2 - 2 x.c, without the |x|^2 that all have in common.
"""

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from search_spaces.estimators.clusters import NOISE
from searcher.export.estimators import Predicted, add_cast
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel


def add_nearest_centre(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a KMeans or NearestCentroidClusters: the first of the nearest centres."""
    scores = _scores(graph, _wide(graph, model, features), model.estimator.cluster_centers_)
    return Predicted(codes=graph.add("ArgMin", scores, axis=1, keepdims=0))


def add_nearest_core(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a DensityClusters: the cluster of the nearest core row within the radius, or noise."""
    estimator, wide = model.estimator, _wide(graph, model, features)
    axes = graph.constant(np.array([1], dtype=np.int64), "axes")
    if not len(estimator.cores_):
        everywhere = graph.constant(np.array([NOISE], dtype=np.int64), "noise")
        return Predicted(codes=graph.add("Expand", everywhere, graph.add("Shape", wide, end=1)))
    scores = _scores(graph, wide, estimator.cores_)
    nearest = graph.add("ArgMin", scores, axis=1, keepdims=0)
    own = graph.add("ReduceSumSquare", wide, axes, keepdims=0)
    distances = graph.add("Add", graph.add("ReduceMin", scores, axes, keepdims=0), own)
    limit = graph.constant(np.array(estimator.radius_**2), "limit")
    labels = graph.constant(np.asarray(estimator.core_labels_, dtype=np.int64), "labels")
    noise = graph.constant(np.array(NOISE, dtype=np.int64), "noise")
    near = graph.add("LessOrEqual", distances, limit)
    return Predicted(codes=graph.add("Where", near, graph.add("Gather", labels, nearest), noise))


def _wide(graph: GraphBuilder, model: FittedModel, features: str) -> str:
    return features if model.dtype == "float64" else add_cast(graph, features, TensorProto.DOUBLE)


def _scores(graph: GraphBuilder, wide: str, centres: NDArray[np.float64]) -> str:
    """Add |c|^2 - 2 x.c: (rows, n_centres)."""
    centres = np.asarray(centres, dtype=np.float64)
    lengths = graph.constant((centres * centres).sum(axis=1)[None, :], "lengths")
    two = graph.constant(np.array(2.0), "two")
    products = graph.add("MatMul", wide, graph.constant(centres.T.copy(), "centres"))
    return graph.add("Sub", lengths, graph.add("Mul", two, products))
