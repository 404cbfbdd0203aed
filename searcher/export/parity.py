"""Whether an ONNX file computes what the fitted model computes."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import TensorProto, helper

from searcher.export.columns import FEATURES, ROWS, input_names
from searcher.export.compare import Tally
from searcher.export.native import Probe, ask_model
from searcher.export.runtime import Limits, RuntimeFailure, ask_runtime
from searcher.model import FittedModel
from searcher.records import ParityVerdict

TOLERANCE = 1e-5
TIMEOUT_S = 600.0
MEMORY_BYTES = 8 * 2**30

BAD_FILE = (
    DecodeError,
    onnx.checker.ValidationError,
    onnx.shape_inference.InferenceError,
    RuntimeFailure,
    ValueError,
)


def check_parity(
    model_bytes: bytes,
    model: FittedModel,
    probes: Mapping[str, NDArray[np.float64]],
    *,
    timeout_s: float = TIMEOUT_S,
    memory_bytes: int = MEMORY_BYTES,
    rtol: float = TOLERANCE,
    atol: float = TOLERANCE,
) -> ParityVerdict:
    """Compare an ONNX file with the model on every probe row; a bad file is a verdict, no error.

    Equal have to be: inputs and outputs by name, type and shape; the estimator's features, bit by
    bit; every label; every probability or value within ``atol + rtol * |model's value|``. ONNX
    Runtime is asked with default options, with 1 and with 2 threads, and row by row.

    Parameters
    ----------
    probes : mapping of name to array of shape (n_rows, n_columns)
        From ``probes.make_probes``.
    timeout_s, memory_bytes
        Limits of the subprocess that runs ONNX Runtime (address space, where the system limits it).
    """
    started = time.perf_counter()
    names = tuple(column.name for column in model.profile.columns)
    tally = Tally(names=names, rtol=rtol, atol=atol)
    try:
        onnx.checker.check_model(model_bytes, full_check=True)
        asked = [probe for probe in ask_model(model, probes) if not tally.skip(probe)]
        if asked:
            limits = Limits(timeout_s=timeout_s, memory_bytes=memory_bytes)
            _compare(tally, model_bytes, model, asked, limits)
    except BAD_FILE as error:
        tally.fail(str(error))
    return tally.verdict(time.perf_counter() - started)


def _compare(
    tally: Tally,
    model_bytes: bytes,
    model: FittedModel,
    probes: list[Probe],
    limits: Limits,
) -> None:
    answers = ask_runtime(model_bytes, _until_features(model_bytes, model), probes, limits=limits)
    for key, wanted in _signature(model).items():
        if answers.signature[key] != wanted:
            tally.fail(f"the {key} are {answers.signature[key]} and should be {wanted}")
    for probe, answer in zip(probes, answers.by_probe, strict=True):
        tally.add(probe, answer)


def _until_features(model_bytes: bytes, model: FittedModel) -> bytes:
    """Cut the file off where the estimator begins: what it sees becomes the output."""
    graph = (proto := onnx.load_from_string(model_bytes)).graph
    ends = [i for i, node in enumerate(graph.node) if FEATURES in node.output]
    if not ends:
        raise ValueError(f"the graph has no tensor called {FEATURES!r}")
    del graph.node[ends[0] + 1 :], graph.output[:]
    used = {name for node in graph.node for name in node.input}
    kept = [constant for constant in graph.initializer if constant.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    kind = TensorProto.DOUBLE if model.dtype == "float64" else TensorProto.FLOAT
    graph.output.append(helper.make_tensor_value_info(FEATURES, kind, None))
    data: bytes = proto.SerializeToString()
    return data


def _signature(model: FittedModel) -> dict[str, list[Any]]:
    """Return what ONNX Runtime should say of inputs and outputs: name, type, shape."""
    columns = model.profile.columns
    inputs = [
        [name, "tensor(string)" if column.is_categorical else "tensor(double)", [ROWS, 1]]
        for name, column in zip(input_names(columns), columns, strict=True)
    ]
    if not model.classes:
        return {"inputs": inputs, "outputs": [["prediction", "tensor(double)", [ROWS]]]}
    label = "tensor(string)" if isinstance(model.classes[0], str) else "tensor(int64)"
    shape = [ROWS, len(model.classes)]
    outputs = [["label", label, [ROWS]], ["probabilities", "tensor(double)", shape]]
    return {"inputs": inputs, "outputs": outputs}
