"""Linear regression with an absolute penalty on the coefficients."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.preprocessing_ranges import SCALED, linear_preprocessing
from search_spaces.parameters import Float
from search_spaces.space import Configuration, Space

DEFAULT = {
    **SCALED,
    "alpha": 0.01,
}


class Lasso:
    """Lasso (Tibshirani 1996, JRSS B 58(1)), scikit-learn's ``Lasso`` of a standardised target.

    ``alpha`` is compared with covariances of features and target. The target is standardised, so
    that a price in cents and one in euros have the same search; on standardised features an
    ``alpha`` of 1, scikit-learn's default, then makes every coefficient zero. The range ends
    there and spans the five decades below (glmnet, Friedman et al. 2010, J. Stat. Software 33(1),
    goes down to 1e-4 of that end).
    """

    name: ClassVar[str] = "lasso"
    tasks: ClassVar[frozenset[Task]] = frozenset({"regression"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """Preprocessing and ``alpha``."""
        preprocessing = linear_preprocessing(profile)
        return preprocessing.extended({"alpha": Float(low=1e-5, high=1.0, log=True)})

    def default(self, profile: Profile) -> Configuration:
        """Take a hundredth of the penalty that leaves no feature."""
        return self.space(profile).walk(lambda name, _: DEFAULT[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``sklearn.linear_model.Lasso`` of a standardised target."""
        from sklearn.linear_model import Lasso as Estimator

        from search_spaces.estimators.scores import of_a_standardised_target

        model = Estimator(alpha=configuration["alpha"], max_iter=5000, tol=1e-4)
        return of_a_standardised_target(model)
