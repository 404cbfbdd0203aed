"""What the gate asks beyond rows of the data, and what its verdict says."""

import resource
import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from sklearn.ensemble import VotingRegressor
from sklearn.linear_model import Ridge
from xgboost import XGBRegressor

from searcher.export.convert import serialise
from searcher.export.gate.halves import from_features, until_features
from searcher.export.gate.native import tell_truth
from searcher.export.gate.parity import check_parity, hold_to
from searcher.export.gate.runtime import Limits
from tests.searcher.export.models import (
    attribute,
    constant,
    export,
    fit,
    make_data,
    node_of,
    probes_of,
    refit_with,
    set_constant,
)

LIMITS = Limits(timeout_s=60, memory_bytes=8 * 2**30)


def verdict_of(proto, model, data, **changes):
    return hold_to(tell_truth(model, probes_of(data)), serialise(proto), limits=LIMITS, **changes)


def test_no_infinite_number_is_ever_fed_and_every_kind_of_row_is():
    data = make_data()
    model = fit(data, "random_forest", scale="quantile", encode="onehot")

    truth = tell_truth(model, probes_of(data))

    names = {probe.name for probe in truth.asked}
    assert names >= {"categories", "extreme", "knots", "thresholds", "units", "nodes"}
    for probe in truth.asked:
        assert not np.isinf(probe.X).any()
        assert probe.features is None or not np.isinf(probe.features).any()


def test_a_leaf_that_no_row_of_the_data_reaches_is_asked_for():
    data = make_data("regression")
    model = fit(data, "random_forest", n_estimators=3)
    proto = export(model)
    entry = attribute(node_of(proto, "TreeEnsemble"), "leaf_weights")
    weights = numpy_helper.to_array(entry.t).copy()
    weights[np.argmin(weights)] *= 1.01
    entry.t.CopyFrom(numpy_helper.from_array(weights))

    verdict = verdict_of(proto, model, data, structure=False)

    assert not verdict.passed
    assert next(p for p in verdict.probes if p["name"] == "nodes")["worst"] > 1
    assert verdict.first_node.startswith("tree ")


def test_a_coefficient_of_a_feature_that_is_never_anything_but_zero_is_asked_for():
    data = make_data("regression")
    model = fit(data, "ridge")
    model.estimator.coef_[0] = 1e-4
    proto = export(model)
    changed = constant(proto, "coefficients")
    changed[0] *= 1.01
    set_constant(proto, "coefficients", changed)

    verdict = verdict_of(proto, model, data, structure=False)

    assert next(p for p in verdict.probes if p["name"] == "units")["worst"] > 1


def test_a_difference_within_the_tolerance_is_beyond_the_estimator_s_own_bound():
    data = make_data("regression")
    model = fit(data, "ridge")
    proto = export(model)
    set_constant(proto, "intercepts", constant(proto, "intercepts") * (1 + 1e-8))

    verdict = verdict_of(proto, model, data, structure=False)

    assert verdict.worst < 0.1
    assert verdict.bound == 1e-10
    assert not verdict.passed


def test_the_worst_rows_are_kept_with_their_cells_and_both_answers():
    data = make_data("regression").only(1, 8)
    model = fit(data, "ridge")
    proto = export(model)
    set_constant(proto, "intercepts", constant(proto, "intercepts") + 1)

    worst = verdict_of(proto, model, data).worst_rows

    assert 1 <= len(worst) <= 3
    assert [row["share"] for row in worst] == sorted((r["share"] for r in worst), reverse=True)
    ours = next(row for row in worst if row["set"] not in {"units", "own", "nodes"})
    assert set(ours["cells"]) == {"n1", "few"}
    assert ours["file"] == pytest.approx(ours["model"] + 1)


def test_a_file_that_answers_all_but_an_empty_batch_does_not_pass():
    data = make_data("regression").only(1)
    model = fit(data, "ridge")
    proto = export(model)
    node = next(node for node in proto.graph.node if "prediction" in node.output)
    node.output[0] = "all of them"
    proto.graph.node.append(helper.make_node("Shape", ["all of them"], ["size"]))
    proto.graph.node.append(helper.make_node("Max", ["size", "two"], ["at least two"]))
    proto.graph.node.append(helper.make_node("Sub", ["at least two", "two"], ["beyond"]))
    proto.graph.node.append(helper.make_node("Add", ["beyond", "two"], ["wrong for none"]))
    proto.graph.node.append(helper.make_node("Expand", ["all of them", "wrong for none"], ["more"]))
    proto.graph.node.append(helper.make_node("Slice", ["more", "zero", "size"], ["prediction"]))
    constants = {"two": np.array([2]), "zero": np.array([0])}
    proto.graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in constants.items())

    verdict = verdict_of(proto, model, data)

    assert verdict.failure.startswith("an empty batch is not answered: ")
    assert verdict.worst < 1


def test_an_estimator_that_looks_past_its_features_is_refused():
    data = make_data("regression").only(1)
    model = fit(data, "ridge")
    proto = export(model)
    node = next(node for node in proto.graph.node if "prediction" in node.output)
    node.output[0] = "before"
    proto.graph.node.append(helper.make_node("Squeeze", ["n1"], ["column"]))
    proto.graph.node.append(helper.make_node("Mul", ["column", "nothing"], ["zero"]))
    proto.graph.node.append(helper.make_node("Add", ["before", "zero"], ["prediction"]))
    proto.graph.initializer.append(numpy_helper.from_array(np.array(0.0), "nothing"))

    verdict = verdict_of(proto, model, data)

    assert "depends on inputs beside 'features': n1" in verdict.failure


def test_both_halves_of_a_file_are_files():
    data = make_data()
    model = fit(data, "xgboost")
    proto = export(model)

    first = onnx.load_from_string(until_features(proto, model))
    second = onnx.load_from_string(from_features(proto, model))

    onnx.checker.check_model(first, full_check=True)
    onnx.checker.check_model(second, full_check=True)
    assert [value.name for value in first.graph.output] == ["features"]
    assert [value.name for value in second.graph.input] == ["features"]
    assert second.graph.input[0].type.tensor_type.elem_type == TensorProto.FLOAT
    assert len(first.graph.node) + len(second.graph.node) == len(proto.graph.node)


@pytest.mark.slow
def test_a_forest_of_100_trees_is_compared_in_ten_seconds_of_processor_time():
    data = make_data("multiclass", n=1000)
    model = fit(data, "random_forest", n_estimators=100)

    before = cpu_seconds()
    verdict = check_parity(serialise(export(model)), model, probes_of(data))

    assert verdict.passed, verdict.failure
    assert cpu_seconds() - before < 10


def cpu_seconds():
    """Of this process and those it has started, since other work may share the machine."""
    return time.process_time() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def test_an_answer_of_float64_may_not_be_rounded_to_float32_within_a_loose_bound():
    data = make_data("regression")
    members = [("a", XGBRegressor(n_estimators=3)), ("b", Ridge())]
    model = refit_with(fit(data, "dummy", impute="median"), data, VotingRegressor(members))
    proto = export(model)
    sound = verdict_of(proto, model, data)
    node = next(node for node in proto.graph.node if "prediction" in node.output)
    node.output[0] = "wide"
    narrow = helper.make_node("Cast", ["wide"], ["narrow"], to=TensorProto.FLOAT)
    again = helper.make_node("Cast", ["narrow"], ["prediction"], to=TensorProto.DOUBLE)
    proto.graph.node.extend([narrow, again])

    verdict = verdict_of(proto, model, data)

    assert sound.passed, sound.failure
    assert "is rounded to float32" in verdict.failure
