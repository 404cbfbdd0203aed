"""What networks are put together from, by the names that configurations use."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

Normalisation = Literal["none", "batch", "layer"]
Activation = Literal["relu", "gelu", "silu"]

NORMALISATIONS: dict[Normalisation, Callable[[int], nn.Module]] = {
    "none": nn.Identity,
    "batch": nn.BatchNorm1d,
    "layer": nn.LayerNorm,
}
ACTIVATIONS: dict[Activation, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
}

HEAD_SCALE = 0.1
"""Of the weights of a last layer, beside PyTorch's."""


def normalisation(kind: Normalisation, width: int) -> nn.Module:
    """Batch or layer normalisation of (n, width), or nothing."""
    return NORMALISATIONS[kind](width)


def activation(kind: Activation) -> nn.Module:
    """Make a nonlinearity."""
    return ACTIVATIONS[kind]()


def head(width: int, n_outputs: int) -> nn.Linear:
    """Make a last layer whose outputs begin near zero, so that training begins knowing nothing.

    The loss is then near ln(n_outputs), or the variance of the target. All zeros would let no
    gradient through.
    """
    layer = nn.Linear(width, n_outputs or 1)
    with torch.no_grad():
        layer.weight *= HEAD_SCALE
        layer.bias.zero_()
    return layer


class Residual(nn.Module):
    """Modules in order, to whose output the input is added."""

    def __init__(self, *modules: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*modules)

    def forward(self, x: Tensor) -> Tensor:
        """From (n, width) to (n, width)."""
        inner: Tensor = self.inner(x)
        return x + inner


class ReGLU(nn.Module):
    """One half of the features times the other half's ReLU (Shazeer 2020, arXiv:2002.05202)."""

    def forward(self, x: Tensor) -> Tensor:
        """From (..., 2 * width) to (..., width)."""
        one, other = x.chunk(2, dim=-1)
        return one * other.relu()
