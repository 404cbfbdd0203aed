"""How far a file's answer may be from the model's: less than the release asks, where we can."""

from collections.abc import Mapping
from typing import Any

from searcher.export.estimators import key_of
from searcher.export.gate.library_dumps import parts

TOLERANCE = 1e-5
"""What every release is held to, relative and absolute."""

EXACT = 0.0  # the library's own additions in its own order, and no exp
FLOAT64 = 1e-12  # the same float64 operations in the library's order; exp may differ by an ulp
FLOAT32 = 4 * 2.0**-23  # four ulp: the same float32 operations but for expf
BLAS = 1e-10  # float64 sums whose order BLAS chooses
KERNEL = 1e-9  # squared distances from expanded squares, which cancel

OWN: Mapping[str, float] = {
    **dict.fromkeys(
        (
            "sklearn.DummyClassifier",
            "sklearn.DummyRegressor",
            "sklearn.DecisionTreeClassifier",
            "sklearn.DecisionTreeRegressor",
            "sklearn.RandomForestClassifier",
            "sklearn.RandomForestRegressor",
            "sklearn.ExtraTreesClassifier",
            "sklearn.ExtraTreesRegressor",
        ),
        EXACT,
    ),
    **dict.fromkeys(
        (
            "sklearn.GradientBoostingClassifier",
            "sklearn.GradientBoostingRegressor",
            "sklearn.HistGradientBoostingClassifier",
            "sklearn.HistGradientBoostingRegressor",
            "lightgbm.LGBMClassifier",
            "lightgbm.LGBMRegressor",
            "search_spaces.NeighboursClassifier",
            "search_spaces.NeighboursRegressor",
        ),
        FLOAT64,
    ),
    **dict.fromkeys(("xgboost.XGBClassifier", "xgboost.XGBRegressor"), FLOAT32),
    **dict.fromkeys(
        (
            "sklearn.LogisticRegression",
            "sklearn.Ridge",
            "sklearn.LinearRegression",
            "sklearn.Lasso",
            "sklearn.ElasticNet",
            "sklearn.LinearSVC",
            "sklearn.LinearSVR",
            "sklearn._SigmoidCalibration",
            "sklearn.StandardScaler",
            "sklearn.GaussianNB",
        ),
        BLAS,
    ),
    **dict.fromkeys(("sklearn.SVC", "sklearn.SVR"), KERNEL),
}
"""Relative and absolute, by top package and class, for what we emit ourselves."""

AMPLIFIED = 20.0
"""What a member is off counts so many times in an ensemble's answer at most, we demand."""


def bound_of(estimator: Any) -> float:
    """Return the estimator's own bound; an ensemble's is a multiple of its loosest part's."""
    found = parts(estimator)
    loosest = max(OWN.get(key_of(part), TOLERANCE) for part in found)
    return min(TOLERANCE, loosest * (AMPLIFIED if len(found) > 1 else 1.0))
