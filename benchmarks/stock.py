"""What the stock converters make of a model: skl2onnx, with onnxmltools for the boosters.

Used as their documentation says: the whole pipeline, float inputs, no zipmap.
"""

import copy
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline

from search_spaces.transformers.imputer import Imputer
from searcher.model import FittedModel

TOLERANCE = 1e-5


@dataclass(frozen=True)
class Stock:
    """How a stock conversion compares with the model."""

    refusal: str | None = None  # why there is none
    rows: int = 0
    labels_unequal: int = 0
    beyond: int = 0  # rows with a value that is off by more than the gate allows
    worst: float = 0.0  # largest absolute difference


def register_boosters() -> None:
    """Tell skl2onnx of XGBoost's and LightGBM's estimators."""
    from lightgbm import LGBMClassifier, LGBMRegressor
    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
    from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import (
        calculate_linear_classifier_output_shapes,
        calculate_linear_regressor_output_shapes,
    )
    from xgboost import XGBClassifier, XGBRegressor

    options = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
    for kind, name, convert in (
        (XGBClassifier, "XGBoostXGBClassifier", convert_xgboost),
        (LGBMClassifier, "LightGbmLGBMClassifier", convert_lightgbm),
    ):
        shapes = calculate_linear_classifier_output_shapes
        update_registered_converter(kind, name, shapes, convert, options=options)
    for kind, name, convert in (
        (XGBRegressor, "XGBoostXGBRegressor", convert_xgboost),
        (LGBMRegressor, "LightGbmLGBMRegressor", convert_lightgbm),
    ):
        update_registered_converter(kind, name, calculate_linear_regressor_output_shapes, convert)


def ask_stock(model: FittedModel, X: NDArray[np.float64]) -> Stock:
    """Convert and compare on rows X (n_rows, n_columns)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outputs = _run(_convert(model, X.shape[1]), X)
    except Exception as error:  # noqa: BLE001 - converters raise any type
        return Stock(refusal=f"{type(error).__name__}: {str(error).strip().splitlines()[0][:80]}")
    if not model.classes:
        native, got = model.predict(X), np.asarray(outputs[0], dtype=np.float64).reshape(-1)
        return _compare(native[:, None], got[:, None], np.zeros(len(X), dtype=bool))
    native = model.predict_proba(X)
    got = np.asarray(outputs[1], dtype=np.float64)
    labels = np.asarray(outputs[0]).reshape(-1)
    if got.shape != native.shape:
        return Stock(refusal=f"probabilities of shape {got.shape}, not {native.shape}")
    return _compare(native, got, labels != model.predict(X))


def _compare(native: NDArray[Any], got: NDArray[Any], unequal: NDArray[np.bool_]) -> Stock:
    difference = np.abs(native - got)
    within = difference <= TOLERANCE + TOLERANCE * np.abs(native)
    return Stock(
        rows=len(native),
        labels_unequal=int(unequal.sum()),
        beyond=int((~within).any(axis=1).sum()),
        worst=float(np.nan_to_num(difference, nan=np.inf).max(initial=0.0)),
    )


def _convert(model: FittedModel, width: int) -> bytes:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    estimator = model.estimator
    if type(estimator).__module__.startswith("search_spaces."):  # out of our wrappers
        estimator = getattr(estimator, "estimator_", estimator)
    steps = [("preprocessing", _without_passthrough(model.preprocessing)), ("estimator", estimator)]
    pipeline = Pipeline(steps)
    converted = convert_sklearn(
        pipeline,
        initial_types=[("X", FloatTensorType([None, width]))],
        options={id(pipeline): {"zipmap": False}} if model.classes else None,
        target_opset={"": 21, "ai.onnx.ml": 3},
    )
    data: bytes = converted.SerializeToString()
    return data


def _without_passthrough(step: Any) -> Any:
    """Take steps that do nothing out of pipelines: the converter trips over them."""
    if isinstance(step, Pipeline):
        parts = [(n, _without_passthrough(s)) for n, s in step.steps if not isinstance(s, str)]
        return Pipeline(parts) if parts else "passthrough"
    if type(step) is Imputer:  # as good as its parent, which the converter knows
        plain = SimpleImputer(strategy=step.strategy, keep_empty_features=True)
        plain.__dict__.update(vars(step))
        return plain
    if isinstance(step, ColumnTransformer):
        step = copy.copy(step)
        step.transformers_ = [(n, _without_passthrough(s), c) for n, s, c in step.transformers_]
    return step


def _run(data: bytes, X: NDArray[np.float64]) -> list[Any]:
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    answers: list[Any] = session.run(None, {"X": X.astype(np.float32)})
    return answers
