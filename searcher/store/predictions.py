"""How what was predicted of the outer test rows becomes rows of a table, and arrays again."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from searcher.errors import StoreError
from searcher.records import OuterPredictions, Role
from searcher.store.schema import outer_predictions, outer_scores
from searcher.store.values import finite, identifier, one_of, utc


def clean(record: OuterPredictions) -> OuterPredictions:
    """Copy the arrays, if they fit together.

    Raises
    ------
    StoreError
        When they have other lengths or kinds, or rows or class codes that can't be.
    """
    rows = _numbers(record.rows, "rows", np.int64)
    if len(rows) and (rows.min() < 0 or rows.max() >= 2**31 or len(np.unique(rows)) < len(rows)):
        raise StoreError(
            f"rows go from {rows.min()} to {rows.max()}, {len(np.unique(rows))} different ones of "
            f"{len(rows)}; allowed: different ones from 0 to 2147483647"
        )
    predicted = _numbers(record.predicted, "predicted", np.float64, (len(rows),))
    told = record.probabilities
    return replace(
        record,
        search_id=identifier(record.search_id, "search_id"),
        outer_fold=identifier(record.outer_fold, "outer_fold"),
        role=one_of(record.role, "role", get_args(Role)),
        trial_id=identifier(record.trial_id, "trial_id"),
        rows=rows,
        truth=_numbers(record.truth, "truth", np.float64, (len(rows),)),
        predicted=predicted,
        probabilities=None if told is None else _probabilities(told, predicted),
        at=utc(record.at, "OuterPredictions.at"),
    )


def rows(record: OuterPredictions) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table."""
    same = {"search_id": record.search_id, "outer_fold": record.outer_fold, "role": record.role}
    probability, probabilities = _likelihoods(record)
    columns = (record.rows.tolist(), _cells(record.truth), _cells(record.predicted))
    for row_number, truth, predicted, one, several in zip(
        *columns, probability, probabilities, strict=True
    ):
        row = {"row_number": row_number, "truth": truth, "predicted": predicted}
        yield same | row | {"probability": one, "probabilities": several}


def read(connection: Connection, search_id: str) -> Iterator[OuterPredictions]:
    """Yield what was predicted of outer test rows, by role and outer fold."""
    owners = (
        select(
            *(outer_scores.c[name] for name in ("outer_fold", "role", "trial_id")),
            func.min(outer_scores.c.scored_at).label("at"),
        )
        .where(outer_scores.c.search_id == search_id)
        .group_by(outer_scores.c.outer_fold, outer_scores.c.role, outer_scores.c.trial_id)
        .order_by(
            outer_scores.c.role.desc(),
            func.length(outer_scores.c.outer_fold),
            outer_scores.c.outer_fold,
        )
    )
    told = outer_predictions
    cells = (told.c[name] for name in ("row_number", "truth", "predicted"))
    question = (
        select(*cells, told.c.probability, told.c.probabilities)
        .where(told.c.search_id == search_id)
        .order_by(told.c.row_number)
    )
    for owner in connection.execute(owners):
        same = (told.c.outer_fold == owner.outer_fold) & (told.c.role == owner.role)
        found = connection.execute(question.where(same)).all()
        if found:
            rows, truth, predicted, one, several = zip(*found, strict=True)
            yield OuterPredictions(
                search_id=search_id,
                outer_fold=owner.outer_fold,
                role=owner.role,
                trial_id=owner.trial_id,
                rows=np.asarray(rows, dtype=np.int64),
                truth=np.asarray(truth, dtype=np.float64),
                predicted=np.asarray(predicted, dtype=np.float64),
                probabilities=_read_probabilities(one, several),
                at=owner.at,
            )


def _read_probabilities(one: Sequence[Any], several: Sequence[Any]) -> NDArray[np.float64] | None:
    """Shape (n, n_classes) again; of two classes only the second is stored."""
    if several[0] is not None:
        return np.asarray(several, dtype=np.float64)
    positive = np.asarray(one, dtype=np.float64)  # NaN for None
    return None if np.isnan(positive).all() else np.column_stack([1 - positive, positive])


def _probabilities(given: Any, predicted: NDArray[np.float64]) -> NDArray[Any]:
    n_classes = np.shape(given)[-1] if np.ndim(given) else 0
    if not np.isin(predicted, np.arange(n_classes)).all():
        raise StoreError(
            f"predicted are {_shown(predicted)} where probabilities has shape {np.shape(given)}; "
            f"allowed: class codes from 0 to {n_classes - 1}"
        )
    return _numbers(given, "probabilities", np.float64, (len(predicted), n_classes))


def _shown(numbers: NDArray[np.float64]) -> str:
    return ", ".join(f"{number:g}" for number in np.unique(numbers)[:5])


def _numbers(
    given: Any, what: str, dtype: type[np.generic], shape: tuple[int, ...] | None = None
) -> NDArray[Any]:
    """Copy an array of that shape (None: one dimension), whose numbers survive the cast."""
    array = np.asarray(given)
    fits = array.ndim == 1 if shape is None else array.shape == shape
    whole = dtype is np.float64 or array.dtype.kind in "iu" or not array.size
    if not fits or not whole or array.dtype.kind not in "biuf":
        kind = "numbers" if dtype is np.float64 else "whole numbers"
        raise StoreError(
            f"{what} has shape {array.shape} and type {array.dtype}; "
            f"allowed: {'one dimension' if shape is None else f'shape {shape}'} of {kind}"
        )
    return array.astype(dtype)


def _likelihoods(record: OuterPredictions) -> tuple[list[Any], list[Any]]:
    """Columns ``probability`` and ``probabilities``: of two classes the one number says both."""
    told, n_rows = record.probabilities, len(record.rows)
    if told is None:
        return [None] * n_rows, [None] * n_rows
    if told.shape[1] == 2:  # noqa: PLR2004
        return _cells(told[:, 1]), [None] * n_rows
    chosen = told[np.arange(n_rows), record.predicted.astype(np.int64)]
    return _cells(chosen), [_cells(row) for row in told]


def _cells(values: NDArray[np.float64]) -> list[float | None]:
    """Numbers of one dimension, None for what is not finite."""
    plain: list[float | None] = values.tolist()
    if np.isfinite(values).all():
        return plain
    return [finite(value) for value in plain]
