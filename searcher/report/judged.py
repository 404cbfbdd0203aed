"""What the winners said of the rows that they were judged on, which no choice has seen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.records import Note, OuterPredictions
from searcher.report.figures import Figure
from searcher.store import StoredSearch

MAX_FOLDS = 20  # that are drawn one by one

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """A figure of the section, with what it says in words."""

    title: str
    how: str  # how to read it
    figure: Figure | None
    words: tuple[str, ...]  # the numbers in it, and what is left out


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Predictions of the outer test rows; those that are not finite are left out."""

    folds: tuple[OuterPredictions, ...]  # the winners', by outer fold
    classes: tuple[str, ...]  # names, position = code; () for regression
    n_left_out: int  # not finite
    sample: tuple[int, int] | None  # (kept, all) where the store has only a sample

    @property
    def truth(self) -> Numbers:
        """Codes or values of all folds, shape (n,)."""
        return np.concatenate([fold.truth for fold in self.folds])

    @property
    def predicted(self) -> Numbers:
        """Codes or values of all folds, shape (n,)."""
        return np.concatenate([fold.predicted for fold in self.folds])

    @property
    def probabilities(self) -> Numbers | None:
        """Shape (n, n_classes); None if a fold has none."""
        told = [f.probabilities for f in self.folds if f.probabilities is not None]
        return np.concatenate(told) if len(told) == len(self.folds) else None

    def name(self, code: int) -> str:
        """Name of a class; its code where the description of the data has none."""
        return self.classes[code] if code < len(self.classes) else f"class {code}"


def judge(
    search: StoredSearch, predictions: Sequence[OuterPredictions], notes: Sequence[Note]
) -> Judged | None:
    """Put the winners' predictions together; None where there are none."""
    folds = [_finite(found) for found in predictions if found.role == "winner"]
    folds = [fold for fold in folds if len(fold.rows)]
    if not folds:
        return None
    given = sum(len(found.rows) for found in predictions if found.role == "winner")
    classes = [] if search.task == "regression" else search.data.get("classes")
    return Judged(
        folds=tuple(folds),
        classes=tuple(_names(classes)),
        n_left_out=given - sum(len(fold.rows) for fold in folds),
        sample=_sample(notes),
    )


def _finite(found: OuterPredictions) -> OuterPredictions:
    told = found.probabilities
    known = np.isfinite(found.truth) & np.isfinite(found.predicted)
    if told is not None:
        known &= np.isfinite(told).all(axis=1)
    return replace(
        found,
        rows=found.rows[known],
        truth=found.truth[known],
        predicted=found.predicted[known],
        probabilities=None if told is None else told[known],
    )


def _names(classes: Any) -> Iterator[str]:
    for row in classes if isinstance(classes, list) else ():
        yield str(row.get("name")) if isinstance(row, Mapping) else str(row)


def _sample(notes: Sequence[Note]) -> tuple[int, int] | None:
    for note in notes:
        kept, rows = note.payload.get("kept"), note.payload.get("rows")
        if note.kind == "outer_predictions" and isinstance(kept, int) and isinstance(rows, int):
            return kept, rows
    return None
