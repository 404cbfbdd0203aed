"""What the checks of the data look at: the rows, how they are split, and a sample of them."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import Column
from searcher.data import Dataset
from searcher.folds import Splitter, choose_splitter
from searcher.records import Fold
from searcher.spec import Spec

MOST_ROWS = 20_000
MOST_CELLS = 2_000_000
"""Beyond either, checks that fit something take a random part of the rows."""

Values = NDArray[np.float64]
Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A search's data and outer folds."""

    spec: Spec
    dataset: Dataset
    metrics: tuple[str, ...]
    outer: tuple[Fold, ...]  # those with test rows
    splitter: Splitter
    sample: Positions  # (n_sampled,), sorted: the rows that something is fitted on

    @classmethod
    def of(
        cls, spec: Spec, dataset: Dataset, *, metrics: tuple[str, ...], folds: tuple[Fold, ...]
    ) -> Self:
        """Draw the sample, with the spec's seed."""
        n_rows, n_columns = dataset.X.shape
        most = min(MOST_ROWS, MOST_CELLS // max(n_columns, 1))
        rng = np.random.default_rng(spec.seed)
        every = np.arange(n_rows)
        return cls(
            spec=spec,
            dataset=dataset,
            metrics=metrics,
            outer=tuple(f for f in folds if f.inner_fold is None and len(f.test)),
            splitter=choose_splitter(dataset, spec.validation),
            sample=np.sort(rng.permutation(n_rows)[:most]) if n_rows > most else every,
        )

    @property
    def y(self) -> NDArray[Any]:
        """Answers, (n_samples,)."""
        return self.dataset.y

    @property
    def sampled(self) -> str:
        """Say that a number is of a sample, if it is."""
        used, every = len(self.sample), self.dataset.n_samples
        return f" (measured on {used:,} of {every:,} rows)" if used < every else ""


def is_missing(column: Column, values: Values) -> NDArray[np.bool_]:
    """Where cells (n_rows,) of a column are missing."""
    return values == 0.0 if column.is_coded else np.isnan(values)


def is_whole(values: Values) -> bool:
    """Whether all numbers are integers."""
    return bool((values == np.floor(values)).all())


def listed(names: tuple[str, ...], most: int = 5) -> str:
    """Name columns in a sentence, the first few of many."""
    shown = ", ".join(map(repr, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def columns_said(names: tuple[str, ...]) -> str:
    """``column 'a'`` or ``columns 'a', 'b'``."""
    return f"column{'' if len(names) == 1 else 's'} {listed(names)}"


def yaml_list(names: tuple[str, ...]) -> str:
    """Names as a spec would list them."""
    return f"[{', '.join(names)}]"
