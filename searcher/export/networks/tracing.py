"""How a fitted module becomes an ONNX graph, in a process of its own: tracing may hang or crash."""

import json
import signal
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import onnx

from searcher.errors import ExportError
from searcher.export.graph import OPSET
from searcher.export.networks.folding import fold_arithmetic
from searcher.export.networks.warm import trace
from searcher.export.script import last_line

if TYPE_CHECKING:  # an import of this package needs no torch
    from torch import nn

TIMEOUT_S = 600.0
MEMORY_BYTES = 8 * 2**30  # of address space, as of the gate's process; tracing was seen to take 1

LONGEST = 400
"""Characters of what torch says that a message repeats."""


def trace_module(
    module: "nn.Module",
    n_features: int,
    *,
    timeout_s: float = TIMEOUT_S,
    memory_bytes: int = MEMORY_BYTES,
) -> onnx.ModelProto:
    """Translate a module, for any number of rows; the same module gives the same graph.

    Parameters
    ----------
    module
        In evaluation mode, float32, on the CPU; from (n, n_features) to one tensor whose first
        dimension is n. Its class has to be importable.

    Returns
    -------
    onnx.ModelProto
        With one input and one output. Its initializers are the module's parameters and buffers,
        under their names in the module and as they are, and what the nodes need beside.

    Raises
    ------
    ExportError
        If the module can't be traced, not for any number of rows, or not within the limits.
    """
    _check(module)
    with tempfile.TemporaryDirectory(prefix="searcher-network-") as name:
        folder = Path(name)
        request = {"n_features": n_features, "memory_bytes": memory_bytes, "opset": OPSET}
        _write(folder, module, request | {"path": sys.path})
        try:
            done = trace(folder, timeout_s=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ExportError(f"tracing the network was stopped after {timeout_s:g} s") from error
        if done.returncode < 0:
            ended = signal.Signals(-done.returncode).name
            raise ExportError(f"tracing the network was ended by {ended}{last_line(done.stderr)}")
        if done.returncode:
            raise ExportError(f"the network can't be traced{last_line(done.stderr)[:LONGEST]}")
        proto = onnx.load(folder / "network.onnx")
    _refuse_what_does_not_fit(proto)
    fold_arithmetic(proto.graph)
    del proto.graph.value_info[:]  # of names that are gone
    return proto


def _check(module: "nn.Module") -> None:
    import torch

    if find_spec("onnxscript") is None:
        raise ExportError(
            "exporting a network needs onnxscript; install searcher with the extra torch"
        )
    if any(part.training for part in module.modules()):
        raise ExportError("the network is in training mode; call eval() before it is exported")
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        narrow = tensor.dtype == torch.float32 or not tensor.is_floating_point()
        if not narrow or tensor.device.type != "cpu":
            raise ExportError(
                f"{name} of the network is {tensor.dtype} on {tensor.device}; "
                "it can be exported in float32 on the CPU"
            )


def _write(folder: Path, module: "nn.Module", request: dict[str, object]) -> None:
    import torch

    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
    try:
        torch.save(module, folder / "module.pt")
    except (AttributeError, TypeError, ValueError, RuntimeError) as error:
        raise ExportError(f"{type(module).__name__} can't be handed over: {error}") from error


def _refuse_what_does_not_fit(proto: onnx.ModelProto) -> None:
    """Refuse what could not stand in our graph, or answers another number of rows."""
    found = {entry.domain: entry.version for entry in proto.opset_import}
    if found != {"": OPSET} or proto.functions:
        functions = [function.name for function in proto.functions]
        raise ExportError(f"the network needs operators that the file has not: {found} {functions}")
    if len(proto.graph.input) != 1 or len(proto.graph.output) != 1:
        raise ExportError(
            f"the network has {len(proto.graph.output)} outputs of {len(proto.graph.input)} "
            "inputs; it can be exported with one of one"
        )
    answered, *_ = proto.graph.output[0].type.tensor_type.shape.dim
    if not answered.dim_param:
        raise ExportError(
            f"the network answers {answered.dim_value} rows, however many it is asked"
        )
