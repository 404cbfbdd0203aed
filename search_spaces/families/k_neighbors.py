"""The nearest training rows, by vote or mean."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.preprocessing_ranges import SCALED, scaled_preprocessing
from search_spaces.parameters import Categorical, Integer
from search_spaces.space import Configuration, Space

DEFAULT = {
    **SCALED,
    "n_neighbors": 5,  # from here on scikit-learn's
    "weights": "uniform",
    "metric": "euclidean",
}


class KNeighbors:
    """Nearest neighbours (Cover & Hart 1967, IEEE Trans. Inf. Theory 13(1)).

    ``n_neighbors`` (1 to 50, log) is that of Bischl et al. 2023 (WIREs Data Mining and Knowledge
    Discovery 13(2), e1484); of their Minkowski distances the two are left that can be computed
    exactly. The estimator is ours, so that its answer does not depend on the order of equally
    distant rows: ``search_spaces.estimators.neighbours``.
    """

    name: ClassVar[str] = "k_neighbors"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """Preprocessing, how many neighbours, and how near is near."""
        preprocessing = scaled_preprocessing(profile)
        return preprocessing.extended(
            {
                "n_neighbors": Integer(low=1, high=50, log=True),
                "weights": Categorical(choices=("uniform", "distance")),
                "metric": Categorical(choices=("euclidean", "manhattan")),
            }
        )

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default on standardised features."""
        return self.space(profile).walk(lambda name, _: DEFAULT[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``NeighboursClassifier`` or ``NeighboursRegressor``."""
        from search_spaces.estimators.neighbours import NeighboursClassifier, NeighboursRegressor

        is_regression = profile.task == "regression"
        model = NeighboursRegressor if is_regression else NeighboursClassifier
        return model(**configuration)
