"""What random forests and extremely randomised trees have in common: all but their trees."""

from search_spaces.columns import Profile
from search_spaces.families.preprocessing_ranges import UNSCALED, tree_preprocessing
from search_spaces.parameters import Categorical, Float, Integer, Parameter
from search_spaces.space import Condition, Configuration, Space


def forest_space(profile: Profile) -> Space:
    """Preprocessing, number and shape of the trees, and what each of them sees."""
    parameters: dict[str, Parameter] = {
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
    conditions = {"max_features_fraction": (fraction,), "max_depth": (limited,)}
    return tree_preprocessing(profile).extended(parameters, conditions)


def forest_default(profile: Profile, *, bootstrap: bool) -> Configuration:
    """scikit-learn's default, categories as ordinals."""
    is_regression = profile.task == "regression"
    default = {
        **UNSCALED,
        "n_estimators": 100,
        "max_features": "fraction" if is_regression else "sqrt",
        "max_features_fraction": 1.0,
        "min_samples_leaf": 1,
        "depth": "unlimited",
        "bootstrap": bootstrap,
        "criterion": "gini",
        "class_weight": "none",
    }
    return forest_space(profile).walk(lambda name, _: default[name])


def forest_settings(configuration: Configuration) -> Configuration:
    """Say in scikit-learn's words what a configuration says: ``None`` for what is not limited."""
    settings = {k: v for k, v in configuration.items() if k != "depth"}
    settings.setdefault("max_depth", None)
    fraction = settings.pop("max_features_fraction", None)
    if fraction is not None:
        settings["max_features"] = fraction
    if settings.get("class_weight") == "none":
        settings["class_weight"] = None
    return settings
