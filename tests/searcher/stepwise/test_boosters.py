"""A booster advanced ten rounds at a time is the one that its ``fit`` trains, at every unit."""

import pickle
import threading

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted
from xgboost import XGBClassifier, XGBRegressor

from search_spaces.estimators import boosted
from searcher.errors import TrialError
from searcher.fitting import fit_estimator
from searcher.stepwise.boosters import BoosterSteps
from searcher.stepwise.boosters_turns import Turns, WaitingFit
from tests.searcher.stepwise.boosting import (
    CASES,
    N_CLASSES,
    ROUNDS,
    SAMPLED,
    XGBOOST,
    build,
    rows,
    tree_list,
    trees,
)

pytestmark = pytest.mark.filterwarnings("ignore:X does not have valid feature names")


def answers(estimator, X):
    answer = "predict_proba" if hasattr(estimator, "predict_proba") else "predict"
    return getattr(estimator, answer)(X)


@pytest.mark.parametrize("name", CASES)
def test_folds_that_advance_in_turns_end_as_their_fits_do(name):
    task, configuration = CASES[name]
    X, y = rows(task)
    folds = [slice(0, 100), slice(50, 150)]
    untrained = [build(name, task, configuration, seed=seed) for seed in (3, 4)]
    fits = [clone(e).fit(X[f], y[f]) for e, f in zip(untrained, folds, strict=True)]
    steps = [
        BoosterSteps(e, X[f], y[f], n_classes=N_CLASSES[task])
        for e, f in zip(untrained, folds, strict=True)
    ]

    while not all(step.done for step in steps):
        for step in steps:
            if not step.done:
                step.advance()

    for step, fit in zip(steps, fits, strict=True):
        assert trees(step.estimator()) == trees(fit)
        assert np.array_equal(answers(step.estimator(), X), answers(fit, X))
        assert str(step.estimator().get_params()) == str(fit.get_params())


@pytest.mark.parametrize("name", CASES)
def test_an_estimator_so_far_is_that_of_a_fit_of_so_many_rounds(name):
    task, configuration = CASES[name]
    X, y = rows(task)
    steps = BoosterSteps(build(name, task, configuration), X, y, n_classes=N_CLASSES[task])

    steps.advance()

    shorter = build(name, task, {**configuration, "n_estimators": 10}).fit(X, y)
    so_far = steps.estimator()
    assert type(so_far) is type(shorter)
    assert tree_list(so_far) == tree_list(shorter)
    assert np.array_equal(answers(so_far, X), answers(shorter, X))
    assert np.array_equal(so_far.predict(X), shorter.predict(X))
    assert so_far.n_features_in_ == 6


@pytest.mark.parametrize(
    "name", ["xgboost sampled", "lightgbm sampled", "xgboost classes stopping"]
)
def test_an_estimator_so_far_travels_and_stays_as_it_is(name):
    task, configuration = CASES[name]
    X, y = rows(task)
    steps = BoosterSteps(build(name, task, configuration), X, y, n_classes=N_CLASSES[task])
    steps.advance()
    so_far = steps.estimator()
    before = answers(so_far, X)

    steps.advance()
    travelled = pickle.loads(pickle.dumps(so_far))  # noqa: S301

    assert np.array_equal(answers(so_far, X), before)
    assert np.array_equal(answers(travelled, X), before)
    assert not np.array_equal(answers(steps.estimator(), X), before)
    check_is_fitted(travelled)
    assert clone(travelled).get_params().keys() == so_far.get_params().keys()


def test_the_last_unit_has_the_rounds_that_are_left():
    X, y = rows("binary")
    steps = BoosterSteps(build("xgboost", "binary", XGBOOST), X, y, n_classes=2)

    seen = []
    while not steps.done:
        steps.advance()
        seen.append((steps.resource, steps.rounds))

    assert seen == [(1, 10), (2, 20), (3, ROUNDS)]
    assert steps.estimator().get_booster().num_boosted_rounds() == ROUNDS


