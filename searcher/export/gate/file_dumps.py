"""Which trees an ONNX file holds, read from the attributes of its TreeEnsemble nodes."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, helper, numpy_helper

from searcher.export.gate.dumped import MEMBER, Dump, Floats, Ints, join


def dump_file(graph: onnx.GraphProto) -> Dump | None:
    """Read the trees in the order of the nodes; None if there are none.

    Raises
    ------
    ValueError
        If the attributes do not describe trees.
    """
    nodes = [node for node in graph.node if node.op_type == "TreeEnsemble"]
    return join([_read(graph, node) for node in nodes]) if nodes else None


def _read(graph: onnx.GraphProto, node: NodeProto) -> Dump:
    """Read one node: inner nodes and leaves are numbered apart there, here leaves come behind."""
    values = {entry.name: _array(entry) for entry in node.attribute}
    n_inner = len(values["nodes_splits"])
    children = {
        side: values[f"nodes_{side}nodeids"] + n_inner * values[f"nodes_{side}leafs"]
        for side in ("true", "false")
    }
    n_nodes = n_inner + len(values["leaf_weights"])
    if any((ids < 0).any() or (ids >= n_nodes).any() for ids in children.values()):
        raise ValueError("a TreeEnsemble's node has a child that does not exist")
    feature, threshold, mode, missing = (
        values["nodes_featureids"],
        values["nodes_splits"].astype(np.float64),
        values["nodes_modes"].astype(np.int64),
        values.get("nodes_missing_value_tracks_true", np.zeros(n_inner, dtype=np.int64)),
    )
    leaves = _leaf_values(graph, node, values["leaf_weights"])
    lone = (children["true"] == children["false"]) & (children["true"] >= n_inner)
    roots = np.where(
        lone[values["tree_roots"]], children["true"][values["tree_roots"]], values["tree_roots"]
    )
    return Dump(
        roots=roots,
        true=_padded(np.where(lone, -1, children["true"]), n_nodes, -1),
        false=_padded(np.where(lone, -1, children["false"]), n_nodes, -1),
        feature=_padded(feature, n_nodes, 0),
        threshold=_padded(threshold, n_nodes, np.nan),
        mode=_padded(mode, n_nodes, 0),
        missing_true=_padded(missing, n_nodes, 0).astype(bool),
        value=np.concatenate([np.full((n_inner, leaves.shape[1]), np.nan), leaves]),
        members=dict(_members(mode, values.get("membership_values"))),
    )


def _members(mode: Ints, values: Any) -> Iterator[tuple[int, frozenset[float]]]:
    """Cut the one list of members, where NaN ends each node's."""
    if values is None:
        return
    ends = np.flatnonzero(np.isnan(values))
    starts = np.concatenate([[0], ends[:-1] + 1])
    for position, start, end in zip(np.flatnonzero(mode == MEMBER), starts, ends, strict=True):
        # no category has a negative code, whatever keeps ONNX Runtime from unrolling small sets
        yield int(position), frozenset(float(v) for v in values[start:end] if v >= 0)


def _leaf_values(graph: onnx.GraphProto, node: NodeProto, weights: NDArray[Any]) -> Floats:
    """Return what a leaf stands for: a number, or a row of the table that its number points to."""
    casts = [n for n in graph.node if n.op_type == "Cast" and n.input[0] == node.output[0]]
    names = {name for cast in casts for name in cast.output}
    tables = {tensor.name: tensor for tensor in graph.initializer}
    for gather in graph.node:
        found = gather.op_type == "Gather" and gather.input[1] in names
        if found and gather.input[0] in tables:
            table = np.atleast_1d(numpy_helper.to_array(tables[gather.input[0]]))
            places = weights.astype(np.int64)
            if places.min() < 0 or places.max() >= len(table):
                raise ValueError("a leaf's number points outside its table")
            return table[places].reshape(len(weights), -1).astype(np.float64)
    return weights.astype(np.float64)[:, None]


def _padded(array: NDArray[Any], length: int, filler: Any) -> Any:
    return np.concatenate([array, np.full(length - len(array), filler, dtype=array.dtype)])


def _array(entry: onnx.AttributeProto) -> Any:
    value = helper.get_attribute_value(entry)
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    return np.asarray(value)
