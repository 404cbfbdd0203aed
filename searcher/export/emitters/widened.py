"""Which nodes answer for all classes when the estimator was trained on some of them."""

from dataclasses import replace

import numpy as np

from searcher.errors import ExportError
from searcher.export.estimators import Predicted, add_estimator
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel


def add_widened_classifier(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add the inner estimator; classes that it never saw have probability 0."""
    present = np.asarray(model.estimator.present_, dtype=np.int64)
    if len(present) < 2:  # noqa: PLR2004
        raise ExportError("the training rows have one class only, so there is nothing to export")
    names = tuple(model.classes[i] for i in present)
    inner = replace(model, estimator=model.estimator.estimator, classes=names)
    seen = add_estimator(graph, inner, features)
    # a column of zeros behind the others, whatever the number of rows
    first = graph.constant(np.array([0], dtype=np.int64), "first")
    column = graph.add("Gather", seen.probabilities, first, axis=1)
    padded = graph.add("Concat", seen.probabilities, graph.add("Sub", column, column), axis=1)
    places = np.full(len(model.classes), len(present), dtype=np.int64)
    places[present] = np.arange(len(present))
    return Predicted(
        codes=graph.add("Gather", graph.constant(present, "present"), seen.codes, axis=0),
        probabilities=graph.add("Gather", padded, graph.constant(places, "places"), axis=1),
    )
