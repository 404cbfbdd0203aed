"""Which nodes compute a booster that our own estimators wrap: those of the booster itself."""

from dataclasses import replace

from searcher.export.estimators import Predicted, add_estimator
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel


def add_boosted(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a ``BoostedClassifier`` or ``BoostedRegressor``, which predicts as its booster does."""
    return add_estimator(graph, replace(model, estimator=model.estimator.estimator_), features)
