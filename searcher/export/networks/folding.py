"""Which nodes of a graph can be computed once and for all, when it is written."""

from collections.abc import Callable, Mapping

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator

from searcher.export.networks.repeats import drop_repeats, rename_inputs
from searcher.export.networks.splits import plain_splits

Foldable = Callable[[NodeProto], bool]
Sizes = list[int | None]

SMALL = 64
"""Numbers in a constant that stands for nodes: shapes, places and limits, not tables."""


def fold_arithmetic(graph: onnx.GraphProto) -> None:
    """Compute what depends on small constants and on known shapes; weights stay as they are.

    An exporter leaves hundreds of such nodes, and ONNX Runtime warns of some at each loading. What
    is left gets short names, and none of it is there twice.
    """
    weights = {tensor.name for tensor in graph.initializer}
    shapes = _shapes(graph)
    asked = [node for node in graph.node if node.op_type == "Shape"]
    sizes = {node.output[0]: _sizes(node, shapes.get(node.input[0])) for node in asked}
    known = {
        name: numpy_helper.from_array(np.array(size, dtype=np.int64), name)
        for name, size in sizes.items()
        if size is not None and None not in size
    }
    _fold(graph, known, lambda _: True, limit=SMALL)
    plain_splits(graph, shapes)
    drop_repeats(graph, weights=weights)
    _renumber(graph)


def fold_moves(graph: onnx.GraphProto, operators: tuple[str, ...]) -> None:
    """Compute what some operators alone make of weights and other constants."""
    known = {tensor.name: tensor for tensor in graph.initializer}
    _fold(graph, known, lambda node: node.op_type in operators, limit=None)


def _shapes(graph: onnx.GraphProto) -> dict[str, Sizes]:
    """Return the sizes of tensors, None for one that depends on the number of rows."""
    said = {value.name: value.type.tensor_type for value in graph.value_info}
    shapes: dict[str, Sizes] = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for name, kind in said.items():
        if kind.HasField("shape"):
            dims = kind.shape.dim
            shapes[name] = [d.dim_value if d.HasField("dim_value") else None for d in dims]
    return shapes


def _sizes(node: NodeProto, shape: Sizes | None) -> Sizes | None:
    """Return what a ``Shape`` node answers; None, or None in it, where that is not known."""
    ends = {entry.name: entry.i for entry in node.attribute}
    return None if shape is None else shape[ends.get("start", 0) : ends.get("end", len(shape))]


def _fold(
    graph: onnx.GraphProto, known: Mapping[str, TensorProto], may_fold: Foldable, limit: int | None
) -> None:
    """Replace nodes whose inputs are known by constants, one after the other."""
    known = dict(known)
    held = {tensor.name for tensor in graph.initializer}
    left = []
    for node in graph.node:
        made = known.keys() >= set(node.output) or _compute(node, known, may_fold, limit)
        if not made:
            left.append(NodeProto.FromString(node.SerializeToString()))
    del graph.node[:]
    graph.node.extend(left)
    graph.initializer.extend(known[name] for name in sorted(known.keys() - held))


def _compute(
    node: NodeProto, known: dict[str, TensorProto], may_fold: Foldable, limit: int | None
) -> bool:
    """Add a node's outputs to what is known, if they can be."""
    inner = any(entry.HasField("g") for entry in node.attribute)
    fixed = all(name in known for name in node.input if name)
    if inner or node.domain or not fixed or not may_fold(node):
        return False
    feeds = {name: numpy_helper.to_array(known[name]) for name in node.input if name}
    values = [np.asarray(value) for value in ReferenceEvaluator(node).run(None, feeds)]
    if limit is not None and any(value.size > limit for value in values):
        return False
    for name, value in zip(node.output, values, strict=True):
        known[name] = numpy_helper.from_array(value.copy(order="C"), name)
    return True


def _renumber(graph: onnx.GraphProto) -> None:
    """Give what nodes compute short names: those of an exporter take more room than the nodes."""
    new = {value.name: value.name for value in graph.output}
    for node in graph.node:
        for name in node.output:
            new.setdefault(name, str(len(new)) if name else "")
    for node in graph.node:
        rename_inputs(node, new)
        node.output[:] = [new[name] for name in node.output]
        node.name = node.output[0]
