"""What a forest is, however it was read: from a fitted model's own dump, or from an ONNX file.

Two forests that were read independently can be compared node by node.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

LESS_OR_EQUAL, LESS, MEMBER = 0, 1, 6  # nodes_modes of TreeEnsemble (ai.onnx.ml 5)
SIGNS = {LESS_OR_EQUAL: "<=", LESS: "<", MEMBER: "in"}

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Dump:
    """Trees one after another; arrays of shape (n_nodes,), children as positions in them.

    A row goes to ``true`` where ``x[feature] <sign> threshold`` holds, or where the feature is one
    of ``members``; NaN goes to ``true`` where ``missing_true`` says so.
    """

    roots: Ints  # (n_trees,)
    true: Ints  # -1 for a leaf
    false: Ints
    feature: Ints
    threshold: Floats  # infinite or NaN where a set decides
    mode: Ints
    missing_true: NDArray[np.bool_]
    value: Floats  # (n_nodes, width): of a leaf; any other number elsewhere
    members: Mapping[int, frozenset[float]] = field(default_factory=dict)  # by position
    closeness: float = 0.0  # relative and absolute, if leaves can't be told exactly

    @property
    def is_leaf(self) -> NDArray[np.bool_]:
        """Which positions are leaves."""
        return self.true < 0

    def name(self, position: int) -> str:
        """Name a node as the library numbers it."""
        tree = int(np.searchsorted(self.roots, position, side="right")) - 1
        return f"tree {tree}, node {position - int(self.roots[tree])}"

    def rule(self, position: int) -> str:
        """Say in words what a node does."""
        if self.is_leaf[position]:
            return f"a leaf of {self.value[position].tolist()}"
        mode = int(self.mode[position])
        bound = self.members.get(position) if mode == MEMBER else self.threshold[position]
        shown = sorted(bound) if isinstance(bound, frozenset) else repr(float(bound or 0.0))
        way = "true" if self.missing_true[position] else "false"
        return f"feature {self.feature[position]} {SIGNS[mode]} {shown}, missing: {way}"


def make_tree(
    *,
    true: Any,
    false: Any,
    feature: Any,
    threshold: Any,
    missing_true: Any,
    value: Any,
    mode: Any = LESS_OR_EQUAL,
    members: Mapping[int, Iterable[float]] | None = None,
) -> Dump:
    """Make the dump of one tree, its root first; ``mode`` may be one number for all nodes."""
    true = np.asarray(true, dtype=np.int64)
    return Dump(
        roots=np.zeros(1, dtype=np.int64),
        true=np.where(true > 0, true, -1),
        false=np.asarray(false, dtype=np.int64),
        feature=np.asarray(feature, dtype=np.int64),
        threshold=np.asarray(threshold, dtype=np.float64),
        mode=np.broadcast_to(np.asarray(mode, dtype=np.int64), true.shape),
        missing_true=np.asarray(missing_true, dtype=bool),
        value=np.asarray(value, dtype=np.float64).reshape(len(true), -1),
        members={k: frozenset(map(float, v)) for k, v in (members or {}).items()},
    )


def join(dumps: Sequence[Dump]) -> Dump:
    """Put forests behind one another; narrower leaves are filled up with NaN."""
    sizes = [len(dump.true) for dump in dumps]
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    width = max(dump.value.shape[1] for dump in dumps)
    pairs = list(zip(dumps, starts, strict=True))

    def column(name: str) -> Any:
        return np.concatenate([getattr(dump, name) for dump in dumps])

    def moved(name: str) -> Ints:
        arrays = [(getattr(dump, name), start) for dump, start in pairs]
        return np.concatenate([np.where(a >= 0, a + start, -1) for a, start in arrays])

    widened = [
        np.pad(d.value, ((0, 0), (0, width - d.value.shape[1])), constant_values=np.nan)
        for d in dumps
    ]
    return Dump(
        roots=moved("roots"),
        true=moved("true"),
        false=moved("false"),
        feature=column("feature"),
        threshold=column("threshold"),
        mode=column("mode"),
        missing_true=column("missing_true"),
        value=np.concatenate(widened),
        closeness=max(dump.closeness for dump in dumps),
        members={k + start: v for dump, start in pairs for k, v in dump.members.items()},
    )
