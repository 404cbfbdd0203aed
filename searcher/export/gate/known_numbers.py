"""Which numbers the steps of a model compute with that are fitted nowhere as they are.

Limits, grids and the calendar are written in the code of a step; a table holds what a fitted
encoder says of each code. They are stated here once more, not read from what writes the file.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.estimators.neighbours import FULL_WEIGHT, UNITS
from search_spaces.transformers.dates import (
    EPOCH,
    EPSILON,
    ERA,
    FIRST_DAY,
    JANUARY_FIRST,
    LAST_DAY,
)
from search_spaces.transformers.projection import LIMIT, UNIT, UNIT_BITS
from searcher.export.estimators import key_of
from searcher.export.gate.library_dumps import dump_trees

Numbers = Iterator[float]

CALENDAR = (
    *(FIRST_DAY, LAST_DAY, EPSILON, EPOCH, ERA, JANUARY_FIRST),
    *(24.0, 1460.0, 36_524.0, 146_096.0, 365.0, 5.0, 2.0, 153.0, 10.0, 3.0, 12.0),
    *(400.0, 1.0, 4.0, 100.0, 7.0),
)
"""Days of eras, centuries, years and months, and what turns one into another."""

ZERO_LIMIT = float(np.float32(1e-35))  # kZeroThreshold of LightGBM
EXPONENT_LIMIT = float(np.float32(88.7))  # of XGBoost's sigmoid


def scalars_of(part: Any) -> list[float]:
    """Return the single numbers that the graph of a fitted part holds, each as often as it is."""
    found = SCALARS.get(key_of(part))
    return [] if found is None else [float(number) for number in found(part)]


def codes_of(part: Any) -> NDArray[np.float64] | None:
    """Return the different codes that an OrdinalEncoder answers, in order; of any other None."""
    if key_of(part) != "sklearn.OrdinalEncoder":
        return None
    rare = getattr(part, "infrequent_categories_", [None] * len(part.categories_))
    sizes = [
        len(known) - (len(few) - 1 if few is not None else 0)
        for known, few in zip(part.categories_, rare, strict=True)
    ]
    codes = np.append(np.arange(max(sizes), dtype=np.float64), part.unknown_value)
    return np.unique(codes[~np.isnan(codes)])


def means_of(part: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return what a fitted TargetMeans answers; of any other None.

    Returns
    -------
    means : array of shape (n_codes, width)
        Of one column after another the unknown code, then its codes in order up to the last known.
    unknown : array of shape (width,)
        Of a category that no training row has.
    """
    if key_of(part) != "search_spaces.TargetMeans":
        return None
    encoder = part.encoder_
    unknown = np.ravel(encoder.target_mean_)
    width = len(unknown)
    blocks = []
    for i, known in enumerate(encoder.categories_):
        block = np.tile(unknown, (int(max(known)) + 2, 1))
        means = encoder.encodings_[i * width : (i + 1) * width]
        block[known.astype(np.int64) + 1] = np.column_stack(means)
        blocks.append(block)
    return np.concatenate(blocks), unknown


def _calendar(_: Any) -> Numbers:
    yield from CALENDAR


def _grid(_: Any) -> Numbers:
    yield from (LIMIT, -LIMIT, 2.0**UNIT_BITS, UNIT)


def _neighbours(estimator: Any) -> Numbers:
    yield from (estimator.limit_, UNITS)
    if estimator.weights != "uniform":
        yield FULL_WEIGHT
    if estimator.metric == "euclidean":
        yield 2.0  # the product counts twice in a square


def _kernel(estimator: Any) -> Numbers:
    yield -estimator._gamma


def _forest(estimator: Any) -> Numbers:
    if len(estimator.estimators_) > 1:  # one tree is divided by nothing
        yield len(estimator.estimators_)


def _xgboost(estimator: Any) -> Numbers:
    if estimator.n_classes_ == 2:  # noqa: PLR2004
        yield EXPONENT_LIMIT


def _lightgbm(estimator: Any) -> Numbers:
    """Yield the limit below which a number is zero, where a threshold can tell."""
    forest = dump_trees(estimator)
    if forest is None:
        return
    inner = forest.threshold[~forest.is_leaf]
    if np.any((inner >= -ZERO_LIMIT) & (inner < ZERO_LIMIT)):
        yield ZERO_LIMIT


def _network(estimator: Any) -> Numbers:
    if not estimator.n_classes:
        yield from (estimator.targets_.scale, estimator.targets_.mean)


SCALARS: Mapping[str, Callable[[Any], Numbers]] = {
    "search_spaces.DateParts": _calendar,
    "search_spaces.Projection": _grid,
    "search_spaces.NeighboursClassifier": _neighbours,
    "search_spaces.NeighboursRegressor": _neighbours,
    "sklearn.SVC": _kernel,
    "sklearn.SVR": _kernel,
    "sklearn.RandomForestClassifier": _forest,
    "sklearn.RandomForestRegressor": _forest,
    "sklearn.ExtraTreesClassifier": _forest,
    "sklearn.ExtraTreesRegressor": _forest,
    "xgboost.XGBClassifier": _xgboost,
    "lightgbm.LGBMClassifier": _lightgbm,
    "lightgbm.LGBMRegressor": _lightgbm,
    "searcher.NetworkEstimator": _network,
}
"""By top package and class."""
