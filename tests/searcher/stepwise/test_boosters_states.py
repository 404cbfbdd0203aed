"""A booster that is saved and loaded between two units is the one that goes on."""

import json

import numpy as np
import pytest

from searcher.errors import StoreError, TrialError
from searcher.stepwise.boosters import BoosterSteps
from searcher.stepwise.boosters_fit import seed_from
from searcher.stepwise.boosters_state import BoosterState
from tests.searcher.stepwise.boosting import (
    CASES,
    N_CLASSES,
    build,
    rows,
    tree_list,
    trees,
)

CHANGES = {
    "xgboost sampled": {
        "learning_rate": 0.05,
        "max_depth": 5,
        "min_child_weight": 4.0,
        "subsample": 0.9,
        "colsample_bytree": 0.9,
        "reg_lambda": 10.0,
        "reg_alpha": 0.1,
        "gamma": 0.1,
    },
    "lightgbm sampled": {
        "learning_rate": 0.05,
        "num_leaves": 12,
        "max_depth": 3,
        "min_child_samples": 1,
        "subsample": 0.9,
        "colsample_bytree": 0.9,
        "reg_lambda": 10.0,
        "reg_alpha": 0.1,
    },
    "lightgbm goss": {"learning_rate": 0.1},
    "lightgbm dart": {"num_leaves": 12, "drop_rate": 0.1},
}


def steps_of(name, changes=(), *, seed=3, restart_every=None):
    task, configuration = CASES[name]
    X, y = rows(task)
    untrained = build(name, task, {**configuration, **dict(changes)}, seed=seed)
    return BoosterSteps(untrained, X, y, n_classes=N_CLASSES[task], restart_every=restart_every)


def advanced(steps, units=99):
    for _ in range(units):
        if not steps.done:
            steps.advance()
    return steps


@pytest.mark.parametrize("name", CASES)
def test_a_training_that_is_loaded_at_any_unit_ends_as_if_it_had_never_paused(name):
    states, whole = [], steps_of(name)
    while not whole.done:
        states.append(whole.state())
        whole.advance()
    states.append(whole.state())

    for unit, state in enumerate(states):
        again = steps_of(name)
        again.load_state(state)

        assert again.resource == unit
        assert again.state() == state
        assert trees(advanced(again).estimator()) == trees(whole.estimator())


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_configuration_grows_other_trees_after_the_ones_there_are(name):
    shared = advanced(steps_of(name), 1)
    copies = [steps_of(name, CHANGES[name]) for _ in range(2)]
    for copy in copies:
        copy.load_state(shared.state())
    (copy, _), before = copies, tree_list(shared.estimator())

    assert tree_list(copy.estimator()) == before
    for each in (shared, *copies):
        advanced(each)

    kept, changed = tree_list(shared.estimator()), tree_list(copy.estimator())
    assert len(changed) == len(kept)
    assert changed[: len(before)] == before
    assert changed[len(before) :] != kept[len(before) :]
    assert trees(copy.estimator()) == trees(copies[1].estimator())


@pytest.mark.parametrize(("name", "change"), [(n, c) for n in CHANGES for c in CHANGES[n]])
def test_every_change_by_itself_takes_effect(name, change):
    state = advanced(steps_of(name), 1).state()
    kept, changed = steps_of(name), steps_of(name, {change: CHANGES[name][change]})
    kept._settings = "to be gone on from in the same way"  # a new fit for both
    for each in (kept, changed):
        each.load_state(state)
        advanced(each, 1)

    assert tree_list(kept.estimator())[10:] != tree_list(changed.estimator())[10:]


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_going_on_from_trees_is_what_a_fit_does_where_nothing_is_random(name):
    """With n_estimators as the only change, the fit is the reference."""
    state = advanced(steps_of(name, {"n_estimators": 40}), 1).state()
    again = steps_of(name)
    again.load_state(state)

    task, configuration = CASES[name]
    X, y = rows(task)
    fit = build(name, task, configuration).fit(X, y)
    difference = advanced(again).estimator().predict_proba(X) - fit.predict_proba(X)
    assert np.abs(difference).max() < 1e-6


def test_what_goes_on_from_trees_never_draws_the_first_rounds_numbers_again():
    again = steps_of("xgboost sampled", {"gamma": 0.1})
    again.load_state(advanced(steps_of("xgboost sampled"), 1).state())

    assert len({3, seed_from(3, 10), seed_from(3, 20), seed_from(4, 10)}) == 4
    assert again._fitting()._fitting.random_state == seed_from(3, 10)
    assert again.estimator().random_state == 3


