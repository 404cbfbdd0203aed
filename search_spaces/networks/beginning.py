"""How the weights of a network begin: a function of the seed and of nothing else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let PyTorch draw from ``seed`` on the CPU, and go on afterwards as if nothing had been."""
    with torch.random.fork_rng(devices=[]):
        # torch.manual_seed would seed the generators of the GPUs too, which nothing puts back
        torch.default_generator.manual_seed(seed)
        yield


class Adaptive(nn.Module):
    """A module made from the training features: how many there are, and where their values lie.

    Parameters
    ----------
    make
        From training features, float32 (n, n_features), to a module.
    seed
        Of the weights with which it begins.
    """

    body: nn.Module | None

    def __init__(self, make: Callable[[Tensor], nn.Module], *, seed: int) -> None:
        super().__init__()
        self._make = make
        self._seed = seed
        self.register_module("body", None)

    def adapt(self, X: NDArray[np.float32] | Tensor) -> None:
        """Make the module for training features X (n, n_features), or make it anew."""
        features = torch.as_tensor(X, dtype=torch.float32, device="cpu")
        with seeded(self._seed):
            self.body = self._make(features)
        self.body.train(self.training)

    def forward(self, X: Tensor) -> Any:
        """Compute outputs for features X (n, n_features).

        Raises
        ------
        RuntimeError
            If no training features have been seen.
        """
        if self.body is None:
            raise RuntimeError("this network has seen no training features: call adapt(X) first")
        return self.body(X)
