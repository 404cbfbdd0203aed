"""How a row of features becomes a sequence with a length, and a sequence one vector."""

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from search_spaces.columns import Shape
from search_spaces.networks.channels import Channels

Pooling = Literal["last", "mean", "max"]


class Steps(nn.Module):
    """From features to the steps of a sequence, and how many of them count.

    A sequence ends with the last step that has any value; what follows is padding. One without any
    value has one step, of means. Gaps before the end are filled with means.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.channels = Channels(shape)

    def learn(self, X: NDArray[np.float32] | Tensor) -> None:
        """Learn the scale of each channel from training features X (n, n_features)."""
        self.channels.learn(X)

    def forward(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """From (n, n_features) to float32 (n, steps, channels) and int64 lengths (n,)."""
        values, present = self.channels(X)
        numbers = torch.arange(1, values.shape[1] + 1, device=X.device)
        lengths = (present.any(dim=2) * numbers).amax(dim=1).clamp(min=1)
        return values, lengths


def are_steps(sequence: Tensor, lengths: Tensor) -> Tensor:
    """Say which steps of (n, steps, size) are no padding, bool (n, steps)."""
    return torch.arange(sequence.shape[1], device=sequence.device) < lengths.unsqueeze(1)


def last_step(sequence: Tensor, lengths: Tensor) -> Tensor:
    """Take each sequence's last step: from (n, steps, size) to (n, size)."""
    return _at(sequence, (lengths - 1).unsqueeze(1)).squeeze(1)


def backwards(sequence: Tensor, lengths: Tensor) -> Tensor:
    """Turn each sequence (n, steps, size) round within its length; padding stays behind it.

    Doing it twice gives the sequence back.
    """
    forwards = torch.arange(sequence.shape[1], device=sequence.device)
    turned = (lengths.unsqueeze(1) - 1) - forwards
    return _at(sequence, torch.where(turned >= 0, turned, forwards))


def pooled(sequence: Tensor, lengths: Tensor, kind: Literal["mean", "max"]) -> Tensor:
    """Mean or maximum over the steps that count: from (n, steps, size) to (n, size)."""
    counts = are_steps(sequence, lengths).unsqueeze(2)
    if kind == "max":
        return torch.where(counts, sequence, -torch.inf).amax(dim=1)
    return torch.where(counts, sequence, 0.0).sum(dim=1) / lengths.unsqueeze(1)


def _at(sequence: Tensor, steps: Tensor) -> Tensor:
    """Take steps (n, m) of sequences (n, steps, size): (n, m, size)."""
    return sequence.gather(1, steps.unsqueeze(2).expand(-1, -1, sequence.shape[2]))
