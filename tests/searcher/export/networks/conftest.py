"""A module with every layer, traced once, and a small network that was fitted, exported, judged."""

from dataclasses import dataclass

import onnx
import pytest
from torch import nn

from search_spaces.families.mlp import MLP
from searcher.export.convert import serialise
from searcher.export.networks.tracing import trace_module
from searcher.model import FittedModel
from tests.searcher.export.models import Data, export, fit, make_data
from tests.searcher.export.networks.modules import N_FEATURES, Everything, make


@dataclass(frozen=True)
class Traced:
    module: nn.Module
    network: onnx.ModelProto


@dataclass(frozen=True)
class Exported:
    data: Data
    model: FittedModel
    file: bytes


@pytest.fixture(scope="session")
def everything() -> Traced:
    module = make(Everything)
    return Traced(module, trace_module(module, N_FEATURES))


@pytest.fixture(scope="session", params=["binary", "regression"])
def exported(request) -> Exported:
    """A perceptron over embeddings and quantities, of about 150 kB."""
    data = make_data(request.param)
    model = fit(data, MLP(), epochs=3, width=128, batch_size=64)
    return Exported(data, model, serialise(export(model)))
