"""How cells become numbers of X, the same way for training rows and for new ones."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from search_spaces.columns import MISSING_CATEGORY, UNKNOWN_CODE, Column, Kind
from searcher.data import spellings
from searcher.data.cells import Cells
from searcher.data.table import combine
from searcher.errors import DataError, near

Values = NDArray[np.float64]

CODED: tuple[Kind, ...] = ("categorical", "text")
"""Kinds whose cells are strings, and positions in the column's table of strings in X."""


def code_column(cells: Cells, kind: Kind) -> tuple[Column, Values]:
    """Learn a column from the dataset's rows.

    Returns
    -------
    column : Column
        Name, kind, categories, and whether anything is missing.
    values : array of shape (n_rows,)
        As in ``search_spaces.columns``.

    Raises
    ------
    DataError
        If a cell can't be read as this kind, with the value and its row.
    """
    if kind not in CODED:
        values = quantities(cells, kind)
        return Column(cells.name, kind, has_missing=bool(np.isnan(values).any())), values
    positions, names = cells.categories()
    column = Column(
        cells.name,
        kind,
        has_missing=bool((positions < 0).any()),
        categories=(MISSING_CATEGORY, *names),
    )
    return column, (positions + 1).astype(np.float64)


def encode_rows(rows: Any, columns: Sequence[Column], *, missing: Iterable[str] = ()) -> Values:
    """Code new raw rows for columns that are already known.

    Parameters
    ----------
    rows : DataFrame or mapping of column names to sequences of length n_rows
        Raw cells, typed or as text; further columns are ignored.
    columns : sequence of Column
        Of the dataset that the model was trained on; with columns of text, what
        ``add_new_texts`` makes of them for these rows.
    missing : iterable of str
        The spec's ``data.missing``.

    Returns
    -------
    X : array of shape (n_rows, n_columns)
        Categories that the dataset did not have are ``UNKNOWN_CODE``.

    Raises
    ------
    DataError
        If a column is not there, a cell can't be read as the column's kind, or a text is not in
        its column's table: its words would be lost.
    """
    arrays = _arrays(rows, columns)
    words = further_spellings(missing)
    X = np.empty((len(arrays[0]) if arrays else 0, len(columns)))
    for j, (column, array) in enumerate(zip(columns, arrays, strict=True)):
        X[:, j] = _encode(Cells(column.name, array, words), column)
    return X


def add_new_texts(
    rows: Any, columns: Sequence[Column], *, missing: Iterable[str] = ()
) -> tuple[Column, ...]:
    """Return the columns with the texts of new rows that the dataset did not have.

    A fitted model reads them once it was told: ``model.with_columns(columns)``. Other columns stay
    as they are, and no position in any table changes.

    Parameters
    ----------
    rows, columns, missing
        As for ``encode_rows``.

    Raises
    ------
    DataError
        If a column is not there.
    """
    words = further_spellings(missing)
    return tuple(
        column.with_strings(Cells(column.name, array, words).categories()[1])
        if column.is_text
        else column
        for column, array in zip(columns, _arrays(rows, columns), strict=True)
    )


def _arrays(rows: Any, columns: Sequence[Column]) -> list[Any]:
    """Arrow arrays of the columns of new rows, of equal length."""
    given = [str(name) for name in rows]
    absent = [column.name for column in columns if column.name not in given]
    if absent:
        hint = near(absent[0], given)
        raise DataError(f"the rows have no column {', '.join(map(repr, absent))}.{hint}")
    arrays = [to_arrow(column.name, rows[column.name]) for column in columns]
    lengths = {column.name: len(array) for column, array in zip(columns, arrays, strict=True)}
    if len(set(lengths.values())) > 1:
        raise DataError(f"the columns have different numbers of rows: {lengths}")
    return arrays


def further_spellings(missing: Iterable[str]) -> frozenset[str]:
    """``data.missing`` as cells are compared with it."""
    return frozenset(word.strip().lower() for word in missing)


def to_arrow(name: str, values: Any) -> Any:
    """Arrow array of one column of a DataFrame, list or NumPy array.

    Cells of mixed types become text, as they would in a CSV file.
    """
    if isinstance(values, str) or not hasattr(values, "__len__"):
        raise DataError(f"column {name!r} must be a sequence of cells; found {values!r:.60}")
    if isinstance(values, pa.ChunkedArray):
        return combine(values)
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        absent = pd.isna(np.asarray(values, dtype=object))
        texts = [None if gone else str(v) for v, gone in zip(values, absent, strict=True)]
        array = pa.array(texts, pa.string())
    return combine(array) if isinstance(array, pa.ChunkedArray) else array


