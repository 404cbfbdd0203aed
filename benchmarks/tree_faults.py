"""Single faults in the trees of an ONNX file: in the attributes of one TreeEnsemble node."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, numpy_helper

from benchmarks.faults import Fault, Random, attributes, nodes_of, pick

LESS_OR_EQUAL, LESS, MEMBER = 0, 1, 6


def _trees(rng: Random, proto: onnx.ModelProto) -> NodeProto | None:
    node: NodeProto | None = pick(rng, nodes_of(proto, "TreeEnsemble"))
    return node


def _tensor(node: NodeProto, name: str) -> NDArray[Any]:
    return numpy_helper.to_array(attributes(node)[name].t).copy()


def _set_tensor(node: NodeProto, name: str, value: NDArray[Any]) -> None:
    attributes(node)[name].t.CopyFrom(numpy_helper.from_array(value))


def _inner(node: NodeProto, *, compared: bool = True) -> NDArray[np.int64]:
    """Return the nodes that decide something: a lone leaf has one above it that does not."""
    has = attributes(node)
    same = np.array(has["nodes_truenodeids"].ints) == np.array(has["nodes_falsenodeids"].ints)
    leaves = np.array(has["nodes_trueleafs"].ints) == np.array(has["nodes_falseleafs"].ints)
    modes = _tensor(node, "nodes_modes")
    wanted = modes != MEMBER if compared else np.ones(len(modes), dtype=bool)
    return np.flatnonzero(~(same & leaves) & wanted)


def raise_threshold(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Raise one threshold to the next number of its type."""
    node = _trees(rng, proto)
    places = _inner(node) if node is not None else []
    if node is None or not len(places):
        return None
    splits, place = _tensor(node, "nodes_splits"), pick(rng, places)
    splits[place] = np.nextafter(splits[place], splits.dtype.type(np.inf))
    _set_tensor(node, "nodes_splits", splits)
    return f"threshold {place} + 1 ulp"


def change_leaf(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Change one leaf by a hundredth, or let it point to the next row of its table."""
    node = _trees(rng, proto)
    if node is None:
        return None
    weights = _tensor(node, "leaf_weights")
    places = np.flatnonzero(weights)
    if not len(places):
        return None
    place = pick(rng, places)
    is_number = any(node.output[0] == n.input[0] for n in nodes_of(proto, "Cast"))
    weights[place] = weights[place] - 1 if is_number else weights[place] * weights.dtype.type(1.01)
    _set_tensor(node, "leaf_weights", weights)
    return f"leaf {place}"


def drop_tree(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Let every leaf of one tree say 0."""
    node = _trees(rng, proto)
    if node is None:
        return None
    targets = np.array(attributes(node)["leaf_targetids"].ints)
    weights = _tensor(node, "leaf_weights")
    some = np.unique(targets[weights != 0])
    if not len(some):
        return None
    tree = pick(rng, some)
    weights[targets == tree] = 0
    _set_tensor(node, "leaf_weights", weights)
    return f"tree {tree} dropped"


def change_learning_rate(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Multiply all leaves of one ensemble node."""
    node = _trees(rng, proto)
    if node is None or not np.any(_tensor(node, "leaf_weights")):
        return None
    weights = _tensor(node, "leaf_weights")
    _set_tensor(node, "leaf_weights", weights * weights.dtype.type(1.001))
    return "leaves x1.001"


def swap_targets(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Let two leaves of different trees answer for each other's tree."""
    node = _trees(rng, proto)
    if node is None:
        return None
    targets = attributes(node)["leaf_targetids"].ints
    first = int(rng.integers(len(targets)))
    others = np.flatnonzero(np.array(targets) != targets[first])
    if not len(others):
        return None
    second = int(pick(rng, others))
    targets[first], targets[second] = targets[second], targets[first]
    return f"targets of leaves {first} and {second} swapped"


def swap_children(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Swap both ways of one node."""
    node = _trees(rng, proto)
    places = _inner(node, compared=False) if node is not None else []
    if node is None or not len(places):
        return None
    place = int(pick(rng, places))
    has = attributes(node)
    for what in ("nodeids", "leafs"):
        true, false = has[f"nodes_true{what}"].ints, has[f"nodes_false{what}"].ints
        true[place], false[place] = false[place], true[place]
    return f"children of node {place} swapped"


def flip_rule(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Compare with < instead of <= in one node, or the other way round."""
    return _flip(rng, proto, everywhere=False)


def flip_rules(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Compare with < instead of <= in all nodes, or the other way round."""
    return _flip(rng, proto, everywhere=True)


def _flip(rng: Random, proto: onnx.ModelProto, *, everywhere: bool) -> str | None:
    node = _trees(rng, proto)
    places = _inner(node) if node is not None else []
    if node is None or not len(places):
        return None
    chosen = places if everywhere else [pick(rng, places)]
    modes = _tensor(node, "nodes_modes")
    modes[chosen] = np.where(modes[chosen] == LESS, LESS_OR_EQUAL, LESS)
    _set_tensor(node, "nodes_modes", modes)
    return f"rule of {len(chosen)} nodes, first {chosen[0]}"


def flip_missing(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Send missing values the other way at one node."""
    node = _trees(rng, proto)
    places = _inner(node, compared=False) if node is not None else []
    if node is None or not len(places):
        return None
    place = int(pick(rng, places))
    tracks = attributes(node)["nodes_missing_value_tracks_true"].ints
    tracks[place] = 1 - tracks[place]
    return f"missing at node {place}"


def shift_feature(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Let one node look at the next feature."""
    node = _trees(rng, proto)
    places = _inner(node, compared=False) if node is not None else []
    if node is None or not len(places):
        return None
    place = int(pick(rng, places))
    features = attributes(node)["nodes_featureids"].ints
    highest = max(features)
    features[place] = (features[place] + 1) % (highest + 1) if highest else 1
    return f"feature of node {place} is {features[place]}"


def change_set(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Put another category in the place of one member of a set."""
    some = [n for n in nodes_of(proto, "TreeEnsemble") if "membership_values" in attributes(n)]
    node = pick(rng, some)
    if node is None:
        return None
    values = _tensor(node, "membership_values")
    places = np.flatnonzero(~np.isnan(values))
    if not len(places):
        return None
    place = pick(rng, places)
    start = int(np.max(np.flatnonzero(np.isnan(values[:place])), initial=-1)) + 1
    ends = np.flatnonzero(np.isnan(values[place:]))
    members = {float(v) for v in values[start : place + int(ends[0])]}
    free = [code for code in range(len(members) + 2) if float(code) not in members]
    values[place] = pick(rng, free)
    _set_tensor(node, "membership_values", values)
    return f"member {place} is {values[place]}"


TREE_FAULTS: dict[str, Fault] = {
    "threshold + 1 ulp": raise_threshold,
    "leaf changed": change_leaf,
    "tree dropped": drop_tree,
    "learning rate x1.001": change_learning_rate,
    "leaf targets swapped": swap_targets,
    "children swapped": swap_children,
    "branch rule flipped": flip_rule,
    "all branch rules flipped": flip_rules,
    "missing flipped": flip_missing,
    "feature + 1": shift_feature,
    "category of a set": change_set,
}
"""Faults of trees, by name."""
