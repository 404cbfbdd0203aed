"""Families with one mistake each, made by people who mean well."""

import math
from typing import Any

import numpy as np
from sklearn.linear_model import Ridge as RidgeModel
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier

from search_spaces.parameters import Categorical, Float, Integer
from search_spaces.preprocessing import preprocessing_space
from search_spaces.space import Space


class Sound:
    """Nearest neighbours, with nothing wrong: what the broken ones are variations of."""

    name = "neighbours"
    tasks = frozenset({"binary", "multiclass", "regression"})
    resource = "inner_folds"
    dtype = "float64"

    def space(self, profile):
        neighbours = {"n_neighbors": Integer(low=1, high=20)}
        return Space(parameters={**preprocessing_space(profile).parameters, **neighbours})

    def default(self, profile):
        first = self.space(profile).walk(lambda _, parameter: parameter.grid(2)[0])
        return {**first, "n_neighbors": 5}

    def build(self, configuration, profile, *, seed, cpus):
        is_regression = profile.task == "regression"
        model = KNeighborsRegressor if is_regression else KNeighborsClassifier
        return model(**configuration, n_jobs=cpus)


class Simple(Sound):
    """Of one task, which is enough to make a mistake in."""

    tasks = frozenset({"binary"})


class Regressor(Sound):
    tasks = frozenset({"regression"})


class WithoutBuild:
    name, tasks, resource, dtype = "x", frozenset({"binary"}), "inner_folds", "float64"

    def space(self, profile):
        return Space(parameters={})

    def default(self, profile):
        return {}


class MadeWithArguments(Simple):
    def __init__(self, library):
        self.library = library


class SpaceIsNoMethod(Simple):
    space = Space(parameters={})


class SpacedName(Simple):
    name = "Nearest Neighbours"


class TasksInAList(Simple):
    tasks = ["binary"]  # noqa: RUF012 - the mistake


class UnknownTask(Simple):
    tasks = frozenset({"ranking"})


class NoTask(Simple):
    tasks = frozenset()


class UnknownResource(Simple):
    resource = "minutes"


class UnknownDtype(Simple):
    dtype = "float16"


class UnknownShape(Simple):
    shape = "video"


class SpaceFails(Simple):
    def space(self, profile):
        return 1 / 0


class SpaceIsADict(Simple):
    def space(self, profile):
        return {"n_neighbors": (1, 20)}


class SpaceChanges(Simple):
    calls = 0

    def space(self, profile):
        type(self).calls += 1
        return Space(parameters={"n_neighbors": Integer(low=1, high=6 + self.calls)})


class SpaceIsNotJson(Simple):
    def space(self, profile):
        odd = Categorical.model_construct(choices=(math.sqrt,))
        return Space.model_construct(parameters={"metric": odd}, conditions={})


class SpaceIsInfinite(Simple):
    def space(self, profile):
        odd = Float.model_construct(low=0.0, high=math.inf, log=False, step=None)
        return Space.model_construct(parameters={"p": odd}, conditions={})


class TakesThePreprocessingsName(Simple):
    def space(self, profile):
        return Space(parameters={"scale": Float(low=0.1, high=10)})


class DefaultFails(Simple):
    def default(self, profile):
        return {"encode": {}["onehot"]}


class DefaultIsAList(Simple):
    def default(self, profile):
        return ["uniform"]


class DefaultOutside(Simple):
    def default(self, profile):
        return super().default(profile) | {"n_neighbors": 50}


class DefaultIncomplete(Simple):
    def default(self, profile):
        return {"n_neighbors": 5}


class DefaultIsNotJson(Simple):
    def default(self, profile):
        return super().default(profile) | {"n_neighbors": np.int64(5)}


class SomeConfigurationsDoNotBuild(Simple):
    def build(self, configuration, profile, *, seed, cpus):
        if configuration["n_neighbors"] > 10:
            raise ValueError("more than ten neighbours are a crowd")
        return super().build(configuration, profile, seed=seed, cpus=cpus)


