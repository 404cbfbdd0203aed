"""How the channels of images and sequences are brought to one scale, and what is missing filled."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from search_spaces.columns import SIZES, Shape

FARTHEST = 100.0
"""Deviations from the mean at which a value is cut off: so far out it only overflows float32."""


class Channels(nn.Module):
    """Rows of flat features as arrays whose channels have mean 0 and deviation 1.

    Missing values become 0, the mean of their channel. Means and deviations are those of the rows
    that ``learn`` was shown; before, 0 and 1.

    Parameters
    ----------
    shape
        Of a row.
    """

    mean: Tensor  # (channels, 1, 1) for images, (channels,) for sequences
    scale: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        behind = len(shape.sizes) - _axis(shape) - 1  # sizes that run faster than the channels
        sizes = [shape.channels] + [1] * behind
        self.register_buffer("mean", torch.zeros(sizes))
        self.register_buffer("scale", torch.ones(sizes))

    def learn(self, X: NDArray[np.float32] | Tensor) -> None:
        """Take means and deviations, in float64, from training features X (n, n_features).

        A channel that does not vary keeps the deviation 1; one without any value the mean 0.
        """
        rows = torch.as_tensor(X, device="cpu").reshape(-1, *self.shape.sizes)
        for i, channel in enumerate(rows.unbind(1 + _axis(self.shape))):
            values = channel[~channel.isnan()].double()
            known = len(values) > 0
            deviation = values.std(correction=0).item() if known else 0.0
            self.mean[i] = values.mean() if known else 0.0
            self.scale[i] = deviation or 1.0

    def forward(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """From features (n, n_features) to values and what of them was there, (n, *sizes) each."""
        raw = X.reshape(-1, *self.shape.sizes)
        present = ~torch.isnan(raw)
        standard = (raw - self.mean) / self.scale
        return torch.where(present, standard, 0.0).clamp(-FARTHEST, FARTHEST), present


def _axis(shape: Shape) -> int:
    return SIZES[shape.kind].index("channels")
