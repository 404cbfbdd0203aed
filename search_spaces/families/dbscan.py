"""Clusters that are dense."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.preprocessing_ranges import SCALED, clustering_preprocessing
from search_spaces.parameters import Float, Integer
from search_spaces.space import Configuration, Space

DEFAULT = {**SCALED, "eps": 0.5, "min_samples": 5}  # scikit-learn's


class DBSCAN:
    """DBSCAN (Ester et al. 1996, KDD), scikit-learn's ``DBSCAN``.

    ``eps`` is the radius for each square root of a feature, since distances between standardised
    rows grow so. A new row belongs to the cluster of the nearest core row within the radius, else
    it is noise (-1).
    """

    name: ClassVar[str] = "dbscan"
    tasks: ClassVar[frozenset[Task]] = frozenset({"clustering"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """Say what is near, and what is dense."""
        preprocessing = clustering_preprocessing(profile)
        return preprocessing.extended(
            {
                "eps": Float(low=0.05, high=2.0, log=True),
                "min_samples": Integer(low=3, high=50, log=True),
            }
        )

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default, the radius for each square root of a feature."""
        return self.space(profile).walk(lambda name, _: DEFAULT[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``DensityClusters``."""
        from search_spaces.estimators.clusters import DensityClusters

        return DensityClusters(**configuration)
