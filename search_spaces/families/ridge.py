"""Linear regression with a squared penalty on the coefficients."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.preprocessing_ranges import SCALED, linear_preprocessing
from search_spaces.parameters import Float
from search_spaces.space import Configuration, Space

DEFAULT = {
    **SCALED,
    "alpha": 1.0,  # scikit-learn's
}


class Ridge:
    """Ridge regression (Hoerl & Kennard 1970, Technometrics 12(1)), scikit-learn's ``Ridge``.

    ``alpha`` covers the penalties of the regularised linear model in Bischl et al. 2023 (WIREs
    Data Mining and Knowledge Discovery 13(2), e1484, as in R's mlr3tuningspaces): 1e-4 to 1e4,
    log. Features are always scaled, since the penalty compares their coefficients.
    """

    name: ClassVar[str] = "ridge"
    tasks: ClassVar[frozenset[Task]] = frozenset({"regression"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """Preprocessing and ``alpha``."""
        preprocessing = linear_preprocessing(profile, robust=True)
        return preprocessing.extended({"alpha": Float(low=1e-4, high=1e4, log=True)})

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default on standardised features."""
        return self.space(profile).walk(lambda name, _: DEFAULT[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``sklearn.linear_model.Ridge``."""
        from sklearn.linear_model import Ridge as Estimator

        return Estimator(alpha=configuration["alpha"])
