"""Which nodes compute a LightGBM model, in its order of additions.

Read from the text of the model (``gbdt_model_text.cpp``): seventeen digits, so nothing is lost.
How a node decides is in ``include/LightGBM/tree.h``, how rows are read in ``src/c_api.cpp``.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.errors import ExportError
from searcher.export.emitters.lightgbm_text import Booster, read_booster
from searcher.export.emitters.links import add_sigmoid, add_softmax
from searcher.export.emitters.trees import LESS_OR_EQUAL, add_rounds
from searcher.export.estimators import Predicted, add_argmax, add_cast, add_squeeze
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel

IDENTITY = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")
ZERO = float(np.float32(1e-35))
"""kZeroThreshold: what is not farther from zero than this is read as zero."""


def add_lightgbm_classifier(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add an LGBMClassifier; it labels by its probabilities."""
    booster = _read(model.estimator)
    expected = "binary" if len(model.classes) <= 2 else "multiclass"  # noqa: PLR2004
    _check_objective(booster, (expected,))
    scores = _scores(graph, booster, model, features)
    if expected == "multiclass":
        probabilities = add_softmax(graph, scores)
    else:
        slope = float(booster.objective["sigmoid"])
        probabilities = add_sigmoid(graph, scores, slope=slope)
    return Predicted(codes=add_argmax(graph, probabilities), probabilities=probabilities)


def add_lightgbm_regressor(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add an LGBMRegressor whose objective leaves the scores as they are."""
    booster = _read(model.estimator)
    _check_objective(booster, IDENTITY)
    return Predicted(values=add_squeeze(graph, _scores(graph, booster, model, features)))


def _read(estimator: Any) -> Booster:
    """Read the trees that ``predict`` uses: up to the best round, if it stopped early."""
    booster = read_booster(estimator.booster_.model_to_string())
    if booster.is_linear:
        raise ExportError("LightGBM with linear_tree can't be exported; allowed: False")
    return booster


def _check_objective(booster: Booster, allowed: tuple[str, ...]) -> None:
    name = booster.objective["name"]
    if name not in allowed or "sqrt" in booster.objective:
        shown = f"{name} sqrt" if "sqrt" in booster.objective else name
        raise ExportError(
            f"LightGBM with objective {shown!r} can't be exported; allowed: {', '.join(allowed)}"
        )


def _scores(graph: GraphBuilder, booster: Booster, model: FittedModel, features: str) -> str:
    """Add the trees up from 0, and divide by the rounds where it averages: (rows, n_outputs)."""
    width = booster.n_outputs
    n_features = int(model.estimator.n_features_in_)
    seen = _read_zeros(graph, booster, add_cast(graph, features), n_features)
    scores = add_rounds(graph, seen, np.zeros(width), booster.trees, mode=LESS_OR_EQUAL)
    if not booster.averages:
        return scores
    rounds = graph.constant(np.array(len(booster.trees) / width), "rounds")
    return graph.add("Div", scores, rounds)


def _read_zeros(graph: GraphBuilder, booster: Booster, features: str, n_features: int) -> str:
    """Make zero of what is read as zero, and missing what counts as missing.

    Left out where no threshold can tell the difference.
    """
    if booster.has_threshold_between(-ZERO, ZERO) or len(booster.zero_is_missing):
        size = graph.add("Abs", features)
        is_zero = graph.add("LessOrEqual", size, graph.constant(np.array(ZERO), "limit"))
        instead: NDArray[np.float64] = np.zeros((1, n_features))
        instead[0, booster.zero_is_missing] = np.nan
        return graph.add("Where", is_zero, graph.constant(instead, "instead"), features)
    return features
