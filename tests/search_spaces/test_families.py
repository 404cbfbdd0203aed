import numpy as np
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression as SklearnLogisticRegression
from sklearn.linear_model import Ridge as SklearnRidge
from xgboost import XGBClassifier, XGBRegressor

from search_spaces import preprocessing
from search_spaces.columns import Column, Profile
from search_spaces.estimators import BoostedClassifier, BoostedRegressor
from search_spaces.families.dummy import Dummy
from search_spaces.families.logistic_regression import LogisticRegression
from search_spaces.families.random_forest import RandomForest
from search_spaces.families.ridge import Ridge
from search_spaces.families.xgboost import XGBoost
from search_spaces.parameters import Categorical

N_CLASSES = {"binary": 2, "multiclass": 3, "regression": 0}
TASKS = sorted(N_CLASSES)


def make_profile(task, *, missing=True):
    columns = (Column("a", "numeric", has_missing=missing), Column("b", "categorical"))
    return Profile(task, columns, n_samples=100, n_classes=N_CLASSES[task])


def make_rows(task, n=100, p=6):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p)).astype(np.float32)
    signal = X[:, 0] + X[:, 1] ** 2 + rng.normal(scale=0.5, size=n)
    if task == "regression":
        return X, signal
    k = N_CLASSES[task]
    return X, np.searchsorted(np.quantile(signal, np.arange(1, k) / k), signal)


def make_model(family, task, *, seed=3, **changes):
    profile = make_profile(task)
    space = family.space(profile)
    configuration = space.nearest(family.default(profile) | changes)
    space.validate_configuration(configuration)
    return family.build(preprocessing.split(configuration)[1], profile, seed=seed, cpus=1)


# What stands in the way of comparing defaults: seeds and threads, and what we set on purpose.
OWN = {
    "random_state",
    "n_jobs",
    "tree_method",  # hist, which is what XGBoost's "auto" means
    "max_iter",
}
LIBRARY_DEFAULTS = [
    (Dummy(), "binary", DummyClassifier()),
    (Dummy(), "multiclass", DummyClassifier()),
    (Dummy(), "regression", DummyRegressor()),
    (LogisticRegression(), "binary", SklearnLogisticRegression()),
    (LogisticRegression(), "multiclass", SklearnLogisticRegression()),
    (Ridge(), "regression", SklearnRidge()),
    (RandomForest(), "binary", RandomForestClassifier()),
    (RandomForest(), "multiclass", RandomForestClassifier()),
    (RandomForest(), "regression", RandomForestRegressor()),
]


@pytest.mark.parametrize(("family", "task", "library"), LIBRARY_DEFAULTS)
def test_the_default_is_the_librarys(family, task, library):
    ours = make_model(family, task).get_params()

    theirs = library.get_params()
    assert type(make_model(family, task)) is type(library)
    assert {k: v for k, v in ours.items() if k not in OWN} == {
        k: v for k, v in theirs.items() if k not in OWN
    }


@pytest.mark.parametrize("task", TASKS)
def test_xgboosts_default_is_the_librarys(task):
    X, y = make_rows(task)
    library = XGBRegressor if task == "regression" else XGBClassifier

    ours = make_model(XGBoost(), task).fit(X, y)

    theirs = library(n_jobs=1, tree_method="hist").fit(X, y)
    assert ours.get_booster().save_raw("json") == theirs.get_booster().save_raw("json")


FAMILIES = [Dummy(), LogisticRegression(), Ridge(), RandomForest(), XGBoost()]
CASES = [(family, task) for family in FAMILIES for task in TASKS if task in family.tasks]


@pytest.mark.parametrize(("family", "task"), CASES)
def test_what_is_drawn_reaches_the_model(family, task):
    profile, rng = make_profile(task), np.random.default_rng(0)
    # said to the library in other words
    ours = {"penalty", "depth", "max_features_fraction", "early_stopping", "stop_after", "encode"}

    for _ in range(20):
        rest = preprocessing.split(family.space(profile).sample(rng))[1]
        built = family.build(rest, profile, seed=0, cpus=1)
        is_wrapped = isinstance(built, BoostedClassifier | BoostedRegressor)
        model = (built.estimator if is_wrapped else built).get_params()

        for name in set(rest) - ours - {"max_features", "class_weight"}:
            assert model[name] == rest[name]
        if "class_weight" in rest and family.name != "xgboost":  # which has none
            expected = {"none": None, "balanced": "balanced"}
            assert model["class_weight"] == expected[rest["class_weight"]]


@pytest.mark.parametrize(("family", "task"), CASES)
@pytest.mark.parametrize("seed", [0, 2**31 - 1, 2**32 - 1])
def test_the_same_seed_predicts_the_same_to_the_last_bit(family, task, seed):
    X, y = make_rows(task)
    changes = {"n_estimators": 50, "subsample": 0.5, "penalty": "elasticnet", "l1_ratio": 0.5}

    first, second = (make_model(family, task, seed=seed, **changes).fit(X, y) for _ in range(2))

    predict = "predict" if task == "regression" else "predict_proba"
    np.testing.assert_array_equal(getattr(first, predict)(X), getattr(second, predict)(X))


def test_another_seed_grows_another_forest():
    X, y = make_rows("binary")

    first, second = (make_model(RandomForest(), "binary", seed=s).fit(X, y) for s in (0, 1))

    assert not np.array_equal(first.predict_proba(X), second.predict_proba(X))


