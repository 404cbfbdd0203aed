"""What does ONNX Runtime answer? Run as a script of its own, so that a crash stays in here.

``python -P run_onnx.py FOLDER`` reads ``request.json`` and ``set-<i>.npz`` there, and writes
``answer-<i>.npz``, ``answer.json`` and at last, since that may crash, ``empty.json``. Without a
folder it reads one folder after another from stdin. It imports onnx, onnxruntime and numpy and
nothing of ours: an exported file must work without us, and a limit of memory must not count us.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np

SINGLE_ROWS = 16
"""Rows of each set that are also asked one by one."""

SEVENS = 70
"""Rows of each set that are also asked in batches of seven."""

MANY_ROWS = 20_000
"""Size at most of the batch that the first set is repeated to."""

THREADS = {"default": 0, "1 thread": 1, "2 threads": 2, "4 threads": 4}
QUICK = {"default": 0}


def main(folder: Path) -> None:
    """Answer every probe set in every way that may make a difference."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    _limit_memory(request["memory_bytes"])
    import onnxruntime

    _check(folder / "model.onnx")

    sets = [_read(folder / f"set-{i}.npz", one["inputs"]) for i, one in enumerate(request["sets"])]
    answers: list[dict[str, Any]] = [{} for _ in sets]
    signature: dict[str, Any] = {}
    for way, threads in (QUICK if request["quick"] else THREADS).items():
        for file in ("model.onnx", "estimator.onnx"):
            pairs = [
                (feeds, answer)
                for feeds, answer, one in zip(sets, answers, request["sets"], strict=True)
                if one["file"] == file
            ]
            if not pairs:
                continue
            session = _load(onnxruntime, folder / file, threads)
            if way == "default" and file == "model.onnx":
                signature = _signature(session)
            for feeds, answer in pairs:
                _collect(answer, way, session, session.run(None, feeds))
                if way == "default" and not request["quick"]:
                    _collect(
                        answer, "row by row", session, _batches(session, feeds, 1, SINGLE_ROWS)
                    )
                    _collect(answer, "in sevens", session, _batches(session, feeds, 7, SEVENS))
            if way == "default" and file == "model.onnx" and not request["quick"]:
                feeds, answer = pairs[0]
                n_rows = request["many_rows"]
                many = {n: np.resize(a, (n_rows, *a.shape[1:])) for n, a in feeds.items()}
                _collect(answer, f"{n_rows} rows", session, session.run(None, many))
            del session
    _answer_features(onnxruntime, folder, request, sets, answers)
    for i, answer in enumerate(answers):
        np.savez(folder / f"answer-{i}.npz", **answer)
    (folder / "answer.json").write_text(json.dumps(signature), encoding="utf-8")
    if not request["quick"]:
        _try_no_rows(onnxruntime, folder, sets[0])


def _check(path: Path) -> None:
    """Let onnx check the file: in here, since a broken one can end the process (onnx 1.23)."""
    import onnx

    try:
        onnx.checker.check_model(path.read_bytes(), full_check=True)
    except Exception as error:  # in one line, of which the last is told
        message = " ".join(str(error).split())
        raise ValueError(f"the checker refuses the file: {message}") from error


def _answer_features(
    onnxruntime: Any,
    folder: Path,
    request: dict[str, Any],
    sets: list[dict[str, Any]],
    answers: list[dict[str, Any]],
) -> None:
    session = _load(onnxruntime, folder / "features.onnx", 0)
    for feeds, answer, one in zip(sets, answers, request["sets"], strict=True):
        if one["file"] == "model.onnx":
            answer["features"] = session.run([request["features"]], feeds)[0]


def _try_no_rows(onnxruntime: Any, folder: Path, feeds: dict[str, Any]) -> None:
    """Ask about an empty batch, and say what came back: the shape of each output, or an error."""
    session = _load(onnxruntime, folder / "model.onnx", 0)
    try:
        values = session.run(None, {name: array[:0] for name, array in feeds.items()})
        told: dict[str, Any] = {
            n: list(v.shape) for n, v in zip(_names(session), values, strict=True)
        }
    except Exception as error:  # noqa: BLE001 - ONNX Runtime raises types of its own
        told = {"error": str(error)}
    (folder / "empty.json").write_text(json.dumps(told), encoding="utf-8")


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
        # threads that wait actively take their time from each other where cores are few
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _read(path: Path, inputs: list[str]) -> dict[str, Any]:
    """Read one probe set; arrays are stored by number because names may be any text."""
    with np.load(path, allow_pickle=False) as arrays:
        feeds = {name: arrays[str(i)] for i, name in enumerate(inputs)}
    return {name: _array_of(stored) for name, stored in feeds.items()}


def _array_of(stored: Any) -> Any:
    """Read an array back: strings, which ONNX Runtime takes as Python objects, came as JSON."""
    if stored.dtype != np.uint8:
        return stored
    return np.array(json.loads(stored.tobytes()), dtype=object).reshape(-1, 1)


def _batches(session: Any, feeds: dict[str, Any], size: int, limit: int) -> list[Any]:
    """Ask about the first ``limit`` rows in small batches."""
    count = min(limit, len(next(iter(feeds.values()))))
    parts = [
        session.run(None, {n: a[i : min(i + size, count)] for n, a in feeds.items()})
        for i in range(0, count, size)
    ]
    return [np.concatenate(values) for values in zip(*parts, strict=True)]


def _names(session: Any) -> list[str]:
    return [output.name for output in session.get_outputs()]


def _collect(answer: dict[str, Any], way: str, session: Any, values: list[Any]) -> None:
    for name, value in zip(_names(session), values, strict=True):
        answer[f"{way}:{name}"] = value.astype(str) if value.dtype == object else value


def _signature(session: Any) -> dict[str, Any]:
    return {
        "inputs": [[value.name, value.type, value.shape] for value in session.get_inputs()],
        "outputs": [[value.name, value.type, value.shape] for value in session.get_outputs()],
    }


def serve() -> None:
    """Answer in one folder after another; a line says that it is done, or what went wrong."""
    for line in sys.stdin:
        try:
            main(Path(line.rstrip("\n")))
            told = "done"
        except Exception as error:  # noqa: BLE001 - ONNX Runtime raises types of its own
            told = " ".join(str(error).split()) or type(error).__name__
        sys.stdout.write(told + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        serve()
