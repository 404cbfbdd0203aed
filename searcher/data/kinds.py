"""Which kind a column is: numeric, boolean, date, categorical or text."""

import numpy as np
import pyarrow.compute as pc

from search_spaces.columns import WORD, Kind
from searcher.data import spellings
from searcher.data.cells import Cells
from searcher.errors import DataError

FEW_NUMBERS = 20  # a column of words and at most so many distinct numbers is one of categories
MOSTLY = 0.5  # share of cells that are numbers from which words among them count as stray
TEXT_DISTINCT, TEXT_SHARE = 100, 0.5  # more distinct strings than both: text or an identifier
TEXT_WORDS = 3  # on average at least so many words: text
MAX_CATEGORIES = 1_000  # one-hot encoding makes a dense column of each
REMEDY = "Add it to data.drop, or say what it is in data.kinds (dates are written like 2024-12-31)"


def infer_kind(cells: Cells, *, remedy: str = REMEDY) -> Kind:
    """Kind of a column, from what stands in it.

    Parameters
    ----------
    remedy
        What an error tells people to do.

    Raises
    ------
    DataError
        For a column of numbers with stray words in it, and for identifiers: guessing would make
        hundreds of categories of them.
    """
    kind = _of_type(cells)
    if kind is not None:
        return kind
    words = cells.are_words
    if not words.any():
        return "numeric" if cells.are_numbers.any() else "categorical"
    if cells.are_numbers.any():
        _check_stray(cells, remedy)
    elif _all_in(cells, {"true", "false"}):
        return "boolean"
    elif spellings.are_dates(cells.texts)[words].all():
        return "date"
    return _categorical_or_text(cells, remedy)


def mixes_words_and_numbers(cells: Cells) -> bool:
    """Whether a categorical column has categories of both sorts, which is worth a notice."""
    return bool(cells.stored == "text" and cells.are_numbers.any() and cells.are_words.any())


def mean_words(cells: Cells) -> float:
    """Words of a filled cell on average, whichever way of counting finds fewer.

    Counted are what stands between blanks, so that ``31.12.2024`` is one word, and what features
    are made of, so that Chinese has none.
    """
    counts = np.where(cells.are_present, cells.counts, 0)
    return float(
        min(
            (pc.count_substring_regex(cells.texts, pattern).fill_null(0).to_numpy() * counts).sum()
            for pattern in (r"\S+", WORD)
        )
        / max(1, counts.sum())
    )


def _categorical_or_text(cells: Cells, remedy: str) -> Kind:
    """Refuse identifiers, and more categories than one-hot encoding can carry."""
    distinct = int(cells.are_present.sum())
    filled = int(cells.counts[cells.are_present].sum())
    looks_like_text = distinct > TEXT_DISTINCT and distinct > TEXT_SHARE * filled
    if not looks_like_text and distinct <= MAX_CATEGORIES:
        return "categorical"
    if mean_words(cells) >= TEXT_WORDS:
        return "text"
    example = cells.texts[int(np.argmax(cells.are_present))].as_py()
    what = "an identifier" if looks_like_text else f"more than {MAX_CATEGORIES:,} categories"
    raise DataError(
        f"column {cells.name!r} has {distinct:,} different strings in {filled:,} rows, such as "
        f"{example!r:.60}: {what}. {remedy}"
    )


def _of_type(cells: Cells) -> Kind | None:
    if cells.stored == "text":
        return None
    kinds: dict[str, Kind] = {"number": "numeric", "boolean": "boolean", "date": "date"}
    return kinds[cells.stored]


def _check_stray(cells: Cells, remedy: str) -> None:
    numbers, words = cells.are_numbers, cells.are_words
    n_numbers, n_words = int(cells.counts[numbers].sum()), int(cells.counts[words].sum())
    if int((numbers & cells.are_present).sum()) <= FEW_NUMBERS:
        return
    if n_numbers < MOSTLY * (n_numbers + n_words):
        return
    raise DataError(
        f"column {cells.name!r} is numeric in {n_numbers:,} rows, but not in {n_words:,}: "
        f"{cells.name_texts(words)}. Correct them, or add them to data.missing if "
        f"that is what they mean. {remedy}"
    )


def _all_in(cells: Cells, allowed: set[str]) -> bool:
    lowered = np.asarray(cells.lowered.to_pylist(), dtype=object)
    return set(lowered[cells.are_words]) <= allowed