@pytest.mark.parametrize("family", FAMILIES)
def test_imputing_is_tried_only_where_something_is_missing(family):
    task = min(family.tasks)

    complete = family.space(make_profile(task, missing=False))

    assert "impute" not in complete.parameters
    assert "impute" not in family.default(make_profile(task, missing=False))


def test_trees_take_missing_values_as_they_are():
    offered = {
        family.name: family.space(make_profile(min(family.tasks))).parameters.get("impute")
        for family in FAMILIES
    }

    takes = [n for n, p in offered.items() if isinstance(p, Categorical) and "none" in p.choices]
    assert takes == ["random_forest", "xgboost"]
    assert XGBoost().default(make_profile("binary"))["impute"] == "none"


@pytest.mark.parametrize(
    ("task", "objective", "columns"),
    [("binary", "binary:logistic", 2), ("multiclass", "multi:softprob", 3)],
)
def test_xgboost_has_the_objective_of_its_classes(task, objective, columns):
    X, y = make_rows(task)

    model = make_model(XGBoost(), task).fit(X, y)

    assert model.objective == objective
    assert model.predict_proba(X).shape == (len(X), columns)


@pytest.mark.parametrize("family", [LogisticRegression(), RandomForest(), XGBoost()])
def test_a_multiclass_model_learns_where_only_two_classes_are_left(family):
    X, y = make_rows("multiclass")

    model = make_model(family, "multiclass").fit(X, np.minimum(y, 1))

    assert model.predict_proba(X).shape == (len(X), 2)
    assert set(model.predict(X)) == {0, 1}


@pytest.mark.parametrize(
    ("task", "penalty", "solver"),
    [
        ("binary", "l2", "lbfgs"),
        ("multiclass", "l2", "lbfgs"),
        ("binary", "l1", "liblinear"),
        ("multiclass", "l1", "saga"),
        ("binary", "elasticnet", "saga"),
        ("multiclass", "elasticnet", "saga"),
    ],
)
def test_each_penalty_has_a_solver_that_takes_it_without_a_warning(task, penalty, solver):
    X, y = make_rows(task)

    model = make_model(LogisticRegression(), task, penalty=penalty, l1_ratio=0.5).fit(X, y)

    assert model.solver == solver
    assert np.max(model.n_iter_) < model.max_iter


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
def test_a_strong_l1_part_makes_coefficients_zero(penalty):
    X, y = make_rows("binary")

    model = make_model(LogisticRegression(), "binary", penalty=penalty, l1_ratio=0.95, C=0.1).fit(
        X, y
    )

    assert 0 < np.sum(model.coef_ == 0) < X.shape[1]


@pytest.mark.parametrize("C", [0.1, 1.0, 10.0])
def test_l1_by_liblinear_agrees_with_saga_which_leaves_the_intercept_alone(C):
    X, y = make_rows("binary", n=400)
    # Unbalanced, so that the intercept counts.
    X, y = np.vstack([X, X[y == 1]]).astype(np.float64), np.append(y, y[y == 1])

    model = make_model(LogisticRegression(), "binary", penalty="l1", C=C).fit(X, y)

    other = SklearnLogisticRegression(
        C=C, l1_ratio=1.0, solver="saga", max_iter=5000, tol=1e-6, random_state=0
    ).fit(X, y)
    np.testing.assert_allclose(model.coef_, other.coef_, atol=0.01)
    np.testing.assert_allclose(model.intercept_, other.intercept_, atol=0.01)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"max_features": "sqrt"}, "sqrt"),
        ({"max_features": "fraction", "max_features_fraction": 0.25}, 0.25),
    ],
)
def test_a_forest_takes_a_rule_or_a_fraction_of_the_features(changes, expected):
    assert make_model(RandomForest(), "binary", **changes).max_features == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"depth": "unlimited"}, None), ({"depth": "limited", "max_depth": 4}, 4)],
)
def test_a_forest_grows_to_the_end_or_to_a_depth(changes, expected):
    assert make_model(RandomForest(), "regression", **changes).max_depth == expected


def test_a_regression_forest_is_not_asked_about_classes():
    space = RandomForest().space(make_profile("regression"))

    assert {"criterion", "class_weight"}.isdisjoint(space.parameters)


@pytest.mark.parametrize("family", [RandomForest(), XGBoost()])
def test_trees_use_the_threads_that_the_trial_has(family):
    profile = make_profile("binary")
    rest = preprocessing.split(family.default(profile))[1]

    assert family.build(rest, profile, seed=0, cpus=3).n_jobs == 3


@pytest.mark.shared_data
@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet"])
@pytest.mark.parametrize("scale", ["standard", "minmax"])
def test_logistic_regression_converges_on_german_credit(shared_data, penalty, scale):
    import pandas as pd

    frame = pd.read_csv(shared_data / "german_credit.csv.gz")
    y = pd.factorize(frame.pop("bad"))[0]
    codes = [
        c if c.dtype.kind in "if" else c.astype("category").cat.codes + 1 for _, c in frame.items()
    ]
    columns = tuple(
        Column(n, "numeric" if c.dtype.kind in "if" else "categorical") for n, c in frame.items()
    )
    X = np.column_stack(codes).astype(float)
    profile = Profile("binary", columns, len(X), 2)
    transformer = preprocessing.build({"scale": scale, "encode": "onehot"}, profile, seed=0)
    features = transformer.fit_transform(X)

    for C in LogisticRegression().space(make_profile("binary")).parameters["C"].grid(5):
        model = make_model(LogisticRegression(), "binary", penalty=penalty, C=C, l1_ratio=0.5)
        model.fit(features, y)  # a ConvergenceWarning is an error here
        assert np.max(model.n_iter_) < model.max_iter
