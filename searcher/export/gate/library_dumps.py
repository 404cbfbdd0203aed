"""Which trees a fitted model holds, read through the library's own dump.

Not one line is shared with what emits the trees: a misreading there must not be repeated here.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from searcher.export.estimators import key_of
from searcher.export.gate.dumped import LESS, LESS_OR_EQUAL, MEMBER, Dump, join, make_tree

DART = 1e-3
"""The scikit-learn interface of XGBoost rounds a leaf of dart at the base score before weighing:
an ulp of the base score, where that is more."""

STANDS_FOR_INF = 1e300
"""What LightGBM's dump says instead; features, float32 numbers, never get there."""


def dump_trees(estimator: Any, *, everywhere: bool = False) -> Dump | None:
    """Read the trees in the library's order; None if there are none that we can read.

    Parameters
    ----------
    everywhere
        Also those that see something else than the features: what other members answered.
    """
    found = parts(estimator) if everywhere else members(estimator)
    trees = [tree for part in found for tree in _trees_of(part)]
    return join(trees) if trees else None


def members(estimator: Any) -> list[Any]:
    """Take wrappers and composites apart into the fitted estimators that see the features."""
    held = _held(estimator, CONTAINERS.get(key_of(estimator), ()))
    return [inner for part in held for inner in members(part)] or [estimator]


def parts(estimator: Any) -> list[Any]:
    """Take an estimator apart into all that is fitted in it, in the order of its computation."""
    attributes = PARTS.get(key_of(estimator), CONTAINERS.get(key_of(estimator), ()))
    held = _held(estimator, attributes)
    return [inner for part in held for inner in parts(part)] or [estimator]


def _held(estimator: Any, attributes: Sequence[str]) -> list[Any]:
    found = [getattr(estimator, name) for name in attributes]
    flat = [part for value in found for part in (value if isinstance(value, list) else [value])]
    named = [part[1] if isinstance(part, tuple) else part for part in flat]
    return [part for part in named if not isinstance(part, str)]


def _trees_of(estimator: Any) -> Iterator[Dump]:
    reader = READERS.get(key_of(estimator))
    if reader is not None:
        yield from reader(estimator)


def _decision_tree(estimator: Any) -> Iterator[Dump]:
    yield _sklearn_tree(estimator.tree_, 1.0)


def _forest(estimator: Any) -> Iterator[Dump]:
    for member in estimator.estimators_:
        yield _sklearn_tree(member.tree_, 1.0)


def _gradient_boosting(estimator: Any) -> Iterator[Dump]:
    """Yield stage after stage, class after class; a leaf counts times the learning rate."""
    for member in estimator.estimators_.ravel():
        yield _sklearn_tree(member.tree_, estimator.learning_rate)


def _sklearn_tree(tree: Any, factor: float) -> Dump:
    return make_tree(
        true=tree.children_left,
        false=tree.children_right,
        feature=tree.feature,
        threshold=tree.threshold,
        missing_true=tree.missing_go_to_left,
        value=tree.value[:, 0, :] * factor,
    )


def _hist_gradient_boosting(estimator: Any) -> Iterator[Dump]:
    """Yield stage after stage, in terms of the features and codes that the estimator is given.

    Of its own it has the categoricals in front, and numbers the known categories anew; a category
    that it does not know goes where a missing value goes.
    """
    order = np.arange(estimator.n_features_in_)
    known: list[list[float]] = []
    if estimator._preprocessor is not None:
        order = np.argsort(~estimator.is_categorical_, kind="stable")
        encoder = estimator._preprocessor.named_transformers_["encoder"]
        codes = [np.asarray(known_codes, dtype=np.float64) for known_codes in encoder.categories_]
        known = [values[~np.isnan(values)].tolist() for values in codes]
    for stage in estimator._predictors:
        for predictor in stage:
            yield _hist_tree(predictor, order, known)


