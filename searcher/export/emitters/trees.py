"""How many trees become few TreeEnsemble nodes, whose leaves are added in the library's order.

ONNX Runtime adds the trees of one target in an order that depends on its number of threads, which
decides the label of a row where two classes are equally probable. So every tree has a target of
its own here, and CumSum adds them from the first to the last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.export.graph import ML_DOMAIN, GraphBuilder

LESS_OR_EQUAL, LESS, MEMBER = 0, 1, 6  # nodes_modes of TreeEnsemble (ai.onnx.ml 5)
SUM, NONE = 1, 0  # its aggregate_function and post_transform

NO_CATEGORY = -(2.0**20)

COLUMNS_PER_NODE = 128
"""Trees times classes that one TreeEnsemble node answers: bounds the memory to about 3 kB a row."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tree:
    """One fitted binary tree; arrays of shape (n_nodes,), the root first."""

    left: Ints  # child if the comparison holds, or the category is in the set; -1 for a leaf
    right: Ints
    feature: Ints
    threshold: NDArray[Any]
    missing_left: NDArray[np.bool_]  # whether NaN goes where the comparison would hold
    value: NDArray[Any]  # of a leaf; any other number elsewhere
    has_set: NDArray[np.bool_] | None = None  # inner nodes that ask for a set of categories
    # their sets one after another, a NaN behind each member list
    sets: NDArray[Any] = field(default_factory=lambda: np.empty(0))


def constant_tree(value: float, dtype: Any) -> Tree:
    """Make the tree that always answers ``value``."""
    leaf = np.array([-1])
    zero = np.zeros(1, dtype=dtype)
    return Tree(leaf, leaf, np.array([0]), zero, np.array([False]), zero + dtype(value))


def add_trees(graph: GraphBuilder, features: str, trees: Sequence[Tree], *, mode: int) -> str:
    """Add one TreeEnsemble node: the leaf values (rows, n_trees), in the dtype of the thresholds.

    ``features`` must be of that dtype too. ``mode`` is how numbers are compared; sets hold whole
    numbers from 0 on, and features that are asked for them whole numbers or NaN.
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
    leaves = np.flatnonzero(is_leaf)
    # an ensemble's root is an inner node: a lone leaf gets one above it, and a twin beside it
    # (ONNX Runtime has a way of its own for one leaf on both sides, and mixes up its numbers)
    lone = starts[is_leaf[starts]]
    roots = number[starts]
    roots[is_leaf[starts]] = len(inner) + np.arange(len(lone))
    twins = len(leaves) + np.arange(len(lone))
    leaves = np.concatenate([leaves, lone])
    to_true = np.concatenate([number[left[inner]], number[lone]])
    to_false = np.concatenate([number[right[inner]], twins])
    padding = np.zeros(len(lone), dtype=np.int64)
    threshold = np.concatenate([tree.threshold for tree in trees])
    missing = np.concatenate([tree.missing_left for tree in trees]).astype(np.int64)
    feature = np.concatenate([tree.feature for tree in trees]).astype(np.int64)
    modes = np.full(len(to_true), mode, dtype=np.uint8)
    modes[: len(inner)][np.concatenate([_has_set(tree) for tree in trees])[inner]] = MEMBER
    sets = _long_sets(np.concatenate([tree.sets for tree in trees]).astype(threshold.dtype))
    membership: dict[str, Any] = {"membership_values": sets} if len(sets) else {}
    return graph.add(
        "TreeEnsemble",
        features,
        domain=ML_DOMAIN,
        n_targets=len(trees),
        aggregate_function=SUM,
        post_transform=NONE,
        tree_roots=roots,
        nodes_modes=modes,
        nodes_featureids=np.concatenate([feature[inner], padding]),
        nodes_splits=np.concatenate([threshold[inner], padding.astype(threshold.dtype)]),
        nodes_missing_value_tracks_true=np.concatenate([missing[inner], padding]),
        nodes_truenodeids=to_true,
        nodes_trueleafs=np.concatenate([is_leaf[left[inner]], padding == 0]).astype(np.int64),
        nodes_falsenodeids=to_false,
        nodes_falseleafs=np.concatenate([is_leaf[right[inner]], padding == 0]).astype(np.int64),
        leaf_targetids=np.repeat(np.arange(len(trees)), sizes)[leaves],
        leaf_weights=np.concatenate([tree.value for tree in trees])[leaves],
        **membership,
    )


def _long_sets(sets: NDArray[Any]) -> NDArray[Any]:
    """Put a number into each set that no category is.

    ONNX Runtime 1.31 unrolls a set of few small numbers into a chain of comparisons, and where
    such chains meet on leaves of equal weight it counts a leaf of some tree twice (11 of 2,500
    random ensembles). A negative member keeps it from that.
    """
    return np.insert(sets, np.flatnonzero(np.isnan(sets)), sets.dtype.type(NO_CATEGORY))


def _has_set(tree: Tree) -> NDArray[np.bool_]:
    return np.zeros(len(tree.left), dtype=bool) if tree.has_set is None else tree.has_set


def add_rounds(
    graph: GraphBuilder, features: str, base: NDArray[Any], trees: Sequence[Tree], *, mode: int
) -> str:
    """Add ``base`` (width,) and trees up, the trees of one round after those of the one before.

    Tree ``i`` belongs to output ``i % width``. The result (rows, width) and ``features`` have the
    dtype of ``base``.
    """
    width = len(base)
    steps = [constant_tree(value, base.dtype.type) for value in base] + list(trees)
    parts = []
    for run in split(len(steps) // width, width):
        chosen = steps[run.start * width : run.stop * width]
        leaves = add_trees(graph, features, chosen, mode=mode)
        # no -1 for the steps: they can't be inferred from a batch of no rows
        shape = np.array([0, run.stop - run.start, width], dtype=np.int64)
        parts.append(graph.add("Reshape", leaves, graph.constant(shape, "shape")))
    return add_ordered_sum(graph, parts)


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
