"""How long does ONNX Runtime take? Run as a script of its own, like ``run_onnx.py``.

``python -P time_onnx.py FOLDER`` reads ``model.onnx``, ``request.json`` and ``rows.npz`` there and
writes ``seconds.json``: the median seconds of a call for each size of batch, on one thread.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np


def main(folder: Path) -> None:
    """Time every size of batch."""
    import onnxruntime

    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    with np.load(folder / "rows.npz", allow_pickle=False) as arrays:
        feeds = {name: arrays[str(i)] for i, name in enumerate(request["inputs"])}
    feeds = {name: _array_of(stored) for name, stored in feeds.items()}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=providers)
    batches = [{name: array[:n] for name, array in feeds.items()} for n in request["batches"]]
    seconds = [median_seconds(partial(session.run, None, batch)) for batch in batches]
    (folder / "seconds.json").write_text(json.dumps(seconds), encoding="utf-8")


def _array_of(stored: Any) -> Any:
    """Read an array back: strings, which ONNX Runtime takes as Python objects, came as JSON."""
    if stored.dtype != np.uint8:
        return stored
    return np.array(json.loads(stored.tobytes()), dtype=object).reshape(-1, 1)


def median_seconds(
    call: Callable[[], Any], *, least: int = 3, most: int = 50, limit_s: float = 1.0
) -> float:
    """Median seconds of a call, after one for warming up.

    Called ``least`` to ``most`` times, and no more than that once ``limit_s`` seconds have passed.
    """
    call()
    seconds: list[float] = []
    while len(seconds) < least or (len(seconds) < most and sum(seconds) < limit_s):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
