"""What is in an exported file besides the arithmetic, and what is refused."""

import json

import numpy as np
import onnx
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from searcher.errors import ExportError
from searcher.export.convert import serialise
from tests.searcher.export.models import (
    CASES,
    constant,
    export,
    fit,
    make_data,
    refit_with,
    run,
    set_constant,
)


def metadata_of(proto):
    return {entry.key: entry.value for entry in proto.metadata_props}


@pytest.mark.parametrize(("family", "task"), CASES)
def test_the_same_model_gives_the_same_bytes(family, task):
    data = make_data(task)

    first, second = (serialise(export(fit(data, family))) for _ in range(2))

    assert first == second


def test_another_seed_gives_other_bytes():
    data = make_data()

    first, second = (serialise(export(fit(data, "random_forest", seed=s))) for s in (0, 1))

    assert first != second


def test_the_file_states_producer_ir_version_and_opsets():
    proto = export(fit(make_data(), "xgboost"))

    versions = {entry.domain: entry.version for entry in proto.opset_import}
    assert proto.producer_name == "searcher"
    assert proto.ir_version == 10
    assert versions == {"": 21, "ai.onnx.ml": 5}


def test_metadata_holds_what_the_model_and_the_caller_know():
    data = make_data("multiclass").only(0, 9)
    given = {"search_id": "s1", "outer_score": "0.75", "missing": '["-999", "Weiß nicht"]'}

    facts = metadata_of(export(fit(data, "logistic_regression", C=2.0), given))

    assert (facts["search_id"], facts["outer_score"]) == ("s1", "0.75")
    assert facts["family"] == "logistic_regression"
    assert json.loads(facts["configuration"])["C"] == 2.0
    assert json.loads(facts["classes"]) == [3, 1, 7, -9]
    assert (facts["task"], facts["target"]) == ("multiclass", "target")
    assert json.loads(facts["columns"]) == [
        {"name": "n0", "kind": "numeric", "input": "n0"},
        {"name": "many", "kind": "categorical", "input": "many"},
    ]
    assert {"-999", "weiß nicht", "nan"} <= set(json.loads(facts["spellings"])["missing"])
    assert json.loads(facts["libraries"])["scikit-learn"]


@pytest.mark.parametrize(
    ("metadata", "reason"), [({"family": "x"}, "family"), ({"outer_score": 0.5}, "outer_score")]
)
def test_metadata_that_clash_or_are_no_text_are_refused(metadata, reason):
    model = fit(make_data(), "dummy")

    with pytest.raises(ExportError, match=reason):
        export(model, metadata)


@pytest.mark.parametrize(
    ("task", "outputs"),
    [
        ("binary", {"label": (3,), "probabilities": (3, 2)}),
        ("multiclass", {"label": (3,), "probabilities": (3, 4)}),
        ("regression", {"prediction": (3,)}),
    ],
)
def test_outputs_have_the_documented_names_shapes_and_types(task, outputs):
    data = make_data(task)
    model = fit(data, "xgboost")

    got = run(export(model), model, data.X[:3])

    assert {name: value.shape for name, value in got.items()} == outputs
    kinds = {name: value.dtype for name, value in got.items()}
    labels = {"binary": np.dtype(object), "multiclass": np.dtype(np.int64)}
    assert kinds.pop("label", None) == labels.get(task)
    assert set(kinds.values()) == {np.dtype(np.float64)}


@pytest.mark.parametrize(("family", "task"), CASES)
def test_no_rows_are_answered_with_no_rows(family, task):
    data = make_data(task)
    model = fit(data, family)

    got = run(export(model), model, data.X[:0])

    n_classes = len(data.classes)
    shapes = {"label": (0,), "probabilities": (0, n_classes), "prediction": (0,)}
    assert {name: value.shape for name, value in got.items()} == {n: shapes[n] for n in got}


def test_every_raw_column_is_an_input_of_its_own():
    data = make_data()

    proto = export(fit(data, "dummy"))

    inputs = {value.name: value.type.tensor_type for value in proto.graph.input}
    assert list(inputs) == [column.name for column in data.columns]
    assert inputs["many"].elem_type == onnx.TensorProto.STRING
    assert inputs["day"].elem_type == onnx.TensorProto.DOUBLE
    assert [d.dim_param or d.dim_value for d in inputs["day"].shape.dim] == ["rows", 1]


def test_a_label_follows_the_score_where_the_probability_is_rounded_to_one_half():
    data = make_data().only(1)
    model = fit(data, "logistic_regression", scale="none")
    model.estimator.coef_ = np.array([[1e-20]])
    model.estimator.intercept_ = np.array([0.0])
    X = np.array([[1.0], [-1.0], [0.0]])

    got = run(export(model), model, X)

    assert got["probabilities"][:, 1].tolist() == [0.5, 0.5, 0.5]
    assert got["label"].tolist() == ["yes", "no", "no"]
    assert model.predict(X).tolist() == [1, 0, 0]


def test_a_class_that_the_estimator_has_not_seen_is_named():
    data = make_data("multiclass")
    data.y[data.y == 2] = 1
    model = refit_with(fit(make_data("multiclass"), "dummy"), data, DummyClassifier())

    with pytest.raises(ExportError, match=r"without the classes \[7\]"):
        export(model)


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (RidgeClassifier(), "predict_proba"),
        (DummyClassifier(strategy="stratified"), "strategy 'stratified'"),
        (type("Mine", (MLPClassifier,), {})(max_iter=500), "Mine can't be converted"),
    ],
    ids=["no probabilities", "random", "no converter"],
)
def test_an_estimator_that_can_not_be_exported_is_refused_by_name(estimator, reason):
    data = make_data().only(4, 7)
    model = refit_with(fit(data, "dummy", scale="minmax"), data, estimator)

    with pytest.raises(ExportError, match=reason):
        export(model)


def test_setting_a_constant_of_a_graph_is_seen_by_the_runtime():
    """The tests of faults rest on this."""
    data = make_data()
    model = fit(data, "dummy")
    proto = export(model)
    before = run(proto, model, data.X[:1])["label"]

    set_constant(proto, "classes", constant(proto, "classes")[::-1])

    assert run(proto, model, data.X[:1])["label"] != before


def test_a_file_holds_nothing_that_no_output_needs():
    data = make_data()
    members = [("a", XGBClassifier(n_estimators=2)), ("b", GaussianNB())]
    estimator = VotingClassifier(members, voting="soft")
    model = refit_with(fit(data, "dummy", impute="median"), data, estimator)
    graph = export(model).graph

    read = {name for node in graph.node for name in node.input}
    read |= {output.name for output in graph.output}
    body = [inner for node in graph.node for a in node.attribute for inner in a.g.node]
    read |= {name for node in body for name in node.input}

    assert all(read & set(node.output) for node in graph.node)
    assert {tensor.name for tensor in graph.initializer} <= read
    assert sum(node.op_type == "ArgMax" for node in graph.node) == 1
    assert not any(node.op_type == "Greater" for node in graph.node)


def test_one_tree_is_neither_summed_nor_divided():
    data = make_data("multiclass")
    model = refit_with(fit(data, "dummy"), data, DecisionTreeClassifier(max_depth=3), "float32")

    kinds = {node.op_type for node in export(model).graph.node}

    assert not kinds & {"CumSum", "Div"}