class BuildWantsPreprocessing(Simple):
    def build(self, configuration, profile, *, seed, cpus):
        return super().build({"p": configuration["scale"]}, profile, seed=seed, cpus=cpus)


class BuildWithoutCpus(Simple):
    def build(self, configuration, profile, *, seed):
        return super().build(configuration, profile, seed=seed, cpus=1)


class BuildEatsTheConfiguration(Simple):
    def build(self, configuration, profile, *, seed, cpus):
        neighbours = configuration.pop("n_neighbors", 5)
        return super().build({"n_neighbors": neighbours}, profile, seed=seed, cpus=cpus)


class BuildKeepsItsModel(Simple):
    models: dict[str, Any] = {}  # noqa: RUF012 - the mistake

    def build(self, configuration, profile, *, seed, cpus):
        made = super().build(configuration, profile, seed=seed, cpus=cpus)
        return self.models.setdefault(profile.task, made)


class BuildReturnsTheClass(Simple):
    def build(self, configuration, profile, *, seed, cpus):
        return "KNeighborsClassifier"


class FitFails(Simple):
    def build(self, configuration, profile, *, seed, cpus):
        return RidgeModel(solver="newton")


class Positive(KNeighborsClassifier):
    def predict_proba(self, X):
        return super().predict_proba(X)[:, 1:]


class OneProbabilityColumn(Simple):
    def build(self, configuration, profile, *, seed, cpus):
        return Positive(**configuration)


class Unnormalised(KNeighborsClassifier):
    def predict_proba(self, X):
        return 3 * super().predict_proba(X)


class ScoresForProbabilities(Simple):
    def build(self, configuration, profile, *, seed, cpus):
        return Unnormalised(**configuration)


class NoProbabilities(Simple):
    def build(self, configuration, profile, *, seed, cpus):
        return RidgeClassifier()


class InColumns(RidgeModel):
    def predict(self, X):
        return super().predict(X)[:, None]


class PredictsColumns(Regressor):
    def build(self, configuration, profile, *, seed, cpus):
        return InColumns()


class Infinite(RidgeModel):
    def predict(self, X):
        return np.full(len(X), np.inf)


class PredictsNothingFinite(Regressor):
    def build(self, configuration, profile, *, seed, cpus):
        return Infinite()


class Named(KNeighborsClassifier):
    def predict(self, X):
        return np.array(["no", "yes"])[super().predict(X)]


class PredictsNames(Simple):
    def build(self, configuration, profile, *, seed, cpus):
        return Named(**configuration)


class Plain:
    def fit(self, X, y):
        self.inner = KNeighborsClassifier().fit(X, y)

    def predict(self, X):
        return self.inner.predict(X)

    def predict_proba(self, X):
        return self.inner.predict_proba(X)


class UnknownToScikitLearn(Simple):
    def build(self, configuration, profile, *, seed, cpus):
        return Plain()


class AsksForMissingValues(Simple):
    def space(self, profile):
        passing = preprocessing_space(profile, impute=("none", "median")).parameters
        return Space(parameters={**passing, "n_neighbors": Integer(low=1, high=20)})


class IgnoresTheSeed(Simple):
    def build(self, configuration, profile, *, seed, cpus):
        return DecisionTreeClassifier(max_features=1, splitter="random")


class Centring(RidgeModel):
    def fit(self, X, y):
        X -= X.mean(axis=0)
        return super().fit(X, y)


class WritesIntoTheFeatures(Regressor):
    def build(self, configuration, profile, *, seed, cpus):
        return Centring()


class Padded(KNeighborsClassifier):
    def predict_proba(self, X):
        found = super().predict_proba(X)
        return np.hstack([found, np.zeros((len(X), 3 - found.shape[1]))])