def quantities(cells: Cells, kind: Kind) -> Values:
    """Cells as numbers, truth values or days, NaN where missing; shape (n_rows,).

    Raises
    ------
    DataError
        Naming what is not a quantity of this kind, or is infinite, with its row.
    """
    values = _TYPED[kind](cells) if cells.stored != "text" else _from_text(cells, kind)
    if kind == "numeric" and cells.missing:
        values = _without(values, cells.missing)
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise DataError(
            f"column {cells.name!r} is infinite in row {cells.number_of(int(infinite[0]))}"
            + (f" and {len(infinite) - 1:,} more" if len(infinite) > 1 else "")
            + "; write a finite number, or leave the cell empty"
        )
    return values


def _encode(cells: Cells, column: Column) -> Values:
    if not column.is_coded:
        return quantities(cells, column.kind)
    known = {name: float(code) for code, name in enumerate(column.categories)}
    positions, names = cells.categories()
    if column.is_text and (new := [name for name in names if name not in known]):
        raise DataError(
            f"column {column.name!r} has texts that are not in its table, such as "
            f"{new[0]!r:.60}; add them with add_new_texts, and tell the model"
        )
    codes = [known.get(name, UNKNOWN_CODE) for name in names]
    return np.array([*codes, known[MISSING_CATEGORY]])[positions]  # position -1 is the last one


def _from_text(cells: Cells, kind: Kind) -> Values:
    values, allowed = _OF_TEXT[kind](cells)
    strange = cells.are_present & ~cells.are_no_quantity & np.isnan(values)
    if strange.any():
        raise DataError(
            f"column {cells.name!r} is {kind}, but has {cells.name_texts(strange)}; {allowed}. "
            "Correct them, or add them to data.missing if that is what they mean"
        )
    return np.append(values, np.nan)[cells.codes]


def _numbers_of_text(cells: Cells) -> tuple[Values, str]:
    allowed = "a number is written like -1234.5 or 1e-3"
    return spellings.to_numbers(cells.texts, cells.are_numbers), allowed


def _truths_of_text(cells: Cells) -> tuple[Values, str]:
    values = spellings.to_numbers(cells.texts, cells.are_numbers)
    values[~np.isin(values, (0.0, 1.0))] = np.nan
    values[spellings.are_in(cells.lowered, spellings.TRUE) & ~cells.are_missing] = 1.0
    values[spellings.are_in(cells.lowered, spellings.FALSE) & ~cells.are_missing] = 0.0
    return values, "a boolean is true/false, yes/no, t/f, y/n or 1/0"


def _days_of_text(cells: Cells) -> tuple[Values, str]:
    dates = np.flatnonzero(spellings.are_dates(cells.texts) & cells.are_present)
    values = np.full(len(cells.texts), np.nan)
    values[dates] = spellings.to_days([cells.texts[int(i)].as_py() for i in dates])
    return values, "a date is written like 2024-12-31 or 2024-12-31T23:59:59+01:00"


def _numbers_of_type(cells: Cells) -> Values:
    if cells.stored == "date":
        raise DataError(f"column {cells.name!r} holds dates, which can't be read as numbers")
    array = cells.array
    if pa.types.is_dictionary(array.type):
        array = pc.cast(array, array.type.value_type)
    values = pc.cast(array, pa.float64(), safe=False).fill_null(np.nan)
    return np.asarray(values.to_numpy(zero_copy_only=False))


def _truths_of_type(cells: Cells) -> Values:
    values = _numbers_of_type(cells)
    strange = np.flatnonzero(~np.isnan(values) & ~np.isin(values, (0.0, 1.0)))
    if len(strange):
        found, row = values[strange[0]], cells.number_of(int(strange[0]))
        raise DataError(f"column {cells.name!r} is boolean, but has {found:g} in row {row}")
    return values


def _days_of_type(cells: Cells) -> Values:
    if cells.stored != "date":
        raise DataError(
            f"column {cells.name!r} holds {cells.stored}s, which can't be read as dates; "
            "store timestamps, or text like 2024-12-31"
        )
    return spellings.days(cells.array)


def _without(values: Values, missing: frozenset[str]) -> Values:
    """Numbers with those that ``data.missing`` lists, however they are written, taken out."""
    words = pa.array(sorted(missing), pa.string())
    numbers = spellings.to_numbers(words, spellings.are_numbers(words))
    return np.where(np.isin(values, numbers), np.nan, values)


_TYPED: Mapping[Kind, Callable[[Cells], Values]] = {
    "numeric": _numbers_of_type,
    "boolean": _truths_of_type,
    "date": _days_of_type,
}
_OF_TEXT: Mapping[Kind, Callable[[Cells], tuple[Values, str]]] = {
    "numeric": _numbers_of_text,
    "boolean": _truths_of_text,
    "date": _days_of_text,
}
