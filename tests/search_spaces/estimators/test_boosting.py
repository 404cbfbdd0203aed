"""The wrapper around boosters: what it holds out, how it weights, what it is to scikit-learn."""

import pickle

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.metrics import check_scoring
from threadpoolctl import threadpool_limits
from xgboost import XGBClassifier, XGBRegressor

from search_spaces.estimators import BoostedClassifier, BoostedRegressor, boosted
from search_spaces.estimators.holding_out import hold_out

pytestmark = pytest.mark.filterwarnings("ignore:X does not have valid feature names")


@pytest.fixture(autouse=True)
def _one_thread():
    """Let scikit-learn's histograms not wait for threads that others keep busy."""
    with threadpool_limits(1, user_api="openmp"):
        yield


CLASSIFIERS = [
    XGBClassifier(n_estimators=40, n_jobs=1),
    LGBMClassifier(n_estimators=40, n_jobs=1, verbosity=-1, min_child_samples=2),
    GradientBoostingClassifier(n_estimators=40, random_state=0),
    HistGradientBoostingClassifier(max_iter=40, early_stopping=False, min_samples_leaf=2),
]


def make_rows(n=200, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, np.digitize(X[:, 0] + rng.normal(size=n), np.linspace(-1, 1, classes - 1))


def test_every_class_is_held_out_in_proportion():
    y = np.repeat([0, 1, 2], [600, 300, 100])

    held = hold_out(y, seed=0, is_classifier=True)

    assert np.bincount(y[held]).tolist() == [60, 30, 10]


def test_values_are_held_out_from_the_lowest_to_the_highest():
    y = np.random.default_rng(0).permutation(1000) * 1.0

    held = hold_out(y, seed=0, is_classifier=False)

    assert np.array_equal(np.sort(y[held]) // 10, np.arange(100))


def test_the_only_row_of_a_class_is_trained_on():
    y = np.array([0] * 30 + [1] * 30 + [2] + [3])
    for seed in range(50):
        held = hold_out(y, seed=seed, is_classifier=True)

        assert held.sum() == 6
        assert not held[-2:].any()


@pytest.mark.parametrize("y", [np.arange(5), np.arange(40)], ids=["few rows", "all alone"])
def test_where_no_row_can_be_spared_none_is_held_out(y):
    assert not hold_out(y, seed=0, is_classifier=True).any()


def test_the_seed_decides_which_rows_are_held_out():
    y = np.repeat([0, 1], 100)

    first, again, other = (hold_out(y, seed=s, is_classifier=True) for s in (1, 1, 2))

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_a_class_of_one_row_does_not_stop_the_fit(estimator):
    X, y = make_rows(100, classes=2)
    y[7] = 2

    model = boosted(estimator, seed=0, stop_after=3, class_weight="balanced").fit(X, y)

    assert model.classes_.tolist() == [0, 1, 2]
    assert model.predict_proba(X).shape == (100, 3)


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_five_rows_are_all_trained_on_for_all_rounds(estimator):
    X, y = make_rows(200)
    rows = [np.flatnonzero(y == 0)[0], *np.flatnonzero(y == 1)[:4]]

    model = boosted(estimator, seed=0, stop_after=1).fit(X[rows], y[rows])

    alone = clone(estimator).fit(X[rows], y[rows])
    np.testing.assert_array_equal(model.predict_proba(X), alone.predict_proba(X))


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_balanced_weights_are_those_of_scikit_learn(estimator):
    X, y = make_rows(200)
    y = np.minimum(y, 1)
    count = np.bincount(y)

    model = boosted(estimator, seed=0, class_weight="balanced").fit(X, y)

    alone = clone(estimator).fit(X, y, sample_weight=len(y) / (2 * count[y]))
    np.testing.assert_array_equal(model.predict_proba(X), alone.predict_proba(X))


def test_the_booster_given_is_never_changed():
    X, y = make_rows()
    booster = XGBClassifier(n_estimators=5)
    before = booster.get_params()

    model = boosted(booster, seed=0, stop_after=2, n_categoricals=0).fit(X, y)

    assert booster.get_params() == before
    assert not hasattr(booster, "classes_")
    assert model.estimator_ is not booster


def test_nothing_to_add_gives_the_booster_itself():
    booster = XGBRegressor()

    assert boosted(booster, seed=0) is booster


def test_scikit_learn_knows_which_is_which():
    X, y = make_rows(classes=2)
    classifier = boosted(XGBClassifier(n_estimators=5), seed=0, stop_after=2).fit(X, y)
    regressor = boosted(HistGradientBoostingRegressor(max_iter=5), seed=0, n_jobs=1).fit(X, X[:, 0])

    assert isinstance(classifier, BoostedClassifier)
    assert isinstance(regressor, BoostedRegressor)
    assert is_classifier(classifier)
    assert is_regressor(regressor)
    assert check_scoring(classifier, scoring="roc_auc")(classifier, X, y) > 0.5
    assert check_scoring(regressor, scoring="r2")(regressor, X, X[:, 0]) > 0.1


def test_a_fitted_wrapper_travels_and_can_be_cloned():
    X, y = make_rows()
    model = boosted(CLASSIFIERS[1], seed=3, stop_after=2, class_weight="balanced").fit(X, y)

    there = pickle.loads(pickle.dumps(model))  # noqa: S301 - made one line above

    np.testing.assert_array_equal(there.predict_proba(X), model.predict_proba(X))
    again = clone(model).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_gradient_boosting_refuses_categories():
    X, y = make_rows()

    with pytest.raises(ValueError, match="GradientBoostingClassifier has no splits by category"):
        boosted(GradientBoostingClassifier(), seed=0, n_categoricals=1).fit(X, y)


def test_a_feature_that_no_row_has_is_left_alone():
    X, y = make_rows()
    X[:, 1] = np.nan
    model = boosted(CLASSIFIERS[3], seed=0, n_jobs=1, stop_after=5).fit(X, y)

    filled = [np.column_stack([X[:, 0], np.full(200, v), X[:, 2]]) for v in (np.nan, 0, 9)]
    answers = [model.predict_proba(rows) for rows in filled]

    assert np.isnan(X[:, 1]).all()
    np.testing.assert_array_equal(answers[0], answers[1])
    np.testing.assert_array_equal(answers[0], answers[2])
