"""How a traced module becomes a part of a graph that is being written."""

import numpy as np
import onnx
from onnx import TensorProto, compose, helper

from searcher.export.graph import GraphBuilder


def append_network(graph: GraphBuilder, network: onnx.ModelProto, features: str) -> str:
    """Append the nodes and constants, renamed; return the output for ``features``.

    Where there are no rows, the network sees one of zeros, whose answer is dropped. ONNX Runtime
    1.31 aborts on recurrent operators without rows, and takes its process along; it refuses a group
    normalisation.

    Parameters
    ----------
    network
        From ``tracing.trace_module``.
    features
        Name of a float32 tensor (rows, n_features).
    """
    rows = graph.add("Shape", features, start=0, end=1)
    zero = graph.constant(np.array([0], dtype=np.int64), "zero")
    missing = graph.add("Cast", graph.add("Equal", rows, zero), to=TensorProto.INT64)
    edges = graph.add("Concat", zero, zero, missing, zero, axis=0)
    padded = graph.add("Pad", features, edges)
    body = compose.add_prefix_graph(network.graph, graph.unique("network") + "/")
    begin = helper.make_node("Identity", [padded], [body.input[0].name])
    graph.append([begin, *body.node], body.initializer)
    return graph.add("Slice", body.output[0].name, zero, rows, zero)
