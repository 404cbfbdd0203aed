"""Which nodes compute an XGBoost model in its own float32 arithmetic.

XGBoost 3 starts from the base margin and adds the trees one after another in float32
(``cpu_predictor.cc``); probabilities follow ``common/math.h``. ONNX Runtime's float32 Exp and
Sigmoid are approximations, so exp is taken in float64 and rounded, as expf nearly always does.

A tree of ``dart`` counts by its weight. The scikit-learn interface predicts in place
(``gbtree.cc``, ``Dart::InplacePredict``), which answers each tree on top of the base margin and
takes that off again before weighing: that rounding is part of the answer, and of our leaves.
"""

import json
from dataclasses import replace
from typing import Any

import numpy as np
from onnx import TensorProto

from searcher.errors import ExportError
from searcher.export.emitters.trees import LESS, Tree, add_rounds
from searcher.export.estimators import Predicted, add_argmax, add_cast, add_squeeze
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel

IDENTITY = ("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror")
BOOSTERS = ("gbtree", "dart")
LARGEST_EXPONENT = np.float32(88.7)  # XGBoost clips there, so that expf does not overflow


def add_booster_classifier(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add an XGBClassifier with objective binary:logistic or multi:softprob."""
    learner = _read(model.estimator)
    objective = learner["objective"]["name"]
    n_classes = len(model.classes)
    expected = "binary:logistic" if n_classes <= 2 else "multi:softprob"  # noqa: PLR2004
    _check_objective(objective, (expected,))
    margins = _margins(graph, learner, features)
    if objective == "multi:softprob":
        probabilities = _softmax(graph, margins)
        return Predicted(codes=add_argmax(graph, probabilities), probabilities=probabilities)
    second = _sigmoid(graph, margins)
    one = graph.constant(np.array(1.0, dtype=np.float32), "one")
    above = graph.add("Greater", second, graph.constant(np.array(0.5, dtype=np.float32), "half"))
    return Predicted(
        codes=add_squeeze(graph, add_cast(graph, above, TensorProto.INT64)),
        probabilities=graph.add("Concat", graph.add("Sub", one, second), second, axis=1),
    )


def add_booster_regressor(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add an XGBRegressor whose objective leaves the margin as it is."""
    learner = _read(model.estimator)
    _check_objective(learner["objective"]["name"], IDENTITY)
    return Predicted(values=add_squeeze(graph, _margins(graph, learner, features)))


def _read(estimator: Any) -> dict[str, Any]:
    """Read the trees that ``predict`` uses, checked to be of a kind that we compute exactly."""
    booster = estimator.get_booster()
    if getattr(estimator, "early_stopping_rounds", None) is not None:
        booster = booster[: estimator.best_iteration + 1]
    learner: dict[str, Any] = json.loads(booster.save_raw("json"))["learner"]
    kind = learner["gradient_booster"]["name"]
    if kind not in BOOSTERS:
        raise ExportError(
            f"XGBoost with booster {kind!r} can't be exported; allowed: {', '.join(BOOSTERS)}"
        )
    if estimator.missing is not None and not np.isnan(estimator.missing):
        raise ExportError(f"XGBoost with missing={estimator.missing} can't be exported; use NaN")
    if int(learner["learner_model_param"].get("num_target", 1)) > 1:
        raise ExportError("XGBoost with several targets can't be exported")
    for tree in _model(learner)["trees"]:
        if int(tree["tree_param"]["size_leaf_vector"]) > 1:
            raise ExportError("XGBoost trees with vector leaves can't be exported")
    return learner


def _check_objective(objective: str, allowed: tuple[str, ...]) -> None:
    if objective not in allowed:
        raise ExportError(
            f"XGBoost with objective {objective!r} can't be exported; allowed: {', '.join(allowed)}"
        )


def _model(learner: dict[str, Any]) -> dict[str, Any]:
    booster: dict[str, Any] = learner["gradient_booster"]
    model: dict[str, Any] = booster.get("gbtree", booster)["model"]
    return model


def _margins(graph: GraphBuilder, learner: dict[str, Any], features: str) -> str:
    """Add base margin and trees: (rows, n_outputs), float32."""
    base = _base_margin(learner)
    model = _model(learner)
    weights = learner["gradient_booster"].get("weight_drop", [])
    trees = [_to_tree(tree) for tree in model["trees"]]
    outputs = np.array(model["tree_info"], dtype=np.int64)
    for i, weight in enumerate(weights):
        start = base[outputs[i]]
        value = (trees[i].value + start - start) * np.float32(weight)
        trees[i] = replace(trees[i], value=value)
    # one row for each step of the sum, one column for each output
    columns = [np.flatnonzero(outputs == k) for k in range(len(base))]
    order = np.column_stack(columns).ravel()
    narrow = add_cast(graph, features, TensorProto.FLOAT)
    return add_rounds(graph, narrow, base, [trees[i] for i in order], mode=LESS)


def _base_margin(learner: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
    parameters = learner["learner_model_param"]
    # XGBoost 3.1 and later write "[5E-1]", one number for each output; earlier ones "5E-1"
    scores = np.array(json.loads(parameters["base_score"]), dtype=np.float32).reshape(-1)
    scores = np.broadcast_to(scores, (max(1, int(parameters["num_class"])),))
    if learner["objective"]["name"] != "binary:logistic":
        return scores
    odds = np.float32(1) / scores - np.float32(1)
    return -np.log(odds.astype(np.float64)).astype(np.float32)


def _to_tree(tree: dict[str, Any]) -> Tree:
    values = np.array(tree["split_conditions"], dtype=np.float32)  # of a leaf: its value
    left = np.array(tree["left_children"], dtype=np.int64)
    right = np.array(tree["right_children"], dtype=np.int64)
    missing_left = np.array(tree["default_left"], dtype=bool)
    has_set = np.zeros(len(left), dtype=bool)
    has_set[tree["categories_nodes"]] = True
    return Tree(
        # the categories of a set go right (``categorical.h``), here they go where the set holds
        left=np.where(has_set, right, left),
        right=np.where(has_set, left, right),
        feature=np.array(tree["split_indices"], dtype=np.int64),
        threshold=np.where(has_set, np.float32(0), values),
        missing_left=missing_left ^ has_set,
        value=values,
        has_set=has_set,
        sets=_sets(tree),
    )


def _sets(tree: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Categories of each set, a NaN behind each."""
    ends = np.cumsum(np.array(tree["categories_sizes"], dtype=np.int64))
    members = np.array(tree["categories"], dtype=np.float32)
    return np.insert(members, ends, np.float32(np.nan))


def _exp(graph: GraphBuilder, name: str) -> str:
    return add_cast(graph, graph.add("Exp", add_cast(graph, name)), TensorProto.FLOAT)


def _sigmoid(graph: GraphBuilder, margins: str) -> str:
    """1 / (exp(min(-margin, 88.7)) + 1)."""
    limit = graph.constant(np.array(LARGEST_EXPONENT, dtype=np.float32), "limit")
    one = graph.constant(np.array(1.0, dtype=np.float32), "one")
    exponential = _exp(graph, graph.add("Min", graph.add("Neg", margins), limit))
    return graph.add("Div", one, graph.add("Add", exponential, one))


def _softmax(graph: GraphBuilder, margins: str) -> str:
    """exp(margin - largest) / sum, the sum taken in float64 and rounded."""
    axes = graph.constant(np.array([1], dtype=np.int64), "axes")
    largest = graph.add("ReduceMax", margins, axes, keepdims=1)
    exponentials = _exp(graph, graph.add("Sub", margins, largest))
    total = graph.add("ReduceSum", add_cast(graph, exponentials), axes, keepdims=1)
    return graph.add("Div", exponentials, add_cast(graph, total, TensorProto.FLOAT))
