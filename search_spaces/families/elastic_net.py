"""Linear regression with an absolute and a squared penalty on the coefficients."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.preprocessing_ranges import SCALED, linear_preprocessing
from search_spaces.parameters import Float
from search_spaces.space import Configuration, Space

DEFAULT = {
    **SCALED,
    "alpha": 0.01,
    "l1_ratio": 0.5,  # scikit-learn's
}


class ElasticNet:
    """Elastic net (Zou & Hastie 2005, JRSS B 67(2)), scikit-learn's, of a standardised target.

    ``alpha`` as for the lasso. ``l1_ratio`` stays off the ends, which are ridge and lasso.
    """

    name: ClassVar[str] = "elastic_net"
    tasks: ClassVar[frozenset[Task]] = frozenset({"regression"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """Preprocessing, the penalty's strength and its mixture."""
        preprocessing = linear_preprocessing(profile)
        return preprocessing.extended(
            {
                "alpha": Float(low=1e-5, high=1.0, log=True),
                "l1_ratio": Float(low=0.05, high=0.95),
            }
        )

    def default(self, profile: Profile) -> Configuration:
        """Take the penalty of the lasso, mixed half and half."""
        return self.space(profile).walk(lambda name, _: DEFAULT[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``sklearn.linear_model.ElasticNet`` of a standardised target."""
        from sklearn.linear_model import ElasticNet as Estimator

        from search_spaces.estimators.scores import of_a_standardised_target

        model = Estimator(**configuration, max_iter=5000, tol=1e-4)
        return of_a_standardised_target(model)
