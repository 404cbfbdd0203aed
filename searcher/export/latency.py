"""How fast a released file answers, beside the fitted model that it was made from."""

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from searcher.errors import ExportError
from searcher.export import time_onnx
from searcher.export.columns import by_number, to_feeds
from searcher.export.script import last_line, run_script
from searcher.export.time_onnx import median_seconds
from searcher.model import FittedModel

BATCHES = (1, 100, 10_000)
TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Median milliseconds of a call on one thread, by size of batch."""

    batches: tuple[int, ...]
    onnx_ms: tuple[float, ...]
    native_ms: tuple[float, ...]  # scikit-learn's preprocessing and the library's estimator


def measure_latency(
    path: Path, model: FittedModel, X: NDArray[np.float64], *, timeout_s: float = TIMEOUT_S
) -> Latency:
    """Time an exported file and its model on the same rows, one after the other.

    Parameters
    ----------
    X : array of shape (n_rows, n_columns)
        Rows of the data; repeated where a batch is larger.

    Raises
    ------
    ExportError
        If ONNX Runtime fails, or takes longer than ``timeout_s``.
    """
    rows = np.resize(X, (max(BATCHES), X.shape[1]))
    onnx_s = _time_onnx(path, model, rows, timeout_s)
    answer = model.predict_proba if model.classes else model.predict
    with threadpool_limits(limits=1), np.errstate(all="ignore"):
        native_s = [median_seconds(partial(answer, rows[:n])) for n in BATCHES]
    return Latency(
        batches=BATCHES,
        onnx_ms=tuple(1000 * seconds for seconds in onnx_s),
        native_ms=tuple(1000 * seconds for seconds in native_s),
    )


def _time_onnx(
    path: Path, model: FittedModel, rows: NDArray[np.float64], timeout_s: float
) -> list[float]:
    with tempfile.TemporaryDirectory(prefix="searcher-latency-") as name:
        folder = Path(name)
        shutil.copyfile(path, folder / "model.onnx")
        feeds = to_feeds(model.profile, rows)
        np.savez(folder / "rows.npz", allow_pickle=False, **by_number(feeds))
        request = {"inputs": list(feeds), "batches": BATCHES}
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        try:
            done = run_script(time_onnx.__file__, folder, timeout_s=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ExportError(f"timing {path.name} took longer than {timeout_s:g} s") from error
        if done.returncode:
            raise ExportError(f"timing {path.name} failed{last_line(done.stderr)}")
        seconds: list[float] = json.loads((folder / "seconds.json").read_text(encoding="utf-8"))
        return seconds
