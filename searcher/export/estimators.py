"""Which nodes compute what a fitted estimator computes, and which estimators we know."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np
from onnx import TensorProto

from searcher.errors import ExportError
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel


@dataclass(frozen=True, slots=True)
class Predicted:
    """Names of the tensors that hold an estimator's answer."""

    codes: str = ""  # class codes (rows,), int64; classification only
    probabilities: str = ""  # (rows, n_classes), any float; classification only
    values: str = ""  # (rows,), any float; regression only


Emitter: TypeAlias = Callable[[GraphBuilder, FittedModel, str], Predicted]

EMITTERS = {
    "sklearn.DummyClassifier": "searcher.export.estimators:add_constant_probabilities",
    "sklearn.DummyRegressor": "searcher.export.estimators:add_constant_value",
    "sklearn.LogisticRegression": "searcher.export.linear:add_logistic_regression",
    "sklearn.Ridge": "searcher.export.linear:add_linear_regression",
    "sklearn.LinearRegression": "searcher.export.linear:add_linear_regression",
    "sklearn.Lasso": "searcher.export.linear:add_linear_regression",
    "sklearn.ElasticNet": "searcher.export.linear:add_linear_regression",
    "sklearn.LinearSVR": "searcher.export.linear:add_linear_regression",
    "sklearn.SVR": "searcher.export.svm:add_svm_regressor",
    "sklearn.GaussianNB": "searcher.export.bayes:add_naive_bayes",
    "search_spaces.NeighboursClassifier": "searcher.export.neighbours:add_neighbours_classifier",
    "search_spaces.NeighboursRegressor": "searcher.export.neighbours:add_neighbours_regressor",
    "sklearn.CalibratedClassifierCV": "searcher.export.calibration:add_calibrated",
    "sklearn.Pipeline": "searcher.export.ensembles:add_pipeline",
    "sklearn.TransformedTargetRegressor": "searcher.export.ensembles:add_transformed_target",
    "sklearn.VotingClassifier": "searcher.export.ensembles:add_voting_classifier",
    "sklearn.VotingRegressor": "searcher.export.ensembles:add_voting_regressor",
    "sklearn.StackingClassifier": "searcher.export.ensembles:add_stacking",
    "sklearn.StackingRegressor": "searcher.export.ensembles:add_stacking",
    "sklearn.DecisionTreeClassifier": "searcher.export.forests:add_forest_classifier",
    "sklearn.DecisionTreeRegressor": "searcher.export.forests:add_forest_regressor",
    "sklearn.RandomForestClassifier": "searcher.export.forests:add_forest_classifier",
    "sklearn.RandomForestRegressor": "searcher.export.forests:add_forest_regressor",
    "sklearn.ExtraTreesClassifier": "searcher.export.forests:add_forest_classifier",
    "sklearn.ExtraTreesRegressor": "searcher.export.forests:add_forest_regressor",
    "sklearn.GradientBoostingClassifier": (
        "searcher.export.gradient_boosting:add_gradient_boosting_classifier"
    ),
    "sklearn.GradientBoostingRegressor": (
        "searcher.export.gradient_boosting:add_gradient_boosting_regressor"
    ),
    "sklearn.HistGradientBoostingClassifier": (
        "searcher.export.hist_gradient_boosting:add_hist_classifier"
    ),
    "sklearn.HistGradientBoostingRegressor": (
        "searcher.export.hist_gradient_boosting:add_hist_regressor"
    ),
    "lightgbm.LGBMClassifier": "searcher.export.lightgbm:add_lightgbm_classifier",
    "lightgbm.LGBMRegressor": "searcher.export.lightgbm:add_lightgbm_regressor",
    "xgboost.XGBClassifier": "searcher.export.boosters:add_booster_classifier",
    "xgboost.XGBRegressor": "searcher.export.boosters:add_booster_regressor",
    "search_spaces.BoostedClassifier": "searcher.export.boosting:add_boosted",
    "search_spaces.BoostedRegressor": "searcher.export.boosting:add_boosted",
    "sklearn.KMeans": "searcher.export.clusters:add_nearest_centre",
    "search_spaces.NearestCentroidClusters": "searcher.export.clusters:add_nearest_centre",
    "search_spaces.DensityClusters": "searcher.export.clusters:add_nearest_core",
    "searcher.WidenedClassifier": "searcher.export.widened:add_widened_classifier",
}
"""Estimators whose arithmetic we write ourselves; a subclass may predict otherwise, so is none."""