def test_a_training_that_stops_early_is_done():
    X, y = rows("binary")
    task, configuration = CASES["xgboost stopping"]
    steps = BoosterSteps(
        build("xgboost", task, {**configuration, "n_estimators": 400}), X, y, n_classes=2
    )

    while not steps.done:
        steps.advance()

    assert steps.rounds < 400
    assert steps.rounds == steps.estimator().estimator_.best_iteration + 1 + 4


@pytest.mark.parametrize("name", ["xgboost sampled", "lightgbm sampled"])
def test_a_class_without_rows_is_answered_as_by_a_fit(name):
    task, configuration = CASES[name]
    X, y = rows(task)
    kept = y != 1
    untrained = build(name, task, configuration)
    fit = fit_estimator(clone(untrained), X[kept], y[kept], n_classes=3)
    steps = BoosterSteps(untrained, X[kept], y[kept], n_classes=3)

    while not steps.done:
        steps.advance()
    widened = steps.estimator()

    assert np.array_equal(widened.predict_proba(X), fit.predict_proba(X))
    assert np.array_equal(widened.predict(X), fit.predict(X))
    assert (widened.predict_proba(X)[:, 1] == 0).all()
    assert widened.classes_.tolist() == [0, 1, 2]


def test_the_estimator_that_is_given_stays_untrained():
    X, y = rows("binary")
    untrained = build("xgboost stopping", *CASES["xgboost stopping"])
    before = str(untrained.get_params())
    BoosterSteps(untrained, X, y, n_classes=2).advance()

    assert str(untrained.get_params()) == before
    assert not hasattr(untrained, "estimator_")


def test_nothing_is_advanced_beyond_the_end_or_asked_before_the_start():
    X, y = rows("binary")
    steps = BoosterSteps(
        build("xgboost", "binary", {**XGBOOST, "n_estimators": 3}), X, y, n_classes=2
    )

    with pytest.raises(TrialError, match="no round is trained"):
        steps.estimator()
    steps.advance()
    with pytest.raises(TrialError, match="ended after 3 of 3 rounds"):
        steps.advance()


@pytest.mark.parametrize(
    ("estimator", "named"),
    [
        (LogisticRegression(), "LogisticRegression can't be advanced"),
        (boosted(HistGradientBoostingClassifier(), seed=0, stop_after=3), "HistGradientBoosting"),
        (XGBClassifier(booster="gblinear"), "gblinear"),
    ],
)
def test_what_cannot_be_advanced_is_refused_by_name(estimator, named):
    X, y = rows("binary")

    with pytest.raises(TrialError, match=named):
        BoosterSteps(estimator, X, y, n_classes=2)


def test_what_a_library_refuses_is_raised_to_whoever_advances():
    X, y = rows("regression")
    steps = BoosterSteps(XGBRegressor(max_depth=-2, n_estimators=3), X, y, n_classes=0)

    with pytest.raises(ValueError, match="max_depth"):
        steps.advance()


def test_a_training_that_is_dropped_leaves_no_thread():
    X, y = rows("binary")
    before = set(threading.enumerate())
    steps = BoosterSteps(build("xgboost", "binary", {**XGBOOST, **SAMPLED}), X, y, n_classes=2)
    steps.advance()
    (thread,) = set(threading.enumerate()) - before

    del steps
    thread.join(timeout=10)

    assert not thread.is_alive()


def test_a_fit_trains_no_further_than_it_is_told():
    turns, trained = Turns(), []

    def fit():
        for number in range(7):
            turns.before_round(model=None)
            trained.append(number)

    waiting = WaitingFit(fit, turns)
    seen = [len(trained)]
    for rounds in (2, 2, 5, 9):
        waiting.run(rounds)
        seen.append((len(trained), turns.rounds, waiting.has_ended))

    assert seen == [0, (2, 2, False), (2, 2, False), (5, 5, False), (7, 7, True)]
