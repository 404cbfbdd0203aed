"""Small arithmetic is done when a graph is written; weights are left alone."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from searcher.export.networks.folding import SMALL, fold_arithmetic, fold_moves
from tests.searcher.export.networks.modules import run

WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)


def model_of(nodes, constants=(), shapes=()):
    """From features (rows, 3) to ``out``."""
    weights = [numpy_helper.from_array(array, name) for name, array in dict(constants).items()]
    infos = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes]
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", 3])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 3])
    graph = helper.make_graph(nodes, "g", [features], [out], weights, value_info=infos)
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])


def number(name, value):
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.array(value)))


def operators(proto):
    return [node.op_type for node in proto.graph.node]


def test_shapes_of_weights_and_sums_of_constants_are_computed_once():
    proto = model_of(
        [
            helper.make_node("Shape", ["weight"], ["shape"], start=1),
            number("one", [1]),
            number("two", [2]),
            helper.make_node("Sub", ["shape", "one"], ["last"]),
            helper.make_node("Sub", ["last", "two"], ["first"]),
            helper.make_node("Slice", ["features", "first", "last", "one"], ["some"]),
            helper.make_node("MatMul", ["some", "weight"], ["out"]),
        ],
        {"weight": WEIGHT},
    )
    rows = np.arange(12, dtype=np.float32).reshape(4, 3)
    expected = rows[:, :2] @ WEIGHT

    fold_arithmetic(proto.graph)

    assert operators(proto) == ["Slice", "MatMul"]
    np.testing.assert_array_equal(run(proto, rows), expected)


def test_a_shape_that_is_known_is_a_constant_and_one_with_rows_is_not():
    proto = model_of(
        [
            helper.make_node("Relu", ["features"], ["positive"]),
            helper.make_node("Shape", ["positive"], ["width"], start=1),
            helper.make_node("Shape", ["positive"], ["both"]),
            helper.make_node("Concat", ["both", "width"], ["all"], axis=0),
            helper.make_node("Expand", ["features", "both"], ["out"]),
        ],
        shapes=[("positive", ["rows", 3])],
    )

    fold_arithmetic(proto.graph)

    assert operators(proto) == ["Relu", "Shape", "Concat", "Expand"]
    (width,) = proto.graph.initializer
    assert numpy_helper.to_array(width).tolist() == [3]


def test_what_is_made_of_weights_stays_a_node_unless_it_is_asked_for():
    nodes = [
        helper.make_node("Transpose", ["weight"], ["turned"]),
        helper.make_node("Neg", ["turned"], ["less"]),
        helper.make_node("MatMul", ["features", "less"], ["out"]),
    ]
    one, other = (model_of(nodes, {"weight": WEIGHT}) for _ in range(2))

    fold_arithmetic(one.graph)
    fold_moves(other.graph, ("Transpose",))

    assert operators(one) == ["Transpose", "Neg", "MatMul"]
    assert operators(other) == ["Neg", "MatMul"]
    held = {t.name: numpy_helper.to_array(t) for t in other.graph.initializer}
    np.testing.assert_array_equal(held["turned"], WEIGHT.T)


def test_a_large_constant_is_not_written_out():
    proto = model_of(
        [
            number("zero", np.float32(0)),
            number("shape", [SMALL + 1, 3]),
            helper.make_node("Expand", ["zero", "shape"], ["zeros"]),
            helper.make_node("MatMul", ["zeros", "features"], ["out"]),
        ]
    )

    fold_arithmetic(proto.graph)

    assert operators(proto) == ["Expand", "MatMul"]


def test_names_are_short_and_bodies_still_find_what_they_read():
    total = helper.make_tensor_value_info("sum_out", TensorProto.FLOAT, ["n", 3])
    body = helper.make_graph(
        [helper.make_node("Add", ["a_very_long_name", "weight"], ["sum_out"])], "b", [], [total]
    )
    proto = model_of(
        [
            helper.make_node("Relu", ["features"], ["a_very_long_name"]),
            helper.make_node("ReduceMax", ["features"], ["largest"], keepdims=0),
            helper.make_node("Cast", ["largest"], ["is_any"], to=TensorProto.BOOL),
            helper.make_node("If", ["is_any"], ["out"], then_branch=body, else_branch=body),
        ],
        {"weight": WEIGHT[:1]},
    )
    rows = np.ones((2, 3), dtype=np.float32)

    fold_arithmetic(proto.graph)

    assert {name for node in proto.graph.node for name in node.output} == {"1", "2", "3", "out"}
    np.testing.assert_array_equal(run(proto, rows), rows + WEIGHT[:1])
    onnx.checker.check_model(proto)


def test_equal_nodes_and_constants_are_there_once_and_weights_as_often_as_they_were():
    proto = model_of(
        [
            number("one", np.float32(1)),
            number("same", np.float32(1)),
            helper.make_node("Add", ["features", "one"], ["more"]),
            helper.make_node("Identity", ["more"], ["passed"]),
            helper.make_node("Add", ["features", "same"], ["again"]),
            helper.make_node("Mul", ["passed", "weight"], ["left"]),
            helper.make_node("Mul", ["again", "copy"], ["right"]),
            helper.make_node("Sub", ["left", "right"], ["zero"]),
            helper.make_node("Identity", ["zero"], ["out"]),
        ],
        {"weight": WEIGHT[:1], "copy": WEIGHT[:1]},
    )

    fold_arithmetic(proto.graph)

    assert operators(proto) == ["Add", "Mul", "Mul", "Sub", "Identity"]
    assert len(proto.graph.initializer) == 3
    np.testing.assert_array_equal(run(proto, np.ones((2, 3), dtype=np.float32)), np.zeros((2, 3)))


def test_nodes_that_differ_in_an_attribute_or_an_input_both_stay():
    proto = model_of(
        [
            helper.make_node("Softmax", ["features"], ["rows"], axis=1),
            helper.make_node("Softmax", ["features"], ["columns"], axis=0),
            helper.make_node("Sub", ["rows", "columns"], ["one"]),
            helper.make_node("Sub", ["columns", "rows"], ["other"]),
            helper.make_node("Sub", ["one", "other"], ["out"]),
        ]
    )

    fold_arithmetic(proto.graph)

    assert operators(proto) == ["Softmax", "Softmax", "Sub", "Sub", "Sub"]


@pytest.mark.parametrize(
    ("asked", "sizes"), [([1, 2], [1, 2]), (1, [1, 1, 1]), (2, [2, 1]), (3, [3])]
)
def test_parts_of_a_tensor_are_cut_off_without_a_sequence(asked, sizes):
    places = list(range(len(sizes)))
    proto = model_of(
        [
            number("asked", np.int64(asked)),
            helper.make_node("Relu", ["features"], ["whole"]),
            helper.make_node("SplitToSequence", ["whole", "asked"], ["parts"], axis=1),
            *(number(f"place{i}", np.int64(i - len(sizes) if i else 0)) for i in places),
            *(helper.make_node("SequenceAt", ["parts", f"place{i}"], [f"part{i}"]) for i in places),
            helper.make_node("Concat", [f"part{i}" for i in reversed(places)], ["out"], axis=1),
        ],
        shapes=[("whole", ["rows", 3])],
    )
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    parts = np.split(rows, np.cumsum(sizes)[:-1], axis=1)

    fold_arithmetic(proto.graph)

    assert operators(proto) == ["Relu", "Split", "Concat"]
    np.testing.assert_array_equal(run(proto, rows), np.concatenate(parts[::-1], axis=1))


def test_a_sequence_whose_parts_are_not_known_stays():
    proto = model_of(
        [
            number("two", np.int64(2)),
            number("first", np.int64(0)),
            helper.make_node("SplitToSequence", ["features", "two"], ["parts"], axis=0),
            helper.make_node("SequenceAt", ["parts", "first"], ["out"]),
        ]
    )

    fold_arithmetic(proto.graph)

    assert operators(proto) == ["SplitToSequence", "SequenceAt"]
