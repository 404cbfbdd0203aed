"""The rows of a search, coded once and shared by everything that fits, scores or exports."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import Column, Profile, Shape, Task
from searcher.data.summary import summarise, summarise_target


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Rows with a known answer."""

    name: str
    X: NDArray[np.float64]  # (n_samples, n_columns), coded as in search_spaces.columns
    y: NDArray[Any]  # (n_samples,): int64 class codes, or float64 values
    columns: tuple[Column, ...]
    target: str
    task: Task
    classes: tuple[str | int, ...]  # position = code; () for regression; the positive one is last
    groups: NDArray[np.int64] | None  # (n_samples,), codes of data.groups
    times: NDArray[np.float64] | None  # (n_samples,), larger is later
    fingerprint: str  # SHA-256, 64 hexadecimal digits
    notices: tuple[str, ...]  # what was left out or decided, for people
    shape: Shape | None = None  # of a row; None for a table

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return len(self.X)

    @property
    def profile(self) -> Profile:
        """What families may know of the data."""
        return Profile(
            task=self.task,
            columns=self.columns,
            n_samples=self.n_samples,
            n_classes=len(self.classes),
            shape=self.shape,
        )

    @property
    def class_counts(self) -> list[int]:
        """Rows of each class, in the order of ``classes``; empty for regression."""
        return class_counts(self.y, len(self.classes))

    def describe(self) -> dict[str, Any]:
        """Everything about the data that is not the data, as JSON."""
        missing = _missing_counts(self.X, self.columns)
        return {
            "name": self.name,
            "rows": self.n_samples,
            "task": self.task,
            "target": self.target,
            "shape": None if self.shape is None else self.shape.to_json(),
            "columns": [
                {
                    "name": column.name,
                    "kind": column.kind,
                    "missing": count,
                    # different strings, without the missing one; never the strings themselves
                    "categories": max(0, len(column.categories) - 1),
                }
                for column, count in zip(self.columns, missing, strict=True)
            ],
            "classes": [
                {"name": name, "rows": rows}
                for name, rows in zip(self.classes, self.class_counts, strict=True)
            ],
            "summaries": summarise(self.X, self.columns),
            "target_summary": summarise_target(self.y) if self.task == "regression" else None,
            "groups": None if self.groups is None else len(np.unique(self.groups)),
            "fingerprint": self.fingerprint,
            "notices": list(self.notices),
        }


def class_counts(codes: NDArray[Any], n_classes: int) -> list[int]:
    """How often each code from 0 to n_classes - 1 is in ``codes``; empty for no classes."""
    if not n_classes:
        return []
    return [int(count) for count in np.bincount(codes, minlength=n_classes)]


def _missing_counts(X: NDArray[np.float64], columns: Sequence[Column]) -> list[int]:
    return [
        int((X[:, j] == 0).sum() if column.is_coded else np.isnan(X[:, j]).sum())
        for j, column in enumerate(columns)
    ]
