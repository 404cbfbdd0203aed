"""Which columns hold (almost) nothing: mostly missing, or (almost) always the same."""

from collections.abc import Iterator

import numpy as np

from searcher.checks.case import Case, columns_said, is_missing, yaml_list
from searcher.checks.finding import Finding

MOSTLY_MISSING = 0.5


def check_holes(case: Case) -> Iterator[Finding]:
    """Find columns with little in them; those with nothing at all were left out when read."""
    data = case.dataset
    if data.profile.shape is not None:
        return  # margins of images and ends of sequences are what they are, and none can go
    holes: dict[str, float] = {}
    constant: dict[str, int] = {}
    for j, column in enumerate(data.columns):
        values = data.X[:, j]
        share = float(is_missing(column, values).mean())
        if share > MOSTLY_MISSING:
            holes[column.name] = share
        others = _others(values)
        if others < len(case.outer):  # some training or test part has none of them
            constant[column.name] = others
    if holes:
        yield _missing(holes)
    if constant:
        yield _constant(tuple(constant), max(constant.values()), data.n_samples)


def _others(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> int:
    """Count rows that do not have the most frequent value; NaN is a value."""
    return len(values) - int(np.unique(values, return_counts=True)[1].max())


def _missing(holes: dict[str, float]) -> Finding:
    names = tuple(sorted(holes, key=lambda name: -holes[name]))
    shares = ", ".join(f"{name!r} {holes[name]:.1%}" for name in names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""  # noqa: PLR2004
    return Finding(
        kind="mostly_missing",
        severity="note",
        columns=names,
        numbers={"columns": len(names), "largest_share": holes[names[0]]},
        sentence=f"mostly missing: {shares}{more}",
        advice=(
            "Imputing invents most of them; keep them if being missing means something, "
            f"else data.drop: {yaml_list(names[:5])}"
        ),
    )


def _constant(names: tuple[str, ...], others: int, n_rows: int) -> Finding:
    return Finding(
        kind="almost_constant",
        severity="note",
        columns=names,
        numbers={"columns": len(names), "other_rows": others},
        sentence=(
            f"{columns_said(names)}: the same in all but at most {others} of {n_rows:,} rows, "
            "fewer than there are outer folds"
        ),
        advice=f"Some folds see nothing else, so little is learnt: data.drop: {yaml_list(names)}",
    )
