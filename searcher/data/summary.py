"""What the columns and the target hold, in a few numbers: for people to read, not to choose by."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import Column

MAX_CELLS = 20_000_000
"""Cells that quantiles and different values are taken from: sorting them takes about two seconds.
Of larger data every second row is taken, or every third, ..."""

MOST_NAMED = 5  # categories of a column
FEWEST_ROWS = 5
"""Rows that a category must have to be named: what one row has may be about one person."""

MAX_NAME = 60
N_BARS = 30
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Summary = dict[str, Any]


def summarise(X: NDArray[np.float64], columns: Sequence[Column]) -> list[Summary]:
    """Say of each column how many different values it has, and which range or categories.

    Parameters
    ----------
    X : array of shape (n_samples, n_columns)
        Coded as in ``search_spaces.columns``.

    Returns
    -------
    list of dict, one for each column, as JSON
        ``distinct`` for all; ``low``, ``lower_quartile``, ``median``, ``upper_quartile``, ``high``
        for numbers and dates, ``share`` of ones for booleans; ``top`` for categories: name and
        rows of the most frequent. Texts are never quoted.
    """
    step = -(-max(1, X.size) // MAX_CELLS)
    return [_column(X[::step, j], column) for j, column in enumerate(columns)]


def summarise_target(y: NDArray[Any]) -> Summary:
    """Range, mean and histogram of a regression's values (n_samples,), as JSON."""
    values = np.asarray(y, dtype=np.float64)
    counts, edges = np.histogram(values, bins=min(N_BARS, max(1, len(np.unique(values)))))
    return {
        **_range(values),
        "mean": float(values.mean()),
        "deviation": float(values.std()),
        "histogram": {"counts": counts.tolist(), "edges": edges.tolist()},
    }


def _column(values: NDArray[np.float64], column: Column) -> Summary:
    if column.kind == "categorical":
        return _categories(values.astype(np.int64), column)
    if column.kind == "text":
        return {"distinct": len(np.unique(values[values > 0]))}
    known = values[~np.isnan(values)]
    found: Summary = {"distinct": len(np.unique(known))}
    if not len(known):
        return found
    if column.kind == "boolean":
        return found | {"share": float(known.mean())}
    spread = _range(known)
    if column.kind == "date":
        return found | {name: _date(days) for name, days in spread.items()}
    return found | spread


def _range(values: NDArray[np.float64]) -> Summary:
    names = ("low", "lower_quartile", "median", "upper_quartile", "high")
    quantiles = np.quantile(values, (0, 0.25, 0.5, 0.75, 1))
    return dict(zip(names, map(float, quantiles), strict=True))


def _categories(codes: NDArray[np.int64], column: Column) -> Summary:
    counts = np.bincount(codes[codes > 0], minlength=1)
    return {"distinct": int((counts > 0).sum()), "top": list(_top(counts, column.categories))}


def _top(counts: NDArray[np.int64], names: Sequence[str]) -> Iterator[list[Any]]:
    for code in np.argsort(-counts, kind="stable")[:MOST_NAMED].tolist():
        if counts[code] >= FEWEST_ROWS:
            yield [names[code][:MAX_NAME], int(counts[code])]


def _date(days: float) -> str:
    return (EPOCH + timedelta(days=days)).isoformat(timespec="minutes").removesuffix("+00:00")