@pytest.mark.parametrize("name", ["xgboost sampled", "lightgbm sampled"])
def test_where_trainings_restart_a_state_has_nothing_to_train_again(name):
    whole = steps_of(name, {"n_estimators": 45}, restart_every=2)
    states = []
    for _ in range(4):
        whole.advance()
        states.append(whole.state())
    advanced(whole)

    since = [BoosterState.decoded(state) for state in states]
    assert [state.rounds - state.start for state in since] == [10, 0, 10, 0]
    for state in states:
        again = steps_of(name, {"n_estimators": 45}, restart_every=2)
        again.load_state(state)
        assert trees(advanced(again).estimator()) == trees(whole.estimator())


@pytest.mark.parametrize("name", ["xgboost stopping", "lightgbm stopping", "lightgbm goss"])
def test_what_would_train_otherwise_after_a_restart_never_restarts(name):
    restarting = advanced(steps_of(name, restart_every=1))

    assert trees(restarting.estimator()) == trees(advanced(steps_of(name)).estimator())


def test_the_best_round_of_an_earlier_configuration_limits_no_later_one():
    stopped = advanced(steps_of("xgboost stopping", {"n_estimators": 200}))
    changes = {"early_stopping": False, "stop_after": 0, "n_estimators": stopped.rounds + 10}
    again = steps_of("xgboost stopping", changes)
    again.load_state(stopped.state())

    advanced(again)

    assert again.rounds == stopped.rounds + 10
    X, _ = rows("binary")
    booster = again.estimator().estimator_
    every = booster.predict_proba(X, iteration_range=(0, again.rounds))
    assert np.array_equal(booster.predict_proba(X), every)


def test_a_state_with_all_the_rounds_that_are_asked_for_is_done():
    state = advanced(steps_of("lightgbm"), 2).state()
    shorter = steps_of("lightgbm", {"n_estimators": 15})
    shorter.load_state(state)

    assert shorter.done
    assert len(tree_list(shorter.estimator())) == 20


def test_lightgbms_forest_goes_on_with_its_own_configuration_only():
    state = advanced(steps_of("lightgbm rf"), 1).state()

    with pytest.raises(TrialError, match="rf can't go on from its trees"):
        steps_of("lightgbm rf", {"num_leaves": 12}).load_state(state)


def other_rows(kind):
    task, configuration = CASES["xgboost sampled"]
    X, y = rows(task)
    configuration = {**configuration, "booster": "dart"} if kind == "kind" else configuration
    X = X[:, :5] if kind == "features" else X
    X, y = (X[1:], y[1:]) if kind == "samples" else (X, y)
    y = y[::-1] if kind == "labels" else y
    return BoosterSteps(build("xgboost", task, configuration), X, y, n_classes=3)


@pytest.mark.parametrize("kind", ["kind", "features", "samples", "labels"])
def test_a_state_of_other_rows_or_of_another_kind_is_refused(kind):
    state = advanced(steps_of("xgboost sampled"), 1).state()

    with pytest.raises(StoreError, match="the state is of"):
        other_rows(kind).load_state(state)


def test_a_state_whose_trees_do_not_grow_again_is_refused():
    task, configuration = CASES["xgboost"]
    X, y = rows(task)
    state = advanced(steps_of("xgboost"), 1).state()
    other = BoosterSteps(build("xgboost", task, configuration), X[::-1], y, n_classes=2)

    with pytest.raises(StoreError, match="did not give the state's trees again"):
        other.load_state(state)


def torn(state):
    return state[:-3]


def of_another_format(state):
    line, _, rest = state.partition(b"\n")
    return json.dumps(json.loads(line) | {"format": 0}).encode() + b"\n" + rest


@pytest.mark.parametrize(
    "broken", [torn, of_another_format, lambda _: b"", lambda _: b"[]\n", lambda _: b"{}\n"]
)
def test_what_is_no_state_is_refused(broken):
    state = advanced(steps_of("lightgbm"), 1).state()

    with pytest.raises(StoreError, match=r"booster's state"):
        steps_of("lightgbm").load_state(broken(state))


def test_a_state_says_nothing_that_has_to_be_unpickled():
    state = advanced(steps_of("xgboost sampled"), 2).state()

    line, _, parts = state.partition(b"\n")

    head = json.loads(line)
    assert head["rounds"] == 20
    assert len(parts) == head["base"] + head["trees"]
