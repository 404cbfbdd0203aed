"""Random forests: the average of many randomised decision trees."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.forest_ranges import forest_default, forest_settings, forest_space
from search_spaces.space import Configuration, Space


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
        return forest_space(profile)

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default, categories as ordinals."""
        return forest_default(profile, bootstrap=True)

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``RandomForestClassifier`` or ``RandomForestRegressor``."""
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        settings = forest_settings(configuration)
        is_regression = profile.task == "regression"
        model = RandomForestRegressor if is_regression else RandomForestClassifier
        return model(**settings, random_state=seed, n_jobs=cpus)
