"""Gradient boosting with splits between bins, scikit-learn's fast one."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.boosting_ranges import EARLY_STOPPING, STOPS, leaf_sizes
from search_spaces.families.preprocessing_ranges import UNSCALED, tree_preprocessing
from search_spaces.parameters import Categorical, Float, Integer, Parameter
from search_spaces.preprocessing import NATIVE
from search_spaces.space import Condition, Configuration, Space

DEFAULT = {
    **UNSCALED,
    "impute": "none",
    "encode": NATIVE,
    "max_iter": 100,  # from here on scikit-learn's
    "learning_rate": 0.1,
    "max_leaf_nodes": 31,
    "depth": "unlimited",
    "min_samples_leaf": 20,  # fewer, where that is more than a tenth of the rows
    "l2_regularization": 0.0,
    "max_features": 1.0,
    "early_stopping": False,
    "class_weight": "none",
}


class HistGradientBoosting:
    """Gradient boosting with histograms, scikit-learn's, after LightGBM (Ke et al. 2017, NeurIPS).

    Ranges are those of LightGBM where it has the same parameter. Left to itself scikit-learn stops
    early only above 10,000 rows; here that is a choice, made alike for all folds.
    """

    name: ClassVar[str] = "hist_gradient_boosting"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """Preprocessing, number and shape of the trees, what each of them sees, early stopping."""
        preprocessing = tree_preprocessing(profile, encode=(NATIVE, "ordinal", "onehot", "target"))
        parameters: dict[str, Parameter] = {
            **preprocessing.parameters,
            "max_iter": Integer(low=25, high=500, log=True),
            "learning_rate": Float(low=0.01, high=0.5, log=True),
            "max_leaf_nodes": Integer(low=4, high=256, log=True),
            "depth": Categorical(choices=("unlimited", "limited")),
            "max_depth": Integer(low=1, high=15, log=True),
            "min_samples_leaf": leaf_sizes(profile),
            "l2_regularization": Categorical(choices=(0.0, 0.01, 0.1, 1.0, 10.0, 100.0)),
            "max_features": Float(low=0.1, high=1.0),
            **EARLY_STOPPING,
        }
        if profile.task != "regression":
            parameters["class_weight"] = Categorical(choices=("none", "balanced"))
        conditions = {
            **preprocessing.conditions,
            "max_depth": (Condition(parameter="depth", values=("limited",)),),
            "stop_after": (STOPS,),
        }
        return Space(parameters=parameters, conditions=conditions)

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default: categories and missing values as they are."""
        return self.space(profile).nearest(DEFAULT)

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``HistGradientBoosting*``, wrapped where need be."""
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        from search_spaces.estimators import boosted

        settings = {k: v for k, v in configuration.items() if k not in {"depth", "early_stopping"}}
        stop_after = settings.pop("stop_after", 0)
        is_native = settings.pop("encode", None) == NATIVE
        if settings.get("class_weight") == "none":
            settings["class_weight"] = None
        is_regression = profile.task == "regression"
        model = HistGradientBoostingRegressor if is_regression else HistGradientBoostingClassifier
        return boosted(
            model(**settings, early_stopping=False, random_state=seed),
            stop_after=stop_after,
            n_categoricals=len(profile.categoricals) if is_native else 0,
            seed=seed,
            n_jobs=cpus,
        )
