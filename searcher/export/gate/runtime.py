"""What ONNX Runtime says of the probe rows, asked in a process that may crash or hang."""

import json
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from searcher.export.columns import FEATURES, by_number
from searcher.export.gate import run_onnx
from searcher.export.gate.native import Probe
from searcher.export.script import last_line, run_script


class RuntimeFailure(Exception):  # noqa: N818 - never leaves this package: it becomes a verdict
    """ONNX Runtime gave no answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the subprocess may use."""

    timeout_s: float  # wall clock
    memory_bytes: int  # address space


@dataclass(frozen=True, slots=True)
class Files:
    """An exported file, and its two halves."""

    model: bytes
    until_features: bytes
    from_features: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What came back from the subprocess."""

    signature: dict[str, Any]  # inputs and outputs: name, type, shape
    by_probe: Sequence[dict[str, NDArray[Any]]]  # "way:output" -> array, and "features"
    no_rows: dict[str, Any]  # shape of each output for an empty batch, or "error" or "crash"


class Runner(Protocol):
    """Whatever runs ``run_onnx`` on a folder."""

    def __call__(self, folder: Path, limits: Limits) -> None:
        """Answer there; raise ``RuntimeFailure`` if it can't be done."""
        ...


def ask_runtime(
    files: Files,
    probes: Sequence[Probe],
    *,
    limits: Limits,
    quick: bool = False,
    runner: Runner | None = None,
    most_rows: int = run_onnx.MANY_ROWS,
) -> Answers:
    """Load and run an ONNX file in a subprocess of limited time and memory.

    Parameters
    ----------
    quick
        Ask in one way only instead of in all.
    runner
        Takes the place of a subprocess of its own for each call.
    most_rows
        Size of the large batch.

    Raises
    ------
    RuntimeFailure
        If it crashed, ran into a limit or could not load or run the file.
    """
    with tempfile.TemporaryDirectory(prefix="searcher-parity-") as name:
        folder = Path(name)
        (folder / "model.onnx").write_bytes(files.model)
        (folder / "features.onnx").write_bytes(files.until_features)
        (folder / "estimator.onnx").write_bytes(files.from_features)
        request = {"memory_bytes": limits.memory_bytes, "quick": quick}
        _write_request(folder, probes, request | {"many_rows": _many_rows(files.model, most_rows)})
        crash = ""
        try:
            (runner or run_once)(folder, limits)
        except RuntimeFailure as error:
            if not (folder / "answer.json").exists():
                raise
            crash = str(error)  # all but the empty batch was answered
        return _read_answers(folder, len(probes), quick=quick, crash=crash)


def _many_rows(model: bytes, most: int) -> int:
    """Return the size of the large batch: where rows are worked off in blocks, one row too many.

    Then the last block holds that row alone, and all the rest of it is padding.
    """
    graph = onnx.load_from_string(model).graph
    limits = {name for node in graph.node if node.op_type == "Min" for name in node.input}
    whole = [t for t in graph.initializer if t.name in limits and t.data_type == TensorProto.INT64]
    size = max((int(numpy_helper.to_array(t).max()) for t in whole), default=1)
    return (most - 1) // size * size + 1 if 0 < size < most else most


def _write_request(folder: Path, probes: Sequence[Probe], request: dict[str, Any]) -> None:
    for i, probe in enumerate(probes):
        np.savez(folder / f"set-{i}.npz", allow_pickle=False, **by_number(probe.feeds))
    sets = [
        {"inputs": list(p.feeds), "file": "model.onnx" if p.about is None else "estimator.onnx"}
        for p in probes
    ]
    request = {"sets": sets, "features": FEATURES, **request}
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")


def _read_answers(folder: Path, count: int, *, quick: bool, crash: str) -> Answers:
    by_probe = []
    for i in range(count):
        with np.load(folder / f"answer-{i}.npz", allow_pickle=False) as arrays:
            by_probe.append(dict(arrays))
    no_rows: dict[str, Any] = {"crash": crash} if crash else {}
    if not (quick or crash):
        no_rows = json.loads((folder / "empty.json").read_text(encoding="utf-8"))
    signature = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    return Answers(signature, by_probe, no_rows)


def run_once(folder: Path, limits: Limits) -> None:
    """Run ``run_onnx`` on one folder in a process of its own."""
    timeout_s = limits.timeout_s
    try:
        done = run_script(run_onnx.__file__, folder, timeout_s=timeout_s)
    except subprocess.TimeoutExpired as error:
        raise RuntimeFailure(f"ONNX Runtime was stopped after {timeout_s:g} s") from error
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise RuntimeFailure(f"ONNX Runtime was ended by {name}{last_line(done.stderr)}")
    if done.returncode:
        raise RuntimeFailure(f"ONNX Runtime failed{last_line(done.stderr)}")
