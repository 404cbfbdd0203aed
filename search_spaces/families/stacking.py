"""A linear model of what several models say."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.members import (
    COMMON,
    build_members,
    combinations,
    common_preprocessing,
)
from search_spaces.parameters import Categorical, Float, Integer, Parameter
from search_spaces.space import Configuration, Space

DEFAULT = {**COMMON, "cv": 5, "passthrough": False, "C": 1.0, "alpha": 1.0}


class Stacking:
    """Stacked generalisation (Wolpert 1992, Neural Networks 5(2)), scikit-learn's.

    Each member is built as its own family's default says. A logistic regression, or a ridge
    regression of standardised features, learns from what the members say of rows that they were
    not trained on; with ``passthrough`` it sees the features too. Its penalty has the range of
    the family of that name.
    """

    name: ClassVar[str] = "stacking"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """Preprocessing, who takes part, folds, and the final model's input and penalty."""
        preprocessing = common_preprocessing(profile)
        parameters: dict[str, Parameter] = {
            **preprocessing.parameters,
            "members": combinations(profile),
            "cv": Integer(low=3, high=5),
            "passthrough": Categorical(choices=(False, True)),
        }
        penalty = "alpha" if profile.task == "regression" else "C"
        parameters[penalty] = Float(low=1e-4, high=1e4, log=True)
        return Space(parameters=parameters, conditions=preprocessing.conditions)

    def default(self, profile: Profile) -> Configuration:
        """Join a linear model, a forest and a booster; the rest is scikit-learn's."""
        return self.space(profile).nearest(DEFAULT)

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``StackingClassifier`` or ``StackingRegressor``."""
        from sklearn.ensemble import StackingClassifier, StackingRegressor
        from sklearn.linear_model import LogisticRegression, Ridge
        from sklearn.model_selection import KFold
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        from search_spaces.estimators.folds import RareClassFolds

        members = build_members(configuration["members"], profile, seed=seed, cpus=cpus)
        n_folds, passthrough = configuration["cv"], configuration["passthrough"]
        if profile.task == "regression":
            # Values have a unit, and the penalty compares their coefficients.
            final = make_pipeline(StandardScaler(), Ridge(alpha=configuration["alpha"]))
            folds = KFold(n_folds, shuffle=True, random_state=seed)
            return StackingRegressor(members, final, cv=folds, passthrough=passthrough)
        final = LogisticRegression(C=configuration["C"], max_iter=1000)
        folds = RareClassFolds(n_folds, seed=seed)
        return StackingClassifier(members, final, cv=folds, passthrough=passthrough)
