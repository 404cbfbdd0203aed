"""Small datasets of every kind that a family may meet."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import UNKNOWN_CODE, Column, Profile, Shape, ShapeKind, Task

N, N_NEW = 80, 24
SEED = 7

QUANTITIES = (Column("size", "numeric"), Column("day", "date"))
CATEGORICALS = (
    Column("colour", "categorical", has_missing=True, categories=("", "blue", "green", "red")),
    Column("town", "categorical", categories=("", "Oslo", "Rome", "Turin")),
)
MIXED = (
    replace(QUANTITIES[0], has_missing=True),
    replace(QUANTITIES[1], has_missing=True),
    Column("flag", "boolean"),
    *CATEGORICALS,
)

SHAPES: dict[ShapeKind, Shape] = {
    "image": Shape("image", (2, 6, 5)),
    "sequence": Shape("sequence", (6, 2)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A dataset, and new rows that hold what its rows did not."""

    words: str
    profile: Profile
    X: NDArray[np.float64]  # (n_samples, n_columns), coded as in search_spaces.columns
    y: NDArray[Any]  # (n_samples,)
    X_new: NDArray[np.float64]  # gaps and categories that X lacks
    y_new: NDArray[Any]

    is_first: bool  # columns of every kind, with gaps: enough for what no layout changes


def make_samples(task: Task, shape: ShapeKind | None = None) -> list[Sample]:
    """Make tables, or for a family that reads nothing else images or sequences.

    Tables: mixed columns with gaps, then complete quantities alone, then categoricals alone.
    Images: with missing pixels, then complete. Sequences: of different lengths and with gaps, then
    complete.
    """
    return _tables(task) if shape is None else _shaped(task, SHAPES[shape])


def _tables(task: Task) -> list[Sample]:
    rng = np.random.default_rng(SEED)
    n = N + N_NEW
    is_new = np.arange(n) >= N
    size, day = rng.normal(size=n), rng.uniform(15000, 20000, n)
    flag = rng.integers(0, 2, n).astype(float)
    colour = rng.integers(0, 4, n).astype(float)  # 0 is missing
    town = np.where(is_new, rng.choice([UNKNOWN_CODE, 0.0, 3.0], n), rng.integers(1, 3, n))
    signal = size + flag + 0.5 * (colour == 1) + rng.normal(scale=0.3, size=n)
    y, n_classes = _target(task, signal)
    gap = rng.integers(0, 5, n) == 0
    size_gaps, day_gaps = np.where(gap, np.nan, size), np.where(np.roll(gap, 1), np.nan, day)
    size_late, day_late = np.where(is_new, size_gaps, size), np.where(is_new, day_gaps, day)
    layouts = {
        "mixed columns with missing values": (MIXED, [size_gaps, day_gaps, flag, colour, town]),
        "complete quantities only": (QUANTITIES, [size_late, day_late]),
        "categoricals only": (CATEGORICALS, [colour, town]),
    }
    samples: list[Sample] = []
    for words, (columns, values) in layouts.items():
        X = np.column_stack(values)
        profile = Profile(task, columns, N, n_classes)
        parts = X[:N], y[:N], X[N:], y[N:]
        samples.append(Sample(f"{task}, {words}", profile, *parts, is_first=not samples))
    return samples


def _shaped(task: Task, shape: Shape) -> list[Sample]:
    rng = np.random.default_rng(SEED)
    complete = rng.normal(loc=3, scale=2, size=(N + N_NEW, shape.n_columns))
    y, n_classes = _target(task, complete[:, : shape.n_columns // 2].sum(axis=1))
    gaps = rng.random(complete.shape) < 0.1  # noqa: PLR2004 - a tenth
    if shape.kind == "sequence":
        steps, channels = shape.sizes
        ends = rng.integers(1, steps + 1, size=N + N_NEW)
        gaps |= np.repeat(np.arange(steps) >= ends[:, None], channels, axis=1)
    samples: list[Sample] = []
    layouts = {"with missing values": np.where(gaps, np.nan, complete), "complete": complete}
    for words, X in layouts.items():
        has_missing = bool(np.isnan(X).any())
        columns = tuple(Column(f"x{i}", "numeric", has_missing) for i in range(shape.n_columns))
        profile = Profile(task, columns, N, n_classes, shape)
        parts = X[:N], y[:N], X[N:], y[N:]
        words = f"{task}, {shape.kind}s {words}"  # noqa: PLW2901
        samples.append(Sample(words, profile, *parts, is_first=not samples))
    return samples


def _target(task: Task, signal: NDArray[np.float64]) -> tuple[NDArray[Any], int]:
    if task == "regression":
        return 10 + 3 * signal, 0
    if task == "clustering":
        return np.zeros(len(signal)), 0
    n_classes = 2 if task == "binary" else 3
    cuts = np.quantile(signal, np.arange(1, n_classes) / n_classes)
    return np.searchsorted(cuts, signal).astype(np.int64), n_classes
