"""On which feature rows every node of a fitted forest has to decide as the library does.

For a node: a row that follows the tree's path down to it, with the node's feature on the last
float32 that goes one way, on the first that goes the other, and missing. A threshold that is off,
a comparison of another kind or swapped children then change the answer of one of the three.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.export.gate.dumped import LESS, MEMBER, Dump, Floats, Ints

N_ROWS = 20_000
"""Three for each node: of larger forests a sample of the nodes is probed."""

CELLS = 2**21  # of bounds held at a time: 16 MiB each
LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True, eq=False)
class NodeRows:
    """Feature rows with the nodes that they are for."""

    rows: Floats  # (n_rows, n_features), float32 values
    nodes: Ints  # (n_rows,): positions in the dump
    n_probed: int
    n_inner: int  # nodes there are


def make_node_rows(
    forest: Dump, base: NDArray[np.floating], *, seed: int, limit: int = N_ROWS
) -> NodeRows:
    """Build the rows.

    Parameters
    ----------
    base : array of shape (n_rows, n_features)
        What estimators see of real rows: features that a path leaves open are taken from there.
    """
    rng = np.random.default_rng(seed)
    inner = np.flatnonzero(~forest.is_leaf)
    count = min(len(inner), limit // 3)
    nodes = np.sort(rng.choice(inner, count, replace=False))
    paths = _Paths(forest, np.asarray(base, dtype=np.float64))
    size = max(1, CELLS // max(1, base.shape[1] + paths.n_codes * len(paths.coded)))
    parts = [paths.rows(nodes[i : i + size], rng) for i in range(0, count, size)]
    rows = np.concatenate([*parts, np.empty((0, base.shape[1]))])
    kept = ~np.isinf(rows).any(axis=1)
    return NodeRows(rows[kept], np.repeat(nodes, 3)[kept], count, len(inner))


def last_true(threshold: Floats, mode: Ints) -> Floats:
    """Return the largest float32 that goes to ``true``: what lies above goes to ``false``."""
    with np.errstate(over="ignore"):
        near = threshold.astype(np.float32)
        above = np.where(mode == LESS, near >= threshold, near > threshold)
        found = np.where(above, np.nextafter(near, np.float32(-np.inf)), near)
    return np.clip(found.astype(np.float64), -np.inf, LARGEST)


def next_float32(values: Floats) -> Floats:
    """Return the next larger float32 of each float32 value."""
    with np.errstate(over="ignore"):
        return np.nextafter(values.astype(np.float32), np.float32(np.inf)).astype(np.float64)


class _Paths:
    """What the way from the root to a node demands of each feature."""

    def __init__(self, forest: Dump, base: Floats) -> None:
        self.forest, self.base = forest, base
        inner = np.flatnonzero(~forest.is_leaf)
        self.parent = np.full(len(forest.true), -1)
        self.parent[forest.true[inner]] = self.parent[forest.false[inner]] = inner
        self.came_true = np.zeros(len(forest.true), dtype=bool)
        self.came_true[forest.true[inner]] = True
        self.last = last_true(forest.threshold, forest.mode)
        self.first = next_float32(self.last)
        sets = sorted(forest.members)
        self.coded = np.unique(forest.feature[sets]).astype(np.int64)
        codes = [code for members in forest.members.values() for code in members]
        known = np.nan_to_num(base[:, self.coded]).max(initial=0.0)
        self.n_codes = int(max([*codes, known, 0.0])) + 1 if sets else 0
        self.mask = np.zeros((len(sets), self.n_codes), dtype=bool)
        self.set_of = np.full(len(forest.true), -1)
        for i, node in enumerate(sets):
            self.mask[i, [int(code) for code in forest.members[node]]] = True
            self.set_of[node] = i

    def rows(self, nodes: Ints, rng: np.random.Generator) -> Floats:
        """Build three rows for each node: (3 * n_nodes, n_features)."""
        n_features = self.base.shape[1]
        low = np.full((len(nodes), n_features), -np.inf)
        high = -low
        may_miss = np.ones(low.shape, dtype=bool)
        allowed = np.ones((len(nodes), len(self.coded), self.n_codes), dtype=bool)
        places, child = np.arange(len(nodes)), nodes
        while len(places):
            node = self.parent[child]
            places, child, node = (a[node >= 0] for a in (places, child, node))
            self._demand(places, node, self.came_true[child], (low, high, may_miss, allowed))
            child = node
        rows = self.base[rng.integers(len(self.base), size=len(nodes))]
        rows = _within(rows, low, high, may_miss)
        for k, feature in enumerate(self.coded):
            rows[:, feature] = _allowed_code(rows[:, feature], allowed[:, k], may_miss[:, feature])
        return self._at_the_nodes(rows, nodes, allowed)

    def _demand(
        self,
        places: Ints,
        node: Ints,
        goes_true: NDArray[np.bool_],
        bounds: tuple[NDArray[Any], ...],
    ) -> None:
        """Narrow the bounds of rows ``places`` to what goes the way they go at ``node``."""
        low, high, may_miss, allowed = bounds
        feature = self.forest.feature[node]
        may_miss[places, feature] &= self.forest.missing_true[node] == goes_true
        coded = self.forest.mode[node] == MEMBER
        less, more = goes_true & ~coded, ~goes_true & ~coded
        at = (places[less], feature[less])
        high[at] = np.minimum(high[at], self.last[node[less]])
        at = (places[more], feature[more])
        low[at] = np.maximum(low[at], self.first[node[more]])
        if coded.any():
            at = (places[coded], np.searchsorted(self.coded, feature[coded]))
            allowed[at] &= self.mask[self.set_of[node[coded]]] == goes_true[coded, None]

    def _at_the_nodes(self, rows: Floats, nodes: Ints, allowed: NDArray[np.bool_]) -> Floats:
        """Put each node's own feature on both sides of its rule, then make it missing."""
        everyone, feature = np.arange(len(nodes)), self.forest.feature[nodes]
        coded = self.forest.mode[nodes] == MEMBER
        sides = np.stack([rows, rows, rows], axis=1)
        sides[everyone, 0, feature] = self.last[nodes]
        sides[everyone, 1, feature] = self.first[nodes]
        sides[everyone, 2, feature] = np.nan
        for i in np.flatnonzero(coded):
            free = allowed[i, np.searchsorted(self.coded, feature[i])]
            members = self.mask[self.set_of[nodes[i]]]
            sides[i, 0, feature[i]] = _pick(members, free)
            sides[i, 1, feature[i]] = _pick(~members, free)
        return sides.reshape(-1, rows.shape[1])


