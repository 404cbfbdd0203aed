"""Products with fixed weights become integers, and nothing else does."""

from collections import Counter

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from searcher.errors import ExportError
from searcher.export.eight_bits import quantise
from tests.searcher.export.networks.modules import run

RNG = np.random.default_rng(0)
N = 16


def file_of(nodes, **constants):
    """From features (rows, 16) to ``out``."""
    weights = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", N])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["rows", "width"])
    graph = helper.make_graph(nodes, "g", [features], [out], weights)
    opsets = [helper.make_opsetid("", 21)]
    proto = helper.make_model(graph, ir_version=10, opset_imports=opsets)
    helper.set_model_props(proto, {"family": "mlp"})
    return proto


def weight(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def rows(n=40):
    return RNG.normal(size=(n, N)).astype(np.float32)


def operators(proto):
    return Counter(node.op_type for node in proto.graph.node)


def quantised(proto):
    return onnx.load_from_string(quantise(proto.SerializeToString()))


PRODUCTS = {
    "MatMul": [helper.make_node("MatMul", ["features", "w"], ["out"], name="product")],
    "Gemm": [helper.make_node("Gemm", ["features", "w", "b"], ["out"], name="product")],
    "Gemm without bias": [helper.make_node("Gemm", ["features", "w"], ["out"], name="product")],
    "Gemm, weight turned": [
        helper.make_node("Gemm", ["features", "w", "b"], ["out"], name="product", transB=1)
    ],
    "weight turned before": [
        helper.make_node("Transpose", ["w"], ["turned"], name="turn"),
        helper.make_node("MatMul", ["features", "turned"], ["out"], name="product"),
    ],
    "two thirds of a weight": [
        helper.make_node("Split", ["w"], ["one", "two"], name="split", axis=1, num_outputs=2),
        helper.make_node("MatMul", ["features", "two"], ["out"], name="product"),
    ],
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_with_a_fixed_weight_becomes_one_of_integers(name):
    proto = file_of(PRODUCTS[name], w=weight(N, N), b=weight(N))
    X = rows()

    small = quantised(proto)

    found = operators(small)
    assert found["MatMulInteger"] == found["DynamicQuantizeLinear"] == 1
    assert not found["MatMul"] + found["Gemm"]
    kinds = Counter(t.data_type for t in small.graph.initializer if len(t.dims) == 2)
    assert kinds == {TensorProto.INT8: 1}
    expected = run(proto, X)
    assert np.abs(run(small, X) - expected).max() < 0.05 * np.abs(expected).max()


def test_the_weights_have_seven_bits_and_a_scale_for_each_column():
    scales = np.array([1, 10, 100, 1000, 0.1], dtype=np.float32)
    proto = file_of(PRODUCTS["MatMul"], w=weight(N, 5) * scales)

    small = quantised(proto)

    arrays = {t.name: numpy_helper.to_array(t) for t in small.graph.initializer}
    (codes,) = (array for array in arrays.values() if array.dtype == np.int8 and array.ndim == 2)
    assert codes.shape == (N, 5)
    assert np.abs(codes).max(axis=0).tolist() == [64] * 5
    (scales,) = (array for name, array in arrays.items() if name.endswith("_scale"))
    assert len(scales) == 5


def test_convolutions_products_of_answers_and_float64_stay_as_they_are():
    image = np.array([0, 1, 4, 4], dtype=np.int64)
    nodes = [
        helper.make_node("Reshape", ["features", "image"], ["pixels"], name="pixels"),
        helper.make_node("Conv", ["pixels", "kernel"], ["seen"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Flatten", ["seen"], ["flat"], name="flat"),
        helper.make_node("Transpose", ["features"], ["turned"], name="turn"),
        helper.make_node("MatMul", ["flat", "turned"], ["scores"], name="scores"),
        helper.make_node("MatMul", ["scores", "features"], ["read"], name="read"),
        helper.make_node("Cast", ["read"], ["wide"], name="wide", to=TensorProto.DOUBLE),
        helper.make_node("MatMul", ["wide", "w64"], ["wide_out"], name="float64"),
        helper.make_node("Cast", ["wide_out"], ["narrow"], name="narrow", to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["narrow", "w"], ["out"], name="product"),
    ]
    wide = RNG.normal(size=(N, N))
    proto = file_of(nodes, image=image, kernel=weight(1, 1, 3, 3), w64=wide, w=weight(N, 3))

    found = operators(quantised(proto))

    assert (found["Conv"], found["MatMul"], found["MatMulInteger"]) == (1, 3, 1)


def test_a_weight_that_something_else_reads_too_stays_for_that():
    nodes = [
        helper.make_node("Gemm", ["features", "w"], ["one"], name="product", transB=1),
        helper.make_node("ReduceMean", ["w"], ["mean"], name="mean", keepdims=0),
        helper.make_node("Add", ["one", "mean"], ["out"], name="sum"),
    ]
    proto = file_of(nodes, w=weight(N, N))
    X = rows()

    small = quantised(proto)

    assert np.abs(run(small, X) - run(proto, X)).max() < 0.5
    assert operators(small)["MatMulInteger"] == 1


def test_metadata_are_kept_and_say_that_it_is_quantised():
    small = quantised(file_of(PRODUCTS["MatMul"], w=weight(N, N)))

    told = {entry.key: entry.value for entry in small.metadata_props}
    assert told["family"] == "mlp"
    assert told["quantisation"].startswith("dynamic, 8-bit")
    assert "parity" not in told


def test_a_file_without_such_products_is_refused():
    proto = file_of([helper.make_node("Relu", ["features"], ["out"], name="relu")])

    with pytest.raises(ExportError, match="no product with float32 weights"):
        quantised(proto)


def test_bytes_that_are_no_model_are_refused():
    with pytest.raises(ExportError, match="can't be quantised"):
        quantise(b"no model")
