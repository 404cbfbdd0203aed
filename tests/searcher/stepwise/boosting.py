"""Boosters of both libraries as their families build them, rows for them, and their trees."""

from functools import cache

import numpy as np

from search_spaces.columns import Column, Profile
from search_spaces.families.lightgbm import LightGBM
from search_spaces.families.xgboost import XGBoost
from search_spaces.preprocessing import NATIVE

ROUNDS = 25  # two units and a half
N_CLASSES = {"binary": 2, "multiclass": 3, "regression": 0}
COLUMNS = (Column("color", "categorical"), *(Column(name, "numeric", True) for name in "abcde"))

SAMPLED = {"subsample": 0.6, "colsample_bytree": 0.5}
XGBOOST = {"booster": "gbtree", "learning_rate": 0.3, "max_depth": 3, "reg_lambda": 1.0}
LIGHTGBM = {"boosting": "gbdt", "learning_rate": 0.3, "num_leaves": 6, "min_child_samples": 3}
BALANCED = {"class_weight": "balanced"}
STOPPING = {"early_stopping": True, "stop_after": 4}
NATIVELY = {"encode": NATIVE}

CASES = {
    "xgboost": ("binary", {**XGBOOST}),
    "xgboost sampled": ("multiclass", {**XGBOOST, **SAMPLED}),
    "xgboost dart": ("binary", {**XGBOOST, **SAMPLED, "booster": "dart", "rate_drop": 0.3}),
    "xgboost stopping": ("binary", {**XGBOOST, **SAMPLED, **STOPPING, **BALANCED}),
    "xgboost classes stopping": ("multiclass", {**XGBOOST, **STOPPING, "learning_rate": 0.1}),
    "xgboost native": ("regression", {**XGBOOST, **SAMPLED, **NATIVELY, "max_cat_to_onehot": 2}),
    "lightgbm": ("binary", {**LIGHTGBM}),
    "lightgbm sampled": ("multiclass", {**LIGHTGBM, **SAMPLED, **BALANCED}),
    "lightgbm goss": ("binary", {**LIGHTGBM, "boosting": "goss", "colsample_bytree": 0.5}),
    "lightgbm dart": ("binary", {**LIGHTGBM, **SAMPLED, "boosting": "dart", "drop_rate": 0.3}),
    "lightgbm rf": ("multiclass", {"boosting": "rf", "bag": 0.5, "num_leaves": 6}),
    "lightgbm stopping": ("binary", {**LIGHTGBM, **SAMPLED, **STOPPING}),
    "lightgbm patient": ("multiclass", {**LIGHTGBM, **STOPPING, "stop_after": 20}),
    "lightgbm native": ("regression", {**LIGHTGBM, **SAMPLED, **NATIVELY, "cat_smooth": 2.0}),
}


@cache
def rows(task: str, n: int = 150):
    """Six features, the first of them codes of three categories, some values missing."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 6)).astype(np.float32)
    X[:, 0] = rng.integers(3, size=n)
    value = X[:, 1] + (X[:, 0] == 1) + 0.7 * rng.normal(size=n)
    X[rng.random((n, 6)) < 0.05] = np.nan
    if task == "regression":
        return X, value
    return X, np.digitize(value, [0.5] if task == "binary" else [0.0, 0.8])


def build(name: str, task: str, configuration, *, seed: int = 3):
    family = XGBoost() if name.startswith("xgboost") else LightGBM()
    profile = Profile(task, COLUMNS, n_samples=150, n_classes=N_CLASSES[task])
    return family.build({"n_estimators": ROUNDS, **configuration}, profile, seed=seed, cpus=1)


def trees(estimator) -> bytes:
    """What was trained, and up to which round it answers."""
    booster = getattr(estimator, "estimator_", estimator)
    if hasattr(booster, "get_booster"):
        return bytes(booster.get_booster().save_raw("ubj"))
    return booster.booster_.model_to_string().encode()


def tree_list(estimator) -> list[str]:
    """One text a tree."""
    booster = getattr(estimator, "estimator_", estimator)
    if hasattr(booster, "get_booster"):
        return booster.get_booster().get_dump(with_stats=False)
    text = booster.booster_.model_to_string().split("end of trees")[0]
    return [part.split("\n", 1)[1] for part in text.split("Tree=")[1:]]
