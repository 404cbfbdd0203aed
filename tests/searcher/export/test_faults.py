"""The gate finds every seeded fault, and says where."""

import re

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from searcher.export.convert import serialise
from searcher.export.gate.parity import check_parity
from tests.searcher.export.models import (
    attribute,
    constant,
    export,
    fit,
    make_data,
    node_of,
    probes_of,
    set_constant,
)

pytestmark = pytest.mark.slow  # many models, each compared in a process of its own


def verdict_of(proto, model, data):
    return check_parity(serialise(proto), model, probes_of(data), timeout_s=60)


def scale_constant(name, position, factor):
    def fault(proto):
        value = constant(proto, name)
        assert value.flat[position], "a fault that changes nothing"
        value.flat[position] *= factor
        set_constant(proto, name, value)

    return fault


def perturb_a_weight(proto):
    scale_constant("coefficients", int(np.argmax(np.abs(constant(proto, "coefficients")))), 1.01)(
        proto
    )


def swap_the_classes(proto):
    set_constant(proto, "classes", constant(proto, "classes")[::-1])


def swap_the_probabilities(proto):
    node = next(node for node in proto.graph.node if "probabilities" in node.output)
    flip = numpy_helper.from_array(np.array([1, 0]), "flip")
    proto.graph.initializer.append(flip)
    proto.graph.node.append(
        helper.make_node("Gather", ["straight", "flip"], ["probabilities"], axis=1)
    )
    node.output[0] = "straight"


def lose_the_scaler(proto):
    for node in proto.graph.node:
        if "centre" in node.input or "scale" in node.input:
            node.CopyFrom(helper.make_node("Identity", [node.input[0]], list(node.output)))


def drop_a_category(proto):
    node = node_of(proto, "LabelEncoder")
    del attribute(node, "keys_strings").strings[-1]
    del attribute(node, "values_int64s").ints[-1]


def swap_two_categories(proto):
    keys = attribute(node_of(proto, "LabelEncoder"), "keys_strings").strings
    keys[1], keys[2] = keys[2], keys[1]


def answer_nan(proto):
    set_constant(proto, "intercepts", constant(proto, "intercepts") * np.nan)


def round_to_half_precision(proto):
    value = constant(proto, "coefficients")
    set_constant(proto, "coefficients", value.astype(np.float16).astype(np.float64))


def answer_in_float32(proto):
    node = next(node for node in proto.graph.node if "probabilities" in node.output)
    attribute(node, "to").i = TensorProto.FLOAT
    proto.graph.output[1].type.tensor_type.elem_type = TensorProto.FLOAT


def call_the_output_something_else(proto):
    node = next(node for node in proto.graph.node if "probabilities" in node.output)
    node.output[0] = proto.graph.output[1].name = "probability"


def change_a_leaf(proto):
    leaves = attribute(node_of(proto, "TreeEnsemble"), "leaf_weights")
    value = numpy_helper.to_array(leaves.t).copy()
    value[-1] += 0.01
    leaves.t.CopyFrom(numpy_helper.from_array(value))


def flip_the_comparisons(proto):
    modes = attribute(node_of(proto, "TreeEnsemble"), "nodes_modes")
    value = numpy_helper.to_array(modes.t)
    modes.t.CopyFrom(numpy_helper.from_array(1 - value))


def send_missing_the_other_way(proto):
    tracks = attribute(node_of(proto, "TreeEnsemble"), "nodes_missing_value_tracks_true")
    tracks.ints[0] = 1 - tracks.ints[0]


def swap_children(proto):
    node = node_of(proto, "TreeEnsemble")
    ids = [attribute(node, f"nodes_{side}nodeids").ints for side in ("true", "false")]
    leafs = [attribute(node, f"nodes_{side}leafs").ints for side in ("true", "false")]
    for true, false in (ids, leafs):
        true[0], false[0] = false[0], true[0]


def lose_the_division(proto):
    node = node_of(proto, "Div")
    node.CopyFrom(helper.make_node("Identity", [node.input[0]], list(node.output)))


def do_not_load(proto):
    proto.graph.node.append(helper.make_node("Evil", ["features"], ["evil"], domain="nowhere"))
    proto.opset_import.append(helper.make_opsetid("nowhere", 1))


