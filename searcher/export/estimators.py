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

PACKAGE = "searcher.export.emitters"

EMITTERS = {
    "sklearn.DummyClassifier": "constants:add_constant_probabilities",
    "sklearn.DummyRegressor": "constants:add_constant_value",
    "sklearn.LogisticRegression": "linear:add_logistic_regression",
    "sklearn.Ridge": "linear:add_linear_regression",
    "sklearn.LinearRegression": "linear:add_linear_regression",
    "sklearn.Lasso": "linear:add_linear_regression",
    "sklearn.ElasticNet": "linear:add_linear_regression",
    "sklearn.LinearSVR": "linear:add_linear_regression",
    "sklearn.SVR": "svm:add_svm_regressor",
    "sklearn.GaussianNB": "bayes:add_naive_bayes",
    "search_spaces.NeighboursClassifier": "neighbours:add_neighbours_classifier",
    "search_spaces.NeighboursRegressor": "neighbours:add_neighbours_regressor",
    "sklearn.CalibratedClassifierCV": "calibration:add_calibrated",
    "sklearn.Pipeline": "ensembles:add_pipeline",
    "sklearn.TransformedTargetRegressor": "ensembles:add_transformed_target",
    "sklearn.VotingClassifier": "ensembles:add_voting_classifier",
    "sklearn.VotingRegressor": "ensembles:add_voting_regressor",
    "sklearn.StackingClassifier": "ensembles:add_stacking",
    "sklearn.StackingRegressor": "ensembles:add_stacking",
    "sklearn.DecisionTreeClassifier": "forests:add_forest_classifier",
    "sklearn.DecisionTreeRegressor": "forests:add_forest_regressor",
    "sklearn.RandomForestClassifier": "forests:add_forest_classifier",
    "sklearn.RandomForestRegressor": "forests:add_forest_regressor",
    "sklearn.ExtraTreesClassifier": "forests:add_forest_classifier",
    "sklearn.ExtraTreesRegressor": "forests:add_forest_regressor",
    "sklearn.GradientBoostingClassifier": "gradient_boosting:add_gradient_boosting_classifier",
    "sklearn.GradientBoostingRegressor": "gradient_boosting:add_gradient_boosting_regressor",
    "sklearn.HistGradientBoostingClassifier": "hist_gradient_boosting:add_hist_classifier",
    "sklearn.HistGradientBoostingRegressor": "hist_gradient_boosting:add_hist_regressor",
    "lightgbm.LGBMClassifier": "lightgbm:add_lightgbm_classifier",
    "lightgbm.LGBMRegressor": "lightgbm:add_lightgbm_regressor",
    "xgboost.XGBClassifier": "boosters:add_booster_classifier",
    "xgboost.XGBRegressor": "boosters:add_booster_regressor",
    "search_spaces.BoostedClassifier": "boosting:add_boosted",
    "search_spaces.BoostedRegressor": "boosting:add_boosted",
    "sklearn.KMeans": "clusters:add_nearest_centre",
    "search_spaces.NearestCentroidClusters": "clusters:add_nearest_centre",
    "search_spaces.DensityClusters": "clusters:add_nearest_core",
    "searcher.WidenedClassifier": "widened:add_widened_classifier",
    "searcher.NetworkEstimator": "networks:add_network",
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
    target = EMITTERS.get(key_of(model.estimator), "converted:add_converted")
    module, _, function = target.partition(":")
    emit: Emitter = getattr(import_module(f"{PACKAGE}.{module}"), function)
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


def add_argmax(graph: GraphBuilder, scores: str) -> str:
    """Add the code of the largest score, the first of equal ones as in numpy: (rows,), int64."""
    return graph.add("ArgMax", scores, axis=1, keepdims=0, select_last_index=0)


def add_squeeze(graph: GraphBuilder, column: str) -> str:
    """Turn (rows, 1) into (rows,)."""
    return graph.add("Reshape", column, graph.constant(np.array([-1], dtype=np.int64), "flat"))


def add_cast(graph: GraphBuilder, name: str, element_type: int = TensorProto.DOUBLE) -> str:
    """Convert to another element type."""
    return graph.add("Cast", name, to=element_type)
