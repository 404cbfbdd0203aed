"""Which raw rows lie exactly where a feature crosses a threshold of the forest.

Whatever the preprocessing does to a column: the two neighbouring float64 cells between which the
feature goes from one side of the threshold to the other are found by bisection.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import Column
from searcher.export.gate.dumped import MEMBER, Dump, Floats, Ints
from searcher.export.gate.node_probes import last_true
from searcher.model import FittedModel

N_THRESHOLDS = 1000
"""Four rows for each; of more thresholds a sample is probed."""

N_STEPS = 64  # halvings of an interval of at most 2**64 float64 numbers
SIGN = np.int64(-(2**63))


def make_threshold_rows(
    model: FittedModel, base: Floats, forest: Dump, *, seed: int, limit: int = N_THRESHOLDS
) -> tuple[Floats, str]:
    """Build rows (4 * n, n_columns), and say how many thresholds of how many they are for.

    Parameters
    ----------
    base : array of shape (n_rows, n_columns)
        Real rows, in which one cell is replaced.
    """
    rng = np.random.default_rng(seed)
    splits = np.flatnonzero(~forest.is_leaf & (forest.mode != MEMBER))
    ends = last_true(forest.threshold[splits], forest.mode[splits])
    pairs = np.unique(np.column_stack([forest.feature[splits], ends]), axis=0)
    low, high = _ranges(model.profile.columns, base)
    moves = _influence(model, base[:3], low, high)
    chosen = pairs[moves[:, pairs[:, 0].astype(np.int64)].any(axis=0)]
    chosen = chosen[rng.permutation(len(chosen))[:limit]]
    rows = base[rng.integers(len(base), size=len(chosen))]
    features = chosen[:, 0].astype(np.int64)
    columns = np.array([rng.choice(np.flatnonzero(moves[:, f])) for f in features], dtype=np.int64)
    found = _bisect(model, rows, columns, (features, chosen[:, 1]), (low, high))
    return found, f"{len(found) // 4} of {len(pairs)} thresholds"


def _ranges(columns: Sequence[Column], base: Floats) -> tuple[Floats, Floats]:
    """Return each column's range and once more to both sides; NaN where it holds no numbers."""
    low, high = np.full(len(columns), np.nan), np.full(len(columns), np.nan)
    for i, column in enumerate(columns):
        cells = base[np.isfinite(base[:, i]), i]
        if column.kind in {"numeric", "date"} and len(cells):
            # halves, because a column that spans all of float64 would overflow
            span = max(cells.max() / 2 - cells.min() / 2, 0.5)
            limit = np.finfo(np.float64).max
            low[i], high[i] = np.clip([cells.min() - span, cells.max() + span], -limit, limit)
    return low, high


def _influence(model: FittedModel, base: Floats, low: Floats, high: Floats) -> NDArray[np.bool_]:
    """Find out which column moves which feature: (n_columns, n_features)."""
    usable = np.flatnonzero(~np.isnan(low))
    tried = [(i, values[i]) for i in usable for values in (low, high)]
    rows = np.tile(base, (len(tried), 1))
    for k, (i, value) in enumerate(tried):
        rows[k * len(base) : (k + 1) * len(base), i] = value
    plain = _features(model, base)
    moves = np.zeros((len(low), plain.shape[1]), dtype=bool)
    if tried:
        moved = _features(model, rows).reshape(len(tried), *plain.shape)
        for k, (i, _) in enumerate(tried):
            moves[i] |= ~((moved[k] == plain) | (np.isnan(moved[k]) & np.isnan(plain))).all(axis=0)
    return moves


def _bisect(
    model: FittedModel,
    rows: Floats,
    columns: Ints,
    thresholds: tuple[Ints, Floats],
    ranges: tuple[Floats, Floats],
) -> Floats:
    """Find neighbouring cells on both sides of each threshold, and the next ones beyond."""
    everyone = np.arange(len(rows))
    features, ends = thresholds

    def is_above(cells: Floats) -> NDArray[np.bool_]:
        changed = rows.copy()
        changed[everyone, columns] = cells
        above: NDArray[np.bool_] = _features(model, changed)[everyone, features] > ends
        return above

    low, high = ranges[0][columns], ranges[1][columns]
    if not len(rows):
        return rows
    start = is_above(low)
    crosses = start != is_above(high)
    left, right = _ordered(low), _ordered(high)
    for _ in range(N_STEPS):
        # of two int64 whose sum may overflow
        middle = (left >> 1) + (right >> 1) + (left & right & 1)
        same = is_above(_unordered(middle)) == start
        left, right = np.where(same, middle, left), np.where(same, right, middle)
        if np.all((right - left <= 1) | ~crosses):
            break
    cells = [_unordered(left + step) for step in (-1, 0, 1, 2)]
    found = np.repeat(rows[crosses], len(cells), axis=0)
    at = np.repeat(columns[crosses], len(cells))
    found[np.arange(len(found)), at] = np.column_stack(cells)[crosses].ravel()
    return found


def _features(model: FittedModel, rows: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(model.features(rows), dtype=np.float64)


def _ordered(values: Floats) -> Ints:
    """Give neighbouring float64 values neighbouring numbers."""
    bits = values.view(np.int64)
    return np.where(bits < 0, SIGN - bits, bits)


def _unordered(numbers: Ints) -> Floats:
    return np.where(numbers < 0, SIGN - numbers, numbers).view(np.float64)
