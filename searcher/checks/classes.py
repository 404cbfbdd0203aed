"""Whether every class has rows enough to be judged, and whether the metric suits their shares."""

from collections.abc import Iterator

import numpy as np

from searcher.checks.case import Case
from searcher.checks.finding import Finding

FEW = 5
"""Test rows of a class below which its share of the score is a matter of luck: one row more or less
moves a class's recall by a fifth."""

RARE = 0.05
HEADCOUNTS = ("accuracy",)


def check_classes(case: Case) -> Iterator[Finding]:
    """Count each class in each test part of the outer folds."""
    if not case.dataset.classes:
        return
    n_classes = len(case.dataset.classes)
    counts = np.array([np.bincount(case.y[f.test], minlength=n_classes) for f in case.outer])
    yield from _small(case, counts)
    yield from _rare(case)


def _small(
    case: Case, counts: np.ndarray[tuple[int, int], np.dtype[np.int64]]
) -> Iterator[Finding]:
    least = counts.min(axis=0)
    few = [int(i) for i in np.flatnonzero(least < FEW)]
    if not few:
        return
    absent = [i for i in few if not least[i]]
    names = [f"{case.dataset.classes[i]!r} ({case.dataset.class_counts[i]} rows)" for i in few[:5]]
    more = f" and {len(few) - 5} more" if len(few) > 5 else ""  # noqa: PLR2004
    what = "classes" if len(few) > 1 else "class"
    lacking = f", and in some no row at all of {len(absent)} of them" if absent else ""
    yield Finding(
        kind="small_classes",
        severity="warning" if absent else "note",
        columns=(),
        numbers={"classes": len(few), "least_rows": int(least.min()), "absent": len(absent)},
        sentence=(
            f"{what} {', '.join(names)}{more}: outer folds have as few as {least.min()} test rows "
            f"of {'them' if len(few) > 1 else 'it'}{lacking}"
        ),
        advice=(
            "Scores of single folds will differ by luck: fewer outer folds "
            "(validation.outer), repeats (validation.repeats), or data.drop_classes"
        ),
    )


def _rare(case: Case) -> Iterator[Finding]:
    counts = case.dataset.class_counts
    share, most = min(counts) / sum(counts), max(counts) / sum(counts)
    if case.dataset.task != "binary" or share >= RARE:
        return
    rare, common = (case.dataset.classes[i] for i in np.argsort(counts))
    fooled = [name for name in case.metrics[:1] if name in HEADCOUNTS]
    yield Finding(
        kind="imbalance",
        severity="warning" if fooled else "note",
        columns=(),
        numbers={"share": share, "rows": min(counts)},
        sentence=(
            f"class {rare!r} is {share:.1%} of the rows ({min(counts):,}); a model that always "
            f"says {common!r} has an accuracy of {most:.3f}"
        ),
        advice=(
            "metric: average_precision, roc_auc or balanced_accuracy, which such a model does not "
            "win; families that have class_weight can weigh the classes alike"
        ),
    )
