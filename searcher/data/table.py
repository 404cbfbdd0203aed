"""Columns as a file holds them, before anybody looks into the cells."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from search_spaces.columns import Shape
from searcher.errors import DataError

MAX_COLUMNS = 10_000
MAX_NAME = 200  # characters of a column's name


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of equal length, in their order."""

    name: str
    arrays: dict[str, Any]  # Arrow arrays of shape (n_rows,)
    default_target: str | None = None  # for sources that have one
    notices: tuple[str, ...] = ()
    shape: Shape | None = None  # of a row, for files that hold images or sequences

    @property
    def n_rows(self) -> int:
        """Rows, all of them."""
        return len(next(iter(self.arrays.values()), ()))


def check_names(names: Sequence[str]) -> None:
    """Refuse column names that are empty, too long or there twice.

    Raises
    ------
    DataError
        Naming them and where they are.
    """
    if len(names) > MAX_COLUMNS:
        raise DataError(f"{len(names):,} columns; at most {MAX_COLUMNS:,} can be used")
    empty = [i for i, name in enumerate(names, start=1) if not name.strip()]
    if empty:
        raise DataError(
            f"column {empty[0]} of {len(names)} has no name. Give it one; if it is an index that "
            "pandas wrote, write with index=False"
        )
    long = [name for name in names if len(name) > MAX_NAME]
    if long:
        raise DataError(f"column name {long[0][:40]!r}... has more than {MAX_NAME} characters")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        places = [str(i) for i, name in enumerate(names, start=1) if name == twice[0]]
        raise DataError(
            f"column name {twice[0]!r} is there {len(places)} times (columns {', '.join(places)}); "
            "give each column its own name"
        )


def combine(column: Any) -> Any:
    """One Arrow array in place of the chunks that a file was read in."""
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    combined = column.combine_chunks()
    return combined.chunk(0) if isinstance(combined, pa.ChunkedArray) else combined
