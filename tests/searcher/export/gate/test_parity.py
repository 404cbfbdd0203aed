"""Sound exports pass the gate, whatever the family, the task and the preprocessing."""

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import Lasso
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeRegressor

from search_spaces.columns import Column
from searcher.export.convert import serialise
from searcher.export.gate.parity import check_parity
from tests.searcher.export.models import (
    CASES,
    Data,
    export,
    fit,
    make_data,
    probes_of,
    refit_with,
)

pytestmark = pytest.mark.slow  # many models, each compared in a process of its own

# shares of the tolerance 1e-5: exact sums in the library's order, and BLAS's own order
BOUNDS = {"dummy": 0, "random_forest": 0, "xgboost": 0.02}
BOUNDS |= {"logistic_regression": 1e-8, "ridge": 1e-8}


def check(model, data):
    return check_parity(serialise(export(model)), model, probes_of(data), timeout_s=60)


def assert_passes(verdict, bound=1.0):
    assert verdict.passed, verdict.failure
    assert verdict.labels_unequal == 0
    assert verdict.worst <= bound, f"worst {verdict.worst:.3g} of the tolerance: {verdict.probes}"


@pytest.mark.parametrize(("family", "task"), CASES)
def test_every_family_passes_with_its_default(family, task):
    data = make_data(task)

    verdict = check(fit(data, family), data)

    assert_passes(verdict, BOUNDS[family])
    sets = {"data", "held_out", "random", "missing", "unseen", "extreme", "single"}
    assert {probe["name"] for probe in verdict.probes} >= sets | {"categories", "units"}
    assert verdict.rows == sum(probe["rows"] for probe in verdict.probes) > 900


@pytest.mark.slow
@pytest.mark.parametrize(
    ("impute", "scale", "encode"),
    [
        ("mean", "standard", "ordinal"),
        ("most_frequent", "robust", "onehot"),
    ],
)
@pytest.mark.parametrize(("family", "task"), [case for case in CASES if case[0] != "dummy"])
def test_every_family_passes_with_every_preprocessing(family, task, impute, scale, encode):
    data = make_data(task, seed=1)

    model = fit(data, family, scale=scale, encode=encode, impute=impute)

    assert_passes(check(model, data), BOUNDS[family])


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_logistic_regression_passes_with_every_penalty(penalty, task):
    data = make_data(task)
    changes = {"l1_ratio": 0.5} if penalty == "elasticnet" else {}

    model = fit(data, "logistic_regression", penalty=penalty, C=0.3, **changes)

    assert_passes(check(model, data), 1e-8)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_forest_of_impure_leaves_is_exact_on_more_than_one_core(task):
    data = make_data(task)

    model = fit(data, "random_forest", cpus=2, min_samples_leaf=7, n_estimators=150)

    assert_passes(check(model, data), 0)


@pytest.mark.parametrize(
    ("task", "estimator", "dtype"),
    [
        ("binary", GradientBoostingClassifier(n_estimators=5, random_state=0), "float32"),
        ("multiclass", KNeighborsClassifier(), "float64"),
        ("regression", Lasso(), "float64"),
        ("regression", DecisionTreeRegressor(max_depth=3, random_state=0), "float32"),
    ],
)
def test_an_estimator_of_ones_own_passes_if_skl2onnx_can_convert_it(task, estimator, dtype):
    data = make_data(task)
    model = refit_with(fit(data, "dummy", scale="standard"), data, estimator, dtype)

    verdict = check(model, data)

    assert_passes(verdict)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["random_forest", "xgboost", "logistic_regression"])
@pytest.mark.parametrize("position", [0, 4, 6, 8], ids=["numeric", "constant", "boolean", "text"])
def test_a_single_column_is_enough(family, position):
    data = make_data().only(position)

    assert_passes(check(fit(data, family), data), 1e-8)


@pytest.mark.parametrize("classes", [("é ✓", "日本"), ("", " "), (0, 1), (-(2**40), 2**40)])
def test_classes_may_be_any_text_or_whole_number(classes):
    data = make_data()
    data = Data(data.columns, data.X, data.y, classes, data.task)

    assert_passes(check(fit(data, "xgboost"), data))


def test_200_categories_and_odd_names_pass():
    rng = np.random.default_rng(0)
    texts = ("", *sorted(f"kategorie {i} é" for i in range(200)))
    names = ("label", "a/b: ✓")
    columns = tuple(Column(name, "categorical", categories=texts) for name in names)
    X = rng.integers(1, 201, size=(400, 2)) * 1.0
    data = Data(columns, X, X[:, 0] + X[:, 1] / 7, (), "regression")

    assert_passes(check(fit(data, "ridge"), data), 1e-8)


def test_rows_that_overflow_float32_are_left_out_and_counted():
    data = make_data("regression").only(1)
    model = fit(data, "ridge", scale="standard")
    probes = {**probes_of(data), "huge": np.array([[1e39], [1.0], [-1e300]])}

    verdict = check_parity(serialise(export(model)), model, probes, timeout_s=60)

    huge = next(probe for probe in verdict.probes if probe["name"] == "huge")
    assert (huge["name"], huge["rows"], huge["left_out"]) == ("huge", 1, 2)
    assert_passes(verdict, 1e-8)


def test_a_probe_set_that_the_model_refuses_is_named_with_the_reason():
    data = make_data("regression").only(4, 7)
    model = refit_with(fit(data, "xgboost", impute="none"), data, Lasso())

    verdict = check(model, data)

    assert_passes(verdict)
    refused = [probe for probe in verdict.probes if "refusal" in probe]
    assert [probe["name"] for probe in refused] == ["missing"]
    assert "NaN" in refused[0]["refusal"]
    assert refused[0]["rows"] == 0
