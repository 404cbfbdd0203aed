"""Which texts an exported file has to read like the model, beside those of the data.

They are not in the dataset's table of texts, so the model that is asked needs a longer one:
``add_probe_texts`` appends them, at the positions that ``probe_codes`` names.
"""

from collections.abc import Sequence

import numpy as np

from search_spaces.columns import Column
from search_spaces.transformers.texts import MAX_COUNT, words_of

N_TEXTS = 5  # of the data, from which others are made
N_WORDS = 20  # of such a text at least, where the data have as many
LONG = 5_000  # words
SEED = 0

HARD = (
    "!?... ---",
    " \t\r\n ",
    "line one\nline two\ttab\r\nline three",
    "na\u00efve CAF\u00c9 stra\u00dfe \u00d8re a\u0301b",
    "\u212aelvin \u0130stanbul \u0131 \u017fun \uff21\uff22\uff11 \u0391\u0392",
    "\u65e5\u672c\u8a9e\u306e text \uac00\ub098 \u0440\u0443\u0441",
    "\U0001f600ok\U0001f1e9\U0001f1ea \u200bzero\u200dwidth\ufeff \ufffd",
    "nul\x00inside \x00 \x7f\x1b end\x00",
    "snake_case _ __ 1_000 007 3.14 1e9",
    "(unseen) zzqx unheardof_word",
    "x" * 10_000,
)
"""Letters whose lower case is ASCII (Kelvin sign, dotted capital I), full-width ones and other
scripts; combining, invisible and control characters; digits and underscores; one long word.
"""


def probe_texts(column: Column) -> list[str]:
    """Make up texts of the column's own words: shuffled, in upper case, very long, repeated."""
    rng = np.random.default_rng(SEED)
    chosen = rng.integers(len(column.categories), size=N_TEXTS * N_WORDS)
    known = [column.categories[i] for i in chosen]
    words = [word for text in known for word in words_of(text)] or ["word"]
    shuffled = [" ".join(rng.permutation(words)[:N_WORDS]) for _ in range(N_TEXTS)]
    repeated = " ".join(words[:1] * (MAX_COUNT + 1) + words[1:2] * MAX_COUNT)
    long = " ".join(rng.choice(words, LONG))
    upper = [text.upper() for text in known[:N_TEXTS]]
    return [*shuffled, *upper, repeated, long, *HARD]


def add_probe_texts(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns with the texts that are probed."""
    return tuple(
        column.with_strings(probe_texts(column)) if column.is_text else column for column in columns
    )


def probe_codes(column: Column) -> list[float]:
    """Return the positions of the probed texts in what ``add_probe_texts`` makes of the column."""
    known = {text: i for i, text in enumerate(column.with_strings(probe_texts(column)).categories)}
    return [float(known[text]) for text in probe_texts(column)]
