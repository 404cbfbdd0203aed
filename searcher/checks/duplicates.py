"""Whether rows stand on both sides of a split: equal rows, and equal rows that disagree."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.checks.case import Case, Positions
from searcher.checks.finding import Finding
from searcher.records import Fold

TWIN_SHARE = 0.01
"""Share of test rows with a twin in training from which the estimate may be moved: ours. A model
that knows the twins by heart and is right on nine of ten others gains at most a thousandth."""

LEAST_ROWS = 10  # one pair in a small file is no reason to warn

COARSE = 0.5
"""Share of different rows below which equal ones may be no copies: columns are few and coarse."""

BY_CHANCE = 2.0
"""Then there must be so many times more twins than among the same columns, shuffled apart."""

CONFLICT_SHARE = 0.01


def check_duplicates(case: Case) -> Iterator[Finding]:
    """Find rows that are in training and in test at once, where there is an answer to remember."""
    if case.dataset.task == "clustering":
        return
    codes = row_codes(case.dataset.X)
    yield from _twins(case, codes)
    yield from _conflicts(case, codes)


def row_codes(X: NDArray[np.float64]) -> Positions:
    """Give equal rows equal numbers (n_rows,); NaN equals NaN, and 0.0 equals -0.0."""
    same = np.ascontiguousarray(np.where(np.isnan(X), np.nan, X + 0.0))
    rows = same.view([("", f"V{same.dtype.itemsize * same.shape[1]}")]).ravel()
    codes: Positions = np.unique(rows.view(rows.dtype[0]), return_inverse=True)[1].reshape(-1)
    return codes


def twin_share(codes: Positions, folds: Sequence[Fold]) -> tuple[int, int]:
    """Count test rows with an equal row in training, and test rows."""
    twins = rows = 0
    for fold in folds:
        seen = np.zeros(codes.max() + 1, dtype=bool)
        seen[codes[fold.train]] = True
        twins += int(seen[codes[fold.test]].sum())
        rows += len(fold.test)
    return twins, rows


def _twins(case: Case, codes: Positions) -> Iterator[Finding]:
    twins, rows = twin_share(codes, case.outer)
    if twins < max(TWIN_SHARE * rows, LEAST_ROWS):
        return
    if codes.max() + 1 < COARSE * len(codes):
        by_chance = twin_share(row_codes(_shuffled(case)), case.outer)[0]
        if twins < BY_CHANCE * by_chance:
            return
    with_answer = row_codes(np.column_stack([case.dataset.X, case.y]))
    alike = twin_share(with_answer, case.outer)[0]
    yield Finding(
        kind="duplicates",
        severity="warning",
        columns=(),
        numbers={"twins": twins, "test_rows": rows, "share": twins / rows, "same_answer": alike},
        sentence=(
            f"{twins:,} of {rows:,} test rows ({twins / rows:.1%}) of the outer folds have a row "
            f"with equal features in their training rows, {alike:,} of them with the same answer"
        ),
        advice=(
            "A model that remembers them looks better than it is: remove the copies, or if they "
            "are repeated measurements of one thing, name that thing's column in data.groups"
        ),
    )


def _shuffled(case: Case) -> NDArray[np.float64]:
    rng = np.random.default_rng(case.spec.seed)
    return rng.permuted(case.dataset.X, axis=0)


def _conflicts(case: Case, codes: Positions) -> Iterator[Finding]:
    """Find equal rows with different answers: what no model of these columns can get right."""
    if not case.dataset.classes:
        return  # quantities hardly ever agree
    n_rows, n_classes = len(codes), len(case.dataset.classes)
    pairs, counts = np.unique(codes * n_classes + case.y, return_counts=True)
    best: NDArray[Any] = np.zeros(codes.max() + 1, dtype=np.int64)
    np.maximum.at(best, pairs // n_classes, counts)
    wrong = n_rows - int(best.sum())
    if wrong < max(CONFLICT_SHARE * n_rows, LEAST_ROWS):
        return
    yield Finding(
        kind="contradictions",
        severity="note",
        columns=(),
        numbers={"rows": wrong, "share": wrong / n_rows},
        sentence=(
            f"rows with equal features have different answers: at least {wrong:,} of {n_rows:,} "
            f"rows ({wrong / n_rows:.1%}) can't be told by these columns"
        ),
        advice="No model can be right on all of them; is a column missing that tells them apart?",
    )
