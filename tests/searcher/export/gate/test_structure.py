"""A file's thresholds, leaves and coefficients are read and compared, whatever the rows say."""

import numpy as np
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from onnx import numpy_helper
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.linear_model import BayesianRidge
from sklearn.svm import SVR
from xgboost import XGBClassifier, XGBRegressor

from searcher.export.gate.structure import compare_structure
from tests.searcher.export.models import (
    attribute,
    constant,
    export,
    fit,
    make_data,
    node_of,
    refit_with,
    set_constant,
)

TREES = [
    ("multiclass", ExtraTreesClassifier(4, random_state=0)),
    ("regression", RandomForestRegressor(4, random_state=0)),
    ("multiclass", GradientBoostingClassifier(n_estimators=4, random_state=0)),
    ("regression", HistGradientBoostingRegressor(max_iter=4, random_state=0)),
    ("binary", LGBMClassifier(n_estimators=4, verbose=-1)),
    ("regression", LGBMRegressor(n_estimators=4, verbose=-1)),
    ("binary", XGBClassifier(n_estimators=4, n_jobs=1)),
    ("multiclass", XGBClassifier(n_estimators=4, num_parallel_tree=2, n_jobs=1)),
    ("regression", XGBRegressor(n_estimators=4, booster="dart", rate_drop=0.5, n_jobs=1)),
]
BY_NAME = [pytest.param(t, e, id=f"{type(e).__name__} {t}") for t, e in TREES]


def tree_model(task, estimator):
    data = make_data(task).only(0, 1, 2, 4, 6, 7)
    return refit_with(fit(data, "dummy", impute="median"), data, estimator, "float32")


def change_tensor(proto, name, change):
    entry = attribute(node_of(proto, "TreeEnsemble"), name)
    value = numpy_helper.to_array(entry.t).copy()
    change(value)
    entry.t.CopyFrom(numpy_helper.from_array(value))


@pytest.mark.parametrize(("task", "estimator"), BY_NAME)
def test_a_sound_file_holds_the_trees_of_the_library_s_own_dump(task, estimator):
    model = tree_model(task, estimator)

    found = compare_structure(export(model), model.estimator)

    assert found.difference is None
    assert "trees of" in found.compared


@pytest.mark.parametrize(("task", "estimator"), BY_NAME)
def test_a_threshold_that_is_one_ulp_off_is_found_and_named(task, estimator):
    model = tree_model(task, estimator)
    proto = export(model)

    def raise_first_split(splits):
        place = int(np.flatnonzero(splits)[0])
        splits[place] = np.nextafter(splits[place], splits.dtype.type(np.inf))

    change_tensor(proto, "nodes_splits", raise_first_split)
    difference = compare_structure(proto, model.estimator).difference

    assert difference is not None
    assert difference.startswith("tree 0, node ")
    assert "in the file, feature" in difference


def test_a_leaf_a_feature_a_missing_way_and_a_comparison_are_told_apart():
    model = tree_model("regression", RandomForestRegressor(3, random_state=0))

    def change(name, what=None):
        proto = export(model)
        entry = attribute(node_of(proto, "TreeEnsemble"), name)
        if entry.ints:
            entry.ints[0] = 1 - entry.ints[0] if what is None else what
        else:
            change_tensor(proto, name, lambda value: value.__setitem__(0, what))
        return compare_structure(proto, model.estimator).difference

    assert "a leaf of" in change("leaf_weights", -1.0)
    assert "feature 5" in change("nodes_featureids", 5)
    assert "missing: true" in change("nodes_missing_value_tracks_true")
    assert " < " in change("nodes_modes", 1)


def test_a_tree_that_is_not_there_is_counted():
    model = tree_model("regression", RandomForestRegressor(3, random_state=0))
    fewer = tree_model("regression", RandomForestRegressor(2, random_state=0))

    difference = compare_structure(export(fewer), model.estimator).difference

    assert difference == "the file holds 2 trees, the model 3"


def test_a_coefficient_is_found_wherever_it_is_kept_and_named_where_it_is_not():
    data = make_data("multiclass")
    model = fit(data, "logistic_regression")
    proto = export(model)
    changed = model.estimator.coef_.T.copy()
    place = np.unravel_index(np.argmax(np.abs(changed)), changed.shape)
    changed[place] = np.nextafter(changed[place], np.inf)

    sound = compare_structure(proto, model.estimator)
    set_constant(proto, "coefficients", changed)
    found = compare_structure(proto, model.estimator)

    assert sound.difference is None
    assert "LogisticRegression.coef_; nearest is 'coefficients' with" in found.difference


def test_support_vectors_are_compared():
    data = make_data("regression")
    model = refit_with(fit(data, "dummy"), data, SVR())
    proto = export(model)

    assert compare_structure(proto, model.estimator).difference is None

    model.estimator.support_vectors_[0, 0] += 1
    assert "SVR.support_vectors_" in compare_structure(proto, model.estimator).difference


def test_an_estimator_that_nobody_can_read_is_said_to_be_so():
    data = make_data("regression")
    model = refit_with(fit(data, "dummy"), data, BayesianRidge())

    found = compare_structure(export(model), model.estimator)

    assert found.difference is None
    assert found.compared == "nothing: sklearn.BayesianRidge has no reader"


@pytest.mark.parametrize("family", ["logistic_regression", "xgboost"])
def test_a_tie_that_no_row_shows_is_looked_up(family):
    data = make_data()
    model = fit(data, family)
    proto = export(model)
    node_of(proto, "Greater").op_type = "GreaterOrEqual"

    found = compare_structure(proto, model.estimator)

    assert found.difference.endswith("is GreaterOrEqual in the file, Greater in the library")


def test_the_first_of_equal_classes_is_taken():
    data = make_data("multiclass")
    model = fit(data, "random_forest", n_estimators=2)
    proto = export(model)
    attribute(node_of(proto, "ArgMax"), "select_last_index").i = 1

    assert "takes the last of equal ones" in compare_structure(proto, model.estimator).difference


def test_a_knot_of_a_scaling_table_is_compared():
    data = make_data("regression")
    model = fit(data, "ridge", scale="quantile")
    proto = export(model)
    knots = constant(proto, "knots")
    place = int(np.flatnonzero(knots > 0)[5])
    knots[place] = np.nextafter(knots[place], np.inf)

    sound = compare_structure(proto, model.estimator, model.preprocessing)
    set_constant(proto, "knots", knots)
    found = compare_structure(proto, model.estimator, model.preprocessing)

    assert sound.difference is None
    assert "PiecewiseLinear.knots_; nearest is 'knots'" in found.difference
