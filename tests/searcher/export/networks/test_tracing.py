"""A module becomes a graph that answers alike, or is refused with a reason."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from searcher.errors import ExportError
from searcher.export.networks.trace_torch import N_ROWS
from searcher.export.networks.tracing import trace_module
from tests.searcher.export.networks.modules import (
    N_FEATURES,
    STEPS,
    Tabular,
    alone,
    answers_of,
    make,
    make_rows,
    run,
)


class ForThreeRows(nn.Module):
    def forward(self, X):
        return X + torch.arange(N_ROWS)[:, None]


class Sleeper(nn.Linear):
    def forward(self, X):
        while True:
            X = super().forward(X)


@pytest.mark.parametrize("n", [1, 2, 7, 1000])
def test_a_traced_module_answers_like_the_module(everything, n):
    rows = make_rows(n, seed=n)

    got = run(alone(everything.network), rows)

    np.testing.assert_allclose(got, answers_of(everything.module, rows), rtol=1e-5, atol=1e-5)


def test_rows_without_any_step_or_with_all_of_them_are_answered_alike(everything):
    rows = make_rows(2)
    rows[0, -2 * STEPS :], rows[1, -2 * STEPS :] = np.nan, 0.5

    got = run(alone(everything.network), rows)

    np.testing.assert_allclose(got, answers_of(everything.module, rows), rtol=1e-5, atol=1e-5)


def test_no_rows_get_no_answer_where_recurrent_operators_would_end_the_process(
    everything, tmp_path
):
    path = tmp_path / "network.onnx"
    path.write_bytes(alone(everything.network).SerializeToString())
    ask = (
        "import numpy, onnxruntime, sys;"
        "session = onnxruntime.InferenceSession(sys.argv[1]);"
        f"rows = numpy.zeros((0, {N_FEATURES}), numpy.float32);"
        "print(session.run(None, {'features': rows})[0].shape)"
    )

    done = subprocess.run([sys.executable, "-c", ask, path], capture_output=True, check=True)

    assert done.stdout.decode().strip() == "(0, 9)"
    assert not done.stderr  # no warning of a node that can't be folded either


def test_the_graph_holds_each_weight_once_as_it_is_under_its_own_name(everything):
    held = {t.name: numpy_helper.to_array(t) for t in everything.network.graph.initializer}
    weights = {
        name: value.numpy()
        for name, value in everything.module.state_dict().items()
        if value.is_floating_point()
    }

    for name, value in weights.items():
        assert held[name].tobytes() == value.tobytes(), name
    size = sum(value.nbytes for value in weights.values())
    beside = sum(value.nbytes for name, value in held.items() if name not in weights)
    assert beside < 0.1 * size
    assert not any(node.op_type == "Constant" for node in everything.network.graph.node)


def test_the_graph_says_nothing_of_where_it_was_made(everything):
    content = everything.network.SerializeToString()

    assert b".py" not in content
    assert not [part for part in sys.path if part and part.encode() in content]


@pytest.mark.slow
def test_the_same_module_gives_the_same_graph():
    one, other = (
        trace_module(make(Tabular), 6).SerializeToString(deterministic=True) for _ in range(2)
    )

    assert one == other


def test_the_graph_is_one_that_onnx_accepts(everything):
    onnx.checker.check_model(alone(everything.network), full_check=True)


@pytest.mark.slow
def test_a_module_for_a_fixed_number_of_rows_is_refused():
    with pytest.raises(ExportError, match=r"can't be traced: .*rows"):
        trace_module(ForThreeRows().eval(), 2)


def test_a_module_in_training_mode_is_refused():
    with pytest.raises(ExportError, match="training mode"):
        trace_module(make(Tabular).train(), 6)


def test_a_module_of_another_precision_is_refused_by_the_name_of_a_weight():
    with pytest.raises(ExportError, match=r"weight of the network is torch\.float64 on cpu"):
        trace_module(nn.Linear(2, 2).double().eval(), 2)


def test_a_module_whose_class_can_t_be_imported_is_refused():
    class Local(nn.Linear):
        pass

    with pytest.raises(ExportError, match="Local can't be handed over"):
        trace_module(Local(2, 2).eval(), 2)


def test_tracing_that_takes_too_long_is_stopped():
    with pytest.raises(ExportError, match=r"stopped after 0\.5 s"):
        trace_module(Sleeper(2, 2).eval(), 2, timeout_s=0.5)


@pytest.mark.slow
def test_tracing_that_takes_too_much_memory_fails_with_a_reason():
    with pytest.raises(ExportError, match=r"tracing the network was ended|can't be traced: "):
        trace_module(nn.Linear(2, 2).eval(), 2, memory_bytes=2**28)


def test_nothing_of_the_export_needs_torch_to_be_imported():
    parts = ("artifact", "eight_bits", "networks.emitter", "networks.settled", "networks.weights")
    names = ", ".join(f"searcher.export.{part}" for part in parts)

    asked = f"import sys, {names}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True)

    assert done.stdout.decode().strip() == "False"
