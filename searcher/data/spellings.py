"""How a missing value, a number, a truth value and a date may be written (docs/spec.md, Data).

Cells are compared without blanks around them and without regard to upper and lower case.
"""

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

# What pandas.read_csv takes for missing (3.1, STR_NA_VALUES), and "?" of the UCI files; without
# "None", which is an answer in many columns of text (soybean: seed treatment none).
ALWAYS_MISSING = frozenset(
    {"", "#n/a", "#n/a n/a", "#na", "-1.#ind", "-1.#qnan", "-nan", "1.#ind", "1.#qnan", "<na>"}
    | {"?", "n/a", "na", "nan", "null"}
)
# Words that are an answer in a column of words, and can't be one among numbers, dates or booleans.
MISSING_QUANTITY = frozenset(
    {"-", "--", "---", ".", "..", "*", "missing", "n.a.", "nat", "nil", "none", "not applicable"}
    | {"not available", "unavailable", "unknown"}
)
TRUE = frozenset({"true", "t", "yes", "y"})
FALSE = frozenset({"false", "f", "no", "n"})

# No thousands separators, decimal commas, hexadecimals or underscores: none of them is guessed.
_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$|^[+-]?(?i:inf|infinity)$"
_WHOLE = r"^[+-]?\d+\.0+$"
_DATE = (
    r"^\d{4}([-/])\d{1,2}[-/]\d{1,2}"
    r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?: ?(?:Z|[+-]\d{2}(?::?\d{2})?))?)?$"
)
_NANOSECONDS = re.compile(r"\.\d{7}")


def trim(texts: Any) -> Any:
    """Cells (an Arrow array of strings) without blanks around them."""
    return pc.utf8_trim_whitespace(texts)


def are_in(lowered: Any, words: frozenset[str]) -> Mask:
    """Which of the lower-case texts are among ``words``."""
    return _mask(pc.is_in(lowered, value_set=pa.array(sorted(words), lowered.type)))


def are_numbers(texts: Any) -> Mask:
    """Which texts are numbers; infinity is one, for its own error message."""
    return _mask(pc.match_substring_regex(texts, _NUMBER))


def are_dates(texts: Any) -> Mask:
    """Which texts look like ISO 8601 dates, with or without a time of day."""
    return _mask(pc.match_substring_regex(texts, _DATE))


def to_numbers(texts: Any, numbers: Mask) -> NDArray[np.float64]:
    """Value of each text that is a number, NaN elsewhere; shape (len(texts),)."""
    values = np.full(len(texts), np.nan)
    plain = pc.utf8_ltrim(texts.filter(pa.array(numbers)), characters="+")
    values[numbers] = pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False)
    return values


def to_days(texts: list[str]) -> NDArray[np.float64]:
    """Days since 1970-01-01 UTC of texts that look like dates; NaN where there is no such day.

    A time without a zone is UTC.
    """
    import pandas as pd

    written = np.array([text.replace("/", "-") for text in texts], dtype=object)
    # Apart, because one nanosecond would make pandas (3.1) lose all years outside 1678-2262.
    fine = np.array([_NANOSECONDS.search(text) is not None for text in texts], dtype=bool)
    values = np.full(len(texts), np.nan)
    for part in (fine, ~fine):
        moments = pd.to_datetime(written[part], format="ISO8601", utc=True, errors="coerce")
        values[part] = days(pa.array(moments, from_pandas=True))
    return values


def days(moments: Any) -> NDArray[np.float64]:
    """Days since 1970-01-01 UTC of an Arrow array of dates or timestamps, NaN where null.

    Whole days and the rest are divided apart: both are exact in float64 in every unit, so the same
    moment gives the same bits whether it was stored in milliseconds or nanoseconds.
    """
    if pa.types.is_date32(moments.type):
        count, per_day = pc.cast(moments, pa.int32()), 1
    elif pa.types.is_date64(moments.type):
        count, per_day = pc.cast(moments, pa.int64()), 86_400_000
    else:
        scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[moments.type.unit]
        count, per_day = pc.cast(moments, pa.int64()), 86_400 * scale
    whole, rest = np.divmod(count.fill_null(0).to_numpy(zero_copy_only=False), per_day)
    values: NDArray[np.float64] = whole.astype(np.float64) + rest / per_day
    values[_mask(pc.is_null(moments))] = np.nan
    return values


def canonical(texts: Any) -> Any:
    """Text of a category: ``3.0``, as pandas writes 3 beside missing values, becomes ``3``."""
    whole = pc.match_substring_regex(texts, _WHOLE)
    return pc.if_else(whole, pc.replace_substring_regex(texts, r"\.0+$", ""), texts)


def _mask(array: Any) -> Mask:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=bool)
