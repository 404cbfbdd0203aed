"""Which families an ensemble is made of, and how its members are built."""

from importlib import import_module
from typing import Any

from search_spaces.columns import Profile
from search_spaces.families.base import Family
from search_spaces.parameters import Categorical
from search_spaces.preprocessing import CHOICES, OFF, preprocessing_space
from search_spaces.space import Configuration, Space

MEMBERS = {
    "decision_tree": "DecisionTree",
    "extra_trees": "ExtraTrees",
    "gradient_boosting": "GradientBoosting",
    "hist_gradient_boosting": "HistGradientBoosting",
    "k_neighbors": "KNeighbors",
    "lightgbm": "LightGBM",
    "linear_svm": "LinearSVM",
    "logistic_regression": "LogisticRegression",
    "naive_bayes": "NaiveBayes",
    "random_forest": "RandomForest",
    "ridge": "Ridge",
    "svm": "SVM",
    "xgboost": "XGBoost",
}
"""Families that may be a member: their module in ``search_spaces.families`` and their class."""

COMMON = {**OFF, "impute": "median", "scale": "standard", "encode": "onehot"}
"""How an ensemble prepares its features by default: in a way that every member can use."""


def common_preprocessing(profile: Profile) -> Space:
    """Say what can be tried of the features that all members share."""
    return preprocessing_space(
        profile, scale=("standard", "minmax", "power"), encode=("onehot", "target")
    )


def combinations(profile: Profile) -> Categorical:
    """Offer what is worth joining: a linear model, a forest, a booster, and neighbours."""
    line = "ridge" if profile.task == "regression" else "logistic_regression"
    return Categorical(
        choices=(
            f"{line}+random_forest+xgboost",
            f"{line}+random_forest",
            f"{line}+xgboost",
            "random_forest+xgboost",
            f"k_neighbors+{line}+random_forest+xgboost",
        )
    )


def build_members(chosen: str, profile: Profile, *, seed: int, cpus: int) -> list[tuple[str, Any]]:
    """Untrained members by name, each as its own family's default builds it.

    Parameters
    ----------
    chosen
        Names of ``MEMBERS`` with "+" between them.

    Raises
    ------
    ValueError
        If there are fewer than two, one is there twice or unknown, or can't learn the task.
    """
    names = [name.strip() for name in chosen.split("+")]
    if len(names) < 2 or len(set(names)) < len(names):  # noqa: PLR2004 - an ensemble
        raise ValueError(f"members must be at least two different families, got {chosen!r}")
    return [(name, _build(name, profile, seed=seed, cpus=cpus)) for name in names]


def _build(name: str, profile: Profile, *, seed: int, cpus: int) -> Any:
    if name not in MEMBERS:
        raise ValueError(f"members must be some of {', '.join(MEMBERS)}; got {name!r}")
    family: Family = getattr(import_module(f"search_spaces.families.{name}"), MEMBERS[name])()
    if profile.task not in family.tasks:
        raise ValueError(f"member {name!r} can't learn {profile.task}")
    return family.build(_settings(family, profile), profile, seed=seed, cpus=cpus)


def _settings(family: Family, profile: Profile) -> Configuration:
    """Take the family's default beside the common features, without the preprocessing."""
    default = family.space(profile).nearest({**family.default(profile), **COMMON})
    return {name: value for name, value in default.items() if name not in CHOICES}
