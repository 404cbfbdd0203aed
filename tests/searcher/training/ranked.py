"""Groups of processes that train every case together, and write down what became of it.

``python -m tests.searcher.training.ranked FOLDER``; importing PyTorch takes longer than all of the
training, so that ranks are forked from a process that has done so.
"""

import multiprocessing
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from search_spaces.columns import Shape
from search_spaces.networks import Network, TrainingSettings
from searcher.errors import TrialError
from searcher.training import Trainer
from tests.searcher.training.networks import (
    N_CLASSES,
    Values,
    classes,
    perceptron,
    seeded,
    values,
)

CASES: dict[str, dict[str, Any]] = {
    "uneven batches": {"batch_size": 32},  # 90 rows: 30 a batch, 8, 8, 7 and 7 for four ranks
    "balanced classes": {"class_weight": "balanced", "clip_norm": 0.05},
    "accumulated": {"batch_size": 9, "accumulate": 3, "class_weight": "balanced"},
    "mixed": {"mixup": 0.4, "class_weight": "balanced", "loss": "focal"},
    "averaged": {"average_weights": True, "epochs": 8, "batch_size": 45},
    "stopped": {"patience": 1, "schedule": "plateau", "learning_rate": 0.3, "epochs": 9},
    "adam": {"optimizer": "adamw", "learning_rate": 1e-3},
    "values": {"loss": "huber"},
    "images": {"augment": "crop", "mixup": 0.2},
}
WORLDS = (2, 4)
LARGE_WORLD = ("uneven batches", "mixed", "averaged", "adam")
COMMON = {"optimizer": "sgd", "learning_rate": 0.05, "batch_size": 16, "epochs": 3}


class Pictures(nn.Module):
    """Convolutions with a batch normalisation of two dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.shape = Shape("image", (1, 2, 3))
        self.layers = nn.Sequential(
            nn.Unflatten(1, (1, 2, 3)),
            nn.Conv2d(1, 4, 2),
            nn.BatchNorm2d(4, momentum=None),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(8, N_CLASSES),
        )

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        return self.layers(X)


def make(case: str, rank: int = 0, world: int = 1, **other: Any) -> Trainer:
    settings = TrainingSettings(**{**COMMON, **CASES.get(case, {}), **other})
    if case == "values":
        X, y, module, n_classes = *values(), seeded(Values), 0
    else:
        # What precedes a batch normalisation has a bias whose gradient is rounding alone, and
        # Adam makes whole steps of it.
        batch_norm = case != "adam"
        module = seeded(Pictures) if case == "images" else perceptron(batch_norm=batch_norm)
        X, y, n_classes = *classes(), N_CLASSES
    return Trainer(
        Network(module, settings), X, y, n_classes=n_classes, seed=1, rank=rank, world=world
    )


def train(it: Trainer) -> dict[str, Any]:
    """Train to the end; say what became of it."""
    results = []
    while not it.done:
        results.append(it.train_epoch())
    return {
        "losses": [result.loss for result in results],
        "held_out": [result.held_out_loss or 0.0 for result in results],
        "rows": [result.rows for result in results],
        "module": it.state()["learner"]["module"],
        "trained": it.trained().state_dict(),
    }


def resumed(rank: int, world: int) -> dict[str, Any]:
    """Train, but through a state after two epochs; hand out that state too."""
    first, second = make("averaged", rank, world), make("averaged", rank, world)
    for _ in range(2):
        first.train_epoch()
    state = first.state()
    second.load_state(state)
    return {**train(second), "state": state}


def refusal(**settings: Any) -> str:
    try:
        train(make("", dist.get_rank(), dist.get_world_size(), **settings))
    except TrialError as error:
        return str(error)
    return ""


def be(rank: int, world: int, folder: Path) -> None:
    """Train as one of the ranks."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/{world}.store", rank=rank, world_size=world
    )
    found: dict[str, Any] = {case: train(make(case, rank, world)) for case in cases(world)}
    found["resumed"] = resumed(rank, world)
    found["diverged"] = refusal(learning_rate=1e38, clip_norm=0.0)
    found["too small"] = refusal(batch_size=2)
    try:
        make("", world - 1 - rank, world)
    except TrialError as error:
        found["misplaced"] = str(error)
    torch.save(found, folder / f"{world}.{rank}.pt")
    dist.destroy_process_group()


def cases(world: int) -> list[str]:
    """All of them for two ranks; four take turns on a small machine."""
    return list(CASES) if world == 2 else list(LARGE_WORLD)


def gathered(folder: Path, world: int) -> list[dict[str, Any]]:
    return [torch.load(folder / f"{world}.{rank}.pt") for rank in range(world)]


def close(found: Any, wanted: Any, tolerance: float) -> None:
    """Compare what became of two trainings."""
    np.testing.assert_allclose(found["losses"], wanted["losses"], rtol=tolerance)
    np.testing.assert_allclose(found["held_out"], wanted["held_out"], rtol=tolerance)
    assert found["rows"] == wanted["rows"]
    for which in ("module", "trained"):
        assert found[which].keys() == wanted[which].keys()
        for name, tensor in wanted[which].items():
            torch.testing.assert_close(
                found[which][name], tensor, rtol=tolerance, atol=tolerance, msg=f"{which} {name}"
            )


def main(folder: Path) -> int:
    """Start the ranks of all worlds, one world after the other; return how many failed."""
    context, failed = multiprocessing.get_context("fork"), 0
    for world in WORLDS:
        ranks = [context.Process(target=be, args=(rank, world, folder)) for rank in range(world)]
        for rank in ranks:
            rank.start()
        for rank in ranks:
            rank.join()
        failed += sum(rank.exitcode != 0 for rank in ranks)
    return failed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
