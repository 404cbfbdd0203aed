"""Linear regression without a penalty."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.preprocessing_ranges import SCALED, linear_preprocessing
from search_spaces.space import Configuration, Space


class Linear:
    """Least squares, scikit-learn's ``LinearRegression``: preprocessing is all there is to try.

    Features are scaled although least squares do not ask for it: directions below 1e-6 of the
    largest are dropped (scikit-learn's ``tol``), which is a matter of scale.
    """

    name: ClassVar[str] = "linear"
    tasks: ClassVar[frozenset[Task]] = frozenset({"regression"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """Preprocessing."""
        return linear_preprocessing(profile, robust=True)

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default on standardised features."""
        return self.space(profile).walk(lambda name, _: SCALED[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``sklearn.linear_model.LinearRegression``."""
        from sklearn.linear_model import LinearRegression

        return LinearRegression()
