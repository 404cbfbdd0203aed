"""When a fault can change no answer, whatever the row: rules that look at the file alone."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, numpy_helper

from benchmarks.faults import attributes, graphs, nodes_of
from searcher.export.gate.dumped import Dump
from searcher.export.gate.file_dumps import dump_file

OVERFLOW = 700.0
"""exp of less does not overflow float64."""


def idle_rule(sound: bytes, faulty: bytes) -> str:
    """Say by which rule a fault changes no answer; "" if by none."""
    before, after = onnx.load_from_string(sound), onnx.load_from_string(faulty)
    forests = dump_file(before.graph), dump_file(after.graph)
    if forests[0] is not None and forests[1] is not None:
        if _shapes(forests[0]) != _shapes(forests[1]):
            return ""
        if _attributes_of_trees(before) != _attributes_of_trees(after):
            return "both ways of the changed node lead to leaves of the same value"
        if forests[0].is_leaf[forests[0].roots].all() or _is_constant(forests[0]):
            return "no tree has a split: one row, which was compared, stands for all"
    for old, new in _changed_constants(before, after):
        said = _rule_of_constant(before, old, new, forests[0])
        return said
    for old, new in _changed_nodes(before, after):
        return _rule_of_node(before, old, new, forests[0])
    return ""


def _changed_constants(
    before: onnx.ModelProto, after: onnx.ModelProto
) -> Iterator[tuple[TensorProto, TensorProto]]:
    pairs = zip(_tensors(before), _tensors(after), strict=False)
    yield from ((a, b) for a, b in pairs if a.SerializeToString() != b.SerializeToString())


def _changed_nodes(
    before: onnx.ModelProto, after: onnx.ModelProto
) -> Iterator[tuple[NodeProto, NodeProto]]:
    pairs = zip(_nodes(before), _nodes(after), strict=False)
    yield from ((a, b) for a, b in pairs if a.SerializeToString() != b.SerializeToString())


def _rule_of_constant(
    proto: onnx.ModelProto, old: TensorProto, new: TensorProto, forest: Dump | None
) -> str:
    was, now = numpy_helper.to_array(old), numpy_helper.to_array(new)
    users = [node for node in nodes_of(proto, *_kinds(proto)) if old.name in node.input]
    kinds = {node.op_type for node in users}
    behind = {n.op_type for n in _next(proto, users)}
    rules = {
        "a reshape moves no number, and another shape would not have fitted": (
            kinds <= {"Reshape", "Squeeze", "Unsqueeze"}
        ),
        "a fraction of a place in a table is cut off": (
            kinds == {"Add"} and behind == {"Cast"} and _cut(was) == _cut(now)
        ),
        "no feature has such a number, before or after": (
            kinds == {"Gather"} and behind == {"Gather"} and _is_on_nowhere(was, now)
        ),
        "rows are worked off in blocks, of whatever size": (
            kinds == {"Min"} and _next_shapes(proto, users)
        ),
        "of one tree the first sum is the last": (
            kinds == {"Gather"} and forest is not None and len(forest.roots) == 1
        ),
        "the weight of a single neighbour is divided out": (
            kinds == {"Mul"} and behind == {"Floor"} and _asks_for_one(proto)
        ),
        "no sum of leaves reaches the limit, before or after": (
            kinds == {"Min"}
            and forest is not None
            and was.size == 1
            and _reach(forest) < min(was.item(), now.item())
        ),
    }
    return next((said for said, holds in rules.items() if holds), "")


def _rule_of_node(
    proto: onnx.ModelProto, old: NodeProto, new: NodeProto, forest: Dump | None
) -> str:
    if old.op_type == "Cast" and new.op_type == "Identity" and _has_type_already(proto, old):
        return "the cast was to the type that its input has"
    into = {n.op_type for n in _next(proto, [old])}
    if old.op_type == "Concat" and into == {"CumSum"} and forest is not None and _is_whole(forest):
        return "the sum of such leaves is exact in any order"
    shifted = old.op_type == "Sub" and any(
        old.input[1] in n.output for n in nodes_of(proto, "ReduceMax")
    )
    if shifted and new.op_type == "Identity" and forest is not None and _reach(forest) < OVERFLOW:
        return "a softmax needs no shift while no exponential overflows, and no sum of leaves does"
    return ""


def _tensors(proto: onnx.ModelProto) -> list[TensorProto]:
    return [tensor for graph in graphs(proto.graph) for tensor in graph.initializer]


def _nodes(proto: onnx.ModelProto) -> list[NodeProto]:
    return [node for graph in graphs(proto.graph) for node in graph.node]


def _kinds(proto: onnx.ModelProto) -> set[str]:
    return {node.op_type for node in _nodes(proto)}


def _next(proto: onnx.ModelProto, nodes: list[NodeProto]) -> list[NodeProto]:
    made = {name for node in nodes for name in node.output}
    return [node for node in _nodes(proto) if made & set(node.input)]


def _asks_for_one(proto: onnx.ModelProto) -> bool:
    """Tell whether one nearest row is asked for: those that are as near weigh as much."""
    values = {t.name: numpy_helper.to_array(t) for t in _tensors(proto)}
    counts = [values.get(node.input[1]) for node in nodes_of(proto, "TopK")]
    return bool(counts) and all(count is not None and count.item() == 1 for count in counts)


def _next_shapes(proto: onnx.ModelProto, users: list[NodeProto]) -> bool:
    """Tell whether what is bounded is a number of rows."""
    sources = {name for node in users for name in node.input}
    return any(sources & set(node.output) for node in nodes_of(proto, "Shape"))


def _cut(value: NDArray[Any]) -> list[int]:
    """Whole parts; a sum of whole numbers from -1 on with these is never below 0."""
    return np.floor(value).ravel().astype(np.int64).tolist() if (value >= 1).all() else [id(value)]


def _is_on_nowhere(was: NDArray[Any], now: NDArray[Any]) -> bool:
    """Tell whether the changed entries are no places of features: negative ones are looked up."""
    changed = (was != now).ravel()
    values = np.concatenate([was.ravel()[changed], now.ravel()[changed]])
    return bool((values < 0).all())


def _reach(forest: Dump) -> float:
    """Return a number that no sum of one leaf a tree exceeds."""
    return float(np.nanmax(np.abs(forest.value[forest.is_leaf]))) * len(forest.roots)


def _is_whole(forest: Dump) -> bool:
    """Tell whether leaves are multiples of 2^-20 whose sums stay exact in float64."""
    leaves = forest.value[forest.is_leaf] * 2.0**20
    leaves = leaves[~np.isnan(leaves)]
    return bool((leaves == np.round(leaves)).all()) and _reach(forest) < 2.0**30


def _is_constant(forest: Dump) -> bool:
    return all(not isinstance(shape[0], tuple) for shape in _shapes(forest))


def _has_type_already(proto: onnx.ModelProto, cast: NodeProto) -> bool:
    inferred = onnx.shape_inference.infer_shapes(proto).graph
    values = [*inferred.value_info, *inferred.input, *inferred.output]
    kinds = {value.name: value.type.tensor_type.elem_type for value in values}
    return kinds.get(cast.input[0]) == attributes(cast)["to"].i


def _attributes_of_trees(proto: onnx.ModelProto) -> list[bytes]:
    return [node.SerializeToString() for node in nodes_of(proto, "TreeEnsemble")]


def _shapes(forest: Dump) -> list[Any]:
    """Return the trees with nodes whose two leaves are equal turned into leaves."""
    return [_shape(forest, int(root)) for root in forest.roots]


def _shape(forest: Dump, node: int) -> Any:
    if forest.is_leaf[node]:
        return tuple(np.nan_to_num(forest.value[node], nan=-1.0).tolist())
    true, false = _shape(forest, int(forest.true[node])), _shape(forest, int(forest.false[node]))
    if true == false and not isinstance(true[0], tuple):
        return true
    rule = (int(forest.feature[node]), float(forest.threshold[node]), int(forest.mode[node]))
    way = (bool(forest.missing_true[node]), forest.members.get(node))
    return ((*rule, *way), true, false)
