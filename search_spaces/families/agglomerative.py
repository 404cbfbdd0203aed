"""Clusters that are joined two by two."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.preprocessing_ranges import SCALED, clustering_preprocessing
from search_spaces.parameters import Categorical, Integer
from search_spaces.space import Configuration, Space

DEFAULT = {**SCALED, "n_clusters": 2, "linkage": "ward"}  # scikit-learn's


class Agglomerative:
    """Agglomerative clustering, scikit-learn's ``AgglomerativeClustering``.

    It knows nothing of new rows, so a row belongs to the cluster whose mean is nearest, training
    rows included: what is scored is what is exported. Single linkage is left out, because its
    chains have no middle.
    """

    name: ClassVar[str] = "agglomerative"
    tasks: ClassVar[frozenset[Task]] = frozenset({"clustering"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """How many clusters, and what is near."""
        preprocessing = clustering_preprocessing(profile)
        return preprocessing.extended(
            {
                "n_clusters": Integer(low=2, high=20),
                "linkage": Categorical(choices=("ward", "average", "complete")),
            }
        )

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default."""
        return self.space(profile).walk(lambda name, _: DEFAULT[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``NearestCentroidClusters``."""
        from search_spaces.estimators.clusters import NearestCentroidClusters

        return NearestCentroidClusters(**configuration)
