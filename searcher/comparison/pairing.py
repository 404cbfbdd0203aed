"""Which folds of two searches have the same rows, and what their scores say about a difference."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from searcher.records import UNKNOWN
from searcher.statistics import PairedTest, corrected_test
from searcher.store import StoredSearch
from searcher.store.histories import Split

FEWEST = 2
"""Folds that a test takes: one difference has no spread."""

Scores = Mapping[str, Mapping[str, float]]
"""Metric -> name of a fold -> score."""

Pair = tuple[Split, Split]


@dataclass(frozen=True, slots=True)
class FoldCompared:
    """One metric on one fold that has the same rows on both sides."""

    fold_a: str  # its name in A; the same rows may be called otherwise in B
    fold_b: str
    a: float
    b: float

    @property
    def difference(self) -> float:
        """B minus A: positive when B is better."""
        return self.b - self.a


@dataclass(frozen=True, slots=True)
class MetricCompared:
    """One metric of both, larger is better."""

    metric: str
    mean_a: float | None  # over the shared folds if there are any, else over A's own
    mean_b: float | None
    folds: tuple[FoldCompared, ...]  # those with the same rows, scored in both
    test: PairedTest | None  # of B minus A; None where fewer than two folds are shared


def have_the_same_rows(a: StoredSearch, b: StoredSearch) -> bool:
    """Whether two searches are about equal rows; what a study of Optuna's was about is unknown."""
    return a.fingerprint == b.fingerprint != UNKNOWN


def pair(a: Sequence[Split], b: Sequence[Split]) -> Iterator[Pair]:
    """Yield the folds of A, each with that of B which has the same rows on either side."""
    by_rows = {split.rows: split for split in b}
    for split in a:
        if split.rows in by_rows:
            yield split, by_rows[split.rows]


def compare_metrics(
    a: Scores, b: Scores, pairs: Sequence[Pair], *, first: str
) -> tuple[MetricCompared, ...]:
    """Compare every metric that either has, ``first`` at the front."""
    names = sorted({*a, *b}, key=lambda metric: (metric != first, metric))
    return tuple(_compare_metric(name, a.get(name, {}), b.get(name, {}), pairs) for name in names)


def _compare_metric(
    metric: str,
    a: Mapping[str, float],
    b: Mapping[str, float],
    pairs: Sequence[Pair],
) -> MetricCompared:
    shared = [
        (split, FoldCompared(_name(split), _name(other), a[_name(split)], b[_name(other)]))
        for split, other in pairs
        if _name(split) in a and _name(other) in b
    ]
    folds = tuple(fold for _, fold in shared)
    test = None
    if len(folds) >= FEWEST:
        test = corrected_test(
            [fold.difference for fold in folds],
            test_fraction=float(np.mean([split.n_test / split.n_train for split, _ in shared])),
        )
    means = [_mean([f.a for f in folds]), _mean([f.b for f in folds])] if folds else []
    mean_a, mean_b = means or [_mean(list(a.values())), _mean(list(b.values()))]
    return MetricCompared(metric, mean_a, mean_b, folds, test)


def _name(split: Split) -> str:
    return split.outer_fold if split.inner_fold is None else str(split.inner_fold)


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def is_tested(metrics: Sequence[MetricCompared]) -> bool:
    """Whether there is a test of any metric."""
    return any(metric.test is not None for metric in metrics)


def verdict(metrics: Sequence[MetricCompared], obstacles: Sequence[str], folds: str) -> str:
    """Say in a sentence what the test of the first metric says."""
    if obstacles:
        return "no test: " + "; ".join(obstacles)
    if not metrics or (test := metrics[0].test) is None:
        return "no test: the metric that A optimises is not recorded in both"
    where = f"in {metrics[0].metric} on {test.folds} {folds} folds"
    if all(fold.difference == 0 for fold in metrics[0].folds):
        return f"A and B have the same scores {where}"
    low, high = test.interval
    if test.significant:
        better, sign = ("B", 1) if test.difference > 0 else ("A", -1)
        ends = sorted((sign * low, sign * high))
        by = f"{abs(test.difference):.3g} [{ends[0]:.3g}, {ends[1]:.3g}]"
        return f"{better} is better by {by} {where}; p = {test.p_value:.2g}"
    by = f"B minus A is {test.difference:+.3g} [{low:.3g}, {high:.3g}]"
    return f"A and B can't be told apart: {by} {where}; p = {test.p_value:.2g}"
