"""Which raw rows lie in every segment of a piecewise linear transform, and on its knots.

A table has hundreds of entries for a column, some for segments that hold no row of the data.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from search_spaces.transformers.piecewise import PiecewiseLinear
from searcher.export.gate.dumped import Floats
from searcher.model import FittedModel

KEEPS_COLUMNS = ("SimpleImputer", "Imputer")
"""Steps that may stand before the transform: they change no number that is not missing."""


def make_knot_rows(model: FittedModel, base: Floats, *, seed: int) -> Floats:
    """Build rows (n, n_columns) that hold, in all such columns at once, what follows.

    Each knot, the float64 number below it, and the middle of the segment behind it.
    """
    found = dict(_knots(model.preprocessing, base.shape[1]))
    if not found:
        return base[:0]
    places = {column: _places(knots) for column, knots in found.items()}
    rng = np.random.default_rng(seed)
    rows = base[rng.integers(len(base), size=max(map(len, places.values())))].copy()
    for column, values in places.items():
        rows[:, column] = np.resize(values, len(rows))
    return rows


def _places(knots: Floats) -> Floats:
    known = knots[np.isfinite(knots)]
    middles = known[:-1] / 2 + known[1:] / 2
    return np.concatenate([known, np.nextafter(known, -np.inf), middles])


def _knots(transformer: Any, n_columns: int) -> Iterator[tuple[int, Floats]]:
    """Yield the knots of each raw column that is transformed as it is."""
    if hasattr(transformer, "steps"):  # columns first, then what is made of all features
        transformer = transformer.steps[0][1]
    for _, step, selection in transformer.transformers_:
        columns = np.arange(n_columns)[selection].reshape(-1)
        for part in [inner for _, inner in getattr(step, "steps", [("", step)])]:
            if isinstance(part, PiecewiseLinear) and part.knots_.shape[0] == len(columns):
                yield from zip(columns.tolist(), part.knots_, strict=True)
            if type(part).__name__ not in KEEPS_COLUMNS:
                break