def _hist_tree(predictor: Any, order: Any, known: Sequence[Sequence[float]]) -> Dump:
    nodes = predictor.nodes
    left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
    missing = nodes["missing_go_to_left"].astype(bool)
    coded = (nodes["is_categorical"] == 1) & (nodes["is_leaf"] == 0)
    sets = {}
    for i in np.flatnonzero(coded):
        bits = _bits(predictor.raw_left_cat_bitsets[nodes["bitset_idx"][i]])
        codes = known[nodes["feature_idx"][i]]
        goes_left = {code for place, code in enumerate(codes) if place in bits}
        # what is asked is never true of an unknown category
        sets[int(i)] = set(codes) - goes_left if missing[i] else goes_left
    swapped = coded & missing
    return make_tree(
        true=np.where(nodes["is_leaf"], -1, np.where(swapped, right, left)),
        false=np.where(swapped, left, right),
        feature=order[np.where(nodes["is_leaf"], 0, nodes["feature_idx"])],
        threshold=nodes["num_threshold"],
        missing_true=missing & ~coded,
        value=nodes["value"],
        mode=np.where(coded, MEMBER, LESS_OR_EQUAL),
        members=sets,
    )


def _bits(words: Any) -> set[int]:
    places = ((i, bit) for i in range(len(words)) for bit in range(32))
    return {32 * i + bit for i, bit in places if int(words[i]) >> bit & 1}


def _xgboost(estimator: Any) -> Iterator[Dump]:
    """Read the text dump (JSON), the first trees of all classes, then the second ones."""
    booster = estimator.get_booster()
    if getattr(estimator, "early_stopping_rounds", None) is not None:
        booster = booster[: estimator.best_iteration + 1]
    trees = [_from_json(json.loads(text)) for text in booster.get_dump(dump_format="json")]
    learner = json.loads(booster.save_raw("json"))["learner"]
    raw = learner["gradient_booster"]
    base = np.abs(json.loads(learner["learner_model_param"]["base_score"])).max()
    closeness = max(DART, float(np.spacing(np.float32(base))))
    for i, weight in enumerate(raw.get("weight_drop", [])):  # of dart
        trees[i] = replace(trees[i], value=trees[i].value * weight, closeness=closeness)
    n_outputs = int(getattr(estimator, "n_classes_", 1))
    outputs = n_outputs if n_outputs > 2 else 1  # noqa: PLR2004 - two classes share one output
    parallel = int(estimator.num_parallel_tree or 1)
    order = np.arange(len(trees)).reshape(-1, outputs, parallel).transpose(0, 2, 1).ravel()
    yield from (trees[place] for place in order)


def _from_json(root: dict[str, Any]) -> Dump:
    nodes: dict[int, dict[str, Any]] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        nodes[node["nodeid"]] = node
        waiting.extend(node.get("children", ()))
    numbers = sorted(nodes)
    place = {number: i for i, number in enumerate(numbers)}
    listed = [nodes[number] for number in numbers]
    sets = {
        i: node["split_condition"]
        for i, node in enumerate(listed)
        if isinstance(node.get("split_condition"), list)
    }

    def floats(key: str, else_: float) -> Any:
        found = [node.get(key, else_) for node in listed]
        return np.array([else_ if isinstance(v, list) else v for v in found], dtype=np.float32)

    return make_tree(
        true=[place.get(node.get("yes", -1), -1) for node in listed],
        false=[place.get(node.get("no", -1), -1) for node in listed],
        feature=[int(node.get("split", "f0")[1:]) for node in listed],
        threshold=floats("split_condition", np.nan),
        missing_true=["yes" in node and node["missing"] == node["yes"] for node in listed],
        value=floats("leaf", np.nan),
        mode=[MEMBER if i in sets else LESS for i in range(len(listed))],
        members=sets,
    )


def _lightgbm(estimator: Any) -> Iterator[Dump]:
    booster = estimator.booster_
    best = booster.best_iteration
    for tree in booster.dump_model(num_iteration=best if best > 0 else -1)["tree_info"]:
        yield _from_structure(tree["tree_structure"])


