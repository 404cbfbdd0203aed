"""Small networks and rows to train them with."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from search_spaces.networks import Network, TrainingSettings
from searcher.training import Trainer

N_FEATURES, N_CLASSES = 6, 3


class Values(nn.Module):
    """A perceptron of one output, without its dimension."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(N_FEATURES, 8), nn.Tanh(), nn.Linear(8, 1))

    def forward(self, X: Tensor) -> Tensor:
        return self.layers(X).squeeze(1)


def seeded(make: Any) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make()


def perceptron(*, dropout: float = 0.0, batch_norm: bool = False) -> nn.Module:
    def make() -> nn.Module:
        norm: nn.Module = nn.BatchNorm1d(16) if batch_norm else nn.LayerNorm(16)
        layers = (nn.Linear(N_FEATURES, 16), norm, nn.ReLU(), nn.Dropout(dropout))
        return nn.Sequential(*layers, nn.Linear(16, N_CLASSES))

    return seeded(make)


def classes(n_rows: int = 90) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Rows of three classes of unequal size, with some overlap."""
    rng = np.random.default_rng(3)
    y = rng.choice(N_CLASSES, size=n_rows, p=[0.6, 0.3, 0.1])
    centres = 2.0 * rng.normal(size=(N_CLASSES, N_FEATURES))
    X = rng.normal(size=(n_rows, N_FEATURES)) + centres[y]
    return X.astype(np.float32), y


def values(n_rows: int = 90) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Rows whose target is far from standardised."""
    rng = np.random.default_rng(4)
    X = rng.normal(size=(n_rows, N_FEATURES)).astype(np.float32)
    return X, 1000.0 + 50.0 * (X[:, 0] - X[:, 1]).astype(np.float64)


def trainer(module: nn.Module | None = None, *, seed: int = 1, **settings: Any) -> Trainer:
    """Of the three classes."""
    X, y = classes()
    network = Network(perceptron() if module is None else module, TrainingSettings(**settings))
    return Trainer(network, X, y, n_classes=N_CLASSES, seed=seed)


def train(trainer: Trainer) -> list[float]:
    """Train to the end; return the losses."""
    losses = []
    while not trainer.done:
        losses.append(trainer.train_epoch().loss)
    return losses


def same(one: nn.Module, other: nn.Module) -> bool:
    """Whether two modules are the same, bit by bit."""
    found, wanted = one.state_dict(), other.state_dict()
    return found.keys() == wanted.keys() and all(
        torch.equal(found[name], wanted[name]) for name in wanted
    )
