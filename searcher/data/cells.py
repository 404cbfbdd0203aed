"""What stands in one column, before anybody decides what kind of column it is."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from searcher.data import spellings
from searcher.data.spellings import Mask
from searcher.errors import DataError

Stored = Literal["text", "number", "boolean", "date"]

SHOWN = 3  # offending values that a message names


@dataclass(frozen=True, eq=False)
class Cells:
    """One column as it was stored.

    Work is done once for each distinct text, however many rows have it.
    """

    name: str
    array: Any  # Arrow array of shape (n_rows,)
    missing: frozenset[str] = frozenset()  # further spellings, trimmed, lower case
    rows: NDArray[np.int64] | None = None  # row numbers (from 1) for messages, if not 1, 2, ...

    @cached_property
    def stored(self) -> Stored:
        """What the file says of the type.

        Raises
        ------
        DataError
            For lists, durations and other things that are no cell of a table.
        """
        kind = self.array.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if pa.types.is_boolean(kind):
            return "boolean"
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            return "number"
        if _is_text(kind) or pa.types.is_null(kind):
            return "text"
        if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
            return "date"
        raise DataError(
            f"column {self.name!r} has the type {kind}, which can't be used; numbers, booleans, "
            "text, dates and timestamps can. Convert it, or add it to data.drop"
        )

    @cached_property
    def _coded(self) -> Any:
        """Dictionary array of the cells as text."""
        array = self.array
        if pa.types.is_null(array.type):
            array = pc.cast(array, pa.string())
        if not pa.types.is_dictionary(array.type):
            array = array.dictionary_encode()
        texts = _as_text(array.dictionary)
        return pa.DictionaryArray.from_arrays(array.indices, texts)

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """Position of each cell's text in ``texts``, -1 for none; shape (n_rows,)."""
        indices = pc.cast(self._coded.indices, pa.int64()).fill_null(-1)
        return np.asarray(indices.to_numpy(zero_copy_only=False))

    @cached_property
    def texts(self) -> Any:
        """Arrow array of the texts, without blanks around them; may name one twice."""
        return spellings.trim(self._coded.dictionary)

    @cached_property
    def lowered(self) -> Any:
        """``texts`` in lower case."""
        return pc.utf8_lower(self.texts)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Rows that have each text."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.texts))

    @cached_property
    def are_missing(self) -> Mask:
        """Which texts mean "missing" in a column of any kind."""
        return spellings.are_in(self.lowered, spellings.ALWAYS_MISSING | self.missing)

    @cached_property
    def are_present(self) -> Mask:
        """Which texts occur and mean something."""
        return (self.counts > 0) & ~self.are_missing

    @cached_property
    def are_numbers(self) -> Mask:
        """Which texts are numbers."""
        return spellings.are_numbers(self.texts) & ~self.are_missing

    @cached_property
    def are_no_quantity(self) -> Mask:
        """Which texts mean "missing" among numbers, dates and booleans only."""
        return spellings.are_in(self.lowered, spellings.MISSING_QUANTITY) & self.are_present

    @cached_property
    def are_words(self) -> Mask:
        """Which texts are neither missing, in whatever sense, nor numbers."""
        return self.are_present & ~self.are_numbers & ~self.are_no_quantity

    def categories(self) -> tuple[NDArray[np.int64], list[str]]:
        """Cells as categories.

        Returns
        -------
        positions : array of shape (n_rows,)
            Position of each cell in ``names``, -1 where missing.
        names : list of str
            Distinct texts, sorted by code point.
        """
        texts = spellings.canonical(self.texts)
        present = self.are_present & ~spellings.are_in(pc.utf8_lower(texts), self.missing)
        names, found = np.unique(
            np.asarray(texts.to_pylist(), dtype=object)[present], return_inverse=True
        )
        position = np.full(len(texts) + 1, -1, dtype=np.int64)  # the last is for code -1
        position[:-1][present] = found
        return position[self.codes], [str(name) for name in names]

    def number_of(self, row: int) -> int:
        """Row number for people, from 1, of a position in this column."""
        return row + 1 if self.rows is None else int(self.rows[row])

    def name_texts(self, chosen: Mask) -> str:
        """Name the first few of the chosen texts, each with its first row and number of rows."""
        positions = np.flatnonzero(chosen & (self.counts > 0))
        first = {int(code): int(np.argmax(self.codes == code)) for code in positions[:SHOWN]}
        named = [
            f"{self.texts[code].as_py()!r:.60} (row {self.number_of(row)}"
            + (f" and {self.counts[code] - 1:,} more)" if self.counts[code] > 1 else ")")
            for code, row in first.items()
        ]
        rest = len(positions) - len(first)
        return ", ".join(named) + (f" and {rest:,} more such values" if rest else "")


def _is_text(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _as_text(values: Any) -> Any:
    """Distinct values as pandas would write them into a CSV file."""
    kind = values.type
    if pa.types.is_boolean(kind):
        return pc.if_else(values, "True", "False")
    if pa.types.is_floating(kind):
        return pa.array([repr(value) for value in values.to_pylist()], pa.string())
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return pa.array([value.isoformat() for value in values.to_pylist()], pa.string())
    return pc.cast(values, pa.string())
