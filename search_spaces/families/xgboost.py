"""Gradient-boosted trees by XGBoost."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.boosting_ranges import EARLY_STOPPING, STOPS
from search_spaces.families.preprocessing_ranges import UNSCALED, tree_preprocessing
from search_spaces.parameters import Categorical, Float, Integer, Parameter
from search_spaces.preprocessing import NATIVE
from search_spaces.space import Condition, Configuration, Space

DEFAULT = {
    **UNSCALED,
    "impute": "none",
    "booster": "gbtree",  # from here on XGBoost's
    "n_estimators": 100,
    "learning_rate": 0.3,
    "max_depth": 6,
    "min_child_weight": 1.0,
    "subsample": 1.0,
    "colsample_bytree": 1.0,
    "reg_lambda": 1.0,
    "reg_alpha": 0.0,
    "gamma": 0.0,
    "early_stopping": False,
    "class_weight": "none",
}


class XGBoost:
    """XGBoost (Chen & Guestrin 2016, KDD), trees from histograms; or dart, which drops trees.

    ``max_depth`` (1 to 15) and ``min_child_weight`` (1 to 128, log) have the ranges of Probst,
    Boulesteix & Bischl 2019 ("Tunability", JMLR 20(53)); ``subsample``, ``colsample_bytree`` (0.1
    to 1) and ``reg_lambda`` (1e-3 to 1e3, log) those of Bischl et al. 2023 (WIREs Data Mining and
    Knowledge Discovery 13(2), e1484).
    ``learning_rate`` and ``n_estimators`` are narrower than there: a rate below 0.01 needs more
    rounds than the 500 that are worth their time here. ``reg_alpha`` and ``gamma`` are zero by
    default, which lies on no log scale: hence zero and powers of ten as choices. ``rate_drop`` and
    ``skip_drop`` are ours, around what Vinayak & Gilad-Bachrach 2015 (DART, AISTATS) try.

    Missing values need no imputing: each split learns where they go.
    """

    name: ClassVar[str] = "xgboost"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "inner_folds"
    resources: ClassVar[tuple[Resource, ...]] = ("inner_folds", "rounds")
    evolves: ClassVar[tuple[str, ...]] = (
        "learning_rate",
        "max_depth",
        "min_child_weight",
        "subsample",
        "colsample_bytree",
        "reg_lambda",
        "reg_alpha",
        "gamma",
    )
    dtype: ClassVar[Literal["float32", "float64"]] = "float32"

    def space(self, profile: Profile) -> Space:
        """Preprocessing, number and shape of the trees, what each of them sees, and penalties."""
        preprocessing = tree_preprocessing(profile, encode=("ordinal", "onehot", "target", NATIVE))
        parameters: dict[str, Parameter] = {
            **preprocessing.parameters,
            "max_cat_to_onehot": Integer(low=1, high=64, log=True),
            "booster": Categorical(choices=("gbtree", "dart")),
            "rate_drop": Float(low=0.01, high=0.5, log=True),
            "skip_drop": Float(low=0.0, high=1.0),
            "n_estimators": Integer(low=25, high=500, log=True),
            "learning_rate": Float(low=0.01, high=0.5, log=True),
            "max_depth": Integer(low=1, high=15),
            "min_child_weight": Float(low=1.0, high=128.0, log=True),
            "subsample": Float(low=0.1, high=1.0),
            "colsample_bytree": Float(low=0.1, high=1.0),
            "reg_lambda": Float(low=1e-3, high=1e3, log=True),
            "reg_alpha": Categorical(choices=(0.0, 0.01, 0.1, 1.0, 10.0)),
            "gamma": Categorical(choices=(0.0, 0.01, 0.1, 1.0, 10.0)),
            **EARLY_STOPPING,
        }
        dart = Condition(parameter="booster", values=("dart",))
        conditions = {
            **preprocessing.conditions,
            "max_cat_to_onehot": (Condition(parameter="encode", values=(NATIVE,)),),
            "rate_drop": (dart,),
            "skip_drop": (dart,),
            # dart changes earlier trees, so the best round can't be gone back to
            "early_stopping": (Condition(parameter="booster", values=("gbtree",)),),
            "stop_after": (STOPS,),
        }
        if not profile.categoricals:
            del parameters["max_cat_to_onehot"], conditions["max_cat_to_onehot"]
        if profile.task != "regression":
            parameters["class_weight"] = Categorical(choices=("none", "balanced"))
        return Space(parameters=parameters, conditions=conditions)

    def default(self, profile: Profile) -> Configuration:
        """XGBoost's default, categories as ordinals, missing values as they are."""
        return self.space(profile).walk(lambda name, _: DEFAULT[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``XGBClassifier`` or ``XGBRegressor``, wrapped where need be.

        The classifier's objective is left to it: binary:logistic for two classes in ``y``,
        multi:softprob for more. Set here it would be wrong where all but two classes of a
        multiclass problem are missing from a fold.
        """
        from xgboost import XGBClassifier, XGBRegressor

        from search_spaces.estimators import boosted

        settings = {k: v for k, v in configuration.items() if k != "early_stopping"}
        is_native = settings.pop("encode", None) == NATIVE
        stop_after = settings.pop("stop_after", 0)
        class_weight = settings.pop("class_weight", "none")
        model = XGBRegressor if profile.task == "regression" else XGBClassifier
        return boosted(
            model(**settings, tree_method="hist", random_state=seed, n_jobs=cpus),
            stop_after=stop_after,
            n_categoricals=len(profile.categoricals) if is_native else 0,
            class_weight=class_weight,
            seed=seed,
        )