def _from_structure(root: Mapping[str, Any]) -> Dump:
    listed: list[Mapping[str, Any]] = [root]
    children: list[tuple[int, int]] = []
    for node in listed:  # grows while it is walked
        if "split_feature" in node:
            children.append((len(listed), len(listed) + 1))
            listed.extend((node["left_child"], node["right_child"]))
        else:
            children.append((-1, -1))
    sets = {
        i: [int(code) for code in node["threshold"].split("||")]
        for i, node in enumerate(listed)
        if node.get("decision_type") == "=="
    }
    return make_tree(
        true=[pair[0] for pair in children],
        false=[pair[1] for pair in children],
        feature=[node.get("split_feature", 0) for node in listed],
        threshold=[np.nan if i in sets else _lightgbm_threshold(n) for i, n in enumerate(listed)],
        missing_true=[_lightgbm_missing(node) for node in listed],
        value=[node.get("leaf_value", np.nan) for node in listed],
        mode=[MEMBER if i in sets else LESS_OR_EQUAL for i in range(len(listed))],
        members=sets,
    )


def _lightgbm_threshold(node: Mapping[str, Any]) -> float:
    """Read a threshold: JSON has no infinity, for which LightGBM writes 1e300 (``AvoidInf``)."""
    threshold = float(node.get("threshold", 0.0))
    return float(np.copysign(np.inf, threshold)) if abs(threshold) >= STANDS_FOR_INF else threshold


def _lightgbm_missing(node: Mapping[str, Any]) -> bool:
    """Say where NaN goes: without missing values in training LightGBM takes it for 0."""
    if "split_feature" not in node or node["decision_type"] == "==":
        return False
    if node["missing_type"] == "None":
        return bool(node["threshold"] >= 0)
    return bool(node["default_left"])


Reader = Callable[[Any], Iterator[Dump]]

READERS: Mapping[str, Reader] = {
    "sklearn.DecisionTreeClassifier": _decision_tree,
    "sklearn.DecisionTreeRegressor": _decision_tree,
    "sklearn.RandomForestClassifier": _forest,
    "sklearn.RandomForestRegressor": _forest,
    "sklearn.ExtraTreesClassifier": _forest,
    "sklearn.ExtraTreesRegressor": _forest,
    "sklearn.GradientBoostingClassifier": _gradient_boosting,
    "sklearn.GradientBoostingRegressor": _gradient_boosting,
    "sklearn.HistGradientBoostingClassifier": _hist_gradient_boosting,
    "sklearn.HistGradientBoostingRegressor": _hist_gradient_boosting,
    "xgboost.XGBClassifier": _xgboost,
    "xgboost.XGBRegressor": _xgboost,
    "lightgbm.LGBMClassifier": _lightgbm,
    "lightgbm.LGBMRegressor": _lightgbm,
}

CONTAINERS: Mapping[str, Sequence[str]] = {
    "sklearn.VotingClassifier": ("estimators_",),
    "sklearn.VotingRegressor": ("estimators_",),
    "sklearn.StackingClassifier": ("estimators_",),
    "sklearn.StackingRegressor": ("estimators_",),
    "sklearn.CalibratedClassifierCV": ("calibrated_classifiers_",),
    "sklearn._CalibratedClassifier": ("estimator",),
    "sklearn.TransformedTargetRegressor": ("regressor_",),
    "searcher.WidenedClassifier": ("estimator",),
    "search_spaces.BoostedClassifier": ("estimator_",),
    "search_spaces.BoostedRegressor": ("estimator_",),
}
"""Where an estimator keeps those, fitted, that see the same features."""

PARTS: Mapping[str, Sequence[str]] = {
    "sklearn.StackingClassifier": ("estimators_", "final_estimator_"),
    "sklearn.StackingRegressor": ("estimators_", "final_estimator_"),
    "sklearn.Pipeline": ("steps",),
    "sklearn._CalibratedClassifier": ("estimator", "calibrators"),
    "sklearn.TransformedTargetRegressor": ("regressor_", "transformer_"),
}
"""Where it keeps further ones, which see something else."""
