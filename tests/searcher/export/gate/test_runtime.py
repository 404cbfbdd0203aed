"""A file that crashes, hangs or eats memory fails the gate, and nothing else."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from search_spaces.families.k_neighbors import KNeighbors
from searcher.export.convert import serialise
from searcher.export.gate import run_onnx
from searcher.export.gate.parity import check_parity
from tests.searcher.export.models import (
    constant,
    export,
    fit,
    make_data,
    probes_of,
    set_constant,
)


def replace_prediction(proto, nodes, constants):
    """Let other nodes compute the prediction, from the tensor ``true_prediction``."""
    node = next(node for node in proto.graph.node if "prediction" in node.output)
    node.output[0] = "true_prediction"
    proto.graph.node.extend(nodes)
    proto.graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in constants.items())


def hang(proto):
    """A loop of 10^15 rounds."""
    value = helper.make_tensor_value_info("value", TensorProto.DOUBLE, None)
    goes_on = helper.make_tensor_value_info("goes_on", TensorProto.BOOL, [])
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["goes_on"], ["still"]),
            helper.make_node("Add", ["value", "value"], ["next"]),
        ],
        "body",
        [helper.make_tensor_value_info("round", TensorProto.INT64, []), goes_on, value],
        [
            helper.make_tensor_value_info("still", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.DOUBLE, None),
        ],
    )
    loop = helper.make_node("Loop", ["rounds", "", "true_prediction"], ["prediction"], body=body)
    replace_prediction(proto, [loop], {"rounds": np.array(10**15)})


def eat_memory(proto):
    """A tensor of 64 GB."""
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["huge"]),
        helper.make_node("ReduceMax", ["huge"], ["zero"], keepdims=0),
        helper.make_node("Cast", ["zero"], ["zero64"], to=TensorProto.DOUBLE),
        helper.make_node("Add", ["true_prediction", "zero64"], ["prediction"]),
    ]
    replace_prediction(proto, nodes, {"shape": np.array([2**34])})


def crash(proto):
    """An LSTM over no rows: ONNX Runtime 1.31 aborts, which nobody can catch."""
    nodes = [
        helper.make_node("Reshape", ["true_prediction", "column"], ["x64"]),
        helper.make_node("Cast", ["x64"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("Slice", ["x", "zero", "zero", "one"], ["none"]),
        helper.make_node("LSTM", ["none", "w", "r"], ["", "h"], hidden_size=1),
        helper.make_node("ReduceSum", ["h"], ["sum"], keepdims=0),
        helper.make_node("Cast", ["sum"], ["sum64"], to=TensorProto.DOUBLE),
        helper.make_node("Add", ["true_prediction", "sum64"], ["prediction"]),
    ]
    constants = {
        "column": np.array([1, -1, 1]),
        "zero": np.array([0]),
        "one": np.array([1]),
        "w": np.ones((1, 4, 1), dtype=np.float32),
        "r": np.ones((1, 4, 1), dtype=np.float32),
    }
    replace_prediction(proto, nodes, constants)


def verdict_of(fault, **limits):
    data = make_data("regression").only(1)
    model = fit(data, "ridge")
    proto = export(model)
    fault(proto)
    onnx.checker.check_model(proto, full_check=True)
    return check_parity(serialise(proto), model, probes_of(data), **{"timeout_s": 60, **limits})


def test_a_crash_is_a_failed_verdict():
    verdict = verdict_of(crash)

    assert not verdict.passed
    assert "SIGABRT" in verdict.failure


@pytest.mark.slow
def test_a_hang_is_a_failed_verdict():
    verdict = verdict_of(hang, timeout_s=3)

    assert not verdict.passed
    assert "stopped after 3 s" in verdict.failure


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_eating_memory_is_a_failed_verdict():
    verdict = verdict_of(eat_memory, memory_bytes=4 * 2**30)

    assert not verdict.passed
    assert "bad_alloc" in verdict.failure or "llocat" in verdict.failure


@pytest.mark.slow
def test_a_batch_that_fills_all_blocks_but_for_one_row_is_asked_about():
    data = make_data("regression").only(0, 1, 2)
    model = fit(data, KNeighbors())
    proto = export(model)
    sound = check_parity(serialise(proto), model, probes_of(data), timeout_s=60)
    set_constant(proto, "whole", constant(proto, "whole") + 1)  # rounds the number of blocks down

    verdict = check_parity(serialise(proto), model, probes_of(data), timeout_s=60)

    assert sound.passed, sound.failure
    assert not verdict.passed


def test_nothing_but_onnxruntime_and_numpy_is_imported_to_run_a_file():
    ours = ("searcher", "search_spaces", "onnx", "sklearn", "pandas", "xgboost")
    code = (
        f"import sys, runpy; runpy.run_path({run_onnx.__file__!r}, run_name='x'); "
        f"import onnxruntime; print([m for m in {ours} if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, check=True)

    assert done.stdout.decode().strip() == "[]"
