"""What the text of a LightGBM model says, as arrays."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searcher.export.emitters.trees import Tree

CATEGORICAL, DEFAULT_LEFT = 1, 2  # bits of decision_type (``tree.h``)
MISSING_SHIFT = 2
MISSING_ZERO, MISSING_NAN = 1, 2
WORD = 32  # bits in a word of a set


@dataclass(frozen=True, slots=True)
class Booster:
    """A model as it is written down."""

    objective: dict[str, str]  # name, and what stands beside it: {"name": "binary", "sigmoid": "1"}
    n_outputs: int  # trees of each round
    averages: bool  # over the rounds
    is_linear: bool
    trees: tuple[Tree, ...]
    zero_is_missing: NDArray[np.int64]  # features of which zero counts as missing

    def has_threshold_between(self, low: float, high: float) -> bool:
        """Whether a comparison has a threshold in [low, high)."""
        return any(
            bool(np.any((t.threshold >= low) & (t.threshold < high) & (t.left >= 0)))
            for t in self.trees
        )


def read_booster(text: str) -> Booster:
    """Read ``Booster.model_to_string()``."""
    head, *bodies = text.partition("\nend of trees")[0].split("\nTree=")
    header = _fields(head)
    name, *rest = header["objective"].split()
    objective = {"name": name, **{k: v for k, _, v in (word.partition(":") for word in rest)}}
    raw = [_fields(body) for body in bodies]
    zero = [_zero_is_missing(fields) for fields in raw]
    return Booster(
        objective=objective,
        n_outputs=int(header["num_tree_per_iteration"]),
        averages="average_output" in header,
        is_linear=any(fields.get("is_linear", "0") != "0" for fields in raw),
        trees=tuple(_to_tree(fields) for fields in raw),
        zero_is_missing=np.unique(np.concatenate([*zero, np.empty(0, dtype=np.int64)])),
    )


def _fields(text: str) -> dict[str, str]:
    pairs: Iterator[tuple[str, str, str]] = (line.partition("=") for line in text.splitlines())
    return {key: value for key, _, value in pairs}


def _numbers(fields: dict[str, str], key: str, kind: type = np.int64) -> NDArray:  # type: ignore[type-arg]
    return np.array(fields.get(key, "").split(), dtype=kind)


def _zero_is_missing(fields: dict[str, str]) -> NDArray[np.int64]:
    decision = _numbers(fields, "decision_type")
    is_zero = (decision >> MISSING_SHIFT == MISSING_ZERO) & (decision & CATEGORICAL == 0)
    features: NDArray[np.int64] = _numbers(fields, "split_feature")[is_zero]
    return features


def _to_tree(fields: dict[str, str]) -> Tree:
    """Put the leaves behind the inner nodes.

    NaN goes left or right by default if the feature missed values in training; if not, it is read
    as zero. A set holds the categories that go left; all else, NaN too, goes right.
    """
    value = _numbers(fields, "leaf_value", np.float64)
    n_inner = len(value) - 1
    decision = _numbers(fields, "decision_type")
    threshold = _numbers(fields, "threshold", np.float64)
    has_set = decision & CATEGORICAL > 0
    by_default = decision & DEFAULT_LEFT > 0
    missing_left = np.where(decision >> MISSING_SHIFT, by_default, threshold >= 0)
    no_leaf, padding = np.full(len(value), -1), np.zeros(len(value))
    children = [_numbers(fields, side) for side in ("left_child", "right_child")]
    left, right = (np.where(c >= 0, c, n_inner + ~c) for c in children)
    return Tree(
        left=np.concatenate([left, no_leaf]),
        right=np.concatenate([right, no_leaf]),
        feature=np.concatenate([_numbers(fields, "split_feature"), padding.astype(np.int64)]),
        threshold=np.concatenate([np.where(has_set, 0.0, threshold), padding]),
        missing_left=np.concatenate([missing_left & ~has_set, padding > 0]),
        value=np.concatenate([np.zeros(n_inner), value]),
        has_set=np.concatenate([has_set, padding > 0]),
        sets=_sets(fields, threshold[has_set].astype(np.int64)),
    )


def _sets(fields: dict[str, str], positions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Members of the sets at ``positions``, in that order, a NaN behind each."""
    if not len(positions):
        return np.empty(0)
    bounds = _numbers(fields, "cat_boundaries")
    words = _numbers(fields, "cat_threshold", np.uint32)
    sets = []
    for position in positions:
        chosen = words[bounds[position] : bounds[position + 1]]
        bits = np.unpackbits(chosen.astype("<u4").view(np.uint8), bitorder="little")
        sets += [np.flatnonzero(bits).astype(np.float64), np.array([np.nan])]
    return np.concatenate(sets)
