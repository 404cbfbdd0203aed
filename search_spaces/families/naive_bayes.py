"""Naive Bayes with a normal distribution of each feature in each class."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.preprocessing_ranges import SCALED, scaled_preprocessing
from search_spaces.parameters import Float
from search_spaces.space import Configuration, Space

DEFAULT = {
    **SCALED,
    "var_smoothing": 1e-9,  # scikit-learn's
}


class NaiveBayes:
    """Gaussian naive Bayes, scikit-learn's ``GaussianNB``.

    ``var_smoothing`` is added to every variance, as a share of the largest one: features are
    scaled, so that it means the same to each. It ranges from scikit-learn's default to 1, where a
    class has hardly a shape of its own; less than the default would only make the zeros of rare
    categories weigh more.
    """

    name: ClassVar[str] = "naive_bayes"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """Preprocessing and the smoothing of the variances."""
        preprocessing = scaled_preprocessing(profile, encode=("onehot", "ordinal", "target"))
        return preprocessing.extended({"var_smoothing": Float(low=1e-9, high=1.0, log=True)})

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default on standardised features."""
        return self.space(profile).walk(lambda name, _: DEFAULT[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``sklearn.naive_bayes.GaussianNB``."""
        from sklearn.naive_bayes import GaussianNB

        return GaussianNB(var_smoothing=configuration["var_smoothing"])