class CountsOnAllClasses(Sound):
    tasks = frozenset({"multiclass"})

    def build(self, configuration, profile, *, seed, cpus):
        return Padded(**configuration)


class CanNotTravel(Simple):
    def build(self, configuration, profile, *, seed, cpus):
        model = super().build(configuration, profile, seed=seed, cpus=cpus)
        model.callback = lambda: None
        return model


class ChangesOnTheWay(Simple):
    def build(self, configuration, profile, *, seed, cpus):
        return Forgetful(**configuration)


class Forgetful(KNeighborsClassifier):
    def __setstate__(self, state):
        super().__setstate__(state | {"n_neighbors": 1})


BROKEN = {
    WithoutBuild: "lacks 'build'",
    MadeWithArguments: "(a family is made without arguments) raised TypeError",
    SpaceIsNoMethod: "'space' can't be called",
    SpacedName: "name must be lower-case letters, digits and underscores, not 'Nearest Neighbours'",
    TasksInAList: "tasks must be a frozenset of some of binary, multiclass, regression, "
    "clustering, not ['binary']",
    UnknownTask: "not frozenset({'ranking'})",
    NoTask: "tasks is empty; it needs at least one of binary, multiclass, regression",
    UnknownResource: "resource must be 'inner_folds' or 'epochs' or 'rounds', not 'minutes'",
    UnknownDtype: "dtype must be 'float32' or 'float64', not 'float16'",
    UnknownShape: "shape must be 'image' or 'sequence', not 'video'",
    SpaceFails: "space(profile) raised ZeroDivisionError: division by zero",
    SpaceIsADict: "space(profile) returns a dict, not a Space",
    SpaceChanges: "space(profile) is another one each time",
    SpaceIsNotJson: "writing its space as JSON raised",
    SpaceIsInfinite: "its space is not readable from JSON",
    TakesThePreprocessingsName: "its parameter 'scale' belongs to preprocessing, whose choices are",
    DefaultFails: "default(profile) raised KeyError: 'onehot'",
    DefaultIsAList: "default(profile) returns a list, not a dict",
    DefaultOutside: "default is not in its space: parameter 'n_neighbors' must be between 1 and 20",
    DefaultIncomplete: "its default is not in its space: parameter 'impute' is missing",
    DefaultIsNotJson: "writing its default as JSON raised TypeError: Object of type int64",
    SomeConfigurationsDoNotBuild: "build(...) raised ValueError: more than ten neighbours",
    BuildWantsPreprocessing: "build(...) raised KeyError: 'scale'",
    BuildWithoutCpus: "build(...) raised TypeError",
    BuildEatsTheConfiguration: "build(...) changes the configuration that it is given",
    BuildKeepsItsModel: "build(...) returns the same model again, not a fresh one",
    BuildReturnsTheClass: "build(...) returns a str without fit",
    FitFails: "fit(X, y) raised",
    OneProbabilityColumn: "of 24 rows and 2 classes has shape (24, 1), not (24, 2)",
    ScoresForProbabilities: "predict_proba(X) has rows that are no probabilities",
    NoProbabilities: "its model has no predict_proba, which classes need",
    PredictsColumns: "predict(X) of 24 rows has shape (24, 1), not (24,)",
    PredictsNothingFinite: "predict(X) is not finite",
    PredictsNames: "predict(X) has values other than the class codes [0 1]",
    UnknownToScikitLearn: "scoring by scikit-learn raised",
    AsksForMissingValues: "offers impute 'none', which passes NaN on; fit(X, y) raised ValueError",
    IgnoresTheSeed: "two models of the same seed and rows predict differently",
    WritesIntoTheFeatures: "fit(X, y) writes into X or y, which other trials use too",
    CountsOnAllClasses: "when y lacks one of three classes, predict_proba(X) of 24 rows and 2",
    ChangesOnTheWay: "the fitted model predicts differently after being pickled",
    CanNotTravel: "pickling the fitted model raised",
}
