"""Single decision trees: what can be read, and what forests are made of."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.preprocessing_ranges import UNSCALED, tree_preprocessing
from search_spaces.parameters import Categorical, Float, Integer, Parameter
from search_spaces.space import Condition, Configuration, Space

DEFAULT = {
    **UNSCALED,
    "depth": "unlimited",  # from here on scikit-learn's
    "min_samples_leaf": 1,
    "min_samples_split": 2,
    "max_features": 1.0,
    "pruning": False,
    "criterion": "gini",
    "class_weight": "none",
}


class DecisionTree:
    """CART (Breiman, Friedman, Olshen & Stone 1984), scikit-learn's.

    ``max_depth`` (1 to 30), ``min_samples_leaf`` (1 to 60) and ``min_samples_split`` (2 to 60) have
    the ranges of Probst, Boulesteix & Bischl 2019 ("Tunability", JMLR 20(53); rpart). Pruning by
    cost and complexity is scikit-learn's ``ccp_alpha``, whose default, 0, lies on no log scale.
    """

    name: ClassVar[str] = "decision_tree"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float32"

    def space(self, profile: Profile) -> Space:
        """Preprocessing, where the tree stops growing, and how it is pruned."""
        preprocessing = tree_preprocessing(profile)
        parameters: dict[str, Parameter] = {
            **preprocessing.parameters,
            "depth": Categorical(choices=("unlimited", "limited")),
            "max_depth": Integer(low=1, high=30, log=True),
            "min_samples_leaf": Integer(low=1, high=60, log=True),
            "min_samples_split": Integer(low=2, high=60, log=True),
            "max_features": Float(low=0.1, high=1.0),
        }
        conditions = {
            **preprocessing.conditions,
            "max_depth": (Condition(parameter="depth", values=("limited",)),),
        }
        if profile.task != "regression":
            # The penalty is in units of the criterion: for values that is a matter of their scale.
            parameters["pruning"] = Categorical(choices=(False, True))
            parameters["ccp_alpha"] = Float(low=1e-5, high=1e-1, log=True)
            parameters["criterion"] = Categorical(choices=("gini", "entropy"))
            parameters["class_weight"] = Categorical(choices=("none", "balanced"))
            conditions["ccp_alpha"] = (Condition(parameter="pruning", values=(True,)),)
        return Space(parameters=parameters, conditions=conditions)

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default, categories as ordinals."""
        return self.space(profile).walk(lambda name, _: DEFAULT[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``DecisionTreeClassifier`` or ``DecisionTreeRegressor``."""
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        settings = {k: v for k, v in configuration.items() if k not in {"depth", "pruning"}}
        if settings.get("class_weight") == "none":
            settings["class_weight"] = None
        if settings["max_features"] == 1.0:
            settings["max_features"] = None  # all of them: scikit-learn's own word for it
        is_regression = profile.task == "regression"
        model = DecisionTreeRegressor if is_regression else DecisionTreeClassifier
        return model(**settings, random_state=seed)
