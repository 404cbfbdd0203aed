"""A file has to hold the weights of its network, each bit of each."""

from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from searcher.export.networks.weights import compare_weights
from tests.searcher.export.networks.modules import Tabular, make


class Idle(nn.Module):
    """Two layers of which one does nothing, and one that only missing features need."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.idle, self.missing = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(1, 2)

    def forward(self, X):
        known = self.used(torch.nan_to_num(X))
        return torch.where(torch.isnan(X).any(dim=1, keepdim=True), self.missing.bias, known)


def fitted(module, n_features):
    return SimpleNamespace(module_=module, n_features_in_=n_features)


def file_of(module, prefix="network/", without=()):
    """Constants alone: what else a file holds is not looked at here."""
    tensors = {n: t.detach().numpy().copy() for n, t in module.state_dict().items()}
    constants = [
        numpy_helper.from_array(array, prefix + name)
        for name, array in tensors.items()
        if name not in without
    ]
    return onnx.GraphProto(initializer=constants)


def floats_of(module):
    return [name for name, tensor in module.state_dict().items() if tensor.is_floating_point()]


def held(graph, name):
    return next(tensor for tensor in graph.initializer if tensor.name == f"network/{name}")


def test_a_sound_file_holds_every_weight():
    module = make(Tabular)

    said, difference = compare_weights(file_of(module), fitted(module, 6))

    n_weights = sum(t.numel() for t in module.state_dict().values() if t.is_floating_point())
    assert difference is None
    assert said == f"{n_weights} weights of Tabular"


@pytest.mark.parametrize("name", floats_of(make(Tabular)))
def test_one_weight_one_ulp_off_is_found_and_named(name):
    module = make(Tabular)
    graph = file_of(module)
    array = numpy_helper.to_array(held(graph, name)).copy()
    array.flat[-1] = np.nextafter(array.flat[-1], np.float32(9))
    held(graph, name).CopyFrom(numpy_helper.from_array(array, f"network/{name}"))

    _, difference = compare_weights(graph, fitted(module, 6))

    assert difference.startswith(f"no constant of the file is the network's {name}; ")
    assert f"at {array.size - 1}" in difference


def test_a_zero_of_the_other_sign_is_found():
    module = nn.Linear(2, 2).eval()
    nn.init.zeros_(module.bias)
    graph = file_of(module)
    negative = np.array([0.0, -0.0], dtype=np.float32)
    held(graph, "bias").CopyFrom(numpy_helper.from_array(negative, "network/bias"))

    _, difference = compare_weights(graph, fitted(module, 2))

    assert "bias" in difference


def test_layers_of_one_size_that_were_swapped_are_found():
    module = make(Tabular)
    graph = file_of(module)
    one, other = held(graph, "layers.4.weight"), held(graph, "layers.7.weight")
    assert one.dims == other.dims
    one.name, other.name = other.name, one.name

    _, difference = compare_weights(graph, fitted(module, 6))

    assert "layers.4.weight" in difference


def test_a_weight_of_another_precision_is_found():
    module = nn.Linear(2, 2).eval()
    graph = file_of(module)
    wide = module.bias.detach().numpy().astype(np.float64)
    held(graph, "bias").CopyFrom(numpy_helper.from_array(wide, "network/bias"))

    _, difference = compare_weights(graph, fitted(module, 2))

    assert "is float64 (2,), not float32 (2,)" in difference


def test_a_weight_that_no_answer_depends_on_may_be_missing_and_no_other_may():
    module = Idle().eval()
    unused = [name for name in floats_of(module) if "idle" in name or name == "missing.weight"]

    said, difference = compare_weights(file_of(module, without=unused), fitted(module, 2))
    assert difference is None
    assert said == "8 weights of Idle"

    for name in ("used.bias", "missing.bias"):
        graph = file_of(module, without=[*unused, name])
        assert compare_weights(graph, fitted(module, 2))[1] == (
            f"no constant of the file is the network's {name}"
        )


def test_one_of_two_networks_is_found_behind_its_own_prefix():
    one, other = make(Tabular, seed=1), make(Tabular, seed=2)
    graph = file_of(one)
    graph.initializer.extend(file_of(other, prefix="network_1/").initializer)

    assert compare_weights(graph, fitted(one, 6))[1] is None
    assert compare_weights(graph, fitted(other, 6))[1] is None
    assert compare_weights(graph, fitted(make(Tabular, seed=3), 6))[1] is not None
