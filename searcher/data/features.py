"""Which columns become X, and what else of the rows splitting needs: groups and times."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import Column
from searcher.data.cells import Cells
from searcher.data.coding import code_column, quantities
from searcher.data.kinds import infer_kind, mean_words, mixes_words_and_numbers
from searcher.errors import DataError
from searcher.spec import DataSpec

_EMPTY, _CONSTANT = "missing in all rows", "the same in all rows"
_WORDLESS = "text without any word of the letters a to z, digits and _ (others are not read)"


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """X, what its columns are, and what people should know about them."""

    X: NDArray[np.float64]  # (n_rows, n_columns)
    columns: tuple[Column, ...]
    notices: tuple[str, ...]


def read_features(cells: list[Cells], spec: DataSpec) -> Features:
    """Code the columns one after the other; constant and empty ones are left out with a notice.

    Raises
    ------
    DataError
        With one line for each column that can't be used, or if none is left.
    """
    X = np.empty((len(cells[0].array), len(cells)))
    columns: list[Column] = []
    notices: list[str] = []
    left_out: dict[str, list[str]] = {_EMPTY: [], _CONSTANT: [], _WORDLESS: []}
    wrong: list[str] = []
    while cells:
        column_cells = cells.pop(0)  # so that its texts are freed before the next is read
        try:
            column, values = _read_feature(column_cells, spec)
        except DataError as error:
            wrong.append(str(error))
            continue
        reason = _uselessness(column_cells, column, values)
        if reason:
            left_out[reason].append(column.name)
            continue
        X[:, len(columns)] = values
        columns.append(column)
        notices += _notices(column_cells, column, spec)
    if wrong:
        raise DataError("\n".join(wrong))
    notices = [_say_left_out(names, why) for why, names in left_out.items() if names] + notices
    if not columns:
        raise DataError(
            "\n".join(["every column is constant or empty: nothing to learn", *notices])
        )
    if len(columns) < X.shape[1]:
        X = np.ascontiguousarray(X[:, : len(columns)])
    return Features(X, tuple(columns), tuple(notices))


def read_groups(cells: Cells) -> NDArray[np.int64]:
    """Code of each row's group, shape (n_rows,).

    Raises
    ------
    DataError
        If a row has no group, or all have the same.
    """
    codes, names = cells.categories()
    _check_complete(cells, codes < 0, "data.groups")
    if len(names) < 2:  # noqa: PLR2004
        raise DataError(f"data.groups: {cells.name!r} is {names[0]!r} in all rows: one group")
    return codes


def read_times(cells: list[Cells], spec: DataSpec) -> NDArray[np.float64]:
    """When each row was, larger is later, shape (n_rows,).

    One column keeps its values (days since 1970 for dates); several become the rank of their
    combination, the first column counting most.

    Raises
    ------
    DataError
        If a column holds neither numbers nor dates, or a row has no time.
    """
    columns = []
    for column in cells:
        kind = spec.kinds.get(column.name) or infer_kind(column)
        if kind not in ("numeric", "date"):
            raise DataError(
                f"data.time: {column.name!r} is {kind}; rows are ordered by numbers or by dates "
                "written like 2024-12-31"
            )
        values = quantities(column, kind)
        _check_complete(column, np.isnan(values), "data.time")
        columns.append(values)
    if len(columns) == 1:
        return columns[0]
    ranks = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)[1]
    return ranks.reshape(-1).astype(np.float64)


def _read_feature(cells: Cells, spec: DataSpec) -> tuple[Column, NDArray[np.float64]]:
    return code_column(cells, spec.kinds.get(cells.name) or infer_kind(cells))


def _uselessness(cells: Cells, column: Column, values: NDArray[np.float64]) -> str | None:
    present = values[values != 0] if column.is_coded else values[~np.isnan(values)]
    if not len(present):
        return _EMPTY
    if not column.has_missing and present.min() == present.max():
        return _CONSTANT
    return _WORDLESS if column.is_text and not mean_words(cells) else None


def _say_left_out(names: list[str], reason: str) -> str:
    named = ", ".join(map(repr, names[:10]))
    if len(names) == 1:
        return f"column {named} is {reason}: left out"
    rest = f" and {len(names) - 10:,} more" if len(names) > 10 else ""  # noqa: PLR2004
    return f"{len(names):,} columns are {reason}: left out: {named}{rest}"


def _notices(cells: Cells, column: Column, spec: DataSpec) -> list[str]:
    notices = []
    if cells.stored == "text" and not column.is_coded and cells.are_no_quantity.any():
        read = cells.name_texts(cells.are_no_quantity)
        notices.append(f"column {cells.name!r} is {column.kind}; read as missing: {read}")
    if column.is_categorical and cells.name not in spec.kinds and mixes_words_and_numbers(cells):
        words = cells.name_texts(cells.are_words)
        notices.append(f"column {cells.name!r} has words among numbers: {words}; categorical")
    if column.is_text and cells.name not in spec.kinds:
        notices.append(
            f"column {cells.name!r} is text of {mean_words(cells):.1f} words on average: its words "
            "become features"
        )
    if cells.name in spec.time:
        notices.append(
            f"column {cells.name!r} orders the rows and is a feature too; add it to data.drop to "
            "let it order them only"
        )
    return notices


def _check_complete(cells: Cells, missing: NDArray[np.bool_], path: str) -> None:
    rows = np.flatnonzero(missing)
    if len(rows):
        more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
        raise DataError(
            f"{path}: {cells.name!r} is missing in row {cells.number_of(int(rows[0]))}{more}; "
            "every row needs a value"
        )
