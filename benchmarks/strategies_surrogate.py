"""LCBench's surrogate: the accuracy of a network after each epoch, without training one.

YAHPO Gym's network (Pfisterer et al. 2022, AutoML-Conf, arXiv:2109.03670; Apache-2.0) learnt from
2,000 multi-layer perceptrons on each of 34 OpenML tasks (Zimmer et al. 2021, arXiv:2006.13799).
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.parameters import Float, Integer
from search_spaces.space import Configuration, Space, join_family

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "surrogates" / "lcbench"
EPOCHS = 52
FAMILY = "network"
# Order of the model's inputs and outputs: yahpo_gym 1.0.2, benchmarks/lcbench.py.
INPUTS = (
    "epoch",
    "batch_size",
    "learning_rate",
    "momentum",
    "weight_decay",
    "num_layers",
    "max_units",
    "max_dropout",
)
EVOLVES = {FAMILY: ("batch_size", "learning_rate", "momentum", "weight_decay", "max_dropout")}
"""What may change while a network trains: all but its layers and their width."""

VALIDATION_ACCURACY = 1  # place in the output, percent
DRAWN = 10_000  # configurations that a task's scale is taken from


class Surrogate:
    """The 34 tasks, their common space, and learning curves."""

    def __init__(self, folder: Path = FOLDER) -> None:
        import onnxruntime

        if not folder.is_dir():
            sys.exit(f"this benchmark reads the surrogate in {folder}, which is not there")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(folder / "model.onnx", options)
        self._codes = json.loads((folder / "encoding.json").read_text())["OpenML_task_id"]
        parameters = json.loads((folder / "config_space.json").read_text())["hyperparameters"]
        searched = [p for p in parameters if p["name"] in INPUTS[1:]]
        (tasks,) = (p["choices"] for p in parameters if p["name"] == "OpenML_task_id")
        own = Space(parameters={p["name"]: _parameter(p) for p in searched})
        self.tasks: tuple[str, ...] = tuple(tasks)
        self.space = Space.join({FAMILY: own})
        self.default = join_family(FAMILY, {p["name"]: p["default"] for p in searched})

    def curve(self, task: str, configuration: Configuration) -> NDArray[np.float64]:
        """Predict the validation accuracy after each epoch, 0 to 1, shape (EPOCHS,)."""
        rows = np.tile(_row(configuration), (EPOCHS, 1))
        rows[:, 0] = np.arange(1, EPOCHS + 1)
        return self._accuracy(task, rows)

    def scale(self, task: str) -> tuple[float, float]:
        """Accuracy of the median and of the best of ``DRAWN`` random configurations."""
        rng = np.random.default_rng(0)
        rows = np.array([_row(self.space.sample(rng)) for _ in range(DRAWN)])
        accuracy = self._accuracy(task, rows)
        return float(np.median(accuracy)), float(accuracy.max())

    def _accuracy(self, task: str, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        codes = np.full((len(rows), 1), self._codes[task], np.int32)
        (found,) = self._session.run(None, {"x_cat": codes, "x_cont": rows.astype(np.float32)})
        return np.asarray(found[:, VALIDATION_ACCURACY], np.float64) / 100


def _parameter(told: dict[str, Any]) -> Float | Integer:
    ends = {"low": told["lower"], "high": told["upper"], "log": told["log"]}
    return Integer(**ends) if told["type"] == "uniform_int" else Float(**ends)


def _row(configuration: Configuration) -> NDArray[np.float64]:
    """Lay out the inputs of the model, at the last epoch."""
    return np.array([EPOCHS, *(configuration[f"{FAMILY}.{name}"] for name in INPUTS[1:])])
