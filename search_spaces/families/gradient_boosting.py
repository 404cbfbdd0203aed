"""Gradient boosting with exact splits, scikit-learn's first one."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.boosting_ranges import EARLY_STOPPING, STOPS
from search_spaces.families.preprocessing_ranges import UNSCALED, tree_preprocessing
from search_spaces.parameters import Categorical, Float, Integer, Parameter
from search_spaces.space import Configuration, Space

DEFAULT = {
    **UNSCALED,
    "n_estimators": 100,  # from here on scikit-learn's
    "learning_rate": 0.1,
    "max_depth": 3,
    "min_samples_leaf": 1,
    "subsample": 1.0,
    "max_features": 1.0,
    "early_stopping": False,
    "class_weight": "none",
}


class GradientBoosting:
    """Gradient boosting (Friedman 2001, Annals of Statistics 29), scikit-learn's exact one.

    ``subsample`` and ``max_features`` (0.1 to 1) have the range that Bischl et al. 2023 (WIREs Data
    Mining and Knowledge Discovery 13(2), e1484) give XGBoost; ``learning_rate`` and
    ``n_estimators`` are cut like XGBoost's; ``max_depth`` (1 to 10) and ``min_samples_leaf``
    (1 to 20) are those of van Rijn & Hutter 2018 (KDD), the depth cut to what exact splits can pay.
    """

    name: ClassVar[str] = "gradient_boosting"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float32"

    def space(self, profile: Profile) -> Space:
        """Preprocessing, number and shape of the trees, and what each of them sees."""
        preprocessing = tree_preprocessing(profile, impute=("median", "mean", "most_frequent"))
        parameters: dict[str, Parameter] = {
            **preprocessing.parameters,
            "n_estimators": Integer(low=25, high=500, log=True),
            "learning_rate": Float(low=0.01, high=0.5, log=True),
            "max_depth": Integer(low=1, high=10),
            "min_samples_leaf": Integer(low=1, high=20, log=True),
            "subsample": Float(low=0.1, high=1.0),
            "max_features": Float(low=0.1, high=1.0),
            **EARLY_STOPPING,
        }
        if profile.task != "regression":
            parameters["class_weight"] = Categorical(choices=("none", "balanced"))
        return Space(
            parameters=parameters, conditions={**preprocessing.conditions, "stop_after": (STOPS,)}
        )

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default, categories as ordinals."""
        return self.space(profile).walk(lambda name, _: DEFAULT[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``GradientBoostingClassifier`` or ``Regressor``, wrapped where need be."""
        from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor

        from search_spaces.estimators import boosted

        settings, extras = dict(configuration), {}
        del settings["early_stopping"]
        extras["stop_after"] = settings.pop("stop_after", 0)
        extras["class_weight"] = settings.pop("class_weight", "none")
        if settings["max_features"] == 1.0:
            settings["max_features"] = None  # all of them: scikit-learn's own word for it
        is_regression = profile.task == "regression"
        model = GradientBoostingRegressor if is_regression else GradientBoostingClassifier
        return boosted(model(**settings, random_state=seed), **extras, seed=seed)
