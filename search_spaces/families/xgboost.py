"""Gradient-boosted trees by XGBoost."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.parameters import Categorical, Float, Integer
from search_spaces.preprocessing import preprocessing_space
from search_spaces.space import Configuration, Space

DEFAULT = {
    "impute": "none",
    "scale": "none",
    "encode": "ordinal",
    "n_estimators": 100,  # from here on XGBoost's
    "learning_rate": 0.3,
    "max_depth": 6,
    "min_child_weight": 1.0,
    "subsample": 1.0,
    "colsample_bytree": 1.0,
    "reg_lambda": 1.0,
    "reg_alpha": 0.0,
    "gamma": 0.0,
}


class XGBoost:
    """XGBoost (Chen & Guestrin 2016, KDD), trees from histograms.

    ``max_depth`` (1 to 15) and ``min_child_weight`` (1 to 128, log) have the ranges of Probst,
    Boulesteix & Bischl 2019 ("Tunability", JMLR 20(53)); ``subsample``, ``colsample_bytree`` (0.1
    to 1) and ``reg_lambda`` (1e-3 to 1e3, log) those of Bischl et al. 2023 (WIREs Data Mining and
    Knowledge Discovery 13(2), e1484).
    ``learning_rate`` and ``n_estimators`` are narrower than there: a rate below 0.01 needs more
    rounds than the 500 that are worth their time here. ``reg_alpha`` and ``gamma`` are zero by
    default, which lies on no log scale: hence zero and powers of ten as choices.

    Missing values need no imputing: each split learns where they go.
    """

    name: ClassVar[str] = "xgboost"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float32"

    def space(self, profile: Profile) -> Space:
        """Preprocessing, number and shape of the trees, what each of them sees, and penalties."""
        preprocessing = preprocessing_space(
            profile,
            impute=("none", "median", "mean", "most_frequent"),
            scale=("none",),
            encode=("ordinal", "onehot"),
        )
        return Space(
            parameters={
                **preprocessing.parameters,
                "n_estimators": Integer(low=25, high=500, log=True),
                "learning_rate": Float(low=0.01, high=0.5, log=True),
                "max_depth": Integer(low=1, high=15),
                "min_child_weight": Float(low=1.0, high=128.0, log=True),
                "subsample": Float(low=0.1, high=1.0),
                "colsample_bytree": Float(low=0.1, high=1.0),
                "reg_lambda": Float(low=1e-3, high=1e3, log=True),
                "reg_alpha": Categorical(choices=(0.0, 0.01, 0.1, 1.0, 10.0)),
                "gamma": Categorical(choices=(0.0, 0.01, 0.1, 1.0, 10.0)),
            }
        )

    def default(self, profile: Profile) -> Configuration:
        """XGBoost's default, categories as ordinals, missing values as they are."""
        return self.space(profile).walk(lambda name, _: DEFAULT[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``XGBClassifier`` or ``XGBRegressor``.

        The classifier's objective is left to it: binary:logistic for two classes in ``y``,
        multi:softprob for more. Set here it would be wrong where all but two classes of a
        multiclass problem are missing from a fold.
        """
        from xgboost import XGBClassifier, XGBRegressor

        model = XGBRegressor if profile.task == "regression" else XGBClassifier
        return model(**configuration, tree_method="hist", random_state=seed, n_jobs=cpus)
