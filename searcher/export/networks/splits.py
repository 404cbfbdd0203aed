"""How a tensor is cut into parts without a sequence of them.

An exporter writes a sequence for ``chunk`` and ``split``. ONNX Runtime takes all tensors of one to
have one shape where it plans its memory (1.31), and knows no weights in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, helper, numpy_helper

Sizes = Sequence[int | None]


def plain_splits(graph: onnx.GraphProto, shapes: Mapping[str, Sizes]) -> None:
    """Write ``Split`` for a ``SplitToSequence`` of known sizes that is asked for known parts alone.

    Parameters
    ----------
    shapes
        Of tensors, as far as they are known.
    """
    fixed = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    cut: dict[str, int] = {}
    nodes: list[NodeProto] = []
    for node in graph.node:
        (answer, *_) = node.output
        sizes = _sizes(node, fixed, shapes) if node.op_type == "SplitToSequence" else None
        if sizes is not None and all(_is_fixed(user, fixed) for user in _users(graph, answer)):
            cut[answer] = len(sizes)
            nodes.append(_split(graph, node, sizes))
        elif node.op_type == "SequenceAt" and node.input[0] in cut:
            place = int(fixed[node.input[1]]) % cut[node.input[0]]
            nodes.append(helper.make_node("Identity", [f"{node.input[0]}/{place}"], [answer]))
        else:
            nodes.append(NodeProto.FromString(node.SerializeToString()))
    del graph.node[:]
    graph.node.extend(nodes)


def _sizes(
    node: NodeProto, fixed: Mapping[str, NDArray[Any]], shapes: Mapping[str, Sizes]
) -> list[int] | None:
    """Return the sizes of the parts; None where they are not known, or parts lose a dimension."""
    said = {entry.name: entry.i for entry in node.attribute}
    whole = shapes.get(node.input[0])
    if len(node.input) == 1 or node.input[1] not in fixed or whole is None:
        return None
    asked, total = fixed[node.input[1]], whole[said.get("axis", 0)]
    if asked.ndim:
        return [int(size) for size in asked]
    if total is None:
        return None
    return [min(int(asked), total - start) for start in range(0, total, int(asked))]


def _split(graph: onnx.GraphProto, node: NodeProto, sizes: Sequence[int]) -> NodeProto:
    axis = {entry.name: entry.i for entry in node.attribute}.get("axis", 0)
    answer = node.output[0]
    table = numpy_helper.from_array(np.array(sizes, dtype=np.int64), f"{answer}/sizes")
    graph.initializer.append(table)
    parts = [f"{answer}/{i}" for i in range(len(sizes))]
    return helper.make_node("Split", [node.input[0], table.name], parts, axis=axis)


def _users(graph: onnx.GraphProto, name: str) -> Iterator[NodeProto]:
    yield from (node for node in graph.node if name in node.input)


def _is_fixed(node: NodeProto, fixed: Mapping[str, NDArray[Any]]) -> bool:
    return node.op_type == "SequenceAt" and node.input[1] in fixed
