"""Support vector machines with a Gaussian kernel."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.preprocessing_ranges import SCALED, scaled_preprocessing
from search_spaces.parameters import Categorical, Float, Parameter
from search_spaces.space import Condition, Configuration, Space

DEFAULT = {
    **SCALED,
    "C": 1.0,  # from here on scikit-learn's
    "gamma": "scale",
    "epsilon": 0.1,
    "class_weight": "none",
}

CALIBRATION_FOLDS = 3

MAX_ROWS = 20_000
"""Measured on one core, 10,000 rows of 30 noisy features: at most 7 s a fit, and 2.3 times that
with the fits for calibration; four times that for twice the rows."""

MAX_ITERATIONS = 200_000
"""libsvm took up to 72,000 steps for them; what needs more is stopped, and judged by its score."""


class SVM:
    """Support vector machines with a Gaussian kernel (Cortes & Vapnik 1995), scikit-learn's.

    ``C`` and ``gamma`` have the ranges of van Rijn & Hutter 2018 (KDD): 2**-5 to 2**15 and 2**-15
    to 2**3, log; the upper end of ``C`` is cut to 1,000 for its cost.
    """

    name: ClassVar[str] = "svm"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """Preprocessing, penalty, width of the kernel, and class weights or width of the tube.

        Raises
        ------
        ValueError
            If there are more than ``MAX_ROWS`` rows.
        """
        if profile.n_samples > MAX_ROWS:
            raise ValueError(
                f"svm learns from at most {MAX_ROWS:,} rows, since its cost grows with their "
                f"square; these are {profile.n_samples:,}. linear_svm has no such limit"
            )
        preprocessing = scaled_preprocessing(profile)
        parameters: dict[str, Parameter] = {
            **preprocessing.parameters,
            "C": Float(low=0.03, high=1000.0, log=True),
            "gamma": Categorical(choices=("scale", "value")),
            "gamma_value": Float(low=3e-5, high=8.0, log=True),
        }
        if profile.task == "regression":
            parameters["epsilon"] = Float(low=0.001, high=1.0, log=True)
        else:
            parameters["class_weight"] = Categorical(choices=("none", "balanced"))
        by_value = Condition(parameter="gamma", values=("value",))
        return Space(
            parameters=parameters,
            conditions={**preprocessing.conditions, "gamma_value": (by_value,)},
        )

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default on standardised features."""
        return self.space(profile).walk(lambda name, _: DEFAULT[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained, calibrated ``SVC``, or ``SVR`` of a standardised target."""
        from sklearn.svm import SVC, SVR

        from search_spaces.estimators.scores import calibrated, of_a_standardised_target

        settings = dict(configuration)
        settings["gamma"] = settings.pop("gamma_value", "scale")
        if profile.task == "regression":
            return of_a_standardised_target(SVR(**settings, max_iter=MAX_ITERATIONS))
        if settings["class_weight"] == "none":
            settings["class_weight"] = None
        return calibrated(SVC(**settings, max_iter=MAX_ITERATIONS), CALIBRATION_FOLDS, seed=seed)
