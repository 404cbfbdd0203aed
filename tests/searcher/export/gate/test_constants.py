"""Numbers that no row shows, behind a grid, a floor or a limit, are looked for in the file."""

import numpy as np
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from onnx import helper
from sklearn.ensemble import StackingClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from search_spaces.families.k_neighbors import KNeighbors
from searcher.export.gate.library_dumps import dump_trees
from searcher.export.gate.structure import compare_structure
from tests.searcher.export.models import (
    constant,
    export,
    fit,
    make_data,
    node_of,
    refit_with,
    set_constant,
)


def difference_of(proto, model):
    return compare_structure(proto, model.estimator, model.preprocessing, model.classes).difference


def scale_entry(proto, name, position, factor):
    value = constant(proto, name)
    assert value.flat[position], "a fault that changes nothing"
    value.flat[position] *= factor
    set_constant(proto, name, value)


def test_a_class_that_no_row_belongs_to_has_the_model_s_name():
    model = fit(make_data("multiclass"), "dummy")
    proto = export(model)
    names = constant(proto, "classes")
    names[1] += 1

    sound = difference_of(proto, model)
    set_constant(proto, "classes", names)

    assert sound is None
    assert difference_of(proto, model) == (
        "the classes are [3, 2, 7, -9] in the file, [3, 1, 7, -9] in the model"
    )


def test_an_imputed_number_is_compared():
    model = fit(make_data("regression"), "ridge", impute="mean")
    proto = export(model)
    scale_entry(proto, "imputed", 1, 1 + 1e-7)

    assert "; nearest is 'imputed'" in difference_of(proto, model)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_means_of_categories_stand_in_their_order(task):
    model = fit(make_data(task), "random_forest", n_estimators=2, encode="target")
    proto = export(model)
    means = constant(proto, "encoded")
    means[[-2, -3]] = means[[-3, -2]]

    sound = difference_of(proto, model)
    set_constant(proto, "encoded", means)

    assert sound is None
    assert "means of the model's TargetMeans" in difference_of(proto, model)


def test_the_codes_of_categories_are_compared():
    model = fit(make_data("regression"), "ridge", encode="ordinal")
    proto = export(model)
    scale_entry(proto, "encoded", -1, 1 + 1e-7)

    assert "codes of the model's OrdinalEncoder" in difference_of(proto, model)


def test_every_number_of_the_calendar_is_there():
    model = fit(make_data("regression"), "ridge", dates="parts")
    names = [t.name for t in export(model).graph.initializer if t.name.startswith("number")]

    assert difference_of(export(model), model) is None
    assert len(names) == 22
    for name in names:
        proto = export(model)
        scale_entry(proto, name, 0, 1 + 1e-7)
        assert "of the model's DateParts" in difference_of(proto, model), name


def test_the_limit_of_a_grid_is_compared():
    model = fit(make_data("regression"), KNeighbors())
    proto = export(model)
    scale_entry(proto, "limit", 0, 1.01)

    assert "of the model's NeighboursRegressor" in difference_of(proto, model)


def test_the_limit_of_an_exponent_is_compared():
    data = make_data()
    model = refit_with(fit(data, "dummy"), data, XGBClassifier(n_estimators=2), "float32")
    proto = export(model)
    set_constant(proto, "limit", constant(proto, "limit").astype(np.float16).astype(np.float32))

    assert "of the model's XGBClassifier" in difference_of(proto, model)


def test_the_limit_below_which_lightgbm_reads_zero_is_compared():
    data = make_data("regression")
    data.X[::3, 1] = 0.0
    estimator = LGBMRegressor(n_estimators=4, verbose=-1)
    model = refit_with(fit(data, "dummy"), data, estimator, "float32")
    proto = export(model)

    assert difference_of(proto, model) is None
    if any(tensor.name == "limit" for tensor in proto.graph.initializer):
        set_constant(proto, "limit", constant(proto, "limit") * 0)
        assert "of the model's LGBMRegressor" in difference_of(proto, model)


def test_the_number_that_a_probability_is_compared_with_is_the_library_s():
    model = fit(make_data(), "xgboost", n_estimators=2)
    proto = export(model)
    scale_entry(proto, "half", 0, 1.01)

    assert "0.5 in the library" in difference_of(proto, model)


def test_an_infinite_threshold_of_lightgbm_is_read_as_such():
    x = np.where(np.arange(200) % 2, np.nan, 1.0)[:, None]
    estimator = LGBMClassifier(n_estimators=1, verbose=-1, min_child_samples=5)
    estimator.fit(x, (np.arange(200) % 2).astype(np.int64))

    forest = dump_trees(estimator)

    text = estimator.booster_.model_to_string()
    written = {line for line in text.splitlines() if line.startswith("threshold=")}
    assert ("threshold=inf" in written) == bool(np.isinf(forest.threshold[0]))
    assert not (np.abs(forest.threshold[~forest.is_leaf]) == 1e300).any()


def test_an_exponential_of_xgboost_is_taken_in_float64():
    data = make_data("multiclass")
    model = refit_with(fit(data, "dummy"), data, XGBClassifier(n_estimators=2), "float32")
    proto = export(model)
    exp = node_of(proto, "Exp")
    cast = next(node for node in proto.graph.node if exp.input[0] in node.output)
    cast.CopyFrom(helper.make_node("Identity", list(cast.input), list(cast.output)))

    assert "is an exponential of float32 in the file" in difference_of(proto, model)


def test_a_tie_of_a_stack_is_decided_by_its_last_estimator():
    data = make_data()
    members = [("a", DecisionTreeClassifier(max_depth=3)), ("b", GaussianNB())]
    model = refit_with(fit(data, "dummy", impute="median"), data, StackingClassifier(members, cv=2))
    proto = export(model)
    node_of(proto, "Greater").op_type = "GreaterOrEqual"

    sound = difference_of(export(model), model)

    assert sound is None
    assert "is GreaterOrEqual in the file, Greater" in difference_of(proto, model)
