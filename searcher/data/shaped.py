"""Which shape the rows of a dataset have, and how columns of images and sequences are read."""

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import Column, Shape
from searcher.data.cells import Cells
from searcher.data.coding import code_column
from searcher.data.features import Features
from searcher.data.table import Table
from searcher.errors import DataError
from searcher.spec import DataSpec

_COLOURS = (1, 3, 4)  # channels of an image; some programs store them last


def find_shape(table: Table, spec: DataSpec) -> Shape | None:
    """Shape of a row, from ``data.shape`` or from the file; None for a table.

    Raises
    ------
    DataError
        If the file's rows have another shape than the spec says, or channels seem to stand last.
    """
    asked, found = spec.shape.value, table.shape
    if asked is None:
        if found is not None:
            _check_channels_first(found)
        return found
    if found is not None and _without_ones(asked) != _without_ones(found):
        raise DataError(
            f"data.shape: {asked.describe()}, but in {table.name!r} a row is "
            f"{found.describe()}; data.shape may add or leave out sizes of 1. Store X transposed"
        )
    return asked


def read_shaped(cells: list[Cells], spec: DataSpec, shape: Shape) -> Features:
    """Code columns that are the pixels or the steps of a row, in the order of the file.

    All are numeric, and all are kept, constant and empty ones too.

    Raises
    ------
    DataError
        If there are more or fewer of them, or one holds no numbers.
    """
    _check_columns(cells, spec, shape)
    X = np.empty((len(cells[0].array), len(cells)))
    columns: list[Column] = []
    wrong: list[str] = []
    for j in range(X.shape[1]):
        try:
            column, X[:, j] = code_column(cells.pop(0), "numeric")
        except DataError as error:
            wrong.append(str(error))
        else:
            columns.append(column)
    if wrong:
        raise DataError("\n".join([f"data.shape: {shape.describe()} holds numbers", *wrong]))
    if not _differ(X):
        raise DataError("every row is the same: nothing to learn")
    return Features(X, tuple(columns), (*_say_shape(spec, shape), *_say_empty(X)))


def _check_channels_first(shape: Shape) -> None:
    first, last = shape.sizes[0], shape.sizes[-1]
    if shape.kind == "image" and last in _COLOURS and first not in _COLOURS:
        raise DataError(
            f"X holds rows of {' x '.join(map(str, shape.sizes))}: channels seem to stand last. "
            "Images are (rows, channels, height, width): store X.transpose(0, 3, 1, 2), or, if "
            f"that is what they are, set data.shape to {{image: {list(shape.sizes)}}}"
        )


def _without_ones(shape: Shape) -> list[int]:
    return [size for size in shape.sizes if size > 1]


def _check_columns(cells: list[Cells], spec: DataSpec, shape: Shape) -> None:
    if len(cells) != shape.n_columns:
        raise DataError(
            f"data.shape: {shape.describe()} has {shape.n_columns:,} columns; there are "
            f"{len(cells):,}, from {cells[0].name!r} to {cells[-1].name!r}. Correct the sizes, or "
            "add what is no part of it to data.drop"
        )
    others = [one.name for one in cells if spec.kinds.get(one.name, "numeric") != "numeric"]
    if others:
        raise DataError(
            f"data.kinds: {others[0]!r} is {spec.kinds[others[0]]}, but belongs to "
            f"{shape.describe()}, which holds numbers"
        )


def _differ(X: NDArray[np.float64]) -> bool:
    return any(not np.array_equal(row, X[0], equal_nan=True) for row in X[1:])


def _say_shape(spec: DataSpec, shape: Shape) -> tuple[str, ...]:
    if spec.shape.value is not None:
        return ()
    return (f"a row is {shape.describe()}: X of the file has these dimensions",)


def _say_empty(X: NDArray[np.float64]) -> tuple[str, ...]:
    empty = int(np.isnan(X).all(axis=1).sum())
    if not empty:
        return ()
    rows = "1 row has" if empty == 1 else f"{empty:,} rows have"
    return (f"{rows} no value at all: a network sees the mean there",)
