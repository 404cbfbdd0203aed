"""How many trees become few TreeEnsemble nodes, whose leaves are added in the library's order.

ONNX Runtime adds the trees of one target in an order that depends on its number of threads, which
decides the label of a row where two classes are equally probable. So every tree has a target of
its own here, and CumSum adds them from the first to the last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.export.graph import ML_DOMAIN, GraphBuilder

LESS_OR_EQUAL, LESS = 0, 1  # nodes_modes of TreeEnsemble (ai.onnx.ml 5)
SUM, NONE = 1, 0  # its aggregate_function and post_transform

COLUMNS_PER_NODE = 128
"""Trees times classes that one TreeEnsemble node answers: bounds the memory to about 3 kB a row."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tree:
    """One fitted binary tree; arrays of shape (n_nodes,), the root first."""

    left: Ints  # child if the comparison holds; -1 for a leaf
    right: Ints
    feature: Ints
    threshold: NDArray[Any]
    missing_left: NDArray[np.bool_]  # whether NaN goes where the comparison would hold
    value: NDArray[Any]  # of a leaf; any other number elsewhere


def constant_tree(value: float, dtype: Any) -> Tree:
    """Make the tree that always answers ``value``."""
    leaf = np.array([-1])
    zero = np.zeros(1, dtype=dtype)
    return Tree(leaf, leaf, np.array([0]), zero, np.array([False]), zero + dtype(value))


def add_trees(graph: GraphBuilder, features: str, trees: Sequence[Tree], *, mode: int) -> str:
    """Add one TreeEnsemble node: the leaf values (rows, n_trees), in the dtype of the thresholds.

    ``features`` must be of that dtype too.
    """
    sizes = np.array([len(tree.left) for tree in trees])
    starts = np.cumsum(sizes) - sizes
    left = np.concatenate([t.left + s * (t.left >= 0) for t, s in zip(trees, starts, strict=True)])
    right = np.concatenate(
        [t.right + s * (t.right >= 0) for t, s in zip(trees, starts, strict=True)]
    )
    is_leaf = left < 0
    # number in its own list: leaves and inner nodes are kept apart since version 5
    number = np.where(is_leaf, np.cumsum(is_leaf), np.cumsum(~is_leaf)) - 1
    inner = np.flatnonzero(~is_leaf)
    # an ensemble's root is an inner node: a lone leaf gets one above it, both ways lead to the leaf
    lone = starts[is_leaf[starts]]
    roots = number[starts]
    roots[is_leaf[starts]] = len(inner) + np.arange(len(lone))
    true, false = np.concatenate([left[inner], lone]), np.concatenate([right[inner], lone])
    padding = np.zeros(len(lone), dtype=np.int64)
    threshold = np.concatenate([tree.threshold for tree in trees])
    missing = np.concatenate([tree.missing_left for tree in trees]).astype(np.int64)
    feature = np.concatenate([tree.feature for tree in trees]).astype(np.int64)
    return graph.add(
        "TreeEnsemble",
        features,
        domain=ML_DOMAIN,
        n_targets=len(trees),
        aggregate_function=SUM,
        post_transform=NONE,
        tree_roots=roots,
        nodes_modes=np.full(len(true), mode, dtype=np.uint8),
        nodes_featureids=np.concatenate([feature[inner], padding]),
        nodes_splits=np.concatenate([threshold[inner], padding.astype(threshold.dtype)]),
        nodes_missing_value_tracks_true=np.concatenate([missing[inner], padding]),
        nodes_truenodeids=number[true],
        nodes_trueleafs=is_leaf[true].astype(np.int64),
        nodes_falsenodeids=number[false],
        nodes_falseleafs=is_leaf[false].astype(np.int64),
        leaf_targetids=np.repeat(np.arange(len(trees)), sizes)[is_leaf],
        leaf_weights=np.concatenate([tree.value for tree in trees])[is_leaf],
    )


def add_ordered_sum(graph: GraphBuilder, parts: Sequence[str]) -> str:
    """Add tensors (rows, n, width) up along n, one after another: (rows, width)."""
    axis = graph.constant(np.array(1, dtype=np.int64), "axis")
    last = graph.constant(np.array([-1], dtype=np.int64), "last")
    total = ""
    for part in parts:
        terms = graph.add("Concat", total, part, axis=1) if total else part
        total = graph.add("Gather", graph.add("CumSum", terms, axis), last, axis=1)
    return graph.add("Squeeze", total, graph.constant(np.array([1], dtype=np.int64), "axes"))


def split(n_trees: int, width: int) -> list[slice]:
    """Cut a forest into runs of trees that one node each answers."""
    size = max(1, COLUMNS_PER_NODE // width)
    return [slice(start, min(start + size, n_trees)) for start in range(0, n_trees, size)]