def add_estimator(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add the nodes of the model's estimator.

    Raises
    ------
    ExportError
        If it can't be converted, or was trained without some of the model's classes.
    """
    if model.classes:
        check_classes(model)
    target = EMITTERS.get(key_of(model.estimator), "searcher.export.converted:add_converted")
    module, _, function = target.partition(":")
    emit: Emitter = getattr(import_module(module), function)
    return emit(graph, model, features)


def key_of(estimator: Any) -> str:
    """Name an estimator's type as ``EMITTERS`` does: top package and class."""
    kind = type(estimator)
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def check_classes(model: FittedModel) -> None:
    """Refuse a classifier without probabilities, or one that lacks some of the model's classes.

    Raises
    ------
    ExportError
        Naming what is missing.
    """
    kind = type(model.estimator).__name__
    if not hasattr(model.estimator, "predict_proba"):
        raise ExportError(
            f"{kind} gives no probabilities (predict_proba), which the file must hold"
        )
    trained = np.asarray(getattr(model.estimator, "classes_", np.arange(len(model.classes))))
    if not np.array_equal(trained, np.arange(len(model.classes))):
        missing = [c for i, c in enumerate(model.classes) if i not in trained]
        raise ExportError(f"{kind} was trained on rows without the classes {missing}")


def add_constant_probabilities(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a DummyClassifier(strategy="prior"): the same probabilities for every row."""
    _check_strategy(model, ("prior",))
    prior = np.asarray(model.estimator.class_prior_, dtype=np.float64)
    return Predicted(
        codes=_repeat(graph, features, np.array([np.argmax(prior)], dtype=np.int64)),
        probabilities=_repeat(graph, features, prior[None, :]),
    )


def add_constant_value(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a DummyRegressor: the same value for every row."""
    _check_strategy(model, ("mean", "median", "quantile", "constant"))
    constant = np.asarray(model.estimator.constant_, dtype=np.float64).reshape(1)
    return Predicted(values=_repeat(graph, features, constant))


def _check_strategy(model: FittedModel, allowed: tuple[str, ...]) -> None:
    if model.estimator.strategy not in allowed:
        raise ExportError(
            f"{type(model.estimator).__name__} with strategy {model.estimator.strategy!r} can't be "
            f"exported; allowed: {', '.join(allowed)}"
        )


def _repeat(graph: GraphBuilder, features: str, value: Any) -> str:
    """Repeat ``value``, of first dimension 1, for every row."""
    shape = graph.add("Shape", features, start=0, end=1)
    if value.ndim > 1:
        width = graph.constant(np.array(value.shape[1:], dtype=np.int64), "width")
        shape = graph.add("Concat", shape, width, axis=0)
    return graph.add("Expand", graph.constant(value, "constant"), shape)


def add_argmax(graph: GraphBuilder, scores: str) -> str:
    """Add the code of the largest score, the first of equal ones as in numpy: (rows,), int64."""
    return graph.add("ArgMax", scores, axis=1, keepdims=0, select_last_index=0)


def add_squeeze(graph: GraphBuilder, column: str) -> str:
    """Turn (rows, 1) into (rows,)."""
    return graph.add("Reshape", column, graph.constant(np.array([-1], dtype=np.int64), "flat"))


def add_cast(graph: GraphBuilder, name: str, element_type: int = TensorProto.DOUBLE) -> str:
    """Convert to another element type."""
    return graph.add("Cast", name, to=element_type)
