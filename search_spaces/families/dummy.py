"""The model that looks at no feature: what every other one has to beat."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.parameters import Categorical
from search_spaces.space import Configuration, Space

STRATEGIES = {"regression": "mean", "clustering": "random"}


class Dummy:
    """Predict the class frequencies, or the mean, of the training rows; or clusters of any rows."""

    name: ClassVar[str] = "dummy"
    tasks: ClassVar[frozenset[Task]] = frozenset(
        {"binary", "multiclass", "regression", "clustering"}
    )
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """One parameter with one choice: the best constant for the usual metrics."""
        strategy = STRATEGIES.get(profile.task, "prior")
        return Space(parameters={"strategy": Categorical(choices=(strategy,))})

    def default(self, profile: Profile) -> Configuration:
        """Return the only configuration."""
        return next(self.space(profile).grid(1))

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``DummyClassifier``, ``DummyRegressor`` or ``RandomClusters``."""
        from sklearn.dummy import DummyClassifier, DummyRegressor

        from search_spaces.estimators.clusters import RandomClusters

        if profile.task == "clustering":
            return RandomClusters()

        model = DummyRegressor if profile.task == "regression" else DummyClassifier
        return model(strategy=configuration["strategy"])
