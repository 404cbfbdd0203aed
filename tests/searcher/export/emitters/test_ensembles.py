"""Models made of models, and models of a standardised target, as files."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    RandomForestClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier

from search_spaces.estimators.neighbours import NeighboursClassifier, NeighboursRegressor
from search_spaces.families.stacking import Stacking
from search_spaces.families.voting import Voting
from searcher.errors import ExportError
from searcher.export.convert import serialise
from searcher.export.gate.parity import check_parity
from tests.searcher.export.answers import assert_the_file_answers_alike, fit_configuration
from tests.searcher.export.models import export, fit, make_data, probes_of, refit_with, run

MACHINE = CalibratedClassifierCV(SVC(), ensemble=False, cv=2)
CLASSES = [("bayes", GaussianNB()), ("near", NeighboursClassifier(3)), ("svm", MACHINE)]
VALUES = [("line", Ridge()), ("near", NeighboursRegressor(3)), ("svm", SVR())]
NESTED = {
    "binary": [
        VotingClassifier(CLASSES, voting="soft"),
        StackingClassifier(CLASSES, LogisticRegression(), cv=2),
        StackingClassifier(CLASSES, LogisticRegression(), cv=2, passthrough=True),
        StackingClassifier([("a", VotingClassifier(CLASSES[:2], voting="soft")), CLASSES[0]], cv=2),
    ],
    "regression": [
        VotingRegressor(VALUES),
        StackingRegressor(VALUES, Ridge(), cv=2),
        StackingRegressor(VALUES, make_pipeline(StandardScaler(), SVR()), cv=2, passthrough=True),
        TransformedTargetRegressor(VotingRegressor(VALUES), transformer=StandardScaler()),
        make_pipeline(StandardScaler(with_mean=False), StandardScaler(with_std=False), Ridge()),
    ],
}
NESTED["multiclass"] = NESTED["binary"]
CASES = [
    pytest.param(task, i, marks=pytest.mark.slow if i > 1 or task == "multiclass" else ())
    for task, estimators in NESTED.items()
    for i in range(len(estimators))
]


def fit_behind_preprocessing(task, estimator, dtype="float64"):
    data = make_data(task, n=400)
    base = fit(data, "ridge" if task == "regression" else "logistic_regression")
    return refit_with(base, data, estimator, dtype), data


@pytest.mark.parametrize(("task", "number"), CASES)
def test_a_model_of_models_is_computed_alike(task, number):
    model, data = fit_behind_preprocessing(task, NESTED[task][number])

    assert_the_file_answers_alike(model, data, rtol=1e-8, atol=1e-10)


def offered(task):
    return Voting().space(make_data(task).profile).parameters["members"].choices


OTHERS = (
    "extra_trees+lightgbm",
    "decision_tree+gradient_boosting+hist_gradient_boosting",
    "linear_svm+svm",
    "lightgbm+xgboost",
)
TASKS = ("binary", "multiclass", "regression")
FAMILIES = (Voting(), Stacking())
COMBINATIONS = [  # each with both families, of one task in three with each: they take turns
    pytest.param(family, task, members, id=f"{task}-{members}-{family.name}")
    for turn, task in enumerate(TASKS)
    for place, members in enumerate((*offered(task), *OTHERS))
    for which, family in enumerate(FAMILIES)
    if (place + which) % len(TASKS) == turn
]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Liblinear failed to converge")  # as in a search
@pytest.mark.parametrize(("family", "task", "members"), COMBINATIONS)
def test_every_combination_of_members_passes_the_gate(family, task, members):
    data = make_data(task)
    configuration = {**family.default(data.profile), "members": members}
    if "passthrough" in configuration:
        configuration |= {"passthrough": len(members) % 2 == 0, "cv": 3}
    model = fit_configuration(family, configuration, data)

    verdict = check_parity(serialise(export(model)), model, probes_of(data))

    assert verdict.passed, verdict.failure
    assert verdict.worst < 0.02, verdict.probes  # of XGBoost's expf, in float32


@pytest.mark.parametrize("family", [Voting(), Stacking()], ids=lambda family: family.name)
def test_members_named_in_a_spec_are_computed_alike(family):
    data = make_data("binary", n=220)
    space = family.space(data.profile).override(
        {"members": {"type": "categorical", "choices": ["naive_bayes+k_neighbors+linear_svm"]}}
    )
    configuration = space.nearest(family.default(data.profile))

    model = fit_configuration(family, configuration, data)

    assert_the_file_answers_alike(model, data, rtol=1e-8, atol=1e-10)


def test_two_trees_that_disagree_have_the_first_class():
    trees = [("a", DecisionTreeClassifier(max_depth=1)), ("b", DecisionTreeClassifier())]
    model, data = fit_behind_preprocessing("binary", VotingClassifier(trees, voting="soft"))
    probabilities = model.predict_proba(data.X)

    got = run(export(model), model, data.X)

    np.testing.assert_array_equal(got["probabilities"], probabilities)
    np.testing.assert_array_equal(got["label"], np.array(data.classes)[model.predict(data.X)])


def test_another_calibration_goes_through_the_converter():
    forest = RandomForestClassifier(5, random_state=0)
    estimator = CalibratedClassifierCV(forest, method="isotonic", cv=2)
    model, data = fit_behind_preprocessing("binary", estimator, dtype="float32")

    got = run(export(model), model, data.X)

    np.testing.assert_allclose(got["probabilities"], model.predict_proba(data.X), atol=1e-5)


def test_a_target_transformed_in_another_way_is_refused():
    estimator = TransformedTargetRegressor(Ridge(), transformer=MinMaxScaler())
    model, _ = fit_behind_preprocessing("regression", estimator)

    with pytest.raises(ExportError, match="transformed by MinMaxScaler can't be exported"):
        export(model)


def test_another_kernel_is_refused():
    estimator = CalibratedClassifierCV(SVC(kernel="poly"), ensemble=False, cv=2)
    model, _ = fit_behind_preprocessing("binary", estimator)

    with pytest.raises(ExportError, match="SVC with kernel 'poly' can't be exported"):
        export(model)
