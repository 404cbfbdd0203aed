"""When a fault can change no answer, whatever the row: rules that look at the file alone."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, numpy_helper

from benchmarks.faults import nodes_of
from benchmarks.idle_nodes import (
    all_nodes,
    bounds_rows,
    counts_blocks,
    has_type_already,
    is_same_for_all,
    is_squared,
    is_unread_column,
    kinds_of_nodes,
    narrows_narrow,
    next_nodes,
    searches_for_missing,
    tensors_of,
)
from searcher.export.gate.dumped import Dump
from searcher.export.gate.file_dumps import dump_file

OVERFLOW = 700.0
"""exp of less does not overflow float64."""


def idle_rule(sound: bytes, faulty: bytes) -> str:
    """Say by which rule a fault changes no answer; "" if by none."""
    before, after = onnx.load_from_string(sound), onnx.load_from_string(faulty)
    forest = dump_file(before.graph)
    changed = dump_file(after.graph)
    if forest is not None and changed is not None:
        if _shapes(forest) != _shapes(changed):
            return ""
        if said := _rule_of_trees(before, after, forest):
            return said
    if is_same_for_all(before) and is_same_for_all(after):
        return "no feature counts: one row, which was compared, stands for all"
    for old, new in _changed_constants(before, after):
        return _rule_of_constant(before, old, new, forest)
    for node, other in _changed_nodes(before, after):
        return _rule_of_node(before, node, other, forest)
    return ""


def _rule_of_trees(before: onnx.ModelProto, after: onnx.ModelProto, forest: Dump) -> str:
    if _attributes_of_trees(before) != _attributes_of_trees(after):
        return "both ways of the changed node lead to leaves of the same value"
    if forest.is_leaf[forest.roots].all() or _is_constant(forest):
        return "no tree has a split: one row, which was compared, stands for all"
    if _answers_in_float32(before, after, forest):
        return "float32 holds every answer of the tree"
    return ""


def _changed_constants(
    before: onnx.ModelProto, after: onnx.ModelProto
) -> Iterator[tuple[TensorProto, TensorProto]]:
    pairs = zip(tensors_of(before), tensors_of(after), strict=False)
    yield from ((a, b) for a, b in pairs if a.SerializeToString() != b.SerializeToString())


def _changed_nodes(
    before: onnx.ModelProto, after: onnx.ModelProto
) -> Iterator[tuple[NodeProto, NodeProto]]:
    pairs = zip(all_nodes(before), all_nodes(after), strict=False)
    unequal = ((a, b) for a, b in pairs if a.SerializeToString() != b.SerializeToString())
    # a node with a body differs where a node in its body does, which follows
    yield from ((a, b) for a, b in unequal if not any(x.HasField("g") for x in a.attribute))


def _rule_of_constant(
    proto: onnx.ModelProto, old: TensorProto, new: TensorProto, forest: Dump | None
) -> str:
    was, now = numpy_helper.to_array(old), numpy_helper.to_array(new)
    users = [node for node in nodes_of(proto, *kinds_of_nodes(proto)) if old.name in node.input]
    kinds = {node.op_type for node in users}
    behind = {n.op_type for n in next_nodes(proto, users)}
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
            kinds == {"Min"} and bounds_rows(proto, users)
        ),
        "the weight of a single neighbour is divided out": (
            kinds == {"Mul"} and behind == {"Floor"} and _asks_for_one(proto)
        ),
        "of these two columns only the other is read": (
            bool(users) and all(is_unread_column(proto, user) for user in users)
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
    lost = new.op_type == "Identity"
    into = {n.op_type for n in next_nodes(proto, [old])}
    shifts = old.op_type == "Sub" and any(
        old.input[1] in n.output for n in nodes_of(proto, "ReduceMax")
    )
    rules = {
        "the cast was to the type that its input has": (
            lost and old.op_type == "Cast" and has_type_already(proto, old)
        ),
        "the cast was to float32, of float32 numbers, for casts alone": (
            lost and narrows_narrow(proto, old)
        ),
        "a block of padding more, which is cut off, changes no row": (
            lost and counts_blocks(proto, old)
        ),
        "a missing number is missing whichever segment it is looked up in": (
            lost and searches_for_missing(proto, old)
        ),
        "the sign of a difference that is squared does not count": (
            sorted(old.input) == sorted(new.input) and is_squared(proto, old)
        ),
        "of these two columns only the other is read": (
            old.op_type == "Sub" == new.op_type and is_unread_column(proto, old)
        ),
        "the sum of such leaves is exact in any order": (
            old.op_type == "Concat"
            and into == {"CumSum"}
            and forest is not None
            and _is_whole(forest)
        ),
        "a softmax needs no shift while no exponential overflows, and no sum of leaves does": (
            lost and shifts and forest is not None and _reach(forest) < OVERFLOW
        ),
    }
    return next((said for said, holds in rules.items() if holds), "")


def _asks_for_one(proto: onnx.ModelProto) -> bool:
    """Tell whether one nearest row is asked for: those that are as near weigh as much."""
    values = {t.name: numpy_helper.to_array(t) for t in tensors_of(proto)}
    counts = [values.get(node.input[1]) for node in nodes_of(proto, "TopK")]
    return bool(counts) and all(count is not None and count.item() == 1 for count in counts)


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


def _answers_in_float32(before: onnx.ModelProto, after: onnx.ModelProto, forest: Dump) -> bool:
    """Tell whether the answer of one tree, whose leaves are all float32 numbers, is rounded to it.

    What a tree alone answers are its leaves, or a table of them; anything else does arithmetic.
    """
    extra = {n.op_type for n in after.graph.node[len(before.graph.node) :]}
    leaves = forest.value[forest.is_leaf]
    held = np.array_equal(leaves.astype(np.float32), leaves, equal_nan=True)
    makers = {name: node for node in before.graph.node for name in node.output}
    node = makers.get("probabilities", makers.get("prediction"))
    while node is not None and node.op_type in {"Cast", "Squeeze", "Reshape", "Unsqueeze"}:
        node = makers.get(node.input[0])
    if node is not None and node.op_type == "Gather":  # by the number of the leaf
        node = makers.get(node.input[1])
        node = makers.get(node.input[0]) if node is not None and node.op_type == "Cast" else None
    alone = node is not None and node.op_type == "TreeEnsemble" and len(forest.roots) == 1
    return extra == {"Cast"} and alone and held


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
