"""What does ONNX Runtime answer? Run as a script of its own, so that a crash stays in here.

``python -P run_onnx.py FOLDER`` reads ``request.json`` and ``set-<i>.npz`` there, and writes
``answer-<i>.npz`` and ``answer.json``. It imports onnxruntime and numpy and nothing of ours: an
exported file must work without us, and a limit of memory must not count us.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np

SINGLE_ROWS = 16
"""Rows of each set that are also asked one by one."""

THREADS = {"default": 0, "1 thread": 1, "2 threads": 2}


def main(folder: Path) -> None:
    """Answer every probe set in every way that may make a difference."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    _limit_memory(request["memory_bytes"])
    import onnxruntime

    sets = [_read(folder / f"set-{i}.npz", request["inputs"]) for i in range(request["sets"])]
    answers: list[dict[str, Any]] = [{} for _ in sets]
    signature: dict[str, Any] = {}
    for way, threads in THREADS.items():
        session = _load(onnxruntime, folder / "model.onnx", threads)
        if way == "default":
            signature = _signature(session)
        for feeds, answer in zip(sets, answers, strict=True):
            _collect(answer, way, _names(session), session.run(None, feeds))
            if way == "default":
                _collect(answer, "row by row", _names(session), _row_by_row(session, feeds))
        del session
    if (folder / "features.onnx").exists():
        session = _load(onnxruntime, folder / "features.onnx", 0)
        for feeds, answer in zip(sets, answers, strict=True):
            answer["features"] = session.run([request["features"]], feeds)[0]
    for i, answer in enumerate(answers):
        np.savez(folder / f"answer-{i}.npz", **answer)
    (folder / "answer.json").write_text(json.dumps(signature), encoding="utf-8")


def _limit_memory(limit: int) -> None:
    """Limit the address space, where the kernel heeds that (Linux)."""
    if sys.platform == "linux":
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _load(onnxruntime: Any, path: Path, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    if threads:
        options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _read(path: Path, inputs: list[str]) -> dict[str, Any]:
    """Read one probe set; arrays are stored by number because names may be any text."""
    with np.load(path, allow_pickle=False) as arrays:
        feeds = {name: arrays[str(i)] for i, name in enumerate(inputs)}
    # ONNX Runtime takes strings as Python objects, which no npz may hold
    return {n: a.astype(object) if a.dtype.kind == "U" else a for n, a in feeds.items()}


def _row_by_row(session: Any, feeds: dict[str, Any]) -> list[Any]:
    count = min(SINGLE_ROWS, len(next(iter(feeds.values()))))
    rows = [session.run(None, {n: a[i : i + 1] for n, a in feeds.items()}) for i in range(count)]
    return [np.concatenate(values) for values in zip(*rows, strict=True)]


def _names(session: Any) -> list[str]:
    return [output.name for output in session.get_outputs()]


def _collect(answer: dict[str, Any], way: str, names: list[str], values: list[Any]) -> None:
    for name, value in zip(names, values, strict=True):
        answer[f"{way}:{name}"] = value.astype(str) if value.dtype == object else value


def _signature(session: Any) -> dict[str, Any]:
    return {
        "inputs": [[value.name, value.type, value.shape] for value in session.get_inputs()],
        "outputs": [[value.name, value.type, value.shape] for value in session.get_outputs()],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
