"""How each library is told of weights, of rows held out and of categoricals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier

from search_spaces.estimators.holding_out import SHARE


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows to train on, some of them held out."""

    X: NDArray[Any]  # (n_samples, n_features)
    y: NDArray[Any]  # (n_samples,)
    weight: NDArray[Any] | None  # (n_samples,)
    held: NDArray[np.bool_]  # (n_samples,)

    @property
    def holds_out(self) -> bool:
        """Whether there are rows that tell when to stop."""
        return bool(self.held.any())

    def split(self) -> tuple["Rows", "Rows"]:
        """Rows to train on, rows held out."""
        if not self.holds_out:
            return self, self
        return self._take(~self.held), self._take(self.held)

    def _take(self, chosen: NDArray[np.bool_]) -> "Rows":
        weight = None if self.weight is None else self.weight[chosen]
        return Rows(self.X[chosen], self.y[chosen], weight, np.zeros(chosen.sum(), dtype=bool))


def fit_xgboost(
    estimator: Any,
    rows: Rows,
    *,
    stop_after: int,
    n_categoricals: int,
    callbacks: Sequence[Any] = (),
    begin_with: Any = None,
) -> Any:
    """Fit an ``XGBClassifier`` or ``XGBRegressor``; it predicts up to its best round.

    ``callbacks`` are XGBoost's; with ``begin_with``, a ``Booster``, its trees come first.
    """
    train, watched = rows.split()
    if callbacks:
        estimator.set_params(callbacks=list(callbacks))
    if n_categoricals:
        kinds = ["c"] * n_categoricals + ["q"] * (rows.X.shape[1] - n_categoricals)
        estimator.set_params(enable_categorical=True, feature_types=kinds)
    named: dict[str, Any] = {}
    if rows.holds_out:
        estimator.set_params(early_stopping_rounds=stop_after)
        named["eval_set"] = [(watched.X, watched.y)]
        if watched.weight is not None:
            named["sample_weight_eval_set"] = [watched.weight]
    return estimator.fit(
        train.X,
        train.y,
        sample_weight=train.weight,
        verbose=False,
        xgb_model=begin_with,
        **named,
    )


def fit_lightgbm(
    estimator: Any,
    rows: Rows,
    *,
    stop_after: int,
    n_categoricals: int,
    callbacks: Sequence[Any] = (),
    begin_with: Any = None,
) -> Any:
    """Fit an ``LGBMClassifier`` or ``LGBMRegressor``; it predicts up to its best round.

    ``callbacks`` are LightGBM's; with ``begin_with``, a ``Booster``, its trees come first.
    """
    from lightgbm import early_stopping

    train, watched = rows.split()
    named: dict[str, Any] = {"callbacks": list(callbacks), "init_model": begin_with}
    if rows.holds_out:
        named["callbacks"].append(early_stopping(stop_after, verbose=False))
        named["eval_X"], named["eval_y"] = watched.X, watched.y
        if watched.weight is not None:
            named["eval_sample_weight"] = [watched.weight]
    if n_categoricals:
        named["categorical_feature"] = list(range(n_categoricals))
    return estimator.fit(train.X, train.y, sample_weight=train.weight, **named)


def fit_hist_gradient_boosting(
    estimator: Any, rows: Rows, *, stop_after: int, n_categoricals: int
) -> Any:
    """Fit a ``HistGradientBoosting*``; like all of scikit-learn's it keeps its last rounds."""
    train, watched = rows.split()
    named: dict[str, Any] = {}
    if n_categoricals:
        estimator.set_params(categorical_features=list(range(n_categoricals)))
    if rows.holds_out:
        estimator.set_params(early_stopping=True, n_iter_no_change=stop_after)
        named = {
            "X_val": watched.X,
            "y_val": watched.y,
            "sample_weight_val": watched.weight,
        }
    return estimator.fit(_without_empty(train.X), train.y, sample_weight=train.weight, **named)


def _without_empty(X: NDArray[Any]) -> NDArray[Any]:
    """Make zeros of features that no row has: scikit-learn 1.9 can't find bins for none.

    Nothing can be split there, so no tree will look at them.
    """
    empty = np.isnan(X).all(axis=0)
    return np.where(empty, 0.0, X) if empty.any() else X


def fit_gradient_boosting(
    estimator: Any, rows: Rows, *, stop_after: int, n_categoricals: int
) -> Any:
    """Fit a ``GradientBoosting*``, which takes no rows held out, but holds out its own.

    It needs two rows of each class for that, and as many rows held out as there are classes;
    otherwise it trains all its rounds.
    """
    if n_categoricals:
        raise ValueError(f"{type(estimator).__name__} has no splits by category")
    can_split = rows.holds_out
    if is_classifier(estimator):
        counts = np.unique(rows.y, return_counts=True)[1]
        can_split &= bool(counts.min() > 1 and len(rows.y) * SHARE >= len(counts))
    if can_split:
        estimator.set_params(n_iter_no_change=stop_after, validation_fraction=SHARE)
    return estimator.fit(rows.X, rows.y, sample_weight=rows.weight)


FITTERS: dict[str, Callable[..., Any]] = {
    "XGBClassifier": fit_xgboost,
    "XGBRegressor": fit_xgboost,
    "LGBMClassifier": fit_lightgbm,
    "LGBMRegressor": fit_lightgbm,
    "HistGradientBoostingClassifier": fit_hist_gradient_boosting,
    "HistGradientBoostingRegressor": fit_hist_gradient_boosting,
    "GradientBoostingClassifier": fit_gradient_boosting,
    "GradientBoostingRegressor": fit_gradient_boosting,
}
