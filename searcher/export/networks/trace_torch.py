"""Which graph does a module compute? Run as a script of its own, with limits of time and memory.

``python -P trace_torch.py FOLDER`` reads ``request.json`` and ``module.pt`` there, which the
asking process has just written, and writes ``network.onnx``.
"""

import json
import logging
import resource
import sys
import warnings
from pathlib import Path
from typing import Any

INPUT = "features"
"""What the graph's only input is called."""

N_ROWS = 3
"""Rows to trace with: neither 0 nor 1, which torch may take for constants."""


def main(folder: Path) -> None:
    """Trace the module, and write its graph with every weight as it is, under its own name."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    _limit_memory(request["memory_bytes"])
    sys.path[:] = request["path"]  # a module's class is found where the asking process found it
    logging.disable(logging.WARNING)  # of operators of packages that are not installed
    warnings.simplefilter("ignore")  # of an exporter's inside
    import torch

    torch.set_num_threads(1)
    torch.backends.mha.set_fastpath_enabled(False)  # one operator that has no ONNX form
    # a pickle, but of the process that started this one, in a folder of its own
    module = torch.load(folder / "module.pt", weights_only=False)
    rows = torch.zeros(N_ROWS, request["n_features"])
    # torch.onnx.export alone would fall back to a graph for N_ROWS rows, and not say so
    with torch.no_grad():
        traced = torch.export.export(
            module, (rows,), dynamic_shapes=({0: torch.export.Dim("rows", min=1)},), strict=False
        )
    program = torch.onnx.export(
        traced,
        dynamo=True,
        input_names=[INPUT],
        opset_version=request["opset"],
        optimize=False,  # it would fold weights into each other; ONNX Runtime does so on loading
        verbose=False,
    )
    if program is None:
        raise TypeError("torch.onnx.export gave no program")
    proto = _bare(program.model_proto)
    (folder / "network.onnx").write_bytes(proto.SerializeToString(deterministic=True))


def _bare(proto: Any) -> Any:
    """Drop what the exporter notes beside the graph: several times its size, and local paths."""
    for noted in [*proto.graph.node, *proto.graph.initializer, *proto.graph.value_info]:
        del noted.metadata_props[:]
        noted.ClearField("doc_string")
    del proto.graph.metadata_props[:], proto.metadata_props[:]
    return proto


def _limit_memory(limit: int) -> None:
    """Limit the address space, where the kernel heeds that (Linux)."""
    if sys.platform == "linux":
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except Exception as error:  # noqa: BLE001 - torch raises any type, with pages of text
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")
