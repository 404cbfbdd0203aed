"""PBT and PB2 beside random search where states are really copied: a small network on digits.

``python -m benchmarks.strategies_digits [--runs 8] [--members 12] [--epochs 40]``. scikit-learn's
1,797 handwritten digits: half of them train, a quarter is what the strategies see (cross-entropy,
its sign turned), a quarter judges the member that they end with. A perceptron of 64 and 64 units,
trained by SGD with momentum; learning rate, momentum, weight decay, dropout and batch size may
change. Every contestant trains the same number of members for the same number of epochs. It prints
a Markdown table; differences from random search are paired by run, with a 95 % interval.

PyTorch's arithmetic is reproducible on one machine alone, so another one finds other digits.
"""

import argparse
import copy
import sys
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch import nn

from benchmarks.strategies_populations import Evolution
from search_spaces.parameters import Float, Integer
from search_spaces.space import Configuration, Space, join_family
from searcher.strategies.base import Problem
from searcher.strategies.pb2 import Pb2
from searcher.strategies.pbt import Pbt
from searcher.strategies.random import Random

OWN = Space(
    parameters={
        "learning_rate": Float(low=1e-4, high=1.0, log=True),
        "momentum": Float(low=0.0, high=0.99),
        "weight_decay": Float(low=1e-6, high=1e-1, log=True),
        "dropout": Float(low=0.0, high=0.7),
        "batch_size": Integer(low=16, high=256, log=True),
    }
)
SPACE = Space.join({"network": OWN})
DEFAULT = join_family(
    "network",
    {
        "learning_rate": 0.01,
        "momentum": 0.9,
        "weight_decay": 1e-4,
        "dropout": 0.1,
        "batch_size": 64,
    },
)
EVOLVES = {"network": tuple(OWN.parameters)}
RANDOM = "random"


class State(NamedTuple):
    """A network in training."""

    epoch: int
    network: nn.Sequential
    optimizer: dict[str, Any]


class Digits:
    """Rows in three parts, and one epoch of training on the first."""

    def __init__(self, seed: int) -> None:
        X, y = load_digits(return_X_y=True)
        order = np.random.default_rng(seed).permutation(len(X))
        rows = torch.tensor(X[order] / 16, dtype=torch.float32)
        labels = torch.tensor(y[order])
        half, three = len(X) // 2, 3 * len(X) // 4
        parts = (slice(half), slice(half, three), slice(three, None))
        self.train, self.seen, self.judged = ((rows[p], labels[p]) for p in parts)
        self._seed = seed

    def epoch(self, state: State | None, configuration: Configuration) -> tuple[State, float]:
        """Train a copy of ``state`` for an epoch; score it on what strategies see."""
        own = {name.partition(".")[2]: value for name, value in configuration.items()}
        epoch, network, remembered = state or State(0, self._begin(), {})
        network = copy.deepcopy(network)
        network[2].p = network[5].p = own["dropout"]
        optimizer = torch.optim.SGD(network.parameters(), lr=own["learning_rate"])
        if remembered:
            optimizer.load_state_dict(copy.deepcopy(remembered))
        for group in optimizer.param_groups:
            group["lr"] = own["learning_rate"]
            group["momentum"], group["weight_decay"] = own["momentum"], own["weight_decay"]
        torch.manual_seed(1000 * self._seed + epoch)
        network.train()
        X, y = self.train
        for rows in torch.randperm(len(X)).split(own["batch_size"]):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(network(X[rows]), y[rows])
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
        state = State(epoch + 1, network, optimizer.state_dict())
        return state, -self.loss(network, self.seen)

    def loss(self, network: nn.Sequential, part: tuple[torch.Tensor, torch.Tensor]) -> float:
        """Mean cross-entropy; a network that is broken counts as knowing nothing."""
        network.eval()
        with torch.no_grad():
            found = float(nn.functional.cross_entropy(network(part[0]), part[1]))
        return min(found, np.log(10)) if np.isfinite(found) else np.log(10)

    def _begin(self) -> nn.Sequential:
        torch.manual_seed(self._seed)
        hidden = (nn.Linear(64, 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, 64), nn.ReLU())
        return nn.Sequential(*hidden, nn.Dropout(), nn.Linear(64, 10))


def judge(name: str, seed: int, *, members: int, epochs: int) -> float:
    """Cross-entropy, on rows that nobody saw, of the member that ends best; smaller is better."""
    kind, _, interval = name.partition(" ")
    problem = Problem(SPACE, (DEFAULT,), members, epochs, seed, evolves=EVOLVES)
    digits = Digits(seed)
    if kind == RANDOM:
        parts = Random().build(problem)._replace(population=LeftAlone())
    else:
        parts = {"pbt": Pbt, "pb2": Pb2}[kind](interval=int(interval)).build(problem)
    evolution = Evolution(parts, digits.epoch, members=members, initial=1)
    evolution.spend(epochs)
    best = max(evolution.scores, key=evolution.scores.__getitem__)
    return digits.loss(evolution.states[best].network, digits.judged)


class LeftAlone:
    """A population in which nobody is replaced."""

    interval = 1

    def next_generation(self, generation: int, members: Any) -> dict[str, Any]:
        """Let all go on."""
        return {}


def table(losses: dict[str, NDArray[np.float64]]) -> str:
    """Markdown: mean loss, and the paired difference from random search."""
    lines = ["| strategy, interval | cross-entropy | minus random's |", "| --- | --- | --- |"]
    for name, found in losses.items():
        less = found - losses[RANDOM]
        half = 1.96 * less.std(ddof=1) / np.sqrt(len(less))
        ends = f"{less.mean():+.4f} ({less.mean() - half:+.4f} to {less.mean() + half:+.4f})"
        lines.append(f"| {name} | {found.mean():.4f} | {ends} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--members", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--intervals", type=int, nargs="+", default=[1, 2, 4, 8])
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    names = [RANDOM, *(f"{kind} {n}" for kind in ("pbt", "pb2") for n in chosen.intervals)]
    found: dict[str, list[float]] = {name: [] for name in names}
    for seed in range(chosen.runs):
        for name in names:
            found[name].append(judge(name, seed, members=chosen.members, epochs=chosen.epochs))
            print(f"\r{name}, run {seed + 1} of {chosen.runs}", end="", file=sys.stderr)
    sys.stderr.write("\n")
    print(table({name: np.array(losses) for name, losses in found.items()}))


if __name__ == "__main__":
    main()
