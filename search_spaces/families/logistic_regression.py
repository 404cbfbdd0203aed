"""Logistic regression with an l1, l2 or elastic-net penalty."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.preprocessing_ranges import SCALED, linear_preprocessing
from search_spaces.parameters import Categorical, Float
from search_spaces.space import Condition, Configuration, Space

DEFAULT = {
    **SCALED,
    "penalty": "l2",  # this and the next two are scikit-learn's
    "C": 1.0,
    "class_weight": "none",
}

BINARY = 2


class LogisticRegression:
    """Multinomial logistic regression, scikit-learn's ``LogisticRegression``.

    ``C`` (inverse strength) spans 1e-4 to 1e4, log, like scikit-learn's ``LogisticRegressionCV``
    and the regularised linear model of Bischl et al. 2023 (WIREs Data Mining and Knowledge
    Discovery 13(2), e1484). ``l1_ratio`` stays off the ends, which are the penalties l1 and l2.

    The features are always scaled, and not by their quartiles: a column that is mostly zero has
    none, would keep its raw size, and neither lbfgs nor saga converges on that in reasonable time
    (measured: adult, 20,000 rows, saga 25 s instead of 2 s). With products of features lbfgs takes
    about four times as long there.
    """

    name: ClassVar[str] = "logistic_regression"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """Preprocessing, penalty, its strength and mixture, and class weights."""
        preprocessing = linear_preprocessing(profile)
        return Space(
            parameters={
                **preprocessing.parameters,
                "penalty": Categorical(choices=("l1", "l2", "elasticnet")),
                "C": Float(low=1e-4, high=1e4, log=True),
                "l1_ratio": Float(low=0.05, high=0.95),
                "class_weight": Categorical(choices=("none", "balanced")),
            },
            conditions={
                **preprocessing.conditions,
                "l1_ratio": (Condition(parameter="penalty", values=("elasticnet",)),),
            },
        )

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default on standardised features."""
        return self.space(profile).walk(lambda name, _: DEFAULT[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``sklearn.linear_model.LogisticRegression``."""
        from sklearn.linear_model import LogisticRegression as Estimator

        penalty, class_weight = configuration["penalty"], configuration["class_weight"]
        # scikit-learn 1.8 deprecated ``penalty``: the mixture says it all.
        ratios = {"l1": 1.0, "l2": 0.0, "elasticnet": configuration.get("l1_ratio")}
        return Estimator(
            C=configuration["C"],
            l1_ratio=ratios[penalty],
            class_weight=None if class_weight == "none" else class_weight,
            random_state=seed,
            **_solver(penalty, profile),
        )


def _solver(penalty: str, profile: Profile) -> dict[str, Any]:
    """Choose what is fast for the penalty.

    Measured on one core, 1,000 rows of 61 one-hot and standardised features: lbfgs at most 10 ms,
    liblinear 5 ms, saga 60 ms; adult (20,000 rows, 107 features): 0.4 s, 0.1 s, 7 s. Stopping at
    ``max_iter`` is early stopping: its score says whether that is good.
    """
    if penalty == "l2":
        return {"solver": "lbfgs", "max_iter": 1000}
    if penalty == "l1" and profile.n_classes == BINARY:
        # liblinear penalises the intercept too; scaled by 100 that stops to matter.
        return {"solver": "liblinear", "max_iter": 1000, "intercept_scaling": 100.0}
    return {"solver": "saga", "max_iter": 300, "tol": 1e-3}
