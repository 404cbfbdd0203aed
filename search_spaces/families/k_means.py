"""Clusters around means."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.preprocessing_ranges import SCALED, clustering_preprocessing
from search_spaces.parameters import Categorical, Integer
from search_spaces.space import Configuration, Space

DEFAULT = {**SCALED, "n_clusters": 8, "init": "k-means++"}  # scikit-learn's


class KMeans:
    """k-means (Lloyd 1982), scikit-learn's ``KMeans`` with ten starts.

    Preprocessing is the same for every configuration: scores of clusterings in different spaces
    can't be compared, and the space with the fewest dimensions would win.
    """

    name: ClassVar[str] = "k_means"
    tasks: ClassVar[frozenset[Task]] = frozenset({"clustering"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """How many clusters, and where they start."""
        preprocessing = clustering_preprocessing(profile)
        return preprocessing.extended(
            {
                "n_clusters": Integer(low=2, high=20),
                "init": Categorical(choices=("k-means++", "random")),
            }
        )

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default."""
        return self.space(profile).walk(lambda name, _: DEFAULT[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``sklearn.cluster.KMeans``."""
        from sklearn.cluster import KMeans as Estimator

        return Estimator(**configuration, n_init=10, random_state=seed)
