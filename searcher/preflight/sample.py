"""Which few rows of a dataset are tried before a search."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searcher.data import Dataset

N_ROWS = 300
N_HELD_OUT = 200
EACH_CLASS = 10  # rows, where there are so many: folds inside an estimator need some of each


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Few rows of a dataset: to fit on, and to compare on."""

    dataset: Dataset
    rows: NDArray[np.int64]
    held_out: NDArray[np.int64]
    seed: int


def draw(dataset: Dataset, *, seed: int) -> Sample:
    """Take few rows at random, but some of every class."""
    order = np.random.default_rng(seed).permutation(dataset.n_samples)
    y = dataset.y[order]
    of_each = [np.flatnonzero(y == code)[:EACH_CLASS] for code in range(len(dataset.classes))]
    first = np.concatenate([*of_each, np.arange(len(order))]).astype(np.int64)
    first = first[np.sort(np.unique(first, return_index=True)[1])]
    n_rows = max(N_ROWS, sum(map(len, of_each)))
    rows, rest = order[first[:n_rows]], order[first[n_rows:]]
    return Sample(dataset, np.sort(rows), np.sort(rest[:N_HELD_OUT]), seed)
