"""On which rows an exported file is compared with the model."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import UNKNOWN_CODE, Column
from searcher.export.gate.probe_dates import probe_moments
from searcher.export.gate.probe_texts import probe_codes

Rows: TypeAlias = NDArray[np.float64]

N_KNOWN = 1000  # rows of the data
N_RANDOM = 500
N_CATEGORIES = 2000  # rows that hold each category once; a sample of more
N_EACH = 4  # rows for each column that is made missing or unseen
MARGIN = 0.1  # random numbers leave the range of the data by this share of it
MISSING_CODE = 0.0  # of a categorical or text column, see search_spaces.columns
EXTREME = "extreme"
EXTREMES = (1e30, -1e30, 1e12, -1e12, 1e-30, -1e-30, 0.0, -0.0)
"""Far outside any data, yet within float32, which is what an estimator sees (at most 3.4e38)."""


def make_probes(
    columns: Sequence[Column], X: Rows, *, seed: int, held_out: Rows | None = None
) -> dict[str, Rows]:
    """Make named sets of rows that an export has to answer like the model.

    Parameters
    ----------
    X : array of shape (n_samples, n_columns)
        Rows of the data, coded as in ``search_spaces.columns``; at least one.
    held_out : array of shape (n_held_out, n_columns), optional
        Rows that the model was not trained on.

    Returns
    -------
    dict
        ``data`` and, if given, ``held_out``: up to 1,000 rows each; ``random``: numbers within the
        data's ranges and 10 % beyond, categories as often as in the data; ``missing``: each column
        missing, then all; ``unseen``: each categorical column a category that nobody knows, then
        all; ``categories``: each known category once; ``texts``: each
        column of text what is hard to read (see ``probe_texts``), then all; ``extreme``: huge and
        tiny numbers in each column, then in all; ``calendar``: see ``probe_dates``, in all dates at
        once; ``single``: one row.
    """
    rng = np.random.default_rng(seed)
    base = X[rng.permutation(len(X))[:N_KNOWN]]
    probes = {"data": base}
    if held_out is not None and len(held_out):
        base = probes["held_out"] = held_out[rng.permutation(len(held_out))[:N_KNOWN]]
    probes["random"] = np.column_stack(
        [_draw(rng, column, X[:, i]) for i, column in enumerate(columns)]
    )
    missing = {i: MISSING_CODE if c.is_coded else np.nan for i, c in enumerate(columns)}
    probes["missing"] = _replace(rng, base, {i: [value] * N_EACH for i, value in missing.items()})
    unseen = {i: [UNKNOWN_CODE] * N_EACH for i, c in enumerate(columns) if c.is_categorical}
    extreme = {i: EXTREMES for i, c in enumerate(columns) if c.kind in {"numeric", "date"}}
    if unseen:
        probes["unseen"] = _replace(rng, base, unseen)
        probes["categories"] = _each_category(rng, columns, base)
    if texts := {i: probe_codes(c) for i, c in enumerate(columns) if c.is_text}:
        probes["texts"] = _replace(rng, base, texts)
    if extreme:
        probes[EXTREME] = _replace(rng, base, extreme)
    if any(column.kind == "date" for column in columns):
        probes["calendar"] = _on_days(rng, columns, base)
    probes["single"] = base[:1]
    return probes


def _draw(rng: np.random.Generator, column: Column, values: Rows) -> Rows:
    """Draw one column of random rows."""
    if column.is_coded or column.kind == "boolean":
        return rng.choice(values, N_RANDOM)
    present = values[np.isfinite(values)]
    low, high = (present.min(), present.max()) if len(present) else (0.0, 1.0)
    drawn = rng.uniform(-MARGIN, 1 + MARGIN, N_RANDOM)
    # halves, because a column that spans all of float64 would overflow
    halves = low / 2 * (1 - drawn) + high / 2 * drawn
    limit = np.finfo(np.float64).max / 2
    return 2 * halves.clip(-limit, limit)


def _on_days(rng: np.random.Generator, columns: Sequence[Column], base: Rows) -> Rows:
    moments = probe_moments()
    rows = base[rng.integers(len(base), size=len(moments))].copy()
    rows[:, [column.kind == "date" for column in columns]] = moments[:, None]
    return rows


def _each_category(rng: np.random.Generator, columns: Sequence[Column], base: Rows) -> Rows:
    """Take rows of ``base`` and put each category of each column into one of them."""
    pairs = [
        (i, code)
        for i, column in enumerate(columns)
        if column.is_categorical
        for code in range(len(column.categories))
    ]
    chosen = [pairs[k] for k in rng.permutation(len(pairs))[:N_CATEGORIES]]
    rows = base[rng.integers(len(base), size=len(chosen))].copy()
    for row, (i, code) in zip(rows, chosen, strict=True):
        row[i] = code
    return rows


def _replace(rng: np.random.Generator, base: Rows, values: Mapping[int, Sequence[float]]) -> Rows:
    """Take rows of ``base`` and replace one column by each of its values, at last all columns."""
    rows = []
    for i, replacements in values.items():
        part = base[rng.integers(len(base), size=len(replacements))].copy()
        part[:, i] = replacements
        rows.append(part)
    everything = base[rng.integers(len(base), size=max(map(len, values.values())))].copy()
    for i, replacements in values.items():
        everything[:, i] = replacements
    return np.concatenate([*rows, everything])
