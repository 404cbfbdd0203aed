"""Linear support vector machines."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.preprocessing_ranges import SCALED, linear_preprocessing
from search_spaces.parameters import Categorical, Float
from search_spaces.space import Configuration, Space

DEFAULT = {
    **SCALED,
    "C": 1.0,  # from here on scikit-learn's
    "loss": "squared_hinge",
    "class_weight": "none",
}
DEFAULT_REGRESSION = {**DEFAULT, "loss": "epsilon_insensitive", "epsilon": 0.0}

CALIBRATION_FOLDS = 3


class LinearSVM:
    """Linear support vector machines by liblinear (Fan et al. 2008, JMLR 9), scikit-learn's.

    Classes: ``LinearSVC``, one against the rest. Its scores become probabilities by Platt's
    sigmoid (1999), fitted to the scores of three inner folds. Values: ``LinearSVR`` of a
    standardised target, so that ``epsilon`` and ``C`` mean the same whatever the unit.
    ``C`` has the range of the support vector machine in Bischl et al. 2023 (WIREs Data Mining and
    Knowledge Discovery 13(2), e1484): 1e-4 to 1e4, log; its upper end, where liblinear is slowest,
    is cut to 100.
    """

    name: ClassVar[str] = "linear_svm"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """Preprocessing, penalty, loss, and class weights or the width of the tube."""
        preprocessing = linear_preprocessing(profile)
        parameters = {**preprocessing.parameters, "C": Float(low=1e-4, high=100.0, log=True)}
        if profile.task == "regression":
            losses = ("epsilon_insensitive", "squared_epsilon_insensitive")
            parameters["loss"] = Categorical(choices=losses)
            parameters["epsilon"] = Float(low=0.0, high=0.5)
        else:
            parameters["loss"] = Categorical(choices=("squared_hinge", "hinge"))
            parameters["class_weight"] = Categorical(choices=("none", "balanced"))
        return Space(parameters=parameters, conditions=preprocessing.conditions)

    def default(self, profile: Profile) -> Configuration:
        """scikit-learn's default on standardised features."""
        defaults = DEFAULT_REGRESSION if profile.task == "regression" else DEFAULT
        return self.space(profile).walk(lambda name, _: defaults[name])

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained, calibrated ``LinearSVC``, or ``LinearSVR`` of a standardised target."""
        from sklearn.svm import LinearSVC, LinearSVR

        from search_spaces.estimators.scores import calibrated, of_a_standardised_target

        settings = {**configuration, "random_state": seed}
        if profile.task == "regression":
            # The absolute loss is solved in the dual alone.
            dual = "auto" if settings["loss"] == "squared_epsilon_insensitive" else True
            return of_a_standardised_target(LinearSVR(**settings, dual=dual))
        if settings["class_weight"] == "none":
            settings["class_weight"] = None
        dual = True if settings["loss"] == "hinge" else "auto"
        return calibrated(LinearSVC(**settings, dual=dual), CALIBRATION_FOLDS, seed=seed)
