"""What ONNX Runtime says of the probe rows, asked in a process that may crash or hang."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.export import run_onnx
from searcher.export.columns import FEATURES
from searcher.export.native import Probe


class RuntimeFailure(Exception):  # noqa: N818 - never leaves this package: it becomes a verdict
    """ONNX Runtime gave no answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the subprocess may use."""

    timeout_s: float  # wall clock
    memory_bytes: int  # address space


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What came back from the subprocess."""

    signature: dict[str, Any]  # inputs and outputs: name, type, shape
    by_probe: Sequence[dict[str, NDArray[Any]]]  # "way:output" -> array, and "features"


def ask_runtime(
    model: bytes,
    until_features: bytes,
    probes: Sequence[Probe],
    *,
    limits: Limits,
) -> Answers:
    """Load and run an ONNX file in a subprocess of limited time and memory.

    Raises
    ------
    RuntimeFailure
        If it crashed, ran into a limit or could not load or run the file.
    """
    with tempfile.TemporaryDirectory(prefix="searcher-parity-") as name:
        folder = Path(name)
        (folder / "model.onnx").write_bytes(model)
        (folder / "features.onnx").write_bytes(until_features)
        for i, probe in enumerate(probes):
            np.savez(folder / f"set-{i}.npz", allow_pickle=False, **_by_number(probe))
        request = {
            "inputs": list(probes[0].feeds),
            "sets": len(probes),
            "features": FEATURES,
            "memory_bytes": limits.memory_bytes,
        }
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        _run(folder, limits.timeout_s)
        by_probe = []
        for i in range(len(probes)):
            with np.load(folder / f"answer-{i}.npz", allow_pickle=False) as arrays:
                by_probe.append(dict(arrays))
        return Answers(json.loads((folder / "answer.json").read_text(encoding="utf-8")), by_probe)


def _by_number(probe: Probe) -> dict[str, NDArray[Any]]:
    """Key arrays by number, since a column's name may be any text; keep strings without pickle."""
    return {
        str(i): array.astype(str) if array.dtype == object else array
        for i, array in enumerate(probe.feeds.values())
    }


def _run(folder: Path, timeout_s: float) -> None:
    # -P: the script's folder must not shadow modules; one BLAS thread: its buffers count as memory
    command = [sys.executable, "-P", run_onnx.__file__, str(folder)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - our own script
            command, env=environment, capture_output=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeFailure(f"ONNX Runtime was stopped after {timeout_s:g} s") from error
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise RuntimeFailure(f"ONNX Runtime was ended by {name}{_last_line(done.stderr)}")
    if done.returncode:
        raise RuntimeFailure(f"ONNX Runtime failed{_last_line(done.stderr)}")


def _last_line(stderr: bytes) -> str:
    lines = stderr.decode(errors="replace").strip().splitlines()
    return f": {lines[-1]}" if lines else ""
