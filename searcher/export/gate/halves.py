"""How an exported file falls into preprocessing and estimator, at the tensor ``features``."""

import onnx
from onnx import GraphProto, TensorProto, helper

from searcher.export.columns import FEATURES, ROWS
from searcher.model import FittedModel


def until_features(proto: onnx.ModelProto, model: FittedModel) -> bytes:
    """Cut the file off where the estimator begins: what it sees becomes the output.

    Raises
    ------
    ValueError
        If there is no such tensor.
    """
    graph = (half := _copy(proto)).graph
    if not any(FEATURES in node.output for node in graph.node):
        raise ValueError(f"the graph has no tensor called {FEATURES!r}")
    _keep(graph, {FEATURES}, stop="")
    del graph.output[:]
    graph.output.append(_value(model))
    return _bytes(half)


def from_features(proto: onnx.ModelProto, model: FittedModel) -> bytes:
    """Leave the estimator alone: what it sees becomes the input.

    Raises
    ------
    ValueError
        If an answer depends on anything else of a row.
    """
    graph = (half := _copy(proto)).graph
    reached = _keep(graph, {value.name for value in graph.output}, stop=FEATURES)
    besides = sorted(value.name for value in graph.input if value.name in reached)
    if besides:
        raise ValueError(f"the answer depends on inputs beside {FEATURES!r}: {', '.join(besides)}")
    del graph.input[:], graph.value_info[:]
    graph.input.append(_value(model))
    return _bytes(half)


def _keep(graph: GraphProto, wanted: set[str], *, stop: str) -> set[str]:
    """Drop what the wanted tensors do not need; return all that they do need."""
    needed = set(wanted)
    kept = []
    for node in reversed(graph.node):  # in topological order, so users come first here
        if needed & (set(node.output) - {stop}):
            kept.append(node)
            needed |= _inputs(node)
    kept.reverse()
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in kept]
    constants = [constant for constant in graph.initializer if constant.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(copies)
    graph.initializer.extend(constants)
    return needed


def _inputs(node: onnx.NodeProto) -> set[str]:
    """Return what a node reads, its bodies (of loops and branches) included."""
    names = set(node.input)
    for attribute in node.attribute:
        for body in [attribute.g, *attribute.graphs]:
            for inner in body.node:
                names |= _inputs(inner)
            names |= {value.name for value in body.output}
    return names


def _value(model: FittedModel) -> onnx.ValueInfoProto:
    kind = TensorProto.DOUBLE if model.dtype == "float64" else TensorProto.FLOAT
    return helper.make_tensor_value_info(FEATURES, kind, [ROWS, None])


def _copy(proto: onnx.ModelProto) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    return copy


def _bytes(proto: onnx.ModelProto) -> bytes:
    data: bytes = proto.SerializeToString()
    return data
