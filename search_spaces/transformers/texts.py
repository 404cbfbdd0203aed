"""How a column of text becomes numbers: how often each of the training rows' words is in it.

Words are runs of ASCII letters, digits and ``_``, found before anything is lower-cased: else the
Kelvin sign would become a k, and other letters an i, in some libraries and not in others. Weights
are whole numbers until the last division, so that both this and the exported graph compute the
same bits in whatever order they add.
"""

import copy
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from search_spaces.columns import WORD, Column
from search_spaces.preprocessing.choices import check_choice

MIN_TEXTS = 2
"""A word that is in one training text only says nothing of the others."""

MAX_COUNT = 500
"""A word counts at most so often in one text."""

IDF_UNIT = 2**11
"""Inverse document frequencies are rounded to whole numbers of 1 / 2,048 (0.05 % at most).

They are below 32, whatever data fit into a computer (scikit-learn: ln((1 + n) / (1 + df)) + 1), so
the squares of ``MAX_TEXT_WORDS`` weights add up to at most 8,000 * (500 * 32 * 2,048) ** 2, which
is 8.6e18: int64 can hold it (9.2e18).
"""

_WORD = re.compile(WORD)


def words_of(text: str) -> list[str]:
    """Return the words of a text, in lower case, in their order."""
    return [word.lower() for word in _WORD.findall(text)]


class WordCounts(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Positions in a column's table of texts, in; one feature for each word, out.

    The words are those that are in at least two training texts, at most ``max_words`` of them: the
    most frequent ones, the first in alphabetical order among equally frequent ones. Where there is
    no such word, one feature is always 0.

    Parameters
    ----------
    column : Column
        Of kind text; its ``categories`` are the texts.
    max_words : int
        Words at most, from 1 to ``MAX_TEXT_WORDS`` of ``search_spaces.preprocessing.choices``.
    weights : {"tfidf", "counts", "binary"}
        ``counts``: how often the word is in the text, at most ``MAX_COUNT``. ``binary``: 1 if it is
        there. ``tfidf``: the count times the inverse document frequency, as scikit-learn smooths
        it, and each text's weights divided by their Euclidean norm.

    Attributes
    ----------
    words_ : tuple of str
        In alphabetical order; position = feature.
    idf_ : array of shape (n_words,), int64
        Inverse document frequency in units of 1 / ``IDF_UNIT``.
    """

    def __init__(self, column: Column, max_words: int = 1_000, weights: str = "tfidf") -> None:
        self.column, self.max_words, self.weights = column, max_words, weights

    def fit(self, X: NDArray[np.float64], y: Any = None) -> Self:
        """Choose the words, from positions X of shape (n_samples, 1).

        Raises
        ------
        ValueError
            If a parameter is out of range, or a position is not in the table.
        """
        check_choice("text_words", self.max_words)
        check_choice("text_weights", self.weights)
        codes, rows = np.unique(self._codes(X), return_counts=True)
        total: Counter[str] = Counter()
        n_texts: Counter[str] = Counter()
        for text, n_rows in zip(self._texts(codes), rows.tolist(), strict=True):
            for word, count in Counter(words_of(text)).items():
                total[word] += count * n_rows
                n_texts[word] += n_rows
        frequent = [word for word in total if n_texts[word] >= MIN_TEXTS]
        frequent.sort(key=lambda word: (-total[word], word))
        self.words_ = tuple(sorted(frequent[: self.max_words]))
        n_with = np.array([n_texts[word] for word in self.words_], dtype=np.float64)
        idf = np.log((1 + len(X)) / (1 + n_with)) + 1
        self.idf_: NDArray[np.int64] = np.rint(idf * IDF_UNIT).astype(np.int64)
        self.n_features_in_ = 1
        return self

    def transform(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weigh the words of texts at positions X (n_samples, 1): (n_samples, n_features)."""
        if not self.words_:
            return np.zeros((len(X), 1))
        codes, inverse = np.unique(self._codes(X), return_inverse=True)
        counts = self._count(self._texts(codes))
        if self.weights == "binary":
            counts.data[:] = 1
        if self.weights != "tfidf":
            return _dense(counts[inverse])
        weighted = counts.multiply(self.idf_).tocsr()
        squares = np.asarray(weighted.multiply(weighted).sum(axis=1)).reshape(-1, 1)
        norms = np.sqrt(np.where(squares == 0, 1, squares).astype(np.float64))
        features = _dense(weighted[inverse])
        features /= norms[inverse]  # in place: it may be large
        return features

    def reading(self, column: Column) -> "WordCounts":
        """Return the same fitted transformer for a longer table of texts."""
        other = WordCounts(column, self.max_words, self.weights)
        other.words_, other.idf_, other.n_features_in_ = self.words_, self.idf_, self.n_features_in_
        return other

    def _codes(self, X: NDArray[np.float64]) -> NDArray[np.int64]:
        codes = np.asarray(X).reshape(-1).astype(np.int64)
        if len(codes) and not 0 <= codes.min() <= codes.max() < len(self.column.categories):
            raise ValueError(
                f"column {self.column.name!r} has positions from {codes.min()} to {codes.max()}, "
                f"and its table has {len(self.column.categories)} texts; see Column.with_strings"
            )
        return codes

    def _texts(self, codes: NDArray[np.int64]) -> Iterator[str]:
        return (self.column.categories[code] for code in codes.tolist())

    def _count(self, texts: Iterable[str]) -> Any:
        """Sparse int64 matrix (n_texts, n_words), each row sorted by word."""
        place = {word: i for i, word in enumerate(self.words_)}
        places: list[int] = []
        counts: list[int] = []
        ends = [0]
        for text in texts:
            found = Counter(place[word] for word in words_of(text) if word in place)
            places += found
            counts += found.values()
            ends.append(len(places))
        data = np.minimum(np.array(counts, dtype=np.int64), MAX_COUNT)
        shape = (len(ends) - 1, len(self.words_))
        return csr_array((data, np.array(places, dtype=np.int64), np.array(ends)), shape=shape)


def with_columns(step: Any, columns: Sequence[Column]) -> Any:
    """Return a fitted step, or a composition of steps, that reads the tables of these columns.

    Parameters
    ----------
    step
        A ``WordCounts``, or a ``ColumnTransformer`` or ``Pipeline`` that may hold some; anything
        else comes back as it is.
    columns
        Those that it was fitted on, by name, with the same or longer tables.
    """
    if isinstance(step, WordCounts):
        return step.reading({column.name: column for column in columns}[step.column.name])
    if not isinstance(step, ColumnTransformer | Pipeline):
        return step
    step = copy.copy(step)
    if isinstance(step, Pipeline):
        step.steps = [(name, with_columns(part, columns)) for name, part in step.steps]
    else:
        step.transformers_ = [
            (name, with_columns(part, columns), chosen) for name, part, chosen in step.transformers_
        ]
    return step


def _dense(matrix: Any) -> NDArray[np.float64]:
    dense: NDArray[np.float64] = matrix.astype(np.float64).toarray()
    return dense
