"""Whether test rows differ from the rows trained on: shifts of single columns and of the target."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import Column
from searcher.checks.case import Case, Positions, columns_said, is_missing
from searcher.checks.finding import Finding
from searcher.records import Fold

SHIFT = 0.25
"""Population stability index from which a shift is called major (Siddiqi 2006, Credit Risk
Scorecards, ch. 5: below 0.1 none, 0.1 to 0.25 some)."""

ERROR_RATE = 0.001
"""Chance that any column of any fold is named although all rows are drawn alike."""

BINS = 10
LEAST_EXPECTED = 5.0  # test rows in a bin, for the chi-square approximation
TARGET = "(target)"


def check_drift(case: Case) -> Iterator[Finding]:
    """Compare each column's distribution in every outer fold's training and test rows.

    Named is what is both major and no chance: where rows are drawn alike, the index times
    n * m / (n + m) is about chi-square with bins - 1 degrees of freedom (Yurdakul 2018,
    "Statistical properties of the population stability index", Western Michigan University), and
    all columns and folds share one error rate (Bonferroni). Rows of one group count as one.
    """
    found = [
        (name, fold.outer_fold, index)
        for name, bins in _binned(case)
        for fold in case.outer
        if (index := _shift(case, bins, fold)) is not None
    ]
    names = tuple(dict.fromkeys(name for name, _, _ in found if name != TARGET))
    if names:
        yield _finding(case, names, [entry for entry in found if entry[0] != TARGET])
    if len(names) < len({name for name, _, _ in found}):
        yield _finding(case, (), [entry for entry in found if entry[0] == TARGET])


def shift(bins: Positions, train: Positions, test: Positions) -> tuple[float, int]:
    """Compute the population stability index of two sets of rows, and its number of bins."""
    n_bins = int(bins.max()) + 1
    counts = np.array([np.bincount(bins[rows], minlength=n_bins) for rows in (train, test)])
    expected = counts.sum(axis=0) * len(test) / (len(train) + len(test))
    kept = counts[:, expected >= LEAST_EXPECTED]
    rest = counts[:, expected < LEAST_EXPECTED].sum(axis=1, keepdims=True)
    if rest.sum() * len(test) / (len(train) + len(test)) >= LEAST_EXPECTED:
        kept = np.hstack([kept, rest])
    if kept.shape[1] < 2:  # noqa: PLR2004
        return 0.0, 1
    kept = np.maximum(kept, 0.5)  # an empty bin would make it infinite
    shares = kept / kept.sum(axis=1, keepdims=True)
    index = ((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum()
    return float(index), kept.shape[1]


def _shift(case: Case, bins: Positions, fold: Fold) -> float | None:
    from scipy.stats import chi2

    index, n_bins = shift(bins, fold.train, fold.test)
    if index < SHIFT:
        return None
    tests = len(case.outer) * (len(case.dataset.columns) + 1)
    n, m = _independent(case, fold.train), _independent(case, fold.test)
    by_chance = chi2.ppf(1 - ERROR_RATE / tests, n_bins - 1) * (1 / n + 1 / m)
    return index if index > by_chance else None


def _independent(case: Case, rows: Positions) -> int:
    """Rows, or groups where rows come in groups."""
    groups = case.dataset.groups
    return len(rows) if groups is None else len(np.unique(groups[rows]))


def _binned(case: Case) -> Iterator[tuple[str, Positions]]:
    """Bins of each column but texts and those that themselves say when; and of the target."""
    for j, column in enumerate(case.dataset.columns):
        if column.name not in case.spec.data.time and column.kind not in {"date", "text"}:
            yield column.name, _bins(column, case.dataset.X[:, j])
    answers: NDArray[Any] = case.y
    yield TARGET, answers if case.dataset.classes else _deciles(answers)


def _bins(column: Column, values: NDArray[np.float64]) -> Positions:
    if column.is_coded:
        return _most_frequent(values)
    missing = is_missing(column, values)
    if missing.all():
        return np.zeros(len(values), dtype=np.int64)
    return np.where(missing, BINS, _deciles(np.where(missing, 0.0, values), values[~missing]))


def _deciles(values: NDArray[np.float64], of: NDArray[np.float64] | None = None) -> Positions:
    edges = np.quantile(values if of is None else of, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.searchsorted(np.unique(edges), values, side="right")


def _most_frequent(codes: NDArray[np.float64]) -> Positions:
    """Give each of the most frequent categories a bin; all others share one."""
    _, places, counts = np.unique(codes, return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return np.minimum(rank, BINS - 1)[places.reshape(-1)]


def _finding(case: Case, names: tuple[str, ...], found: list[tuple[str, str, float]]) -> Finding:
    worst = max(found, key=lambda entry: entry[2])
    folds = sorted({fold for _, fold, _ in found}, key=int)
    what = columns_said(names) if names else f"the target {case.dataset.target!r}"
    most = f" of {worst[0]!r}" if len(names) > 1 else ""
    return Finding(
        kind="drift" if names else "target_drift",
        severity="warning",
        columns=names,
        numbers={"largest": worst[2], "fold": worst[1], "columns": len(names), "folds": len(folds)},
        sentence=(
            f"{what}: test rows differ from training rows in outer fold{'s' * (len(folds) > 1)} "
            f"{', '.join(folds)}; largest population stability index{most} {worst[2]:.2f} in outer "
            f"fold {worst[1]} (major from {SHIFT})"
        ),
        advice=(
            "Expect scores to differ between folds, and new rows to differ once more; "
            "columns that only move with time or place may be worth dropping"
        ),
    )
