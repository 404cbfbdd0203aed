"""Trees and boosters: defaults, options and what reaches the library."""

import numpy as np
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.base import clone
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits

from search_spaces import preprocessing
from search_spaces.columns import Column, Profile
from search_spaces.estimators import BoostedClassifier, BoostedRegressor
from search_spaces.families.decision_tree import DecisionTree
from search_spaces.families.extra_trees import ExtraTrees
from search_spaces.families.gradient_boosting import GradientBoosting
from search_spaces.families.hist_gradient_boosting import HistGradientBoosting
from search_spaces.families.lightgbm import LightGBM
from search_spaces.families.xgboost import XGBoost

N_CLASSES = {"binary": 2, "multiclass": 3, "regression": 0}
BOOSTERS = [GradientBoosting(), HistGradientBoosting(), LightGBM(), XGBoost()]
NATIVE = [HistGradientBoosting(), LightGBM(), XGBoost()]

pytestmark = pytest.mark.filterwarnings("ignore:X does not have valid feature names")


@pytest.fixture(autouse=True)
def _one_thread():
    """Let scikit-learn's histograms not wait for threads that others keep busy."""
    with threadpool_limits(1, user_api="openmp"):
        yield


def make_profile(task, n=1000, *, categorical=True):
    columns = [Column("a", "numeric", has_missing=True)]
    columns += [Column("b", "categorical")] if categorical else []
    return Profile(task, tuple(columns), n_samples=n, n_classes=N_CLASSES[task])


def build(family, task, *, seed=0, cpus=1, n=1000, categorical=True, **changes):
    profile = make_profile(task, n, categorical=categorical)
    configuration = {**family.default(profile), **changes}
    configuration = family.space(profile).nearest(configuration)
    family.space(profile).validate_configuration(configuration)
    rest = preprocessing.split(configuration)[1]
    return family.build(rest, profile, seed=seed, cpus=cpus)


def inner(model):
    is_wrapped = isinstance(model, BoostedClassifier | BoostedRegressor)
    return model.estimator if is_wrapped else model


