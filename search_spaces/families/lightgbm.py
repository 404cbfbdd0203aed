"""Gradient-boosted trees by LightGBM."""

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
    "min_data_per_group": 100,  # from here on LightGBM's
    "cat_smooth": 10.0,
    "boosting": "gbdt",
    "n_estimators": 100,
    "learning_rate": 0.1,
    "num_leaves": 31,
    "depth": "unlimited",
    "min_child_samples": 20,  # fewer, where that is more than a tenth of the rows
    "subsample": 1.0,
    "colsample_bytree": 1.0,
    "reg_lambda": 0.0,
    "reg_alpha": 0.0,
    "early_stopping": False,
    "class_weight": "none",
}
PENALTIES = (0.0, 0.01, 0.1, 1.0, 10.0, 100.0)


class LightGBM:
    """LightGBM (Ke et al. 2017, NeurIPS), trees grown leaf by leaf.

    ``num_leaves`` (from 4, log), ``min_child_samples`` (to about 100, log) and the penalties (to
    100, and 0, its default) follow FLAML (Wang et al. 2021, MLSys), cut at the top to what their
    time is worth here. ``boosting`` has the three of LightGBM that are not plain: goss (Ke et al.
    2017), dart (Vinayak & Gilad-Bachrach 2015, AISTATS) and rf, a random forest.
    """

    name: ClassVar[str] = "lightgbm"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "inner_folds"
    resources: ClassVar[tuple[Resource, ...]] = ("inner_folds", "rounds")
    evolves: ClassVar[tuple[str, ...]] = (
        "learning_rate",
        "num_leaves",
        "max_depth",
        "min_child_samples",
        "subsample",
        "colsample_bytree",
        "reg_lambda",
        "reg_alpha",
    )
    dtype: ClassVar[Literal["float32", "float64"]] = "float32"

    def space(self, profile: Profile) -> Space:
        """Preprocessing, kind of boosting, shape of the trees, what each sees, and penalties."""
        preprocessing = tree_preprocessing(profile, encode=(NATIVE, "ordinal", "onehot", "target"))
        parameters: dict[str, Parameter] = {
            **preprocessing.parameters,
            "min_data_per_group": Integer(low=1, high=100, log=True),
            "cat_smooth": Float(low=1.0, high=100.0, log=True),
            "boosting": Categorical(choices=("gbdt", "goss", "dart", "rf")),
            "drop_rate": Float(low=0.01, high=0.5, log=True),
            "skip_drop": Float(low=0.0, high=1.0),
            "n_estimators": Integer(low=25, high=500, log=True),
            "learning_rate": Float(low=0.01, high=0.5, log=True),
            "num_leaves": Integer(low=4, high=256, log=True),
            "depth": Categorical(choices=("unlimited", "limited")),
            "max_depth": Integer(low=1, high=15, log=True),
            "min_child_samples": leaf_sizes(profile),
            "subsample": Float(low=0.1, high=1.0),
            "bag": Float(low=0.1, high=0.9),
            "colsample_bytree": Float(low=0.1, high=1.0),
            "reg_lambda": Categorical(choices=PENALTIES),
            "reg_alpha": Categorical(choices=PENALTIES),
            **EARLY_STOPPING,
        }
        conditions = {
            **preprocessing.conditions,
            "min_data_per_group": (Condition(parameter="encode", values=(NATIVE,)),),
            "cat_smooth": (Condition(parameter="encode", values=(NATIVE,)),),
            "drop_rate": (_boosts("dart"),),
            "skip_drop": (_boosts("dart"),),
            "learning_rate": (_boosts("gbdt", "goss", "dart"),),
            "max_depth": (Condition(parameter="depth", values=("limited",)),),
            "subsample": (_boosts("gbdt", "dart"),),
            "bag": (_boosts("rf"),),
            "early_stopping": (_boosts("gbdt", "goss"),),
            "stop_after": (STOPS,),
        }
        if not profile.categoricals:
            for name in ("min_data_per_group", "cat_smooth"):
                del parameters[name], conditions[name]
        if profile.task != "regression":
            parameters["class_weight"] = Categorical(choices=("none", "balanced"))
        return Space(parameters=parameters, conditions=conditions)

    def default(self, profile: Profile) -> Configuration:
        """LightGBM's default: categories and missing values as they are."""
        return self.space(profile).nearest(DEFAULT)

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``LGBMClassifier`` or ``LGBMRegressor``, wrapped where need be.

        ``deterministic`` and ``force_row_wise`` keep the order of additions, and so the model, the
        same from run to run; they cost little.
        """
        from lightgbm import LGBMClassifier, LGBMRegressor

        from search_spaces.estimators import boosted

        settings = {k: v for k, v in configuration.items() if k not in {"depth", "early_stopping"}}
        stop_after = settings.pop("stop_after", 0)
        is_native = settings.pop("encode", None) == NATIVE
        if settings.get("class_weight") == "none":
            settings["class_weight"] = None
        settings |= _sampling(settings.pop("boosting"), settings.pop("bag", None))
        is_regression = profile.task == "regression"
        model = LGBMRegressor if is_regression else LGBMClassifier
        quiet = {"deterministic": True, "force_row_wise": True, "verbosity": -1}
        return boosted(
            model(**settings, **quiet, random_state=seed, n_jobs=cpus),
            stop_after=stop_after,
            n_categoricals=len(profile.categoricals) if is_native else 0,
            seed=seed,
        )


def _boosts(*kinds: str) -> Condition:
    return Condition(parameter="boosting", values=kinds)


def _sampling(boosting: str, bag: float | None) -> dict[str, Any]:
    """Say it in LightGBM's words; rows are drawn anew for each round."""
    if boosting == "goss":
        return {"boosting_type": "gbdt", "data_sample_strategy": "goss"}
    kind: dict[str, Any] = {"boosting_type": boosting, "subsample_freq": 1}
    return kind if bag is None else {**kind, "subsample": bag}
