"""Which graph does a module compute? Run as a script of its own, with limits of time and memory.

``python -P trace_torch.py FOLDER`` reads ``request.json`` and ``module.pt`` there, which the
asking process has just written, and writes ``network.onnx``. Without a folder it imports what it
takes, and then does the same with one folder after another from stdin, each in a fork of its own:
a line says how that ended, and ``stderr.txt`` what it said.
"""

import json
import logging
import os
import resource
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

INPUT = "features"
"""What the graph's only input is called."""

OPSET_TO_WARM_UP = 18
"""Any that torch can write."""

N_ROWS = 3
"""Rows to trace with: neither 0 nor 1, which torch may take for constants."""


def main(folder: Path) -> None:
    """Trace the module, and write its graph with every weight as it is, under its own name."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    _limit_memory(request["memory_bytes"])
    sys.path[:] = request["path"]  # a module's class is found where the asking process found it
    torch = _torch()
    # a pickle, but of the process that started this one, in a folder of its own
    module = torch.load(folder / "module.pt", weights_only=False)
    proto = _traced(module, request["n_features"], request["opset"])
    (folder / "network.onnx").write_bytes(proto.SerializeToString(deterministic=True))


def serve() -> None:
    """Trace in one folder after another."""
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)  # whatever torch may say, it is no answer
        _warm_up()
        for line in sys.stdin:
            answers.write(f"{_in_a_fork(Path(line.rstrip(chr(10))))}\n")
            answers.flush()


def _torch() -> Any:
    logging.disable(logging.WARNING)  # of operators of packages that are not installed
    warnings.simplefilter("ignore")  # of an exporter's inside
    import torch

    torch.set_num_threads(1)
    torch.backends.mha.set_fastpath_enabled(False)  # one operator that has no ONNX form
    return torch


def _warm_up() -> None:
    """Trace something: much of the exporter is imported, and its tables made, when it runs.

    No thread may begin here: it could hold a lock that a fork would wait for.
    """
    with suppress(ImportError):
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # a thread of torch's progress bar (tqdm 4.70)
    _traced(_torch().nn.Linear(2, 2).eval(), 2, OPSET_TO_WARM_UP)


def _in_a_fork(folder: Path) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with (folder / "stderr.txt").open("wb") as said:
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
            code = _told(folder)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _told(folder: Path) -> int:
    try:
        main(folder)
    except Exception as error:  # noqa: BLE001 - torch raises any type, with pages of text
        sys.stderr.write(f"{type(error).__name__}: {' '.join(str(error).split())}\n")
        sys.stderr.flush()
        return 1
    return 0


def _traced(module: Any, n_features: int, opset: int) -> Any:
    import torch

    rows = torch.zeros(N_ROWS, n_features)
    # torch.onnx.export alone would fall back to a graph for N_ROWS rows, and not say so
    with torch.no_grad():
        traced = torch.export.export(
            module, (rows,), dynamic_shapes=({0: torch.export.Dim("rows", min=1)},), strict=False
        )
    program = torch.onnx.export(
        traced,
        dynamo=True,
        input_names=[INPUT],
        opset_version=opset,
        optimize=False,  # it would fold weights into each other; ONNX Runtime does so on loading
        verbose=False,
    )
    if program is None:
        raise TypeError("torch.onnx.export gave no program")
    return _bare(program.model_proto)


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
    if len(sys.argv) > 1:
        sys.exit(_told(Path(sys.argv[1])))
    serve()