FAULTS = [
    ("logistic_regression", perturb_a_weight),
    ("logistic_regression", scale_constant("imputed", 1, 1.01)),
    ("logistic_regression", scale_constant("scale", 0, 1 + 1e-7)),
    ("logistic_regression", scale_constant("features_1", -1, 2.0)),
    ("logistic_regression", scale_constant("intercepts", 0, 1.001)),
    ("logistic_regression", swap_the_classes),
    ("logistic_regression", swap_the_probabilities),
    ("logistic_regression", lose_the_scaler),
    ("logistic_regression", drop_a_category),
    ("logistic_regression", swap_two_categories),
    ("logistic_regression", answer_nan),
    ("logistic_regression", round_to_half_precision),
    ("logistic_regression", answer_in_float32),
    ("logistic_regression", call_the_output_something_else),
    ("logistic_regression", do_not_load),
    ("random_forest", scale_constant("leaves", 0, 1.01)),
    ("random_forest", scale_constant("n_trees", 0, 1.001)),
    ("random_forest", scale_constant("encoded", -1, 2.0)),
    ("random_forest", swap_children),
    ("random_forest", lose_the_division),
    ("xgboost", change_a_leaf),
    ("xgboost", flip_the_comparisons),
    ("xgboost", send_missing_the_other_way),
    ("xgboost", scale_constant("half", 0, 1.2)),
]


def name_of(fault):
    return re.sub(r"<.*", "", getattr(fault, "__qualname__", str(fault))).strip(".")


@pytest.mark.slow
@pytest.mark.parametrize(("family", "fault"), FAULTS, ids=name_of)
def test_a_fault_is_found(family, fault):
    data = make_data()
    model = fit(data, family)
    proto = export(model)
    sound = serialise(proto)

    fault(proto)
    verdict = verdict_of(proto, model, data)

    assert serialise(proto) != sound
    assert not verdict.passed
    assert verdict.failure


def test_the_sound_files_of_these_faults_pass():
    for family in sorted({family for family, _ in FAULTS}):
        data = make_data()
        model = fit(data, family)

        verdict = verdict_of(export(model), model, data)

        assert verdict.passed, verdict.failure


def test_the_first_difference_names_probe_set_row_column_values_and_both_answers():
    data = make_data().only(1, 8)
    model = fit(data, "logistic_regression")
    proto = export(model)
    swap_the_classes(proto)

    failure = verdict_of(proto, model, data).failure

    assert "label of probe set 'data' (default), row 0" in failure
    assert re.search(r"the file says '(yes|no)', the model says '(yes|no)'", failure)
    assert re.search(r"the row: n1=.*, few='", failure)


def test_a_nan_is_infinitely_far_off():
    data = make_data("regression")
    model = fit(data, "ridge")
    proto = export(model)
    answer_nan(proto)

    verdict = verdict_of(proto, model, data)

    assert not verdict.passed
    assert verdict.worst == np.inf
    assert verdict.labels_unequal == 0


def test_unequal_labels_are_counted():
    data = make_data()
    model = fit(data, "dummy")
    proto = export(model)
    swap_the_classes(proto)

    verdict = verdict_of(proto, model, data)

    assert verdict.labels_unequal == verdict.rows > 900


def test_a_fault_that_only_rows_with_missing_values_show_is_found():
    data = make_data("regression").only(4, 7)  # neither has missing values in the data
    model = fit(data, "ridge")
    proto = export(model)
    scale_constant("imputed", 1, 1 + 1e-7)(proto)

    verdict = verdict_of(proto, model, data)

    assert not verdict.passed
    assert "features of probe set 'missing'" in verdict.failure


def test_bytes_that_are_no_model_do_not_pass():
    data = make_data()

    verdict = check_parity(b"no model", fit(data, "dummy"), probes_of(data), timeout_s=60)

    assert not verdict.passed
    assert verdict.rows == 0


def test_a_graph_that_the_checker_refuses_does_not_pass():
    data = make_data()
    model = fit(data, "dummy")
    proto = export(model)
    proto.graph.node[0].input[0] = "nobody"

    verdict = verdict_of(proto, model, data)

    assert not verdict.passed
    assert isinstance(proto, onnx.ModelProto)
    assert "nobody" in verdict.failure
