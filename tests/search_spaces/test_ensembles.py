"""Families that are made of families."""

from itertools import chain

import numpy as np
import pytest
from sklearn.ensemble import (
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)

from search_spaces import preprocessing
from search_spaces.families.members import MEMBERS, build_members
from search_spaces.families.stacking import Stacking
from search_spaces.families.voting import Voting
from tests.search_spaces.test_families import make_model, make_profile, make_rows

TASKS = ["binary", "multiclass", "regression"]


@pytest.mark.parametrize(
    ("family", "task", "kind"),
    [
        (Voting(), "binary", VotingClassifier),
        (Voting(), "regression", VotingRegressor),
        (Stacking(), "multiclass", StackingClassifier),
        (Stacking(), "regression", StackingRegressor),
    ],
)
def test_each_choice_of_members_is_built_in_its_order(family, task, kind):
    profile = make_profile(task)
    for choice in family.space(profile).parameters["members"].choices:
        model = make_model(family, task, members=choice)

        assert type(model) is kind
        assert [name for name, _ in model.estimators] == choice.split("+")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("family", [Voting(), Stacking()], ids=lambda family: family.name)
def test_only_families_that_learn_the_task_are_offered(family, task):
    profile = make_profile(task)

    choices = family.space(profile).parameters["members"].choices

    for name in set(chain.from_iterable(choice.split("+") for choice in choices)):
        assert name in MEMBERS
    for choice in choices:
        assert len(build_members(choice, profile, seed=0, cpus=1)) >= 2


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_is_its_familys_default_without_preprocessing(name):
    task = "regression" if name == "ridge" else "binary"
    other = "random_forest" if name != "random_forest" else "extra_trees"
    X, y = make_rows(task)

    (_, member), _ = build_members(f"{name}+{other}", make_profile(task), seed=0, cpus=1)

    member.fit(X, y)
    assert member.predict(X).shape == (len(X),)
    if task == "binary":
        assert member.predict_proba(X).shape == (len(X), 2)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("random_forest", "at least two different families, got 'random_forest'"),
        ("svm+svm", "at least two different families"),
        ("svm+perceptron", "some of decision_tree, .*; got 'perceptron'"),
        ("svm+ridge", "member 'ridge' can't learn binary"),
    ],
)
def test_members_that_make_no_ensemble_are_refused(chosen, message):
    with pytest.raises(ValueError, match=message):
        build_members(chosen, make_profile("binary"), seed=0, cpus=1)


def test_a_voters_probability_is_the_mean_of_its_members():
    X, y = make_rows("multiclass")

    model = make_model(Voting(), "multiclass", members="logistic_regression+random_forest")
    model.fit(X, y)

    mean = np.mean([member.predict_proba(X) for member in model.estimators_], axis=0)
    np.testing.assert_array_equal(model.predict_proba(X), mean)


@pytest.mark.parametrize(("task", "penalty"), [("binary", "C"), ("regression", "alpha")])
def test_what_is_drawn_reaches_the_final_model(task, penalty):
    configuration = {penalty: 0.25, "cv": 4, "passthrough": True}

    model = make_model(Stacking(), task, **configuration)

    final = model.final_estimator
    final = final[-1] if task == "regression" else final
    assert final.get_params()[penalty] == 0.25
    assert model.cv.get_n_splits() == 4
    assert model.passthrough


def test_a_stack_learns_a_class_of_one_row():
    X, y = make_rows("binary")
    y = np.where(np.arange(len(y)) == 3, 2, y)

    rest = {"members": "naive_bayes+k_neighbors", "cv": 3, "passthrough": False, "C": 1.0}
    model = Stacking().build(rest, make_profile("multiclass"), seed=0, cpus=1)

    assert model.fit(X, y).predict_proba(X).shape == (len(X), 3)


@pytest.mark.parametrize("family", [Voting(), Stacking()], ids=lambda family: family.name)
@pytest.mark.parametrize("task", TASKS)
def test_every_drawn_configuration_is_valid(family, task):
    profile, rng = make_profile(task), np.random.default_rng(0)
    space = family.space(profile)

    for _ in range(20):
        configuration = space.sample(rng)
        space.validate_configuration(configuration)
        family.build(preprocessing.split(configuration)[1], profile, seed=0, cpus=1)
