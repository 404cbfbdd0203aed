"""Families of linear models, support vectors, neighbours and their like."""

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet as SklearnElasticNet
from sklearn.linear_model import Lasso as SklearnLasso
from sklearn.linear_model import LinearRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR

from search_spaces import preprocessing
from search_spaces.columns import Column, Profile
from search_spaces.families.elastic_net import ElasticNet
from search_spaces.families.k_neighbors import KNeighbors
from search_spaces.families.lasso import Lasso
from search_spaces.families.linear import Linear
from search_spaces.families.linear_svm import LinearSVM
from search_spaces.families.naive_bayes import NaiveBayes
from search_spaces.families.svm import MAX_ITERATIONS, MAX_ROWS, SVM
from tests.search_spaces.test_families import N_CLASSES, make_model, make_profile
from tests.search_spaces.test_families import make_rows as make_float32_rows

FAMILIES = [Linear(), Lasso(), ElasticNet(), LinearSVM(), SVM(), KNeighbors(), NaiveBayes()]
CASES = [(f, task) for f in FAMILIES for task in sorted(N_CLASSES) if task in f.tasks]


def make_rows(task, n=100):
    """Rows as these families see them: float32 values in float64 arrays."""
    X, y = make_float32_rows(task, n)
    return X.astype(np.float64), y


def core(model):
    """Look inside what scales the target or calibrates the scores."""
    return getattr(model, "regressor", None) or getattr(model, "estimator", None) or model


LIBRARY_DEFAULTS = [
    (Linear(), "regression", LinearRegression(), set()),
    (Lasso(), "regression", SklearnLasso(), {"alpha", "max_iter"}),
    (ElasticNet(), "regression", SklearnElasticNet(), {"alpha", "max_iter"}),
    (LinearSVM(), "binary", LinearSVC(), {"random_state"}),
    (LinearSVM(), "multiclass", LinearSVC(), {"random_state"}),
    (LinearSVM(), "regression", LinearSVR(), {"random_state", "dual"}),
    (SVM(), "binary", SVC(), {"max_iter"}),
    (SVM(), "multiclass", SVC(), {"max_iter"}),
    (SVM(), "regression", SVR(), {"max_iter"}),
    (NaiveBayes(), "binary", GaussianNB(), set()),
]


@pytest.mark.parametrize(("family", "task", "library", "own"), LIBRARY_DEFAULTS)
def test_the_default_is_the_librarys_but_for_what_is_documented(family, task, library, own):
    ours, theirs = core(make_model(family, task)), library.get_params()

    assert type(ours) is type(library)
    differing = {name for name, value in ours.get_params().items() if value != theirs[name]}
    assert differing <= own


@pytest.mark.parametrize(("family", "task"), CASES)
def test_what_is_drawn_reaches_the_model(family, task):
    profile, rng = make_profile(task), np.random.default_rng(0)

    for _ in range(20):
        rest = preprocessing.split(family.space(profile).sample(rng))[1]
        model = core(family.build(rest, profile, seed=0, cpus=1)).get_params()

        for name in set(rest) - {"class_weight", "gamma", "gamma_value"}:
            assert model[name] == rest[name]
        if "gamma" in rest:
            assert model["gamma"] == rest.get("gamma_value", "scale")
        if "class_weight" in rest:
            expected = {"none": None, "balanced": "balanced"}
            assert model["class_weight"] == expected[rest["class_weight"]]


@pytest.mark.filterwarnings("ignore:Liblinear failed to converge")  # early stopping, as documented
@pytest.mark.parametrize(("family", "task"), CASES)
def test_the_same_seed_predicts_the_same_to_the_last_bit(family, task):
    X, y = make_rows(task)

    first, second = (make_model(family, task).fit(X, y) for _ in range(2))

    predict = "predict" if task == "regression" else "predict_proba"
    np.testing.assert_array_equal(getattr(first, predict)(X), getattr(second, predict)(X))


@pytest.mark.filterwarnings("ignore:Liblinear failed to converge")
@pytest.mark.parametrize("family", [Lasso(), ElasticNet(), LinearSVM(), SVM()])
def test_the_unit_of_the_target_changes_nothing(family):
    X, y = make_rows("regression")

    plain = make_model(family, "regression").fit(X, y).predict(X)
    in_cents = make_model(family, "regression").fit(X, 100 * y + 5e4).predict(X)

    np.testing.assert_allclose(in_cents, 100 * plain + 5e4, atol=0.5)
    assert np.std(plain) > 0.1


@pytest.mark.parametrize("family", [LinearSVM(), SVM(), KNeighbors(), NaiveBayes()])
@pytest.mark.parametrize("n_rare", [1, 2])
def test_a_class_of_one_or_two_rows_is_learnt_with_the_others(family, n_rare):
    X, y = make_rows("binary")
    y = np.where(np.arange(len(y)) < n_rare, 2, y)

    model = make_model(family, "multiclass").fit(X, y)

    probabilities = model.predict_proba(X)
    assert probabilities.shape == (len(X), 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@pytest.mark.parametrize("family", [LinearSVM(), SVM()])
def test_the_probabilities_of_a_support_vector_machine_are_calibrated(family):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1200, 4))
    y = (rng.random(1200) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)

    model = make_model(family, "binary").fit(X[:600], y[:600])

    got = model.predict_proba(X[600:])[:, 1]
    for low, high in ((0.0, 0.4), (0.4, 0.6), (0.6, 1.0)):
        inside = (got >= low) & (got < high)
        assert abs(got[inside].mean() - y[600:][inside].mean()) < 0.15


def test_balanced_classes_are_weighed_in_a_support_vector_machine():
    X, y = make_rows("binary", n=400)
    keep = (y == 0) | (np.arange(400) % 10 == 0)

    for family in (LinearSVM(), SVM()):
        plain, balanced = (
            core(make_model(family, "binary", class_weight=weight)).fit(X[keep], y[keep])
            for weight in ("none", "balanced")
        )
        assert balanced.predict(X[keep]).sum() > plain.predict(X[keep]).sum()


def test_a_gaussian_kernel_refuses_rows_that_it_can_not_finish():
    columns = (Column("a", "numeric"),)
    SVM().space(Profile("binary", columns, MAX_ROWS, 2))

    with pytest.raises(ValueError, match=r"at most 20,000 rows.*these are 20,001.*linear_svm"):
        SVM().space(Profile("binary", columns, MAX_ROWS + 1, 2))
    assert core(make_model(SVM(), "binary")).max_iter == MAX_ITERATIONS


@pytest.mark.parametrize("alpha", [1e-3, 1e-2, 0.1])
@pytest.mark.parametrize("family", [Lasso(), ElasticNet()])
def test_a_penalised_line_converges_on_columns_that_nearly_agree(family, alpha):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 1)) + 0.1 * rng.normal(size=(500, 6))
    y = X[:, 0] + rng.normal(scale=0.1, size=500)

    model = make_model(family, "regression", alpha=alpha, l1_ratio=0.5).fit(X, y)

    assert model.regressor_.n_iter_ < 5000  # a ConvergenceWarning is an error here


def test_the_strongest_penalty_leaves_no_coefficient():
    X, y = make_rows("regression")
    X = (X - X.mean(axis=0)) / X.std(axis=0)

    model = make_model(Lasso(), "regression", alpha=1.0).fit(X, y)

    assert not model.regressor_.coef_.any()