def _within(rows: Floats, low: Floats, high: Floats, may_miss: NDArray[np.bool_]) -> Floats:
    """Move values into their bounds; missing ones too, unless they may be missing."""
    finite = np.where(np.isfinite(low), low, np.where(np.isfinite(high), high, 0.0))
    rows = np.where(np.isnan(rows) & ~may_miss, finite, rows)
    rows = np.where(np.isnan(rows), rows, np.clip(rows, low, np.maximum(low, high)))
    return np.where((low > high) & may_miss, np.nan, rows)


def _allowed_code(codes: Floats, allowed: NDArray[np.bool_], may_miss: NDArray[np.bool_]) -> Floats:
    """Keep a code that the path allows, else take the first allowed one, else none."""
    known = ~np.isnan(codes)
    place = np.where(known, codes, 0).astype(np.int64).clip(0, allowed.shape[1] - 1)
    fits = np.where(known, allowed[np.arange(len(codes)), place], may_miss)
    other = np.where(allowed.any(axis=1), np.argmax(allowed, axis=1), np.nan)
    return np.where(fits, codes, other)


def _pick(wanted: NDArray[np.bool_], free: NDArray[np.bool_]) -> float:
    """Take a code that is wanted, and free if possible; NaN if there is none."""
    for candidates in (wanted & free, wanted):
        if candidates.any():
            return float(np.argmax(candidates))
    return float(np.nan)
