"""What a node of an ONNX graph is for: what rules on faults that change nothing ask."""

import onnx
from onnx import NodeProto, TensorProto, numpy_helper

from benchmarks.faults import attributes, graphs, nodes_of
from searcher.export.columns import FEATURES


def narrows_narrow(proto: onnx.ModelProto, node: NodeProto) -> bool:
    """Tell whether a node casts to float32 what was cast from it, and only casts read the result.

    They say themselves what they cast to, so that what they read may have either type.
    """
    behind = next_nodes(proto, [node])
    if node.op_type != "Cast" or attributes(node)["to"].i != TensorProto.FLOAT or not behind:
        return False
    kinds = kinds_of_tensors(proto)
    before = [n for n in nodes_of(proto, "Cast") if node.input[0] in n.output]
    was_narrow = any(kinds.get(n.input[0]) == TensorProto.FLOAT for n in before)
    return was_narrow and {n.op_type for n in behind} == {"Cast"}


def counts_blocks(proto: onnx.ModelProto, node: NodeProto) -> bool:
    """Tell whether a node takes one off before rows are divided by the size of a block, rounded up.

    Without it there is one block more where rows fill the last one, and never one fewer.
    """
    sizes = {name for n in nodes_of(proto, "Shape") for name in n.output}
    limited = {o for n in nodes_of(proto, "Min") if sizes & set(n.input) for o in n.output}
    limited = {o for n in nodes_of(proto, "Max") if limited & set(n.input) for o in n.output}
    sums = [n for n in nodes_of(proto, "Add") if node.input and node.input[0] in n.output]
    of_rows = any(sizes & set(n.input) and limited & set(n.input) for n in sums)
    behind = next_nodes(proto, [node])
    return node.op_type == "Sub" and of_rows and {n.op_type for n in behind} == {"Div"}


def searches_for_missing(proto: onnx.ModelProto, node: NodeProto) -> bool:
    """Tell whether a node makes zeros of what says where numbers are missing.

    What begins one segment further is then a missing number, which no knot is at or below; its
    line is a multiple of it. Tables have room for more than two segments of each column.
    """
    casts = [n for n in nodes_of(proto, "Cast") if node.input and node.input[0] in n.output]
    whole = {t.name for t in tensors_of(proto) if not numpy_helper.to_array(t).any()}
    asked = {n.input[0] for n in casts}
    is_missing = any(asked & set(n.output) for n in nodes_of(proto, "IsNaN"))
    return node.op_type == "Mul" and is_missing and node.input[1] in whole


def is_unread_column(proto: onnx.ModelProto, node: NodeProto) -> bool:
    """Tell whether a node only makes the first of columns of which the second alone is taken."""
    behind = next_nodes(proto, [node])
    firsts = [n for n in behind if n.op_type == "Concat" and n.input[0] in node.output]
    once = all(list(n.input).count(node.output[0]) == 1 for n in firsts)
    taken, passed = next_nodes(proto, behind), list(behind)
    while taken and all(n.op_type == "Cast" for n in taken):
        passed += taken
        taken = next_nodes(proto, taken)
    values = {t.name: numpy_helper.to_array(t).tolist() for t in tensors_of(proto)}
    second = all(n.op_type == "Gather" and values.get(n.input[1]) == [1] for n in taken)
    outputs = {output.name for output in proto.graph.output}
    ends = {name for n in passed for name in n.output} & outputs
    return bool(firsts) and firsts == behind and once and bool(taken) and second and not ends


def tensors_of(proto: onnx.ModelProto) -> list[TensorProto]:
    """List the constants of a graph and of the bodies inside it."""
    return [tensor for graph in graphs(proto.graph) for tensor in graph.initializer]


def all_nodes(proto: onnx.ModelProto) -> list[NodeProto]:
    """List the nodes of a graph and of the bodies inside it."""
    return [node for graph in graphs(proto.graph) for node in graph.node]


def kinds_of_nodes(proto: onnx.ModelProto) -> set[str]:
    """Return the operators."""
    return {node.op_type for node in all_nodes(proto)}


def next_nodes(proto: onnx.ModelProto, nodes: list[NodeProto]) -> list[NodeProto]:
    """List the nodes that read what these write."""
    made = {name for node in nodes for name in node.output}
    return [node for node in all_nodes(proto) if made & set(node.input)]


def kinds_of_tensors(proto: onnx.ModelProto) -> dict[str, int]:
    """Return the element type of each tensor, as far as it can be told."""
    inferred = onnx.shape_inference.infer_shapes(proto).graph
    values = [*inferred.value_info, *inferred.input, *inferred.output]
    return {value.name: value.type.tensor_type.elem_type for value in values}


def has_type_already(proto: onnx.ModelProto, cast: NodeProto) -> bool:
    """Tell whether a cast is to the type that its input has."""
    return kinds_of_tensors(proto).get(cast.input[0]) == attributes(cast)["to"].i


def bounds_rows(proto: onnx.ModelProto, users: list[NodeProto]) -> bool:
    """Tell whether what is bounded is a number of rows."""
    sources = {name for node in users for name in node.input}
    return any(sources & set(node.output) for node in nodes_of(proto, "Shape"))


def is_squared(proto: onnx.ModelProto, node: NodeProto) -> bool:
    """Tell whether only the square or the size of a node's result is used: it has no sign."""
    behind = next_nodes(proto, [node])
    squares = [n for n in behind if n.op_type == "Mul" and n.input[0] == n.input[1]]
    sizes = [n for n in behind if n.op_type == "Abs"]
    return bool(behind) and len(squares) + len(sizes) == len(behind)


def is_same_for_all(proto: onnx.ModelProto) -> bool:
    """Tell whether no output depends on a feature but for the number of rows."""
    zeros = {t.name for t in tensors_of(proto) if not numpy_helper.to_array(t).any()}
    needed = {output.name for output in proto.graph.output}
    for node in reversed(proto.graph.node):
        is_cut = node.op_type == "Shape" or (node.op_type == "MatMul" and zeros & set(node.input))
        if needed & set(node.output) and not is_cut:
            needed |= set(node.input)
    return FEATURES not in needed
