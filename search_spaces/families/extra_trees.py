"""Extremely randomised trees: forests whose thresholds are drawn, not searched."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.forest_ranges import forest_default, forest_settings, forest_space
from search_spaces.space import Configuration, Space


class ExtraTrees:
    """Extremely randomised trees (Geurts, Ernst & Wehenkel 2006, Machine Learning 63).

    The ranges are those of the random forest: Geurts et al. find the same two to matter, the number
    of features tried at a split (their K, all of them for regression) and the size of a leaf.
    """

    name: ClassVar[str] = "extra_trees"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float32"

    def space(self, profile: Profile) -> Space:
        """Preprocessing, number and shape of the trees, and what each of them sees."""
        return forest_space(profile)

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default, categories as ordinals."""
        return forest_default(profile, bootstrap=False)

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``ExtraTreesClassifier`` or ``ExtraTreesRegressor``."""
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        settings = forest_settings(configuration)
        is_regression = profile.task == "regression"
        model = ExtraTreesRegressor if is_regression else ExtraTreesClassifier
        return model(**settings, random_state=seed, n_jobs=cpus)