def make_rows(task, n=300):
    """One categorical first, then numbers."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 6, n), rng.normal(size=(n, 3))]).astype(np.float32)
    signal = X[:, 1] + np.isin(X[:, 0], [1, 4]) * 2 + rng.normal(scale=0.3, size=n)
    k = N_CLASSES[task]
    if not k:
        return X, signal
    return X, np.searchsorted(np.quantile(signal, np.arange(1, k) / k), signal)


OWN = {"random_state", "n_jobs", "early_stopping"}
QUIET = {
    **{"deterministic": True, "force_row_wise": True, "verbosity": -1, "subsample_freq": 1},
    **{"min_data_per_group": 100, "cat_smooth": 10.0},  # LightGBM's, but not in its signature
}


@pytest.mark.parametrize(
    ("family", "task", "library"),
    [
        (DecisionTree(), "binary", DecisionTreeClassifier()),
        (DecisionTree(), "regression", DecisionTreeRegressor()),
        (ExtraTrees(), "multiclass", ExtraTreesClassifier()),
        (ExtraTrees(), "regression", ExtraTreesRegressor()),
        (GradientBoosting(), "binary", GradientBoostingClassifier()),
        (GradientBoosting(), "regression", GradientBoostingRegressor()),
        (HistGradientBoosting(), "binary", HistGradientBoostingClassifier()),
        (HistGradientBoosting(), "regression", HistGradientBoostingRegressor()),
        (LightGBM(), "binary", LGBMClassifier(**QUIET)),
        (LightGBM(), "regression", LGBMRegressor(**QUIET)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_default_is_the_librarys(family, task, library):
    model = inner(build(family, task))

    ours, theirs = model.get_params(), library.get_params()
    assert type(model) is type(library)
    assert {k: v for k, v in ours.items() if k not in OWN} == {
        k: v for k, v in theirs.items() if k not in OWN
    }


@pytest.mark.parametrize(("n", "largest", "usual"), [(40, 4, 4), (150, 15, 15), (5000, 100, 20)])
def test_a_leaf_is_never_asked_for_more_than_a_tenth_of_the_rows(n, largest, usual):
    profile = make_profile("binary", n)
    for family, name in (
        (LightGBM(), "min_child_samples"),
        (HistGradientBoosting(), "min_samples_leaf"),
    ):
        assert family.space(profile).parameters[name].high == largest
        assert family.default(profile)[name] == usual


@pytest.mark.parametrize("task", N_CLASSES)
@pytest.mark.parametrize("family", NATIVE, ids=lambda f: f.name)
def test_native_categories_are_split_as_sets_and_not_by_their_order(family, task):
    X, y = make_rows(task)
    shuffled = np.array([3, 0, 5, 2, 1, 4], dtype=np.float32)[X[:, 0].astype(int)]
    changes = {"encode": "native", "min_data_per_group": 1, "max_cat_to_onehot": 1}

    model = build(family, task, **changes).fit(X, y)
    other = build(family, task, **changes).fit(np.column_stack([shuffled, X[:, 1:]]), y)

    assert isinstance(model, BoostedRegressor if task == "regression" else BoostedClassifier)
    names = np.column_stack([shuffled, X[:, 1:]])
    np.testing.assert_allclose(model.predict(X), other.predict(names), rtol=1e-3)


@pytest.mark.parametrize("family", NATIVE, ids=lambda f: f.name)
def test_without_categoricals_nothing_is_said_about_them(family):
    profile = make_profile("binary", categorical=False)

    names = set(family.space(profile).parameters)

    assert names.isdisjoint({"encode", "min_data_per_group", "cat_smooth", "max_cat_to_onehot"})


@pytest.mark.parametrize("task", N_CLASSES)
@pytest.mark.parametrize("family", BOOSTERS, ids=lambda f: f.name)
def test_early_stopping_is_passed_on_and_ends_training(family, task):
    X, y = make_rows(task)
    rounds = "max_iter" if family.name == "hist_gradient_boosting" else "n_estimators"
    changes = {"learning_rate": 0.5, rounds: 300, "early_stopping": True, "stop_after": 5}

    model = build(family, task, encode="ordinal", **changes).fit(X, y)

    booster = model.estimator_
    stopped = {
        "gradient_boosting": lambda: booster.n_estimators_,
        "hist_gradient_boosting": lambda: booster.n_iter_,
        "lightgbm": lambda: booster.best_iteration_,
        "xgboost": lambda: booster.best_iteration + 1,
    }
    assert model.stop_after == 5
    assert 0 < stopped[family.name]() < 300


@pytest.mark.parametrize(
    ("boosting", "said"),
    [
        ("gbdt", {"boosting_type": "gbdt", "subsample_freq": 1}),
        ("goss", {"boosting_type": "gbdt", "data_sample_strategy": "goss"}),
        ("dart", {"boosting_type": "dart", "drop_rate": 0.2}),
        ("rf", {"boosting_type": "rf", "subsample": 0.5, "subsample_freq": 1}),
    ],
)
@pytest.mark.parametrize("task", N_CLASSES)
def test_each_kind_of_lightgbm_is_said_and_learns(boosting, said, task):
    X, y = make_rows(task)
    model = build(LightGBM(), task, boosting=boosting, drop_rate=0.2, skip_drop=0.5, bag=0.5)

    fitted = model.fit(X, y)

    params = inner(model).get_params()
    assert {name: params.get(name) for name in said} == said
    assert len(np.unique(fitted.predict(X))) > 1


def test_dart_of_xgboost_drops_trees():
    X, y = make_rows("binary")
    model = build(XGBoost(), "binary", booster="dart", rate_drop=0.5, skip_drop=0.0).fit(X, y)

    plain = build(XGBoost(), "binary").fit(X, y)

    assert model.booster == "dart"
    assert not np.array_equal(model.predict_proba(X), plain.predict_proba(X))


@pytest.mark.parametrize("family", BOOSTERS, ids=lambda f: f.name)
@pytest.mark.parametrize("seed", [0, 2**31 - 1])
def test_the_same_seed_predicts_the_same_to_the_last_bit(family, seed):
    X, y = make_rows("multiclass")
    changes = {"subsample": 0.5, "early_stopping": True, "stop_after": 5, "learning_rate": 0.3}

    first, second = (
        build(family, "multiclass", seed=seed, encode="ordinal", **changes).fit(X, y)
        for _ in range(2)
    )

    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


@pytest.mark.parametrize("family", [*BOOSTERS, DecisionTree(), ExtraTrees()], ids=lambda f: f.name)
def test_balanced_classes_raise_the_probability_of_the_rare_one(family):
    X, y = make_rows("binary")
    rare = (np.arange(len(y)) % 10 == 0) | (y == 0)
    X, y = X[rare], y[rare]
    changes = {"encode": "ordinal", "min_samples_leaf": 20}

    plain, balanced = (
        build(family, "binary", n=len(y), class_weight=w, **changes).fit(X, y)
        for w in ("none", "balanced")
    )

    assert balanced.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean()


@pytest.mark.parametrize("family", [ExtraTrees(), LightGBM(), XGBoost(), HistGradientBoosting()])
def test_trees_use_the_threads_that_the_trial_has(family):
    model = build(family, "binary", cpus=3, encode="ordinal")

    assert model.n_jobs == 3
    assert clone(model).n_jobs == 3
