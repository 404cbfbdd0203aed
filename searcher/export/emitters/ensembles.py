"""Which nodes compute a model that is made of models, in scikit-learn's order of operations."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from onnx import TensorProto

from searcher.errors import ExportError
from searcher.export.emitters.converted import add_converted
from searcher.export.estimators import Predicted, add_argmax, add_cast, add_estimator
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel

TREES = (
    "xgboost",
    "lightgbm",
    "sklearn.tree",
    "sklearn.ensemble._forest",
    "sklearn.ensemble._gb",
    "sklearn.ensemble._hist_gradient_boosting",
    "search_spaces.estimators.boosting",
)
"""Modules of members that see float32; the features of an ensemble are float32 values anyway."""


def add_voting_classifier(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a VotingClassifier: the mean of the members' probabilities, the most probable class."""
    estimator = model.estimator
    if estimator.voting != "soft" or estimator.weights is not None:
        return add_converted(graph, model, features)
    members = _add_members(graph, model, estimator.estimators_, features)
    mean = _add_mean(graph, [add_cast(graph, member.probabilities) for member in members])
    return Predicted(codes=add_argmax(graph, mean), probabilities=mean)


def add_voting_regressor(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a VotingRegressor: the mean of the members' values."""
    if model.estimator.weights is not None:
        return add_converted(graph, model, features)
    members = _add_members(graph, model, model.estimator.estimators_, features)
    return Predicted(values=_add_mean(graph, [add_cast(graph, m.values) for m in members]))


def add_stacking(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a StackingClassifier or StackingRegressor.

    The final estimator sees the members' probabilities (of two classes the second's alone) or
    values side by side, then the features if they are passed through.
    """
    estimator = model.estimator
    asked = "predict_proba" if model.classes else "predict"
    if set(estimator.stack_method_) != {asked}:
        return add_converted(graph, model, features)
    members = list(_add_members(graph, model, estimator.estimators_, features))
    columns = [_add_columns(graph, member, len(model.classes)) for member in members]
    if estimator.passthrough:
        columns.append(add_cast(graph, features))
    final = replace(model, estimator=estimator.final_estimator_, dtype="float64")
    return add_estimator(graph, final, graph.add("Concat", *columns, axis=1))


def add_pipeline(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a Pipeline of standard scalers and an estimator; other ones are converted."""
    *steps, last = (step for _, step in model.estimator.steps)
    if model.dtype != "float64" or any(type(step).__name__ != "StandardScaler" for step in steps):
        return add_converted(graph, model, features)
    for scaler in steps:
        if scaler.mean_ is not None and scaler.with_mean:
            features = graph.add("Sub", features, graph.constant(scaler.mean_, "mean"))
        if scaler.scale_ is not None:
            features = graph.add("Div", features, graph.constant(scaler.scale_, "scale"))
    return add_estimator(graph, replace(model, estimator=last), features)


def add_transformed_target(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a TransformedTargetRegressor that learnt a standardised target.

    Raises
    ------
    ExportError
        If the target was transformed in another way.
    """
    scaler = model.estimator.transformer_
    if type(scaler).__name__ != "StandardScaler" or scaler.mean_ is None or scaler.scale_ is None:
        raise ExportError(
            f"a target transformed by {type(scaler).__name__} can't be exported; "
            "allowed: StandardScaler"
        )
    inner = add_estimator(graph, replace(model, estimator=model.estimator.regressor_), features)
    scaled = graph.add(
        "Mul", add_cast(graph, inner.values), graph.constant(scaler.scale_[:1], "scale")
    )
    return Predicted(values=graph.add("Add", scaled, graph.constant(scaler.mean_[:1], "mean")))


def _add_members(
    graph: GraphBuilder, model: FittedModel, members: Any, features: str
) -> Iterator[Predicted]:
    narrow = add_cast(graph, features, TensorProto.FLOAT)
    for member in members:
        if type(member).__module__.startswith(TREES):
            yield add_estimator(graph, replace(model, estimator=member, dtype="float32"), narrow)
        else:
            yield add_estimator(graph, replace(model, estimator=member), features)


def _add_columns(graph: GraphBuilder, member: Predicted, n_classes: int) -> str:
    """Add what the final estimator sees of a member: (rows, 1 or n_classes), float64."""
    if not n_classes:
        column = graph.constant(np.array([-1, 1], dtype=np.int64), "column")
        return graph.add("Reshape", add_cast(graph, member.values), column)
    probabilities = add_cast(graph, member.probabilities)
    if n_classes > 2:  # noqa: PLR2004 - binary or not
        return probabilities
    second = graph.constant(np.array([1], dtype=np.int64), "second")
    return graph.add("Gather", probabilities, second, axis=1)


def _add_mean(graph: GraphBuilder, parts: list[str]) -> str:
    """Add the parts one after another, as numpy does along the first axis, and divide."""
    total, *others = parts
    for part in others:
        total = graph.add("Add", total, part)
    return graph.add("Div", total, graph.constant(np.array(float(len(parts))), "n_members"))
