"""The preprocessing that kinds of families try, and what their defaults take of it."""

from collections.abc import Sequence

from search_spaces.columns import Profile
from search_spaces.preprocessing import (
    DATES,
    INTERACTIONS,
    MIN_FREQUENCY,
    OFF,
    REDUCE,
    preprocessing_space,
)
from search_spaces.space import Configuration, Space

SCALED: Configuration = {**OFF, "impute": "median", "scale": "standard", "encode": "onehot"}
"""Default of a family that compares features with each other."""

UNSCALED: Configuration = {**OFF, "impute": "median", "scale": "none", "encode": "ordinal"}
"""Default of trees, which compare a feature with its own values only."""


def scaled_preprocessing(
    profile: Profile,
    *,
    scale: Sequence[str] = ("standard", "minmax", "power", "quantile"),
    encode: Sequence[str] = ("onehot", "target"),
    interactions: Sequence[str] = (),
) -> Space:
    """Offer what suits a family that compares features with each other: always scaled, no codes."""
    return preprocessing_space(
        profile,
        scale=scale,
        encode=encode,
        min_frequency=MIN_FREQUENCY,
        indicators=(False, True),
        interactions=interactions,
        reduce=REDUCE,
    )


def linear_preprocessing(profile: Profile, *, robust: bool = False) -> Space:
    """Offer what suits a linear model: scaled, and products of features, which it can't form.

    Parameters
    ----------
    robust
        Scaling by quartiles too, where a column that is mostly zero, and keeps its raw size, does
        no harm to the solver.
    """
    among = ("standard", "minmax", "robust", "power", "quantile")
    scale = among if robust else tuple(name for name in among if name != "robust")
    return scaled_preprocessing(profile, scale=scale, interactions=INTERACTIONS)


def tree_preprocessing(
    profile: Profile,
    *,
    impute: Sequence[str] = ("none", "median", "mean", "most_frequent"),
    encode: Sequence[str] = ("ordinal", "onehot", "target"),
) -> Space:
    """Offer what suits trees: nothing scaled, categories as codes, missing values as they are."""
    return preprocessing_space(
        profile,
        impute=impute,
        scale=("none",),
        encode=encode,
        indicators=(False, True),
        dates=DATES,
    )


def clustering_preprocessing(profile: Profile) -> Space:
    """Fix what is done to the columns before clustering: median, standardised, one-hot."""
    return preprocessing_space(profile, impute=("median",), scale=("standard",), encode=("onehot",))
