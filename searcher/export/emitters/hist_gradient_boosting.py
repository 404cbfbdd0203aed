"""Which nodes compute scikit-learn's ``HistGradientBoosting*``, in its order of additions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.errors import ExportError
from searcher.export.emitters.links import add_classes_by_score
from searcher.export.emitters.trees import LESS_OR_EQUAL, Tree, add_rounds
from searcher.export.estimators import Predicted, add_cast, add_squeeze
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel

IDENTITY = ("squared_error", "absolute_error", "quantile")


def add_hist_classifier(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a HistGradientBoostingClassifier; it labels by the score, the second class above 0."""
    if model.estimator.loss != "log_loss":
        raise _refusal(model.estimator, ("log_loss",))
    scores = _scores(graph, model, features)
    return add_classes_by_score(graph, scores, len(model.classes), comparison="Greater")


def add_hist_regressor(graph: GraphBuilder, model: FittedModel, features: str) -> Predicted:
    """Add a HistGradientBoostingRegressor whose loss leaves the scores as they are."""
    if model.estimator.loss not in IDENTITY:
        raise _refusal(model.estimator, IDENTITY)
    return Predicted(values=add_squeeze(graph, _scores(graph, model, features)))


def _refusal(estimator: Any, allowed: tuple[str, ...]) -> ExportError:
    return ExportError(
        f"{type(estimator).__name__} with loss {estimator.loss!r} can't be exported; "
        f"allowed: {', '.join(allowed)}"
    )


def _scores(graph: GraphBuilder, model: FittedModel, features: str) -> str:
    """Start from the baseline and add each tree: (rows, n_outputs)."""
    estimator = model.estimator
    order, categories = _layout(estimator)
    trees = [
        _to_tree(predictor, order, categories)
        for predictors in estimator._predictors
        for predictor in predictors
    ]
    base = np.asarray(estimator._baseline_prediction, dtype=np.float64).ravel()
    return add_rounds(graph, add_cast(graph, features), base, trees, mode=LESS_OR_EQUAL)


def _layout(estimator: Any) -> tuple[NDArray[np.int64], list[NDArray[np.float64]]]:
    """Find which feature each column of its own is, and what the codes of each mean.

    With categoricals it moves them to the front and codes each anew, 0, 1, ... for the categories
    of the training rows in their order, NaN for any other. Its trees are in those terms.
    """
    positions = np.arange(estimator.n_features_in_)
    if estimator._preprocessor is None:
        return positions, []
    known = estimator._preprocessor.named_transformers_["encoder"].categories_
    categories = [np.asarray(c, dtype=np.float64) for c in known]
    categories = [c[~np.isnan(c)] for c in categories]
    for values in categories:
        if np.any(values < 0) or np.any(values != np.floor(values)):
            raise ExportError(
                f"{type(estimator).__name__} with the category codes {values.tolist()} can't be "
                "exported; allowed: whole numbers from 0 on"
            )
    is_categorical = estimator.is_categorical_
    return np.concatenate([positions[is_categorical], positions[~is_categorical]]), categories


def _to_tree(
    predictor: Any, order: NDArray[np.int64], categories: list[NDArray[np.float64]]
) -> Tree:
    """Read a ``TreePredictor``, which compares float64 features with float64 thresholds.

    A category that is not known goes where a missing value goes. So where that is left, the node
    asks for the categories that go right, and both ways are swapped.
    """
    nodes = predictor.nodes
    is_leaf = nodes["is_leaf"].astype(bool)
    left = np.where(is_leaf, -1, nodes["left"].astype(np.int64))
    right = np.where(is_leaf, -1, nodes["right"].astype(np.int64))
    missing_left = nodes["missing_go_to_left"].astype(bool)
    has_set = nodes["is_categorical"].astype(bool) & ~is_leaf
    swapped = has_set & missing_left
    bits = np.unpackbits(predictor.raw_left_cat_bitsets.view(np.uint8), axis=1, bitorder="little")
    sets = []
    for node in np.flatnonzero(has_set):
        known = categories[nodes["feature_idx"][node]]
        goes_left = bits[nodes["bitset_idx"][node]][: len(known)].astype(bool)
        sets += [known[goes_left != swapped[node]], [np.nan]]
    return Tree(
        left=np.where(swapped, right, left),
        right=np.where(swapped, left, right),
        feature=order[np.where(is_leaf, 0, nodes["feature_idx"])],
        threshold=np.where(has_set | is_leaf, 0.0, nodes["num_threshold"]),
        missing_left=missing_left & ~has_set,
        value=nodes["value"],
        has_set=has_set,
        sets=np.concatenate(sets) if sets else np.empty(0),
    )
