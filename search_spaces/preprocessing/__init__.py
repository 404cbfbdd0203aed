"""How the columns of X become features: searchable choices, fitted inside each fold."""

from search_spaces.preprocessing.build import build
from search_spaces.preprocessing.choices import (
    CHOICES,
    DATES,
    ENCODE,
    IMPUTE,
    INTERACTIONS,
    MAX_CATEGORIES,
    MIN_FREQUENCY,
    NATIVE,
    OFF,
    REDUCE,
    SCALE,
    is_within,
    split,
)
from search_spaces.preprocessing.offers import MAX_QUANTITIES, preprocessing_space

__all__ = [
    "CHOICES",
    "DATES",
    "ENCODE",
    "IMPUTE",
    "INTERACTIONS",
    "MAX_CATEGORIES",
    "MAX_QUANTITIES",
    "MIN_FREQUENCY",
    "NATIVE",
    "OFF",
    "REDUCE",
    "SCALE",
    "build",
    "is_within",
    "preprocessing_space",
    "split",
]
