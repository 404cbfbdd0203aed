"""A family as a user writes one."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.parameters import Float
from search_spaces.space import Configuration, Space


class Median:
    """Predicts a quantile of the training targets."""

    name: ClassVar[str] = "median"
    tasks: ClassVar[frozenset[Task]] = frozenset({"regression"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        return Space(parameters={"quantile": Float(low=0.1, high=0.9)})

    def default(self, profile: Profile) -> Configuration:
        return {"quantile": 0.5}

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        from sklearn.dummy import DummyRegressor

        return DummyRegressor(strategy="quantile", quantile=configuration["quantile"])
