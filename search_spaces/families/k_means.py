"""Clusters around means."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.parameters import Categorical, Integer
from search_spaces.preprocessing import preprocessing_space
from search_spaces.space import Configuration, Space

DEFAULT = {"n_clusters": 8, "init": "k-means++"}  # scikit-learn's


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
        return Space(
            parameters={
                **preprocessing.parameters,
                "n_clusters": Integer(low=2, high=20),
                "init": Categorical(choices=("k-means++", "random")),
            },
            conditions=preprocessing.conditions,
        )

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default."""
        space = self.space(profile)
        return space.nearest(space.walk(lambda name, p: DEFAULT.get(name, p.nearest(None))))

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``sklearn.cluster.KMeans``."""
        from sklearn.cluster import KMeans as Estimator

        return Estimator(**configuration, n_init=10, random_state=seed)


def clustering_preprocessing(profile: Profile) -> Space:
    """Say what is done to the columns before clustering: median, standardised, one-hot."""
    return preprocessing_space(profile, impute=("median",), scale=("standard",), encode=("onehot",))
