"""Random forests: the average of many randomised decision trees."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.parameters import Categorical, Float, Integer, Parameter
from search_spaces.preprocessing import DATES, OFF, preprocessing_space
from search_spaces.space import Condition, Configuration, Space

DEFAULT = {
    **OFF,
    "impute": "median",
    "scale": "none",
    "encode": "ordinal",
    "n_estimators": 100,  # from here on scikit-learn's
    "max_features": "sqrt",
    "min_samples_leaf": 1,
    "depth": "unlimited",
    "bootstrap": True,
    "criterion": "gini",
    "class_weight": "none",
}
DEFAULT_REGRESSION = {**DEFAULT, "max_features": "fraction", "max_features_fraction": 1.0}


class RandomForest:
    """Random forests (Breiman 2001, Machine Learning 45), scikit-learn's.

    ``min_samples_leaf`` (1 to 20), ``bootstrap`` and ``criterion`` have the ranges of van Rijn &
    Hutter 2018 (KDD, "Hyperparameter importance across datasets"), who find the leaf size and
    ``max_features`` to matter most; their fractions of 0.1 to 0.9 are extended to 1, which is
    scikit-learn's default for regression. ``n_estimators`` is a matter of cost: more trees are not
    worse (Probst & Boulesteix 2018, JMLR 18(181)), so 50 to 500 suffice. A bounded depth is ours.
    """

    name: ClassVar[str] = "random_forest"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float32"

    def space(self, profile: Profile) -> Space:
        """Preprocessing, number and shape of the trees, and what each of them sees."""
        preprocessing = preprocessing_space(
            profile,
            impute=("none", "median", "mean", "most_frequent"),
            scale=("none",),
            encode=("ordinal", "onehot", "target"),
            indicators=(False, True),
            dates=DATES,
        )
        parameters: dict[str, Parameter] = {
            **preprocessing.parameters,
            "n_estimators": Integer(low=50, high=500, log=True),
            "max_features": Categorical(choices=("sqrt", "log2", "fraction")),
            "max_features_fraction": Float(low=0.1, high=1.0),
            "min_samples_leaf": Integer(low=1, high=20, log=True),
            "depth": Categorical(choices=("unlimited", "limited")),
            "max_depth": Integer(low=2, high=32, log=True),
            "bootstrap": Categorical(choices=(True, False)),
        }
        if profile.task != "regression":
            parameters["criterion"] = Categorical(choices=("gini", "entropy"))
            parameters["class_weight"] = Categorical(choices=("none", "balanced"))
        fraction = Condition(parameter="max_features", values=("fraction",))
        limited = Condition(parameter="depth", values=("limited",))
        return Space(
            parameters=parameters,
            conditions={
                **preprocessing.conditions,
                "max_features_fraction": (fraction,),
                "max_depth": (limited,),
            },
        )

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default, categories as ordinals."""
        defaults = DEFAULT_REGRESSION if profile.task == "regression" else DEFAULT
        return self.space(profile).walk(lambda name, _: defaults[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``RandomForestClassifier`` or ``RandomForestRegressor``."""
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        settings = dict(configuration)
        settings["max_depth"] = settings.get("max_depth")
        del settings["depth"]
        fraction = settings.pop("max_features_fraction", None)
        if fraction is not None:
            settings["max_features"] = fraction
        if settings.get("class_weight") == "none":
            settings["class_weight"] = None
        is_regression = profile.task == "regression"
        model = RandomForestRegressor if is_regression else RandomForestClassifier
        return model(**settings, random_state=seed, n_jobs=cpus)
