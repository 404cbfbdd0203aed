"""Which columns only say which row it is: numbers and names that are (nearly) all different."""

from collections.abc import Iterator

import numpy as np

from searcher.checks.case import Case, Values, is_missing, is_whole, yaml_list
from searcher.checks.finding import Finding

LEAST_ROWS = 50  # in fewer, whole numbers are all different by chance
UNIQUE_SHARE = 0.95
SINGLETON_SHARE = 0.2  # rows whose category no other row has
IN_ORDER = 0.999  # rank correlation with the row number


def check_identifiers(case: Case) -> Iterator[Finding]:
    """Find columns that identify rows rather than describe them."""
    data = case.dataset
    if data.n_samples < LEAST_ROWS:
        return
    for j, column in enumerate(data.columns):
        values = data.X[:, j]
        present = values[~is_missing(column, values)]
        if column.name in case.spec.data.time or len(present) < LEAST_ROWS:
            continue
        if column.is_categorical:
            yield from _names(column.name, present)
        elif column.kind == "numeric":
            yield from _numbers(column.name, present)


def order_in_file(values: Values) -> float:
    """Rank correlation (Spearman) of values (n_rows,) with their position; 0 if constant."""
    ranks = np.unique(values, return_inverse=True)[1].astype(np.float64).reshape(-1)
    if not ranks.any():  # one value, or none
        return 0.0
    return float(np.corrcoef(ranks, np.arange(len(ranks)))[0, 1])


def _numbers(name: str, values: Values) -> Iterator[Finding]:
    share = len(np.unique(values)) / len(values)
    if share < UNIQUE_SHARE:
        return
    order = order_in_file(values)
    follows = abs(order) >= IN_ORDER
    if not follows and not is_whole(values):
        return  # measurements are all different too
    how = "follows the row number" if follows else "is a whole number"
    yield _finding(
        name,
        f"column {name!r} has {share:.1%} different values and {how}: it looks like an identifier",
        {"distinct_share": share, "order": order},
    )


def _names(name: str, codes: Values) -> Iterator[Finding]:
    counts = np.unique(codes, return_counts=True)[1]
    single = int((counts == 1).sum())
    share = single / len(codes)
    if share < SINGLETON_SHARE:
        return
    yield _finding(
        name,
        f"column {name!r} has {len(counts):,} categories in {len(codes):,} rows, and {single:,} of "
        "them a single row: it looks like an identifier",
        {"categories": len(counts), "single": single, "single_share": share},
    )


def _finding(name: str, sentence: str, numbers: dict[str, float | int | str]) -> Finding:
    return Finding(
        kind="identifier",
        severity="warning",
        columns=(name,),
        numbers=numbers,
        sentence=sentence,
        advice=(
            "New rows have values that no model has seen, so nothing can be learnt from it: "
            f"data.drop: {yaml_list((name,))}"
        ),
    )
